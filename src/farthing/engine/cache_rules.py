"""What each provider says of its prompt cache, as dated data: the first row that fits a model holds.

A new rule is a new row. Nothing here is inferred from behaviour; where recorded traces
disagree with a page, `docs/cache-model.md` says so and the row says what was followed.
"""

import re
from enum import StrEnum
from functools import cache

from msgspec import Struct

from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S

_HALF_HOUR_S = 1_800
_DAY_S = 86_400


class Placement(StrEnum):
    """Where a provider keeps entries.

    `markers`: only behind blocks that the client marks. `messages`: behind the latest message,
    by itself. `blocks`: at every multiple of so many tokens. `nowhere`: nothing may be assumed.
    """

    MARKERS = "markers"
    MESSAGES = "messages"
    BLOCKS = "blocks"
    NOWHERE = "nowhere"


class CacheRules(Struct, frozen=True, kw_only=True):
    """One provider's cache for some of its models.

    `minimum_tokens` is over the whole prefix. `granularity` is the step of a hit's length in tokens.
    `look_back` counts positions (see `Prefix.slot`) from a marker, the marker's own included.
    `keeps_output`: what the model wrote is part of the cached prefix of the next request.
    `is_stored`: keeping an entry is billed by the hour.
    """

    name: str
    placement: Placement
    source: str
    minimum_tokens: int = 0
    granularity: int = 1
    most_markers: int = 0
    look_back: int = 0
    ttls_s: tuple[int, ...] = ()
    keeps_output: bool = False
    is_stored: bool = False

    @property
    def default_ttl_s(self) -> int:
        return self.ttls_s[0] if self.ttls_s else 0


class _Row(Struct, frozen=True):
    provider: str
    model: str
    rules: CacheRules


@cache
def rules_for(provider: str, model: str) -> CacheRules:
    """Return the rules of a model; the cautious ones, which promise nothing, if no row fits."""
    for row in _ROWS:
        if re.search(row.provider, provider) and re.search(row.model, model.lower()):
            return row.rules
    return UNKNOWN


def _anthropic(minimum_tokens: int) -> CacheRules:
    return CacheRules(
        name=f"Anthropic, {minimum_tokens:,} tokens",
        placement=Placement.MARKERS,
        minimum_tokens=minimum_tokens,
        most_markers=4,
        look_back=20,
        ttls_s=(FIVE_MINUTES_S, ONE_HOUR_S),
        source="Anthropic, prompt caching page, 2026-08-21; minimums and runs of tool blocks, 2026-10",
    )


UNKNOWN = CacheRules(
    name="unknown",
    placement=Placement.NOWHERE,
    source="no page read: no hit is assumed, so no saving is claimed",
)
_OPENAI_EARLIER = CacheRules(
    name="OpenAI before GPT-5.6",
    placement=Placement.BLOCKS,
    minimum_tokens=1_024,
    granularity=128,
    ttls_s=(600, ONE_HOUR_S, _DAY_S),
    keeps_output=True,
    source="OpenAI, prompt caching guide, 2026-10: in memory 5 to 10 minutes, at most an hour; that answers "
    "are kept is on no page but in recorded reads of gpt-5.1-codex, 2025-11",
)
_OPENAI_56 = CacheRules(
    name="OpenAI from GPT-5.6",
    placement=Placement.MESSAGES,
    minimum_tokens=1_024,
    most_markers=4,
    look_back=50,
    ttls_s=(_HALF_HOUR_S,),
    source="OpenAI, prompt caching guide, 2026-10: 30 minutes after the last write or use",
)
_DEEPSEEK = CacheRules(
    name="DeepSeek",
    placement=Placement.BLOCKS,
    granularity=64,
    minimum_tokens=64,
    ttls_s=(_DAY_S,),
    keeps_output=True,
    source="DeepSeek, context caching page, 2026: hours to days, best effort, whole units only",
)
_GEMINI_IMPLICIT = CacheRules(
    name="Gemini, implicit",
    placement=Placement.BLOCKS,
    minimum_tokens=2_048,
    granularity=1,
    ttls_s=(FIVE_MINUTES_S,),
    source="Gemini, context caching page, 2026-09-02: no guarantee, no write or storage fee",
)
# What `cachedContents.create` makes: it is read by name, as a whole, so nothing is looked for behind it.
GEMINI_CREATED = CacheRules(
    name="Gemini, created",
    placement=Placement.MARKERS,
    minimum_tokens=2_048,
    most_markers=1,
    look_back=1,
    ttls_s=(ONE_HOUR_S,),
    is_stored=True,
    source="Gemini, context caching page, 2026-09-02: an hour by default, storage by token and hour",
)
_VLLM = CacheRules(
    name="vLLM blocks",
    placement=Placement.BLOCKS,
    minimum_tokens=16,
    granularity=16,
    ttls_s=(_DAY_S,),
    keeps_output=True,
    source="vLLM, automatic prefix caching, 2026: full blocks of 16 tokens, least recently used goes first",
)

_CLAUDE_512 = r"(fable|mythos)-5(?!-2)|opus-5|sonnet-5-5|haiku-5-5|(fable|mythos)-5-2"
_CLAUDE_2048 = r"opus-4-7|mythos-preview|3-5-haiku|haiku-3-5|3-haiku"
_CLAUDE_4096 = r"opus-4-6|opus-4-5|haiku-4-5"
_ROWS = (
    _Row(r"bedrock|aws", r"opus-4-7", _anthropic(4_096)),
    _Row("", rf"claude.*({_CLAUDE_4096})", _anthropic(4_096)),
    _Row("", rf"claude.*({_CLAUDE_2048})", _anthropic(2_048)),
    _Row("", rf"claude.*({_CLAUDE_512})", _anthropic(512)),
    _Row("", "claude", _anthropic(1_024)),
    _Row("", r"gpt-(5\.[6-9]|[6-9])", _OPENAI_56),
    _Row("", r"gpt-(?!oss)|^o[134]|codex", _OPENAI_EARLIER),
    _Row("", r"deepseek", _DEEPSEEK),
    _Row("", r"gemini-(2\.[5-9]|[3-9])", _GEMINI_IMPLICIT),
    _Row(r"vllm|sglang", "", _VLLM),
)
