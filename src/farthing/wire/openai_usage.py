"""OpenAI's token counts, in the spellings of Chat Completions, Responses and compatible servers.

The two spellings differ in names alone, and servers that copy the API mix them freely, so one
reading serves all. Cached tokens are taken as part of the input, as OpenAI counts them, unless
the numbers themselves rule that out; `Counted.rule` says which way it was, for the report.
"""

from collections.abc import Mapping
from typing import NamedTuple

from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S, CacheWrite, Usage
from farthing.wire.fields import tokens

INCLUSIVE = "input counts include cached tokens"
EXCLUSIVE = "cached tokens stand beside the input count, as the totals show"

_THIRTY_MINUTES_S = 1_800
_TWELVE_HOURS_S = 43_200
_STANDARD = frozenset({"auto", "default", "standard", "on_demand"})  # the last is Groq's

# Names of one count, the most telling first. DeepSeek: prompt_cache_hit_tokens (api-docs.deepseek.com,
# kv_cache, 2026-09); Moonshot: cached_tokens at the top; LiteLLM: Anthropic's names beside OpenAI's.
# Mistral's num_cached_tokens is left out: it is the engine's counter (76 of 77), and the discount goes
# by prompt_tokens_details.cached_tokens, in blocks of 64 (docs.mistral.ai, prompt caching, 2026-07).
_READS_WITHIN = ("cached_tokens", "cache_read_input_tokens")
_READS_BESIDE = ("prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens")
_WRITES_WITHIN = ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
_WRITES_BESIDE = ("cache_creation_input_tokens",)
_TTLS = (
    ("ttl_12h_tokens", _TWELVE_HOURS_S),
    ("ephemeral_1h_input_tokens", ONE_HOUR_S),
    ("ttl_30m_tokens", _THIRTY_MINUTES_S),
    ("ephemeral_5m_input_tokens", FIVE_MINUTES_S),
)


class Counted(NamedTuple):
    """The disjoint counts, and the rule by which cached tokens were told from the input."""

    usage: Usage
    rule: str


def count(reported: Mapping[str, object]) -> Counted | None:
    """Return what a `usage` object counts; None if it counts no tokens.

    Raises WireError on a negative count.
    """
    given, produced = _input_and_output(reported)
    if given is None and produced is None:
        return None
    details = _part(reported, "prompt_tokens_details") or _part(reported, "input_tokens_details")
    reads = _first(details, _READS_WITHIN) or _first(reported, _READS_BESIDE)
    writes = _writes(reported, details)
    made = _part(reported, "completion_tokens_details") or _part(reported, "output_tokens_details")
    reasoning = _first(made, ("reasoning_tokens",)) or _first(reported, ("reasoning_tokens",))
    return _balance(
        _Numbers(given or 0, reads, writes, produced or 0, reasoning, tokens(reported, "total_tokens")),
        _server_tools(reported),
    )


def tier(reported: object) -> str:
    """Return the tier that a response names, "" for the standard one; an unknown name is kept."""
    if not isinstance(reported, str) or reported in _STANDARD:
        return ""
    return reported


class _Numbers(NamedTuple):
    given: int
    reads: int
    writes: tuple[CacheWrite, ...]
    produced: int
    reasoning: int
    total: int | None


def _balance(numbers: _Numbers, server_tools: tuple[tuple[str, int], ...]) -> Counted:
    given, reads, writes, produced, reasoning, total = numbers
    written = sum(write.tokens for write in writes)
    if written == reads and total == given + produced:
        # OpenRouter's Gemini counts the same tokens as read and as written: 2,161 of 2,168, recorded.
        writes, written = (), 0
    cached = reads + written
    beside = _cached_beside(given, cached, (produced, produced + reasoning), total)
    whole = given + cached if beside else given
    if _reasoning_beside(whole, produced, reasoning, total):
        produced += reasoning
    usage = Usage(
        uncached_input_tokens=whole - cached,
        cache_read_input_tokens=reads,
        cache_writes=writes,
        output_tokens=produced,
        reasoning_tokens=min(reasoning, produced),
        server_tools=server_tools,
    )
    return Counted(usage, EXCLUSIVE if beside else INCLUSIVE)


def _cached_beside(given: int, cached: int, outputs: tuple[int, ...], total: int | None) -> bool:
    """Tell whether cached tokens are certainly not in `given`: they are more, or only so the total adds up.

    A total of input and output alone proves nothing: servers that know no cache write it too.
    """
    if cached > given:
        return True
    if not cached or total in {given + output for output in outputs}:
        return False
    return total in {given + cached + output for output in outputs}


def _reasoning_beside(whole: int, produced: int, reasoning: int, total: int | None) -> bool:
    """Tell whether reasoning stands on top of `produced`, as with xAI.

    docs.cloud.google.com, "Reasoning for Grok Models", 2026-09: reasoning_tokens is "separated from the
    completion_tokens"; recorded: 12 + 2 + 340 = 354.
    """
    if total is None or total < whole + produced:
        return reasoning > produced
    return reasoning > 0 and total == whole + produced + reasoning


def _input_and_output(reported: Mapping[str, object]) -> tuple[int | None, int | None]:
    given = tokens(reported, "prompt_tokens")
    produced = tokens(reported, "completion_tokens")
    return (
        tokens(reported, "input_tokens") if given is None else given,
        tokens(reported, "output_tokens") if produced is None else produced,
    )


def _writes(reported: Mapping[str, object], details: Mapping[str, object]) -> tuple[CacheWrite, ...]:
    total = _first(details, _WRITES_WITHIN) or _first(reported, _WRITES_BESIDE)
    by_ttl = (
        _part(details, "cache_write_tokens_details")
        or _part(details, "cache_creation_token_details")
        or _part(details, "cache_creation")
        or _part(reported, "cache_creation")
    )
    known = tuple(CacheWrite(ttl_s, written) for name, ttl_s in _TTLS if (written := tokens(by_ttl, name)))
    rest = total - sum(write.tokens for write in known)
    return (*known, CacheWrite(None, rest)) if rest > 0 else known


def _server_tools(reported: Mapping[str, object]) -> tuple[tuple[str, int], ...]:
    """Return web searches as OpenRouter and LiteLLM report them."""
    used = _part(reported, "server_tool_use_details") or _part(reported, "server_tool_use")
    searches = tokens(used, "web_search_requests")
    return (("web_search", searches),) if searches else ()


def _part(of: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = of.get(name)
    return part if isinstance(part, dict) else {}


def _first(of: Mapping[str, object], names: tuple[str, ...]) -> int:
    return next((number for name in names if (number := tokens(of, name))), 0)
