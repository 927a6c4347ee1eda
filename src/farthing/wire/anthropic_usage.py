"""Anthropic's `usage` as charges: the same object in answers, streams, session files and on Bedrock.

`input_tokens` leaves cached tokens out. One call may bill several models: a compaction and an
advisor are not in the totals, and under a server-side fall-back the totals describe only the
attempt that answered (platform.claude.com: compaction, advisor tool, refusals and fallback; read
2026-08).
"""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from farthing.usage import Charge, Usage, cache_writes

Count = Annotated[int, Meta(ge=0)]

_TIERS = {"batch": "batch", "priority": "priority"}
_PARTS = {"compaction": "compaction", "advisor_message": "advisor"}
_REQUESTS = "_requests"


class Writes(Struct, frozen=True):
    """Cache writes by TTL; they sum to `cache_creation_input_tokens` where the provider gives both."""

    ephemeral_5m_input_tokens: Count | None = None
    ephemeral_1h_input_tokens: Count | None = None


class OutputDetails(Struct, frozen=True):
    """What part of the output was reasoning."""

    thinking_tokens: Count | None = None


class Counts(Struct, frozen=True, kw_only=True):
    """A `usage` object, or one entry of its `iterations` (which have a `type` and mostly a `model`)."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    cache_creation: Writes | None = None
    output_tokens_details: OutputDetails | None = None
    server_tool_use: dict[str, object] | None = None
    service_tier: str | None = None
    speed: str | None = None
    iterations: list["Counts"] | None = None
    type: str | None = None
    model: str | None = None

    @property
    def is_recorded(self) -> bool:
        return self.input_tokens is not None or self.output_tokens is not None


def later(counts: Counts | None, update: Counts | None) -> Counts | None:
    """Return `counts` overridden by each field that `update` has: a stream's counts are cumulative."""
    if counts is None or update is None:
        return counts or update
    return replace(counts, **{name: value for name, value in asdict(update).items() if value is not None})


def charges(
    counts: Counts | None, *, model: str, part: str = "", refused: bool = False
) -> tuple[Charge, ...]:
    """Return what a call billed; empty where nothing is recorded.

    `refused` is a refusal before any output: its tokens are reported and not billed. `part` names the line of
    the answer where that is not the one that counts.
    """
    if counts is None or not counts.is_recorded:
        return ()
    iterations = counts.iterations or []
    served = next((one.model for one in iterations if one.type == "fallback_message" and one.model), model)
    answer = () if refused else (Charge(model=served, usage=_usage(counts), tier=_tier(counts), part=part),)
    extra = [_extra(one, served, model, counts) for one in iterations]
    return (*answer, *(charge for charge in extra if charge is not None))


def _extra(one: Counts, served: str, asked: str, counts: Counts) -> Charge | None:
    """Return the line of an iteration that the totals leave out, None for one that is in them or is free.

    An attempt of another model that declined is billed only if it had begun to answer.
    """
    model = one.model or asked
    declined = one.type == "message" and model != served and bool(one.output_tokens)
    part = "declined" if declined else _PARTS.get(one.type or "")
    if part is None:
        return None
    # A batch discounts every line; priority and speed are sold for one model.
    tier = _tier(counts) if model == served or counts.service_tier == "batch" else ""
    return Charge(model=model, usage=_usage(one), tier=tier, part=part)


def _usage(counts: Counts) -> Usage:
    writes = counts.cache_creation or Writes()
    five_minutes = writes.ephemeral_5m_input_tokens or 0
    one_hour = writes.ephemeral_1h_input_tokens or 0
    unknown = max(0, (counts.cache_creation_input_tokens or 0) - five_minutes - one_hour)
    details = counts.output_tokens_details or OutputDetails()
    return Usage(
        uncached_input_tokens=counts.input_tokens or 0,
        cache_read_input_tokens=counts.cache_read_input_tokens or 0,
        cache_writes=cache_writes(five_minutes=five_minutes, one_hour=one_hour, unknown=unknown),
        output_tokens=counts.output_tokens or 0,
        reasoning_tokens=details.thinking_tokens or 0,
        server_tools=_server_tools(counts.server_tool_use or {}),
    )


def _server_tools(used: dict[str, object]) -> tuple[tuple[str, int], ...]:
    return tuple(
        (name.removesuffix(_REQUESTS), number)
        for name, number in sorted(used.items())
        if name.endswith(_REQUESTS) and isinstance(number, int) and number > 0
    )


def _tier(counts: Counts) -> str:
    return "fast" if counts.speed == "fast" else _TIERS.get(counts.service_tier or "", "")
