"""A request and a stream of Anthropic Messages with one of everything, for the tests of that format."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from farthing.segment import Segment
from farthing.wire import anthropic
from farthing.wire.message import BlockMemo, Request, Response
from tests.wire.recorded import (
    COPIED,
)

Recorded = Callable[[str], Path]


Record = dict[str, object]


FIXTURES = COPIED / "vercel-ai-provider-fixtures"


MARKER = {"cache_control": {"type": "ephemeral"}}


HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


TOOLS: list[Record] = [
    {"name": "read", "input_schema": {"properties": {"cache_control": {"type": "string"}}}},
    {"type": "web_search_20260209", "name": "web_search", "max_uses": 2},
    {"type": "mcp_toolset", "mcp_server_name": "tickets"},
]


CALL: Record = {"type": "tool_use", "id": "call_1", "name": "read", "input": {"b": 1, "a": None}}


RESULT: Record = {"type": "tool_result", "tool_use_id": "call_1", "content": "Zürich"}


MESSAGES: list[Record] = [
    {
        "role": "user",
        "content": [{"type": "text", "text": "<reminder>"}, IMAGE, {"type": "text", "text": "Do."}],
    },
    {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}, CALL]},
    {"role": "user", "content": [RESULT, {"type": "text", "text": "Go on."}]},
    {"role": "system", "content": "Be quick."},
    {"role": "assistant", "content": "Done."},
]


BODY: Record = {"model": "claude-opus-5", "messages": MESSAGES, "system": "Be brief.", "tools": TOOLS}


def parse(body: Mapping[str, object], memo: BlockMemo | None = None) -> Request:
    return anthropic.parse(json.dumps(body).encode(), memo)


def one_message(*blocks: object, role: str = "user") -> Request:
    return parse({"messages": [{"role": role, "content": list(blocks)}]})


def shape(segments: tuple[Segment, ...]) -> list[tuple[str, str, str]]:
    return [(segment.kind.value, segment.role, segment.name) for segment in segments]


def digests(request: Request) -> list[bytes]:
    return [segment.digest for segment in request.segments]


def streamed(*events: Record) -> Response:
    return anthropic.fold([b"data: " + json.dumps(event).encode() + b"\n\n" for event in events])


def bill(response: Response) -> list[tuple[str, str, int, int]]:
    return [
        (charge.model, charge.part, charge.usage.input_tokens, charge.usage.output_tokens)
        for charge in response.charges
    ]


START: Record = {
    "type": "message_start",
    "message": {
        "id": "m1",
        "model": "m",
        "usage": {"input_tokens": 9, "cache_read_input_tokens": 4, "output_tokens": 1},
    },
}


WORDS: Record = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "a"}}


MORE: Record = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "b"}}


END: Record = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}


STOP: Record = {"type": "message_stop"}
