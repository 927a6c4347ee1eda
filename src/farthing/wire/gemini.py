"""Gemini `generateContent` and `streamGenerateContent`: bytes to segments, answers and streams to bills.

The model and the wish to stream are in the URL, not in the body. Contexts that Google keeps for the client
(`cachedContent`) are in no body: their name is a parameter, their tokens are in the usage. Readers of
recorded contents use `content_segments`.
"""

from collections.abc import MutableMapping

import msgspec
from msgspec import Raw, Struct, field

from farthing.segment import Segment
from farthing.wire.fields import ABSENT, count, is_given, session_named, settings
from farthing.wire.gemini_answer import Answer, Candidate, Fold, answer, fold, response
from farthing.wire.gemini_content import content_blocks, named, system_blocks, tool_blocks
from farthing.wire.message import BlockMemo, Place, Request
from farthing.wire.scan import PLACE_UNKNOWN, Scan, decode
from farthing.wire.turns import take_turns

__all__ = ["Answer", "Body", "Candidate", "Fold", "answer", "content_segments", "fold", "parse"]
__all__ += ["parse_placed", "read", "request", "response"]

_SCHEMAS = ("responseSchema", "responseJsonSchema")
_SETTINGS = (*_SCHEMAS, "responseMimeType", "responseModalities", "thinkingConfig", "mediaResolution")


class Body(Struct, kw_only=True):
    """A request body, its pieces unparsed. A reader may put it inside the type of its own lines."""

    contents: list[Raw] = []
    tools: Raw = ABSENT
    system: Raw = field(name="systemInstruction", default=ABSENT)
    system_snake: Raw = field(name="system_instruction", default=ABSENT)
    config: Raw = field(name="generationConfig", default=ABSENT)
    config_snake: Raw = field(name="generation_config", default=ABSENT)
    tool_config: Raw = field(name="toolConfig", default=ABSENT)
    tool_config_snake: Raw = field(name="tool_config", default=ABSENT)
    cached: Raw = field(name="cachedContent", default=ABSENT)
    cached_snake: Raw = field(name="cached_content", default=ABSENT)
    tier: Raw = field(name="serviceTier", default=ABSENT)
    tier_snake: Raw = field(name="service_tier", default=ABSENT)
    labels: Raw = ABSENT
    model: object = None


_BODY = msgspec.json.Decoder(Body)
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def parse(body: bytes, memo: BlockMemo | None = None, *, base: int = 0) -> Request:
    """Return what a request body asks; places are given where there is no memo.

    `base` is the body's place in its source. Raises WireError where the bytes are not a request.
    """
    decoded, buffer = decode(_BODY, body, "request body")
    scan = read(decoded, buffer, memo, base=base)
    return request(decoded, scan, places=scan.places() if memo is None else None)


def parse_placed(body: bytes, memo: BlockMemo, *, base: int = 0) -> Request:
    """Return what `parse` does, with places: for whoever is going to edit the body."""
    decoded, buffer = decode(_BODY, body, "request body")
    scan = read(decoded, buffer, memo, base=base)
    return request(decoded, scan, places=scan.places())


def read(body: Body, buffer: bytes, memo: BlockMemo | None = None, *, base: int = 0) -> Scan:
    """Return the blocks of a body that was decoded from `buffer` or from a part of it."""
    scan = Scan(buffer, memo=memo, base=base)
    system = _either(body.system, body.system_snake)
    if is_given(body.tools):
        scan.take("gemini tools", body.tools, tool_blocks)
    if is_given(system):
        scan.take("gemini system", system, system_blocks)
    take_turns(scan, body.contents, "gemini content", content_blocks)
    return scan


def request(body: Body, scan: Scan, *, places: tuple[Place, ...] | None = None) -> Request:
    """Return a body and its blocks as a request; `stream` stays false, because only the URL tells."""
    config = named(_either(body.config, body.config_snake))
    return Request(
        model=body.model if isinstance(body.model, str) else "",
        segments=tuple(scan.segments),
        places=places,
        parameters=settings(
            [
                ("toolConfig", _either(body.tool_config, body.tool_config_snake)),
                ("cachedContent", _either(body.cached, body.cached_snake)),
                ("serviceTier", _either(body.tier, body.tier_snake)),
                *((f"generationConfig.{name}", config[name]) for name in _SETTINGS if name in config),
            ]
        ),
        max_output_tokens=count(msgspec.json.decode(config.get("maxOutputTokens", b"null"))),
        output_schema=any(is_given(config.get(name, ABSENT)) for name in _SCHEMAS),
        session_hint=session_named("labels", body.labels),
    )


def content_segments(
    content: bytes,
    *,
    names: MutableMapping[str, str],
    first_user: bool,
    base: int = PLACE_UNKNOWN,
    memo: BlockMemo | None = None,
) -> tuple[Segment, ...]:
    """Return the segments of one recorded content, as a request that holds it would have them.

    A function's result names its function itself; `names` is there for readers of any format. `first_user`
    says that no user text came before; a TASK among the segments ends that. `base` is the content's place
    in its source. Raises WireError if the content is not a JSON object.
    """
    _, content = decode(_OBJECT, content, "content")
    scan = Scan(content, memo=memo, base=base, names=names)
    take_turns(scan, [content], "gemini content", content_blocks, first_user=first_user)
    return tuple(scan.segments)


def _either(camel: bytes, snake: bytes) -> bytes:
    return camel if is_given(camel) else snake
