import contextlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.errors import WireError
from farthing.segment import Segment, SegmentKind
from farthing.step import Breakpoint
from farthing.wire import openai_chat, openai_responses
from farthing.wire.message import BlockMemo, Request
from farthing.wire.recognise import WireFormat, is_event_stream, of_url
from tests.truth.replies import responses
from tests.wire.odd import OBJECTS, VALUES
from tests.wire.recorded import CASSETTES, Pair, billed, exchanged, of_line, truly_billed

Recorded = Callable[[str], Path]

BUILT_IN = ("tool_search", "web_search")

TOOL = {"type": "function", "name": "add", "description": "Adds.", "parameters": {}}
ITEMS: list[dict[str, object]] = [
    {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
    {"role": "user", "content": "Add one."},
    {"type": "reasoning", "summary": [], "encrypted_content": "gAAA"},
    {"type": "function_call", "name": "add", "arguments": '{"a": 1}', "call_id": "call_1"},
    {"type": "function_call_output", "call_id": "call_1", "output": "2"},
    {"role": "user", "content": [{"type": "input_text", "text": "Again."}]},
]
BODY: dict[str, object] = {"model": "gpt-6-sol", "instructions": "Help.", "tools": [TOOL], "input": ITEMS}


def parse(body: Mapping[str, object], memo: BlockMemo | None = None) -> Request:
    return openai_responses.parse(json.dumps(body).encode(), memo)


def shape(request: Request) -> list[tuple[str, str, str]]:
    return [(segment.kind.value, segment.role, segment.name) for segment in request.segments]


def test_a_request_is_its_blocks_in_cache_order() -> None:
    assert shape(parse(BODY)) == [
        ("tools", "", "add"),
        ("system", "system", ""),
        ("system", "developer", ""),
        ("task", "user", ""),
        ("reasoning", "assistant", ""),
        ("tool_call", "assistant", "add"),
        ("tool_result", "tool", "add"),
        ("user", "user", ""),
    ]


def test_every_block_stands_at_its_place() -> None:
    body = json.dumps(BODY, indent=3).encode()
    request = openai_responses.parse(body, base=1_000)
    assert request.places is not None
    found = [json.loads(body[start:end]) for start, end in request.places]
    brief, again = ({"type": "input_text", "text": words} for words in ("Be brief.", "Again."))
    assert found == [TOOL, "Help.", brief, "Add one.", ITEMS[2], ITEMS[3], "2", again]
    placed = [(segment.offset, segment.offset + segment.length) for segment in request.segments]
    assert placed == [(1_000 + start, 1_000 + end) for start, end in request.places]


def test_a_memo_changes_nothing_but_the_cost() -> None:
    memo = BlockMemo()
    fresh = parse(BODY)
    assert [parse(BODY, memo).segments for _ in range(2)] == [fresh.segments] * 2
    assert parse(BODY, memo).places is None
    assert openai_responses.parse_placed(json.dumps(BODY).encode(), memo).places == fresh.places


def test_an_input_may_be_one_string() -> None:
    body = b'{"model": "m", "input": "Add one."}'
    request = openai_responses.parse(body)
    (segment,) = request.segments
    assert (segment.kind, body[segment.offset :][: segment.length]) == (SegmentKind.TASK, b'"Add one."')
    assert segment.digest == parse(BODY).segments[3].digest
    assert request.places == ((segment.offset, segment.offset + segment.length),)


def test_an_input_inside_a_readers_line_has_its_words_and_no_place() -> None:
    line = b'{"request": {"model": "m", "input": "Add one."}}'
    body = msgspec.json.decode(line, type=dict[str, openai_responses.Body])["request"]
    (segment,) = openai_responses.read(body, line).segments
    assert (segment.digest, segment.offset) == (parse(BODY).segments[3].digest, -1)


def test_instructions_may_be_items() -> None:
    items = [{"role": "developer", "content": "Help."}, {"role": "developer", "content": "Be brief."}]
    assert shape(parse({"instructions": items, "input": []})) == [("system", "developer", "")] * 2


def test_both_openai_formats_see_the_same_words() -> None:
    chat = {
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "Add one."},
            {
                "role": "assistant",
                "tool_calls": [{"id": "c", "function": {"name": "add", "arguments": '{"a": 1}'}}],
            },
            {"role": "tool", "tool_call_id": "c", "content": "2"},
        ]
    }
    there = {segment.digest for segment in openai_chat.parse(json.dumps(chat).encode()).segments}
    here = {segment.digest for segment in parse({"input": ITEMS}).segments}
    assert len(there) == 4
    assert there < here


def test_what_decides_whether_a_cache_fits_is_a_parameter() -> None:
    request = parse(
        BODY
        | {
            "reasoning": {"effort": "high", "summary": "auto"},
            "text": {"verbosity": "low", "format": {"type": "text"}},
            "tool_choice": "auto",
            "service_tier": "flex",
            "prompt_cache_key": "k",
            "prompt_cache_options": {"mode": "explicit", "ttl": "12h", "comparison_response_id": "r"},
            "truncation": "disabled",
            "store": False,
        }
    )
    assert request.parameters == (
        ("prompt_cache_key", "k"),
        ("prompt_cache_options.mode", "explicit"),
        ("prompt_cache_options.ttl", "12h"),
        ("reasoning.effort", "high"),
        ("service_tier", "flex"),
        ("text.format", '{"type":"text"}'),
        ("text.verbosity", "low"),
        ("tool_choice", "auto"),
    )


def test_explicit_breakpoints_live_as_long_as_the_request_says() -> None:
    marked = {"type": "input_text", "text": "Add one.", "prompt_cache_breakpoint": {"mode": "explicit"}}
    body = BODY | {"input": [{"role": "user", "content": [marked]}]}
    memo = BlockMemo()
    for options, ttl_s in (({"ttl": "12h"}, 43_200), ({"ttl": "30m"}, 1_800), (None, 1_800)):
        request = parse(body | {"prompt_cache_options": options}, memo)
        assert request.breakpoints == (Breakpoint(3, ttl_s),)
        assert request.segments[2].digest == parse(BODY).segments[3].digest


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"conversation": "conv_1", "prompt_cache_key": "k"}, ("conversation", "conv_1")),
        ({"conversation": {"id": "conv_1"}}, ("conversation", "conv_1")),
        ({"previous_response_id": "resp_1", "prompt_cache_key": "k"}, ("previous_response_id", "resp_1")),
        ({"previous_response_id": None, "prompt_cache_key": "k"}, ("prompt_cache_key", "k")),
        ({"conversation": "conv_1", "metadata": {"session_id": "s"}}, ("metadata.session_id", "s")),
        ({}, None),
    ],
)
def test_a_body_may_name_its_session(given: dict[str, object], expected: tuple[str, str] | None) -> None:
    assert parse(BODY | given).session_hint == expected


def test_the_rest_of_a_request() -> None:
    plain = parse(BODY)
    assert (plain.model, plain.stream, plain.output_schema, plain.max_output_tokens) == (
        "gpt-6-sol",
        False,
        False,
        None,
    )
    asked = parse({"stream": True, "text": {"format": {"type": "json_schema"}}, "max_output_tokens": 9})
    assert (asked.model, asked.stream, asked.output_schema, asked.max_output_tokens) == ("", True, True, 9)
    assert asked.segments == ()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"input": 7}', b"\xff"])
def test_what_is_no_request_is_an_error(body: bytes) -> None:
    with pytest.raises(WireError, match="the request body"):
        openai_responses.parse(body)


def test_one_item_reads_as_in_a_request() -> None:
    names: dict[str, str] = {}
    found: list[Segment] = []
    for item in ITEMS:
        first = all(segment.kind is not SegmentKind.TASK for segment in found)
        found += openai_responses.item_segments(json.dumps(item).encode(), names=names, first_user=first)
    expected = parse(BODY).segments[2:]
    assert [(one.kind, one.name, one.digest) for one in found] == [
        (one.kind, one.name, one.digest) for one in expected
    ]
    assert names == {"call_1": "add"}


@pytest.mark.parametrize("item", [b"words", b"[]", b""])
def test_what_is_no_item_is_an_error(item: bytes) -> None:
    with pytest.raises(WireError, match="the item"):
        openai_responses.item_segments(item, names={}, first_user=True)


@cache
def recorded_responses(corpus: Path) -> list[Pair]:
    found = (pair for pair in exchanged(corpus) if of_url(pair.url) is WireFormat.OPENAI_RESPONSES)
    return [pair for pair in found if pair.method in ("POST", "GET")]


@pytest.mark.parametrize(
    ("corpus", "answered", "refused"),
    [
        ("pydantic-ai-cassettes", 102, 4),
        ("openllmetry-cassettes", 55, 0),
        ("otel-python-contrib-cassettes", 20, 1),
        ("vercel-ai-harness", 12, 0),
    ],
)
def test_recorded_usage_is_what_we_read(corpus: str, answered: int, refused: int, recorded: Recorded) -> None:
    pairs = recorded_responses(recorded(corpus))
    for pair in pairs:
        is_stream = is_event_stream(pair.body)
        response = openai_responses.fold([pair.body]) if is_stream else openai_responses.answer(pair.body)
        replies = responses(pair.records, None) if pair.status < 300 else []
        assert billed(response) == [bill for reply in replies for bill in truly_billed(reply)], pair.source
        assert [response.response_id] == ([reply.key for reply in replies] or [""])
        assert bool(response.error) == (pair.status >= 300), pair.source
        assert response.complete or response.finish == "queued"
    assert len([pair for pair in pairs if pair.status < 300]) == answered
    assert len([pair for pair in pairs if pair.status >= 300]) == refused


@pytest.mark.parametrize("corpus", [*CASSETTES, "vercel-ai-harness"])
def test_recorded_requests_come_apart_into_whole_blocks(corpus: str, recorded: Recorded) -> None:
    memo = BlockMemo()
    for pair in recorded_responses(recorded(corpus)):
        if pair.method != "POST":
            continue
        request = openai_responses.parse(pair.request)
        assert request.places is not None
        assert len(request.places) == len(request.segments) > 0
        for place, segment in zip(request.places, request.segments, strict=True):
            json.loads(pair.request[place.start : place.end])
            assert segment.size > 0
        remembered = openai_responses.parse_placed(pair.request, memo)
        assert remembered.places == request.places
        assert [(one.kind, one.name, one.digest) for one in remembered.segments] == [
            (one.kind, one.name, one.digest) for one in request.segments
        ]
        asked_stream = json.loads(pair.request).get("stream") is True
        assert request.stream is asked_stream


def test_what_was_answered_digests_like_what_is_sent_back(recorded: Recorded) -> None:
    """Function calls, in the recorded conversations; what the client rewrites (searches for tools) cannot."""
    back = total = 0
    for here, after in pairwise(recorded_responses(recorded("pydantic-ai-cassettes"))):
        if here.source != after.source or here.status >= 300 or after.method != "POST":
            continue
        is_stream = is_event_stream(here.body)
        response = openai_responses.fold([here.body]) if is_stream else openai_responses.answer(here.body)
        calls = [
            one for one in response.output if one.kind is SegmentKind.TOOL_CALL and one.name not in BUILT_IN
        ]
        sent = {segment.digest for segment in openai_responses.parse(after.request).segments}
        total += len(calls)
        back += sum(call.digest in sent for call in calls)
    assert (back, total) == (34, 34)


@given(items=st.lists(OBJECTS | VALUES, max_size=3), tools=VALUES, rest=OBJECTS)
def test_no_request_makes_us_fall_over(items: list[object], tools: object, rest: dict[str, object]) -> None:
    body = json.dumps(rest | {"input": items, "tools": tools, "instructions": tools}).encode()
    request = openai_responses.parse(body)
    assert len(request.places or ()) == len(request.segments)


@given(body=OBJECTS, output=st.lists(OBJECTS, max_size=2), usage=OBJECTS)
def test_no_answer_makes_us_fall_over(body: dict[str, object], output: list[object], usage: object) -> None:
    raw = json.dumps(body | {"output": output, "usage": usage}).encode()
    with contextlib.suppress(WireError):
        openai_responses.answer(raw)
    with contextlib.suppress(WireError):
        openai_responses.fold([of_line(raw), of_line(json.dumps({"response": body, "type": "x"}).encode())])
