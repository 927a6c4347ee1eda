"""A Converse request and a stream with one of everything, for the tests of that format."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path

from farthing.segment import Segment
from farthing.wire import bedrock
from farthing.wire.event_stream import encode
from farthing.wire.message import BlockMemo, Request

Recorded = Callable[[str], Path]


Record = dict[str, object]


CACHE_POINT = {"cachePoint": {"type": "default"}}


CACHE_HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}


IMAGE = {"image": {"format": "png", "source": {"bytes": "aGk="}}}


TOOL: Record = {"toolSpec": {"name": "read", "inputSchema": {"json": {}}}}


CALL: Record = {"toolUse": {"toolUseId": "call_1", "name": "read", "input": {"b": 1, "a": None}}}


RESULT: Record = {"toolResult": {"toolUseId": "call_1", "content": [{"text": "Zürich"}], "status": "success"}}


THOUGHT: Record = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}


MESSAGES: list[Record] = [
    {"role": "user", "content": [IMAGE, {"text": "Do."}, CACHE_POINT]},
    {"role": "assistant", "content": [THOUGHT, CALL]},
    {"role": "user", "content": [RESULT, {"text": "Go on."}, CACHE_HOUR]},
]


BODY: Record = {
    "messages": MESSAGES,
    "system": [{"text": "Be brief."}, CACHE_POINT],
    "toolConfig": {"tools": [TOOL, {"systemTool": {"name": "nova_grounding"}}, CACHE_HOUR]},
    "inferenceConfig": {"maxTokens": 9},
}


def parse(body: Mapping[str, object], memo: BlockMemo | None = None) -> Request:
    return bedrock.parse(json.dumps(body).encode(), memo, model="m")


def shape(segments: tuple[Segment, ...]) -> list[tuple[str, str, str]]:
    return [(segment.kind.value, segment.role, segment.name) for segment in segments]


def digests(request: Request) -> list[bytes]:
    return [segment.digest for segment in request.segments]


def event(kind: str, payload: object) -> bytes:
    return encode([(":event-type", kind), (":message-type", "event")], json.dumps(payload).encode())


def chunk(payload: object) -> bytes:
    return event("chunk", {"bytes": b64encode(json.dumps(payload).encode()).decode(), "p": "abc"})


EVENTS = [
    event("messageStart", {"role": "assistant"}),
    event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "H"}}}),
    event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "m."}}}),
    event(
        "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "c2ln"}}}
    ),
    event("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "I re"}}),
    event("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "ad."}}),
    event("contentBlockStop", {"contentBlockIndex": 1}),
    event(
        "contentBlockStart",
        {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "call_1", "name": "read"}}},
    ),
    event("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": '{"b": 1, '}}}),
    event("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": '"a": null}'}}}),
    event(
        "contentBlockDelta",
        {"contentBlockIndex": 3, "delta": {"reasoningContent": {"redactedContent": "b3Bh"}}},
    ),
    event("messageStop", {"stopReason": "tool_use"}),
    event(
        "metadata", {"usage": {"inputTokens": 5, "outputTokens": 9, "cacheReadInputTokens": 7}, "metrics": {}}
    ),
]
