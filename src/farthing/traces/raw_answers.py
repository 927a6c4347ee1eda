"""A provider's own answer where a span holds it: its usage says more than the attributes made from it.

OpenInference keeps the whole answer (`output.value`), the AI SDK keeps Anthropic's usage
(`ai.response.providerMetadata`). There, and only there, stand the lifetimes of cache writes and an
answer's id.
"""

from typing import NamedTuple

import msgspec

from farthing.errors import WireError
from farthing.traces.counts import Billed
from farthing.wire import anthropic_usage
from farthing.wire.fields import ABSENT, is_given, members, string
from farthing.wire.openai_content import bill

_ANTHROPIC = msgspec.json.Decoder(anthropic_usage.Counts)
_OPENAI = msgspec.json.Decoder(dict[str, object])


class RawAnswer(NamedTuple):
    """What a provider's answer tells beside its words."""

    billed: Billed | None = None
    response_id: str = ""
    finish: str = ""


NO_ANSWER = RawAnswer()


def raw_answer(value: bytes, *, model: str) -> RawAnswer:
    """Return what a recorded output tells if it is a provider's answer as sent; nothing of any other."""
    said = members(value)
    usage = said.get("usage", ABSENT)
    kind = string(said.get("object", ABSENT)) or string(said.get("type", ABSENT))
    answered = string(said.get("model", ABSENT)) or model
    if kind == "message":
        billed = _anthropic(usage, model=answered)
    elif kind in ("chat.completion", "response", "text_completion"):
        billed = _openai(usage, model=answered, tier=string(said.get("service_tier", ABSENT)))
    else:
        return NO_ANSWER
    return RawAnswer(billed, string(said.get("id", ABSENT)), string(said.get("stop_reason", ABSENT)))


def metadata_usage(metadata: bytes, *, model: str) -> Billed | None:
    """Return the usage that the AI SDK keeps of Anthropic's answers; None without one."""
    return _anthropic(members(members(metadata).get("anthropic", ABSENT)).get("usage", ABSENT), model=model)


def provider_usage(usage: bytes, *, model: str, tier: str) -> Billed | None:
    """Return a provider's `usage` object as a bill, told apart by the names of its members."""
    counts = members(usage)
    if "cache_creation_input_tokens" in counts and "prompt_tokens" not in counts:
        return _anthropic(usage, model=model)
    is_openai = "prompt_tokens" in counts or "input_tokens_details" in counts
    return _openai(usage, model=model, tier=tier) if is_openai else None


def _anthropic(usage: bytes, *, model: str) -> Billed | None:
    if not is_given(usage):
        return None
    try:
        charges = anthropic_usage.charges(_ANTHROPIC.decode(usage), model=model)
    except msgspec.DecodeError:
        return None
    return Billed(charges) if charges else None


def _openai(usage: bytes, *, model: str, tier: str) -> Billed | None:
    if not is_given(usage):
        return None
    try:
        charges = bill(model, _OPENAI.decode(usage), tier)
    except (msgspec.DecodeError, WireError):
        return None
    return Billed(charges) if charges else None
