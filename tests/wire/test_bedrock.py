import json
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.errors import WireError
from farthing.segment import Level, SegmentKind
from farthing.step import Breakpoint
from farthing.usage import CacheWrite
from farthing.wire import anthropic, bedrock
from farthing.wire.event_stream import FrameStream
from farthing.wire.message import BlockMemo, Response
from farthing.wire.recognise import WireFormat, of_url
from tests.truth import cassettes, replies
from tests.truth.exchanges import Exchange, records
from tests.wire.bedrock_scene import (
    BODY,
    CALL,
    EVENTS,
    IMAGE,
    RESULT,
    THOUGHT,
    TOOL,
    Record,
    Recorded,
    digests,
    event,
    parse,
    shape,
)
from tests.wire.recorded import COPIED, Pair, billed, exchanged, split, truly_billed

FORMATS = (WireFormat.BEDROCK_CONVERSE, WireFormat.BEDROCK_INVOKE)


def test_a_request_is_its_blocks_in_cache_order_and_cache_points_are_none_of_them() -> None:
    request = parse(BODY)
    assert shape(request.segments) == [
        ("tools", "", "read"),
        ("tools", "", "nova_grounding"),
        ("system", "system", ""),
        ("media", "user", ""),
        ("task", "user", ""),
        ("reasoning", "assistant", ""),
        ("tool_call", "assistant", "read"),
        ("tool_result", "user", "read"),
        ("user", "user", ""),
    ]
    assert request.breakpoints == tuple(
        Breakpoint(depth, ttl_s) for depth, ttl_s in ((2, 3_600), (3, 300), (5, 300), (9, 3_600))
    )
    assert (request.model, request.max_output_tokens) == ("m", 9)


@pytest.mark.parametrize("indent", [None, 2])
def test_every_block_stands_at_its_place(indent: int | None) -> None:
    body = json.dumps(BODY, indent=indent).encode()
    places = bedrock.places(body)
    assert [json.loads(body[start:end]) for start, end in places] == [
        TOOL,
        {"systemTool": {"name": "nova_grounding"}},
        {"text": "Be brief."},
        IMAGE,
        {"text": "Do."},
        THOUGHT,
        CALL,
        RESULT,
        {"text": "Go on."},
    ]
    assert bedrock.parse_placed(body, BlockMemo()).places == places
    assert bedrock.parse(body, BlockMemo()).places is None


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({}, ()),
        (
            {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 9}}},
            (("thinking", "enabled 9"),),
        ),
        (
            {
                "additionalModelRequestFields": {
                    "reasoning_config": {"type": "enabled", "budget_tokens": 9},
                    "x": 1,
                }
            },
            (("thinking", "enabled 9"),),
        ),
        ({"toolConfig": {"toolChoice": {"any": {}}}}, (("tool_choice", '{"any":{}}'),)),
        (
            {"outputConfig": {"effort": "low"}, "performanceConfig": {"latency": "optimized"}},
            (("effort", "low"), ("latency", "optimized")),
        ),
    ],
)
def test_what_decides_whether_a_cache_fits_is_a_parameter(
    given_: Record, expected: tuple[tuple[str, str], ...]
) -> None:
    assert parse({"messages": [], **given_}).parameters == expected


def test_a_schema_asked_for_is_a_parameter() -> None:
    request = parse({"messages": [], "outputConfig": {"textFormat": {"type": "json_schema"}}})
    assert request.output_schema
    assert [name for name, _ in request.parameters] == ["output_format"]


def test_what_claude_is_asked_through_invoke_model_is_an_anthropic_request() -> None:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "system": "a",
        "messages": [{"role": "user", "content": "hi"}],
    }
    raw = json.dumps(body).encode()
    request = bedrock.parse(raw, model="anthropic.claude-3-haiku-20240307-v1:0")
    assert request.model == "anthropic.claude-3-haiku-20240307-v1:0"
    assert request.segments == anthropic.parse(raw).segments
    assert bedrock.parse_placed(raw, BlockMemo()).places == request.places


@pytest.mark.parametrize("body", [b"", b"[]", b'{"inputText":"a"}', b'{"messages":[{"content":[]}]}'])
def test_what_is_no_request_is_an_error(body: bytes) -> None:
    with pytest.raises(WireError):
        bedrock.parse(body)


def test_an_answer_is_its_bill_and_its_blocks() -> None:
    usage = {
        "inputTokens": 5,
        "outputTokens": 9,
        "cacheReadInputTokens": 7,
        "cacheWriteInputTokens": 20,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 11}, {"ttl": "5m", "inputTokens": 3}],
        "totalTokens": 41,
    }
    message = {"role": "assistant", "content": [THOUGHT, {"text": "I read."}, CALL]}
    body = {
        "output": {"message": message},
        "stopReason": "tool_use",
        "usage": usage,
        "serviceTier": {"type": "flex"},
    }
    response = bedrock.answer(json.dumps(body).encode(), model="m")
    (charge,) = response.charges
    assert (charge.model, charge.tier, response.finish) == ("m", "flex", "tool_use")
    assert charge.usage.cache_writes == (CacheWrite(3_600, 11), CacheWrite(300, 3), CacheWrite(None, 6))
    assert charge.usage.input_tokens + charge.usage.output_tokens == usage["totalTokens"]
    sent_back = parse({"messages": [message]})
    assert [one.digest for one in response.output] == digests(sent_back)


def test_an_error_is_the_type_in_its_headers() -> None:
    headers = {"x-amzn-errortype": "ValidationException:http://internal.amazon.com/"}
    response = bedrock.answer(b'{"message":"secret"}', model="m", headers=headers)
    assert (response.error, response.charges, response.usage_recorded) == ("ValidationException", (), False)
    assert "secret" not in repr(response)
    assert bedrock.answer(b'{"message":"secret"}').error == "error"


def test_counts_of_other_families_stand_in_the_headers() -> None:
    headers = {"x-amzn-bedrock-input-token-count": "5", "x-amzn-bedrock-output-token-count": "7"}
    for body in (b'{"generation":"a","usage":{"prompt_tokens":5}}', b'{"output":"a"}', b"plain"):
        assert billed(bedrock.answer(body, model="m", headers=headers)) == [(5, 0, 0, 7)]
    with pytest.raises(WireError):
        bedrock.answer(b"plain", model="m")


@given(st.lists(st.integers(0, 4_000), max_size=9))
def test_any_split_of_a_stream_gives_the_same_response(cuts: list[int]) -> None:
    assert bedrock.fold(split(b"".join(EVENTS), cuts)) == bedrock.fold(EVENTS)


STREAMED = "openllmetry-cassettes/test_anthropic_3_completion_streaming.yaml"


TOOL_STREAMED = (
    "otel-python-contrib-cassettes/"
    "test_invoke_model_with_response_stream_no_content_tool_call[anthropic.claude].yaml"
)


def copied(name: str) -> list[Pair]:
    return [pair for pair in exchanged((COPIED / name).parent) if pair.source == (COPIED / name).name]


@given(st.lists(st.integers(0, 9_000), max_size=9))
def test_any_split_of_a_recorded_stream_of_claude_gives_the_same_response(cuts: list[int]) -> None:
    body = claude_stream()
    response = bedrock.fold(split(body, cuts), model="anthropic.claude-3-sonnet-20240229-v1:0")
    assert response == bedrock.fold([body], model="anthropic.claude-3-sonnet-20240229-v1:0")
    assert (billed(response), response.complete) == ([(16, 0, 0, 21)], True)
    assert response.model == response.charges[0].model == "anthropic.claude-3-sonnet-20240229-v1:0"
    assert response.response_id == "msg_bdrk_014eJfxWXNnxFKhmuiT8FYf7"


@cache
def claude_stream() -> bytes:
    (pair,) = copied(STREAMED)
    return pair.body


def test_what_bedrock_counted_is_billed_not_what_claude_did() -> None:
    pairs = copied(TOOL_STREAMED)
    assert [billed(bedrock.fold([pair.body])) for pair in pairs] == [[(392, 0, 0, 97)], [(602, 0, 0, 137)]]
    said = [anthropic_alone(pair.body) for pair in pairs]
    assert [billed(one) for one in said] == [[(392, 0, 0, 133)], [(602, 0, 0, 137)]]


def anthropic_alone(body: bytes) -> Response:
    """Read the events inside the chunks as if Anthropic had sent them."""
    chunks = (json.loads(frame.payload)["bytes"] for frame in FrameStream().feed(body))
    return anthropic.fold(b"data: " + b64decode(chunk) + b"\n\n" for chunk in chunks)


def model_of(url: str) -> str:
    return url.partition("/model/")[2].partition("/")[0]


def calls(corpus: Path) -> Iterator[Exchange]:
    for exchange in cassettes.exchanges(corpus):
        if of_url(exchange.url) in FORMATS:
            yield exchange


def read(exchange: Exchange) -> Response:
    is_parsed = not isinstance(exchange.body, bytes)
    body = json.dumps(exchange.body).encode() if is_parsed else exchange.body
    if "eventstream" in exchange.headers["content-type"]:
        return bedrock.fold([body], model=model_of(exchange.url))
    return bedrock.answer(body, model=model_of(exchange.url), headers=exchange.headers)


def truth(exchange: Exchange) -> list[replies.Reply]:
    model = model_of(exchange.url)
    if of_url(exchange.url) is WireFormat.BEDROCK_CONVERSE:
        return replies.converse(records(exchange), model, None)
    return replies.invoke(records(exchange), exchange.headers, model, None)


@pytest.mark.parametrize(
    ("corpus", "answered", "unbilled", "refused"),
    [
        ("pydantic-ai-cassettes", 39, 0, 2),
        ("openllmetry-cassettes", 85, 1, 0),
        ("otel-python-contrib-cassettes", 70, 0, 4),
    ],
)
def test_recorded_usage_is_what_we_read(
    corpus: str, answered: int, unbilled: int, refused: int, recorded: Recorded
) -> None:
    seen: Counter[str] = Counter()
    for exchange in calls(recorded(corpus)):
        response = read(exchange)
        if exchange.status >= 300:
            seen["refused"] += 1
            assert response.error == exchange.headers.get("x-amzn-errortype", "error").split(":")[0]
            assert response.charges == ()
            continue
        true = [bill for reply in truth(exchange) for bill in truly_billed(reply)]
        assert billed(response) == true, exchange.url
        assert response.usage_recorded == bool(true)
        seen["answered" if true else "unbilled"] += 1
    assert seen == Counter(answered=answered, unbilled=unbilled, refused=refused)


@pytest.mark.parametrize(
    ("corpus", "others"),
    [("pydantic-ai-cassettes", 0), ("openllmetry-cassettes", 29), ("otel-python-contrib-cassettes", 14)],
)
def test_recorded_requests_come_apart_into_whole_blocks(corpus: str, others: int, recorded: Recorded) -> None:
    """`others` are those of Titan, Llama, Cohere and their like to InvokeModel: no format of ours."""
    memo, refused = BlockMemo(), 0
    for pair in exchanged(recorded(corpus)):
        if of_url(pair.url) not in FORMATS or pair.status >= 300:
            continue
        body = json.loads(pair.request)
        if "messages" not in body:
            refused += 1
            with pytest.raises(WireError):
                bedrock.parse(pair.request)
            continue
        request = bedrock.parse(pair.request)
        assert request.places is not None
        points = pair.request.count(b'"cachePoint"') + pair.request.count(b'"cache_control"')
        assert len(request.breakpoints) == points
        assert all(one.name for one in request.segments if one.kind is SegmentKind.TOOL_RESULT)
        assert bedrock.parse_placed(pair.request, memo).places == request.places
        assert digests(bedrock.parse(pair.request, memo)) == digests(request)
        blocks = [json.loads(pair.request[start:end]) for start, end in request.places]
        told = [b for b, one in zip(blocks, request.segments, strict=True) if one.level is Level.MESSAGES]
        assert told == list(said(body["messages"])), pair.source
    assert refused == others


def said(messages: list[Any]) -> Iterator[object]:
    """Yield the content blocks, less cache points, and with the parts of a result that has pictures."""
    for message in messages:
        content = message["content"]
        for block in content if isinstance(content, list) else [content]:
            parts = block.get("toolResult", {}).get("content", []) if isinstance(block, dict) else []
            if any(part.keys() & {"image", "document", "video"} for part in parts):
                yield from parts
            elif "cachePoint" not in block:
                yield block


def test_recorded_chunks_without_frames_are_converses_events(recorded: Recorded) -> None:
    """Vercel's fixtures: one event a line, the frames taken off."""
    folder = recorded("vercel-ai-provider-fixtures") / "packages/amazon-bedrock/src/__fixtures__"
    seen = 0
    for path in sorted(folder.glob("*.chunks.txt")):
        lines = [json.loads(line) for line in path.read_bytes().splitlines()]
        response = bedrock.fold(event(kind, payload) for line in lines for kind, payload in line.items())
        assert billed(response) == [
            bill for reply in replies.converse(lines, "", None) for bill in truly_billed(reply)
        ]
        assert response.output
        seen += 1
    for path in sorted(folder.glob("*.json")):
        response = bedrock.answer(path.read_bytes())
        true = replies.converse([json.loads(path.read_bytes())], "", None)
        assert billed(response) == [bill for reply in true for bill in truly_billed(reply)]
        seen += 1
    assert seen == 23
