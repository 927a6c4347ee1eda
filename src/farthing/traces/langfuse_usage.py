"""Langfuse's `usageDetails`: buckets that are priced one by one and sum to `total`.

So `input` leaves cached tokens out, unless whoever sent it did not: then the total is `input` and `output`
alone, and the other buckets are parts of those (langfuse/langfuse#10592, #12306).
"""

from collections.abc import Mapping

from farthing.traces.counts import Billed, written
from farthing.usage import Charge, Usage

DISJOINT = "Langfuse's buckets are disjoint: input leaves cached tokens out"
WITHIN = "Langfuse's total shows that input includes the cached tokens"

# Spellings of the SDKs, of Langfuse's own mapping of OpenTelemetry, and of what users send as they got it.
_READS = (
    "input_cached_tokens",
    "input_cache_read",
    "cache_read_input_tokens",
    "input_cached",
    "prompt_details.cache_read",
    "cached_tokens",
    "cache_read_tokens",
    "prompt_tokens_details.cached_tokens",
    "input_tokens_details.cached_tokens",
)
_WRITES_5M = ("input_cache_creation_5m",)
_WRITES_1H = ("input_cache_creation_1h",)
_WRITES = (
    "input_cache_creation",
    "cache_creation_input_tokens",
    "input_cache_write",
    "prompt_details.cache_write",
    "cache_write_tokens",
)
_REASONING = (
    "output_reasoning_tokens",
    "output_reasoning",
    "completion_details.reasoning",
    "reasoning_tokens",
    "completion_tokens_details.reasoning_tokens",
    "output_tokens_details.reasoning_tokens",
)
_INPUT = ("input", "prompt_tokens", "input_tokens", "promptTokens", "inputTokens")
_OUTPUT = ("output", "completion_tokens", "output_tokens", "completionTokens", "outputTokens")
_TOTAL = ("total", "total_tokens", "totalTokens")
_MORE_OUTPUT = (
    "output_audio_tokens",
    "output_audio",
    "accepted_prediction_tokens",
    "rejected_prediction_tokens",
)
_MORE_INPUT = ("input_audio_tokens", "input_audio", "input_image", "input_image_tokens")


def billed(buckets: Mapping[str, int], *, model: str) -> Billed | None:
    """Return what the buckets come to; None where nothing was counted."""
    if not any(buckets.values()):
        return None
    given, produced = _first(buckets, _INPUT), _first(buckets, _OUTPUT)
    reads, reasoning = _first(buckets, _READS), _first(buckets, _REASONING)
    five_minutes, one_hour, other = (_first(buckets, names) for names in (_WRITES_5M, _WRITES_1H, _WRITES))
    writes = written(total=five_minutes + one_hour + other, five_minutes=five_minutes, one_hour=one_hour)
    more_input, more_output = _sum(buckets, _MORE_INPUT), _sum(buckets, _MORE_OUTPUT)
    cached = reads + sum(write.tokens for write in writes)
    total = _first(buckets, _TOTAL)
    beside = cached + more_input + more_output + reasoning
    within = bool(beside) and total == given + produced and cached <= given and reasoning <= produced
    usage = Usage(
        uncached_input_tokens=given - cached if within else given + more_input,
        cache_read_input_tokens=reads,
        cache_writes=writes,
        output_tokens=produced if within else produced + more_output + reasoning,
        reasoning_tokens=reasoning,
    )
    return Billed((Charge(model=model, usage=usage),), WITHIN if within else DISJOINT)


def _first(buckets: Mapping[str, int], names: tuple[str, ...]) -> int:
    return next((buckets[name] for name in names if buckets.get(name)), 0)


def _sum(buckets: Mapping[str, int], names: tuple[str, ...]) -> int:
    return sum(buckets.get(name, 0) for name in names)
