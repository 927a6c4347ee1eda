import contextlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.errors import WireError
from farthing.segment import Segment, SegmentKind
from farthing.step import Breakpoint
from farthing.wire import openai_chat
from farthing.wire.message import BlockMemo, Request
from farthing.wire.recognise import NotACall, WireFormat, is_event_stream, of_response, of_url
from tests.truth.files import files, lines
from tests.truth.replies import chat
from tests.wire.odd import OBJECTS, VALUES
from tests.wire.recorded import CASSETTES, COPIED, Pair, billed, exchanged, of_line, truly_billed

Recorded = Callable[[str], Path]

TOOL = {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
MESSAGES: list[dict[str, object]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Add one."}, {"type": "text", "text": "Now."}]},
    {"role": "assistant", "content": None, "reasoning_content": "Hm.", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "2"},
    {"role": "developer", "content": "Hurry."},
    {"role": "user", "content": "Again."},
]
BODY: dict[str, object] = {"model": "gpt-6-sol", "messages": MESSAGES, "tools": [TOOL]}


def parse(body: Mapping[str, object], memo: BlockMemo | None = None) -> Request:
    return openai_chat.parse(json.dumps(body).encode(), memo)


def shape(request: Request) -> list[tuple[str, str, str]]:
    return [(segment.kind.value, segment.role, segment.name) for segment in request.segments]


def test_a_request_is_its_blocks_in_cache_order() -> None:
    assert shape(parse(BODY)) == [
        ("tools", "", "add"),
        ("system", "system", ""),
        ("task", "user", ""),
        ("user", "user", ""),
        ("reasoning", "assistant", ""),
        ("tool_call", "assistant", "add"),
        ("tool_result", "tool", "add"),
        ("user", "developer", ""),
        ("user", "user", ""),
    ]


def test_every_block_stands_at_its_place() -> None:
    body = json.dumps(BODY, indent=3).encode()
    request = openai_chat.parse(body, base=1_000)
    assert request.places is not None
    found = [json.loads(body[start:end]) for start, end in request.places]
    texts = [{"type": "text", "text": "Add one."}, {"type": "text", "text": "Now."}]
    assert found == [TOOL, "Be brief.", *texts, "Hm.", CALL, "2", "Hurry.", "Again."]
    placed = [(segment.offset, segment.offset + segment.length) for segment in request.segments]
    assert placed == [(1_000 + start, 1_000 + end) for start, end in request.places]


def test_a_memo_changes_nothing_but_the_cost() -> None:
    memo = BlockMemo()
    fresh = parse(BODY)
    assert [parse(BODY, memo).segments for _ in range(2)] == [fresh.segments] * 2
    assert parse(BODY, memo).places is None
    assert openai_chat.parse_placed(json.dumps(BODY).encode(), memo).places == fresh.places


def test_a_later_step_shares_what_an_earlier_one_sent() -> None:
    before = parse(BODY | {"messages": MESSAGES[:4]})
    after = parse(BODY)
    assert [segment.digest for segment in after.segments][: len(before.segments)] == [
        segment.digest for segment in before.segments
    ]


def test_a_result_is_named_after_its_call_in_this_conversation() -> None:
    memo = BlockMemo()
    other = {"id": "call_1", "type": "function", "function": {"name": "drop", "arguments": '{"a": 1}'}}
    again = [*MESSAGES[:2], {"role": "assistant", "tool_calls": [other]}, *MESSAGES[3:]]
    assert parse(BODY, memo).segments[6].name == "add"
    assert parse(BODY | {"messages": again}, memo).segments[5].name == "drop"


def test_a_result_that_names_its_tool_needs_no_call() -> None:
    messages = [
        {"role": "function", "name": "add", "content": "2"},
        {"role": "tool", "name": "sub", "content": ""},
    ]
    assert shape(parse({"messages": messages})) == [("tool_result", "tool", "add")]


def test_legacy_functions_are_tools_and_calls() -> None:
    call = {"role": "assistant", "content": None, "function_call": {"name": "add", "arguments": "{}"}}
    body = {"functions": [{"name": "add", "parameters": {}}], "messages": [call], "function_call": "auto"}
    assert shape(parse(body)) == [("tools", "", "add"), ("tool_call", "assistant", "add")]
    assert parse(body).parameters == (("function_call", "auto"),)


def test_refusals_and_audio_are_what_the_assistant_said() -> None:
    message = {"role": "assistant", "content": None, "refusal": "No.", "audio": {"id": "audio_1"}}
    assert shape(parse({"messages": [message]})) == [
        ("assistant", "assistant", ""),
        ("media", "assistant", ""),
    ]


def test_messages_of_odd_shape_are_content_all_the_same() -> None:
    odd: list[object] = [{"role": 7, "content": "a"}, "words", {"role": "user", "content": {"deep": True}}]
    assert [segment.kind for segment in parse({"messages": odd}).segments] == [
        SegmentKind.USER,
        SegmentKind.USER,
        SegmentKind.TASK,
    ]
    call = {"role": "assistant", "tool_calls": [{"id": 5}], "function_call": "auto"}
    assert shape(parse({"messages": [call]}))[0] == ("tool_call", "assistant", "")


def test_what_decides_whether_a_cache_fits_is_a_parameter() -> None:
    request = parse(
        BODY
        | {
            "reasoning_effort": "high",
            "verbosity": None,
            "parallel_tool_calls": False,
            "tool_choice": {"type": "function", "function": {"name": "add"}},
            "service_tier": "flex",
            "prompt_cache_key": "k",
            "prompt_cache_options": {"mode": "explicit", "ttl": "30m", "comparison_response_id": "r"},
            "temperature": 0.3,
        }
    )
    assert request.parameters == (
        ("parallel_tool_calls", "false"),
        ("prompt_cache_key", "k"),
        ("prompt_cache_options.mode", "explicit"),
        ("prompt_cache_options.ttl", "30m"),
        ("reasoning_effort", "high"),
        ("service_tier", "flex"),
        ("tool_choice", '{"type":"function","function":{"name":"add"}}'),
    )


def test_explicit_breakpoints_stand_behind_their_block() -> None:
    marked = {"type": "text", "text": "Add one.", "prompt_cache_breakpoint": {"mode": "explicit"}}
    messages = [MESSAGES[0], {"role": "user", "content": [marked, {"type": "text", "text": "Now."}]}]
    request = parse(BODY | {"messages": messages})
    assert request.breakpoints == (Breakpoint(3, 1_800),)
    assert [one.digest for one in request.segments] == [
        one.digest for one in parse(BODY | {"messages": MESSAGES[:2]}).segments
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"max_completion_tokens": 7, "max_tokens": 9}, 7),
        ({"max_tokens": 9}, 9),
        ({"max_tokens": "9"}, None),
        ({}, None),
    ],
)
def test_the_output_cap_has_two_names(given: dict[str, object], expected: int | None) -> None:
    assert parse(BODY | given).max_output_tokens == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"prompt_cache_key": "k", "metadata": {"session_id": "s"}}, ("metadata.session_id", "s")),
        ({"prompt_cache_key": "k", "metadata": {"team": "t"}}, ("prompt_cache_key", "k")),
        ({"user": "ann"}, None),
    ],
)
def test_a_body_may_name_its_session(given: dict[str, object], expected: tuple[str, str] | None) -> None:
    assert parse(BODY | given).session_hint == expected


def test_the_rest_of_a_request() -> None:
    plain = parse(BODY)
    assert (plain.model, plain.stream, plain.output_schema) == ("gpt-6-sol", False, False)
    asked = parse({"messages": [], "stream": True, "response_format": {"type": "json_schema"}})
    assert (asked.model, asked.stream, asked.output_schema) == ("", True, True)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model": "m"}', b'{"messages": {}}', b"\xff"])
def test_what_is_no_chat_request_is_an_error(body: bytes) -> None:
    with pytest.raises(WireError, match="the request body"):
        openai_chat.parse(body)


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        *(({"include_usage": True}, True), ({"include_usage": False}, False)),
        *((None, False), ({}, False), ("yes", False)),
    ],
)
def test_whether_a_client_asked_for_the_usage_chunk(options: object, asked: bool) -> None:
    assert openai_chat.asks_usage(json.dumps(BODY | {"stream_options": options}).encode()) is asked


def test_one_message_reads_as_in_a_request() -> None:
    names: dict[str, str] = {}
    memo = BlockMemo()
    found: list[Segment] = []
    for message in MESSAGES:
        first = all(segment.kind is not SegmentKind.TASK for segment in found)
        found += openai_chat.message_segments(
            json.dumps(message).encode(), names=names, first_user=first, memo=memo
        )
    expected = parse(BODY).segments[1:]
    assert [(one.kind, one.name, one.digest) for one in found] == [
        (one.kind, one.name, one.digest) for one in expected
    ]
    assert names == {"call_1": "add"}
    assert {segment.offset for segment in found} == {-1}


def test_one_message_may_know_its_place() -> None:
    line = b'{"log": 1, "message": {"role": "user", "content": "Add one."}}'
    (segment,) = openai_chat.message_segments(line[22:-1], names={}, first_user=True, base=22)
    assert line[segment.offset :][: segment.length] == b'"Add one."'


@pytest.mark.parametrize("message", [b"words", b"[]", b""])
def test_what_is_no_message_is_an_error(message: bytes) -> None:
    with pytest.raises(WireError, match="the message"):
        openai_chat.message_segments(message, names={}, first_user=True)


def test_an_answer_is_its_bill_and_every_choice() -> None:
    body = {
        "id": "chatcmpl-1",
        "model": "gpt-6-sol",
        "choices": [
            {"message": {"role": "assistant", "content": "Two."}, "finish_reason": "stop"},
            {"message": {"role": "assistant", "content": "2"}, "finish_reason": "length"},
        ],
        "usage": {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11},
        "service_tier": "priority",
    }
    response = openai_chat.answer(json.dumps(body).encode())
    assert (response.response_id, response.model, response.finish) == ("chatcmpl-1", "gpt-6-sol", "stop")
    assert billed(response) == [(8, 0, 0, 3)]
    assert response.charges[0].tier == "priority"
    assert [segment.size for segment in response.output] == [4, 1]
    assert (response.error, response.usage_recorded, response.complete) == ("", True, True)


def test_an_error_is_no_usage() -> None:
    body = (COPIED / "vercel-ai-provider-fixtures/reasoning-model-legacy-parameter-error.json").read_bytes()
    response = openai_chat.answer(body)
    assert response.error == "unsupported_parameter"
    assert (response.charges, response.usage_recorded, response.output) == ((), False, ())


def test_a_gateways_own_error_is_an_error_too() -> None:
    assert openai_chat.answer(b'{"detail": "Unauthorized"}').error == "error"


def test_a_legacy_completion_is_billed_and_said_alike() -> None:
    body = (COPIED / "vercel-ai-provider-fixtures/openai-completion-text.json").read_bytes()
    told = json.loads(body)
    response = openai_chat.answer(body)
    assert billed(response) == [(told["usage"]["prompt_tokens"], 0, 0, told["usage"]["completion_tokens"])]
    (said,) = response.output
    chunks = [
        of_line(json.dumps({"choices": [{"text": piece}]}).encode()) for piece in told["choices"][0]["text"]
    ]
    assert said.digest == openai_chat.fold(chunks).output[0].digest


def test_reasoning_that_xai_counts_apart_is_output() -> None:
    body = (COPIED / "vercel-ai-provider-fixtures/xai-text.json").read_bytes()
    usage = json.loads(body)["usage"]
    (charge,) = openai_chat.answer(body).charges
    reasoning = usage["completion_tokens_details"]["reasoning_tokens"]
    assert charge.usage.output_tokens == usage["completion_tokens"] + reasoning
    assert charge.usage.input_tokens + charge.usage.output_tokens == usage["total_tokens"]


@cache
def chats(corpus: Path) -> list[Pair]:
    return [pair for pair in exchanged(corpus) if of_url(pair.url) is WireFormat.OPENAI_CHAT]


@pytest.mark.parametrize(
    ("corpus", "answered", "refused"),
    [
        ("pydantic-ai-cassettes", 124, 3),
        ("openllmetry-cassettes", 340, 6),
        ("otel-python-contrib-cassettes", 37, 2),
    ],
)
def test_recorded_usage_is_what_we_read(corpus: str, answered: int, refused: int, recorded: Recorded) -> None:
    pairs = chats(recorded(corpus))
    for pair in pairs:
        read = openai_chat.fold if is_event_stream(pair.body) else lambda chunks: openai_chat.answer(*chunks)
        response = read([pair.body])
        replies = chat(pair.records, None) if pair.status < 300 else []
        assert billed(response) == [bill for reply in replies for bill in truly_billed(reply)], pair.source
        assert response.usage_recorded == bool(response.charges)
        assert response.complete or response.error, pair.source
        assert bool(response.error) == (pair.status >= 300 or not replies or "error" in pair.records[-1])
    assert len([pair for pair in pairs if pair.status < 300]) == answered
    assert len([pair for pair in pairs if pair.status >= 300]) == refused


@pytest.mark.parametrize("corpus", CASSETTES)
def test_recorded_requests_come_apart_into_whole_blocks(corpus: str, recorded: Recorded) -> None:
    memo = BlockMemo()
    for pair in chats(recorded(corpus)):
        request = openai_chat.parse(pair.request)
        assert request.places is not None
        assert len(request.places) == len(request.segments) > 0
        for place, segment in zip(request.places, request.segments, strict=True):
            json.loads(pair.request[place.start : place.end])
            assert segment.size > 0
        said = [at for at, one in zip(request.places, request.segments, strict=True) if one.role]
        assert all(before.end <= after.start for before, after in pairwise(said))
        assert openai_chat.parse_placed(pair.request, memo).places == request.places
        remembered = openai_chat.parse(pair.request, memo)
        assert [(one.kind, one.name, one.digest) for one in remembered.segments] == [
            (one.kind, one.name, one.digest) for one in request.segments
        ]
        assert request.stream == bool(json.loads(pair.request).get("stream"))


def test_what_was_answered_digests_like_what_is_sent_back(recorded: Recorded) -> None:
    """In the recorded conversations with tools; frameworks that rewrite their history do not count."""
    back = total = 0
    pairs = chats(recorded("pydantic-ai-cassettes"))
    for here, after in pairwise(pairs):
        if here.source != after.source or here.status >= 300:
            continue
        read = openai_chat.fold if is_event_stream(here.body) else lambda chunks: openai_chat.answer(*chunks)
        calls = [one for one in read([here.body]).output if one.kind is SegmentKind.TOOL_CALL]
        sent = {segment.digest for segment in openai_chat.parse(after.request).segments}
        total += len(calls)
        back += sum(call.digest in sent for call in calls)
    assert (back, total) == (42, 42)


def test_an_agents_log_of_pairs_is_read(recorded: Recorded) -> None:
    answers = requests = 0
    for path in files(recorded("swe-agent-llm-interactions"), "*.jsonl.gz"):
        for record in lines(path):
            if record["type"] == "request":
                requests += 1
                params = record["request_params"]
                request = openai_chat.parse(json.dumps(params).encode())
                assert len(request.segments) >= len(params["messages"])
            else:
                answers += 1
                response = openai_chat.answer(json.dumps(record["response"]).encode())
                usage = record["response"]["usage"]
                assert billed(response) == [(usage["prompt_tokens"], 0, 0, usage["completion_tokens"])]
    assert (requests, answers) == (100, 95)


@given(messages=st.lists(OBJECTS | VALUES, max_size=3), tools=VALUES, rest=OBJECTS)
def test_no_request_makes_us_fall_over(
    messages: list[object], tools: object, rest: dict[str, object]
) -> None:
    body = json.dumps(rest | {"messages": messages, "tools": tools}).encode()
    request = openai_chat.parse(body)
    assert len(request.places or ()) == len(request.segments)


@given(body=OBJECTS, choices=st.lists(OBJECTS, max_size=2), usage=OBJECTS)
def test_no_answer_makes_us_fall_over(body: object, choices: list[object], usage: object) -> None:
    whole = body | {"choices": choices, "usage": usage} if isinstance(body, dict) else body
    raw = json.dumps(whole).encode()
    with contextlib.suppress(WireError):
        openai_chat.answer(raw)
    with contextlib.suppress(WireError):
        openai_chat.fold([of_line(raw)])


def test_recorded_fixtures_bill_what_the_truth_reads(recorded: Recorded) -> None:
    packages = recorded("vercel-ai-provider-fixtures") / "packages"
    answered = []
    for folder in ("openai/src/chat", "openai/src/completion", "openai-compatible/src/chat", "mistral/src"):
        for path in sorted((packages / folder / "__fixtures__").iterdir()):
            is_body = path.suffix == ".json"
            lines = [path.read_bytes()] if is_body else path.read_bytes().splitlines()
            if of_response(lines[0]) is NotACall.AUDIO:
                continue
            response = openai_chat.answer(*lines) if is_body else openai_chat.fold(map(of_line, lines))
            replies = chat(list(map(json.loads, lines)), None)
            assert billed(response) == [bill for reply in replies for bill in truly_billed(reply)], path.name
            answered += [path.name] if replies else []
            assert replies or response.error
    assert len(answered) == 16
