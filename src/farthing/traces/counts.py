"""What an instrumentation counted for a call, and whether its input holds the cached tokens.

That is a property of the producer, not of the name it writes the count under: the convention says
"included", and several write what their provider sent. Three kinds of evidence, the first that speaks:

1. the numbers of the call itself, where they allow one reading only;
2. the other calls of the same producer and model in the file, of which a tenth decides;
3. what is known of the producer, from its source.

A total of input and output alone proves nothing: producers that know no cache add it up themselves.
"""

from collections import Counter
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from farthing.usage import CacheWrite, Charge, Usage, cache_writes
from farthing.wire.openai_usage import EXCLUSIVE, INCLUSIVE

_BY_PRODUCER = "cached tokens stand beside the input count, as this instrumentation writes it"
_BY_VOTE = "cached tokens stand beside the input count, as other calls of the file show"
_PROVIDERS_OWN = "as the provider counted, from the answer that the trace holds"

# Producers that pass on what Bedrock or Anthropic count: OpenLLMetry 0.62 (bedrock/span_utils.py), botocore
# 0.66b1 (extensions/bedrock.py), and Claude Code (code.claude.com, monitoring usage, 2026-10).
_EXCLUSIVE_SCOPES = (
    "opentelemetry.instrumentation.bedrock",
    "opentelemetry.instrumentation.botocore",
    "com.anthropic.claude_code",
)
# The AI SDK passed on what these counted until version 6, which tells the parts (@ai-sdk/anthropic 2.0.50).
_AI_SDK = "ai"
_EXCLUSIVE_VENDORS = ("anthropic", "amazon-bedrock", "bedrock", "google.vertex.anthropic")

# Gemini by way of OpenRouter reports the storing of a cache as a write of tokens that were read as well
# (recorded: prompt 2,168, cached 2,161, written 2,161, and the total is prompt and completion).
_STORES_WHAT_IT_READS = ("gemini", "google")

_DECIDING_SHARE = 10


class Producer(NamedTuple):
    """Who wrote a call's counts: calls of one producer and model are counted alike."""

    scope: str
    version: str
    provider: str
    model: str

    @property
    def is_exclusive(self) -> bool:
        """Whether its source is known to leave cached tokens out of the input."""
        if self.scope == _AI_SDK:
            return self.provider.startswith(_EXCLUSIVE_VENDORS)
        return self.scope.startswith(_EXCLUSIVE_SCOPES)


class Counts(Struct, frozen=True, kw_only=True):
    """The numbers of one call as they were told; with `parted` the producer told the uncached part too."""

    producer: Producer
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_writes: tuple[CacheWrite, ...] = ()
    reasoning_tokens: int = 0
    total_tokens: int | None = None
    parted: bool = False

    @property
    def written(self) -> int:
        return sum(write.tokens for write in self.cache_writes)

    @property
    def cached(self) -> int:
        return self.cache_read_input_tokens + self.written

    @property
    def overlaps(self) -> bool:
        """Whether the same tokens are told as read and as written."""
        whose = f"{self.producer.provider} {self.producer.model}"
        fits = max(self.cache_read_input_tokens, self.written) <= self.input_tokens < self.cached
        return fits and any(name in whose for name in _STORES_WHAT_IT_READS)

    @property
    def is_certainly_exclusive(self) -> bool:
        """Whether the cached tokens cannot be in the input: they are more, or only so the total adds up."""
        if not self.cached or self.overlaps:
            return False
        if self.cached > self.input_tokens:
            return True
        outputs = {self.output_tokens, self.output_tokens + self.reasoning_tokens}
        if self.total_tokens in {self.input_tokens + output for output in outputs}:
            return False
        return self.total_tokens in {self.input_tokens + self.cached + output for output in outputs}


class Billed(Struct, frozen=True):
    """Disjoint counts, about which nothing is in doubt: a provider's own usage, or a platform's buckets."""

    charges: tuple[Charge, ...]
    rule: str = _PROVIDERS_OWN

    @property
    def output_tokens(self) -> int:
        return self.charges[0].usage.output_tokens

    @property
    def cache_writes(self) -> tuple[CacheWrite, ...]:
        return self.charges[0].usage.cache_writes

    @property
    def cached(self) -> int:
        return self.charges[0].usage.input_tokens - self.charges[0].usage.uncached_input_tokens


Told: TypeAlias = Counts | Billed


class Settled(NamedTuple):
    """A call's bill in disjoint counts, and the rule by which cached tokens were told from the input."""

    charges: tuple[Charge, ...]
    rule: str


class Ballot:
    """Collects the counts of a file and settles each of them. A machine without I/O."""

    def __init__(self) -> None:
        self._cached: Counter[Producer] = Counter()
        self._exclusive: Counter[Producer] = Counter()

    def cast(self, told: Told) -> None:
        if isinstance(told, Counts) and told.cached:
            self._cached[told.producer] += 1
            self._exclusive[told.producer] += told.is_certainly_exclusive

    def settle(self, told: Told, *, model: str, tier: str) -> Settled:
        """Return the bill of a call whose file has been heard; `model` answered, at `tier`."""
        if isinstance(told, Billed):
            return Settled(told.charges, told.rule)
        rule = self._rule(told)
        usage = _usage(told, exclusive=rule != INCLUSIVE)
        return Settled((Charge(model=model, usage=usage, tier=tier),), rule)

    def _rule(self, told: Counts) -> str:
        if told.is_certainly_exclusive:
            return EXCLUSIVE
        if told.parted or told.overlaps:
            return INCLUSIVE
        if self._exclusive[told.producer] * _DECIDING_SHARE > self._cached[told.producer]:
            return _BY_VOTE
        return _BY_PRODUCER if told.producer.is_exclusive else INCLUSIVE


def written(*, total: int, five_minutes: int = 0, one_hour: int = 0) -> tuple[CacheWrite, ...]:
    """Return cache writes of which only a part may be told by its lifetime."""
    unknown = max(0, total - five_minutes - one_hour)
    return cache_writes(five_minutes=five_minutes, one_hour=one_hour, unknown=unknown)


def _usage(told: Counts, *, exclusive: bool) -> Usage:
    writes = () if told.overlaps else told.cache_writes
    cached = told.cache_read_input_tokens + sum(write.tokens for write in writes)
    whole = told.input_tokens + cached if exclusive else told.input_tokens
    output = told.output_tokens
    if _reasoning_is_beside(told, whole):
        output += told.reasoning_tokens
    return Usage(
        uncached_input_tokens=whole - cached,
        cache_read_input_tokens=told.cache_read_input_tokens,
        cache_writes=writes,
        output_tokens=output,
        reasoning_tokens=min(told.reasoning_tokens, output),
    )


def _reasoning_is_beside(told: Counts, whole: int) -> bool:
    """Tell whether reasoning stands on top of the output, as Gemini and xAI count it."""
    if told.reasoning_tokens > told.output_tokens:
        return True
    return (
        told.reasoning_tokens > 0 and told.total_tokens == whole + told.output_tokens + told.reasoning_tokens
    )
