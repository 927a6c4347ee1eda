"""OpenAI Responses: bytes to segments in cache order, answers and streams to bills.

A request is scanned, not rebuilt, as a chat request is. What it refers to and does not hold (a
previous response, a conversation, a stored prompt) is on the server: `session_hint` says so. Readers of
recorded items, such as Codex rollouts, use `item_segments`.
"""

from collections.abc import MutableMapping
from functools import partial

import msgspec
from msgspec import Raw, Struct

from farthing.segment import Segment, SegmentKind, digest_block
from farthing.wire.fields import (
    ABSENT,
    count,
    inside,
    is_given,
    items,
    members,
    session_named,
    settings,
    string,
)
from farthing.wire.message import BlockMemo, Place, Request
from farthing.wire.openai_content import (
    THIRTY_MINUTES_S,
    content_blocks,
    lifetime,
    tool_blocks,
    user_blocks,
)
from farthing.wire.openai_items import item_blocks
from farthing.wire.openai_responses_answer import Answer, Fold, answer, fold, response
from farthing.wire.scan import PLACE_UNKNOWN, Scan, decode, is_string, text
from farthing.wire.turns import take_turns

__all__ = ["Answer", "Body", "Fold", "answer", "fold", "item_segments", "parse", "parse_placed", "read"]
__all__ += ["request", "response"]


class Body(Struct, kw_only=True):
    """A request body, its pieces unparsed. A reader may put it inside the type of its own lines."""

    input: list[Raw] | str | None = None
    instructions: Raw = ABSENT
    tools: Raw = ABSENT
    model: object = None
    stream: object = None
    max_output_tokens: object = None
    metadata: Raw = ABSENT
    conversation: Raw = ABSENT
    previous_response_id: Raw = ABSENT
    reasoning: Raw = ABSENT
    text: Raw = ABSENT
    prompt_cache_options: Raw = ABSENT
    # From here on: what is part of the rendered prefix, picks the cache, or is named as a reason for a miss
    # (OpenAI, prompt caching and its diagnostics, 2026-10).
    tool_choice: Raw = ABSENT
    parallel_tool_calls: Raw = ABSENT
    context_management: Raw = ABSENT
    prompt: Raw = ABSENT
    service_tier: Raw = ABSENT
    prompt_cache_key: Raw = ABSENT
    prompt_cache_retention: Raw = ABSENT
    provider: Raw = ABSENT


class _Input(Struct):
    input: Raw = ABSENT


_BODY = msgspec.json.Decoder(Body)
_INPUT = msgspec.json.Decoder(_Input)
_OBJECT = msgspec.json.Decoder(dict[str, Raw])

_FIELDS = Body.__struct_fields__
_SETTINGS = _FIELDS[_FIELDS.index("tool_choice") :]


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
    ttl_s = lifetime(body.prompt_cache_options)
    read_item = partial(item_blocks, ttl_s=ttl_s)
    if is_given(body.tools):
        scan.take("openai tools", body.tools, tool_blocks)
    if is_string(body.instructions):
        scan.take("openai instructions", body.instructions, _instructed)
    else:
        scan.take_all(
            "openai_responses instructions", items(body.instructions), partial(read_item, opening=True)
        )
    if isinstance(body.input, str):
        _take_text(scan, body.input, buffer)
    else:
        take_turns(scan, body.input or (), f"openai_responses {ttl_s}", read_item)
    return scan


def request(body: Body, scan: Scan, *, places: tuple[Place, ...] | None = None) -> Request:
    """Return a body and its blocks as a request."""
    plain = [(name, getattr(body, name)) for name in _SETTINGS]
    nested = [
        *inside("prompt_cache_options", body.prompt_cache_options, "mode", "ttl"),
        *inside("reasoning", body.reasoning, "effort", "mode"),
        *inside("text", body.text, "format", "verbosity"),
    ]
    form = members(members(body.text).get("format", ABSENT))
    return Request(
        model=body.model if isinstance(body.model, str) else "",
        segments=tuple(scan.segments),
        places=places,
        parameters=settings(plain + nested),
        breakpoints=tuple(scan.breakpoints),
        max_output_tokens=count(body.max_output_tokens),
        stream=body.stream is True,
        output_schema=string(form.get("type", ABSENT)) == "json_schema",
        session_hint=_session(body),
    )


def item_segments(
    item: bytes,
    *,
    names: MutableMapping[str, str],
    first_user: bool,
    base: int = PLACE_UNKNOWN,
    memo: BlockMemo | None = None,
) -> tuple[Segment, ...]:
    """Return the segments of one recorded item, as a request that holds it would have them.

    `names` maps call ids to tools and is kept up to date: pass the same one for a whole session.
    `first_user` says that no user text came before; a TASK among the segments ends that. `base` is the
    item's place in its source. Raises WireError if the item is not a JSON object.
    """
    _, item = decode(_OBJECT, item, "item")
    scan = Scan(item, memo=memo, base=base, names=names)
    take_turns(scan, [item], "openai_responses item", _read, first_user=first_user)
    return tuple(scan.segments)


def _take_text(scan: Scan, words: str, buffer: bytes) -> None:
    """Scan an input that is one string. `Body`, made for lists, has its words and not its place.

    A body inside a reader's own line has no place for it either.
    """
    placed = _INPUT.decode(buffer).input
    if is_string(placed):
        scan.take("openai input", placed, _asked)
    else:
        digest = digest_block(SegmentKind.TASK, "user", text(words))
        scan.segments.append(Segment(SegmentKind.TASK, "user", "", digest, len(text(words))))


def _session(body: Body) -> tuple[str, str] | None:
    """Return the session that a body names. A cache key comes last: several sessions may share one."""
    conversation = string(body.conversation) or string(members(body.conversation).get("id", ABSENT))
    named = (
        ("conversation", conversation),
        ("previous_response_id", string(body.previous_response_id)),
        ("prompt_cache_key", string(body.prompt_cache_key)),
    )
    return session_named("metadata", body.metadata) or next((pair for pair in named if pair[1]), None)


_read = partial(item_blocks, ttl_s=THIRTY_MINUTES_S)
_asked = partial(user_blocks, role="user", opening=True, ttl_s=THIRTY_MINUTES_S)
_instructed = partial(content_blocks, kind=SegmentKind.SYSTEM, role="system", ttl_s=THIRTY_MINUTES_S)
