import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from farthing.errors import WireError
from farthing.prefix import Chains, shared
from farthing.segment import Level, Segment, SegmentKind
from farthing.step import Breakpoint
from farthing.usage import CacheWrite, Charge
from farthing.wire import anthropic
from farthing.wire.message import BlockMemo, Request, Response
from farthing.wire.recognise import WireFormat, is_event_stream, of_url
from tests.truth import replies
from tests.wire.recorded import (
    COPIED,
    Pair,
    as_stream,
    billed,
    exchanged,
    of_line,
    split,
    truly_billed,
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


def test_a_request_is_its_blocks_in_cache_order_whatever_the_order_of_its_members() -> None:
    assert shape(parse(BODY).segments) == [
        ("tools", "", "read"),
        ("tools", "", "web_search"),
        ("tools", "", "tickets"),
        ("system", "system", ""),
        ("task", "user", ""),
        ("media", "user", ""),
        ("user", "user", ""),
        ("reasoning", "assistant", ""),
        ("tool_call", "assistant", "read"),
        ("tool_result", "user", "read"),
        ("user", "user", ""),
        ("user", "system", ""),
        ("assistant", "assistant", ""),
    ]
    turned = dict(reversed(BODY.items()))
    assert digests(parse(turned)) == digests(parse(BODY))


@pytest.mark.parametrize("indent", [None, 0, 3])
def test_every_block_stands_at_its_place(indent: int | None) -> None:
    body = json.dumps(BODY, indent=indent).encode()
    request = anthropic.parse(body)
    assert request.places is not None
    blocks = [json.loads(body[start:end]) for start, end in request.places]
    said: list[object] = []
    for message in MESSAGES:
        content = message["content"]
        said += content if isinstance(content, list) else [content]
    assert blocks == [*TOOLS, "Be brief.", *said]
    assert anthropic.places(body) == request.places == anthropic.parse_placed(body, BlockMemo()).places
    assert [(one.offset, one.length) for one in request.segments] == [
        (start, end - start) for start, end in request.places
    ]
    assert anthropic.parse(body, BlockMemo()).places is None


def test_offsets_count_from_the_place_of_the_body() -> None:
    (task,) = anthropic.parse(b'{"messages":[{"role":"user","content":"hi"}]}', base=1_000).segments
    assert (task.offset, task.length) == (1_038, 4)


def test_a_string_and_a_list_of_one_text_are_alike() -> None:
    text = {"type": "text", "text": "Zürich\n"}
    listed = {"system": [text], "messages": [{"role": "user", "content": [text]}]}
    plain = {"system": "Zürich\n", "messages": [{"role": "user", "content": "Zürich\n"}]}
    assert digests(parse(listed)) == digests(parse(plain))
    spelt = json.dumps(plain, ensure_ascii=False).encode()
    assert digests(anthropic.parse(spelt)) == digests(parse(plain))
    results = [{**RESULT, "content": content} for content in ("ok", [{"type": "text", "text": "ok"}])]
    assert len({digest for one in results for digest in digests(one_message(one))}) == 1


def test_markers_are_breakpoints_and_no_content() -> None:
    blocks = [{**IMAGE, **MARKER}, {**RESULT, **HOUR}, {"type": "text", "text": "x", **MARKER}]
    marked = {"tools": [TOOLS[0], {**TOOLS[1], **HOUR}], "messages": [{"role": "user", "content": blocks}]}
    request = parse(marked)
    assert request.breakpoints == tuple(
        Breakpoint(depth, ttl_s) for depth, ttl_s in ((2, 3_600), (3, 300), (4, 3_600), (5, 300))
    )
    bare: list[object] = [IMAGE, RESULT, {"type": "text", "text": "x"}]
    assert digests(request) == digests(
        parse({"tools": TOOLS[:2], "messages": [{"role": "user", "content": bare}]})
    )


def test_a_marker_inside_a_result_stands_behind_the_result() -> None:
    inner = [{"type": "text", "text": "a", **HOUR}, {"type": "text", "text": "b"}]
    request = one_message({**RESULT, "content": inner}, {"type": "text", "text": "x"})
    assert request.breakpoints == (Breakpoint(1, 3_600),)
    plain = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert digests(request)[0] == digests(one_message({**RESULT, "content": plain}))[0]


def test_the_automatic_marker_stands_on_the_last_block_that_can_carry_one() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [thought, {"type": "text", "text": ""}]},
    ]
    assert parse({"messages": messages, **HOUR}).breakpoints == (Breakpoint(1, 3_600),)
    marked = {"role": "user", "content": [{"type": "text", "text": "a", **MARKER}]}
    assert parse({"messages": [marked], **MARKER}).breakpoints == (Breakpoint(1, 300),)
    assert parse({"messages": [], **MARKER}).breakpoints == ()


def test_pictures_in_a_result_are_blocks_of_their_own() -> None:
    """Their bytes say nothing of their tokens, so they must not weigh as the result's text."""
    seen = {**RESULT, "content": [{"type": "text", "text": "see"}, IMAGE], **MARKER}
    messages = [{"role": "assistant", "content": [CALL]}, {"role": "user", "content": [seen]}]
    body = json.dumps({"messages": messages}).encode()
    request = anthropic.parse(body)
    assert shape(request.segments)[1:] == [("tool_result", "user", "read"), ("media", "user", "read")]
    assert request.breakpoints == (Breakpoint(3, 300),)
    assert request.places is not None
    assert json.loads(body[slice(*request.places[2])]) == IMAGE


def test_the_line_that_claude_code_bills_by_is_not_seen_by_the_model() -> None:
    def prompt(line: str) -> list[bytes]:
        return digests(parse({"system": [{"type": "text", "text": line}], "messages": []}))

    header = "x-anthropic-billing-header: cc_version=2.1.146; cch="
    assert prompt(f"{header}5a;") == prompt(f"{header}6f;") == prompt("")
    assert prompt(f'{header}5a;\nYou are "C".\n') == prompt('You are "C".\n')
    assert prompt(f"Say {header}5a;") != prompt(f"Say {header}6f;")


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({}, ()),
        ({"speed": "standard", "thinking": None, "tool_choice": None, "output_config": None}, ()),
        ({"thinking": {"type": "enabled", "budget_tokens": 9}}, (("thinking", "enabled 9"),)),
        ({"thinking": {"type": "adaptive"}, "speed": "fast"}, (("speed", "fast"), ("thinking", "adaptive"))),
        (
            {"tool_choice": {"type": "tool", "name": "read", "disable_parallel_tool_use": True}},
            (("disable_parallel_tool_use", "true"), ("tool_choice", "tool read")),
        ),
        (
            {"output_config": {"effort": "low", "task_budget": {"type": "tokens", "total": 30_000}}},
            (("effort", "low"), ("task_budget", "30000")),
        ),
    ],
)
def test_what_decides_whether_a_cache_fits_is_a_parameter(
    given_: Record, expected: tuple[tuple[str, str], ...]
) -> None:
    assert parse({"messages": [], **given_}).parameters == expected


def test_a_schema_asked_for_is_a_parameter_under_both_its_names() -> None:
    schema = {"type": "json_schema", "schema": {"type": "object"}}
    new, old = (
        parse({"messages": [], "output_config": {"format": schema}}),
        parse({"messages": [], "output_format": schema}),
    )
    assert new.output_schema
    assert new.parameters == old.parameters != ()
    assert not parse(BODY).output_schema


@pytest.mark.parametrize(
    ("user_id", "session"),
    [
        ('{"device_id":"d","session_id":"4434"}', "4434"),
        (
            "user_ab_account_cd_session_44349618-77ee-41ea-8aea-6b98dc572cab",
            "44349618-77ee-41ea-8aea-6b98dc572cab",
        ),
        ("customer-7", None),
        ("{broken", None),
        (None, None),
    ],
)
def test_a_body_may_name_its_session(user_id: str | None, session: str | None) -> None:
    hint = parse({"messages": [], "metadata": {"user_id": user_id}}).session_hint
    assert hint == (("metadata.user_id", session) if session else None)


def test_the_rest_of_a_request() -> None:
    request = parse({**BODY, "max_tokens": 9, "stream": True, "unheard_of": [1]})
    assert (request.model, request.max_output_tokens, request.stream) == ("claude-opus-5", 9, True)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"prompt":"a"}', b'{"messages":[5]}', b'{"messages":[{}]}']
)
def test_what_is_no_request_is_an_error(body: bytes) -> None:
    with pytest.raises(WireError):
        anthropic.parse(body)


def test_one_message_reads_as_in_a_request() -> None:
    names: dict[str, str] = {}
    found: list[Segment] = []
    for message in MESSAGES:
        raw = json.dumps(message["content"]).encode()
        first = all(segment.kind is not SegmentKind.TASK for segment in found)
        found += anthropic.content_segments(str(message["role"]), raw, names=names, first_user=first)
    assert shape(tuple(found)) == shape(parse(BODY).segments)[4:]
    assert [one.digest for one in found] == digests(parse(BODY))[4:]
    assert {one.offset for one in found} == {-1}
    assert names == {"call_1": "read"}


def test_one_message_may_know_its_place_and_be_remembered() -> None:
    memo, names = BlockMemo(), {"c": "read"}
    result = b'[{"type":"tool_result","tool_use_id":"c","content":"ok"}]'
    (first,) = anthropic.content_segments("user", result, names=names, first_user=False, base=70, memo=memo)
    names["c"] = "write"
    (again,) = anthropic.content_segments("user", result, names=names, first_user=False, base=900, memo=memo)
    assert (first.offset, first.name) == (71, "read")
    assert (again.offset, again.name) == (71, "write")


def test_a_long_session_shares_its_segments_from_step_to_step() -> None:
    """Markers move on, the system prompt of Claude Code changes its line, and the chain only grows."""
    memo, chains = BlockMemo(), Chains()
    history: list[Record] = [{"role": "user", "content": "Do."}]
    steps = []
    for step in range(6):
        *old, last = history
        marked = {"role": last["role"], "content": [{"type": "text", "text": last["content"], **MARKER}]}
        body = {"system": f"x-anthropic-billing-header: cch={step}\nBe brief.", "messages": [*old, marked]}
        steps.append(chains.of(parse(body, memo).segments))
        history += [{"role": "assistant", "content": f"a{step}"}, {"role": "user", "content": f"u{step}"}]
    assert all(shared(before, after) is before for before, after in pairwise(steps))
    assert [step.depth for step in steps if step] == [2, 4, 6, 8, 10, 12]


def test_an_answer_is_its_bill_and_its_blocks() -> None:
    usage = {
        "input_tokens": 5,
        "cache_read_input_tokens": 7,
        "cache_creation_input_tokens": 20,
        "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 11},
        "output_tokens": 9,
        "output_tokens_details": {"thinking_tokens": 4},
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
        "service_tier": "priority",
        "unheard_of": {},
    }
    message = {
        "type": "message",
        "id": "msg_1",
        "model": "m",
        "content": [CALL],
        "stop_reason": "tool_use",
        "usage": usage,
    }
    response = anthropic.answer(json.dumps(message).encode())
    (charge,) = response.charges
    assert (response.response_id, response.model, response.finish) == ("msg_1", "m", "tool_use")
    assert charge.usage.cache_writes == (CacheWrite(3_600, 11), CacheWrite(300, 3), CacheWrite(None, 6))
    assert (charge.usage.input_tokens, charge.usage.output_tokens, charge.usage.reasoning_tokens) == (
        32,
        9,
        4,
    )
    assert (charge.usage.server_tools, charge.tier) == ((("web_search", 2),), "priority")
    assert shape(response.output) == [("tool_call", "assistant", "read")]


@pytest.mark.parametrize(
    ("told", "tier"),
    [({"service_tier": "standard"}, ""), ({"service_tier": "batch"}, "batch"), ({"speed": "fast"}, "fast")],
)
def test_the_tier_is_the_one_that_was_given(told: Record, tier: str) -> None:
    usage = {"input_tokens": 1, "output_tokens": 1, **told}
    (charge,) = anthropic.answer(json.dumps({"model": "m", "usage": usage}).encode()).charges
    assert charge.tier == tier


def bill(response: Response) -> list[tuple[str, str, int, int]]:
    return [
        (charge.model, charge.part, charge.usage.input_tokens, charge.usage.output_tokens)
        for charge in response.charges
    ]


def test_compaction_and_advice_are_lines_of_their_own() -> None:
    iterations = [
        {"type": "compaction", "input_tokens": 180, "output_tokens": 3},
        {"type": "message", "input_tokens": 20, "output_tokens": 4},
        {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 8, "output_tokens": 16},
    ]
    usage = {"input_tokens": 20, "output_tokens": 4, "service_tier": "priority", "iterations": iterations}
    response = anthropic.answer(json.dumps({"model": "m", "usage": usage}).encode())
    assert bill(response) == [
        ("m", "", 20, 4),
        ("m", "compaction", 180, 3),
        ("claude-opus-5", "advisor", 8, 16),
    ]
    assert [charge.tier for charge in response.charges] == ["priority", "priority", ""]


def test_a_fall_back_bills_who_answered_and_who_had_begun_to() -> None:
    for ending in (".json", ".chunks.txt"):
        path = FIXTURES / f"anthropic-fallback{ending}"
        read = anthropic.answer if ending == ".json" else lambda raw: anthropic.fold([raw])
        response = read(path.read_bytes() if ending == ".json" else as_stream(path))
        assert bill(response) == [("claude-opus-4-8", "", 412, 264)]
        assert response.model == "claude-opus-4-8"
    iterations = [
        {"type": "message", "model": "a", "input_tokens": 5, "output_tokens": 2},
        {"type": "message", "model": "b", "input_tokens": 6, "output_tokens": 1},
        {"type": "fallback_message", "model": "b", "input_tokens": 7, "output_tokens": 3},
    ]
    usage = {"input_tokens": 13, "output_tokens": 4, "iterations": iterations}
    begun = anthropic.answer(json.dumps({"model": "b", "usage": usage}).encode())
    assert bill(begun) == [("b", "", 13, 4), ("a", "declined", 5, 2)]


def test_a_refusal_costs_nothing_unless_output_had_begun() -> None:
    refused = [
        anthropic.answer((FIXTURES / "anthropic-refusal.json").read_bytes()),
        anthropic.fold([as_stream(FIXTURES / "anthropic-refusal.chunks.txt")]),
    ]
    assert [(one.charges, one.usage_recorded, one.finish) for one in refused] == [((), True, "refusal")] * 2
    message = {"model": "m", "stop_reason": "refusal", "usage": {"input_tokens": 5, "output_tokens": 3}}
    begun = anthropic.answer(json.dumps({**message, "content": [{"type": "text", "text": "I"}]}).encode())
    assert bill(begun) == [("m", "", 5, 3)]


def test_an_error_is_its_type_and_never_its_words() -> None:
    error = {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "secret"},
        "request_id": "req_1",
    }
    response = anthropic.answer(json.dumps(error).encode())
    assert (response.error, response.charges, response.usage_recorded) == ("overloaded_error", (), False)
    assert "secret" not in repr(response)
    assert anthropic.answer(b'{"error":"no"}').error == "error"


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"usage":{"input_tokens":-1,"output_tokens":2}}', b'{"usage":7}']
)
def test_what_is_no_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(WireError):
        anthropic.answer(body)


def test_tokens_that_were_counted_beforehand() -> None:
    assert anthropic.counted(b'{"input_tokens": 403}') == 403


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


def test_counts_of_a_stream_are_cumulative_field_by_field() -> None:
    response = streamed(START, WORDS, {"type": "ping"}, MORE, END, STOP)
    assert bill(response) == [("m", "", 13, 5)]
    assert (response.complete, response.finish, response.response_id) == (True, "end_turn", "m1")
    late = {**END, "usage": {"input_tokens": 2, "cache_read_input_tokens": None, "output_tokens": 6}}
    assert bill(streamed(START, END, late, STOP)) == [("m", "", 6, 6)]


def test_what_needs_no_streaming_stands_in_the_start() -> None:
    message = {"content": [CALL], "stop_reason": "tool_use"}
    response = streamed({"type": "message_start", "message": message}, STOP)
    assert (response.finish, response.usage_recorded, response.complete) == ("tool_use", False, True)
    assert shape(response.output) == [("tool_call", "assistant", "read")]


def test_a_stream_that_was_cut_off_keeps_what_it_had() -> None:
    response = streamed(START, WORDS, MORE)
    assert (bill(response), response.complete) == ([("m", "", 13, 1)], False)
    assert response.output == streamed(START, WORDS, MORE, END, STOP).output
    assert streamed().charges == ()
    damaged = anthropic.fold([b"data: " + json.dumps(START).encode() + b'\n\ndata: {"type":"message_st'])
    assert (bill(damaged), damaged.complete) == ([("m", "", 13, 1)], False)


def test_an_error_may_follow_amid_a_stream() -> None:
    response = streamed(
        START, WORDS, {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}
    )
    assert (response.error, response.complete, bill(response)) == (
        "overloaded_error",
        False,
        [("m", "", 13, 1)],
    )


def test_foreign_events_and_a_foreign_end_change_nothing() -> None:
    events = [
        START,
        WORDS,
        {"type": "content_block_stop", "index": 0},
        {"type": "to_come", "index": {}},
        END,
        STOP,
    ]
    body = b"".join(b": note\n\ndata: " + json.dumps(event).encode() + b"\n\n" for event in events)
    assert not anthropic.fold([body]).complete
    assert anthropic.fold([body.replace(b'"index": {}', b'"x": {}'), b"data: [DONE]\n\n"]).complete


def test_an_answer_that_begins_again_replaces_the_first_but_both_are_billed() -> None:
    response = anthropic.fold([as_stream(FIXTURES / "spliced-message-start.chunks.txt")])
    model = "claude-3-haiku-20240307"
    assert response.response_id == "msg_second"
    assert bill(response) == [(model, "", 17, 65), (model, "earlier", 17, 1)]
    assert shape(response.output) == [("reasoning", "assistant", ""), ("tool_call", "assistant", "test-tool")]
    doubled = anthropic.fold([as_stream(FIXTURES / "duplicate-message-start.chunks.txt")])
    assert bill(doubled) == [(model, "", 17, 227)]


def test_a_stream_is_what_the_answer_in_one_piece_would_have_been() -> None:
    """Blocks of each growing kind, cut into deltas, against the same blocks whole."""
    blocks: list[Record] = [
        {"type": "thinking", "thinking": "So so.", "signature": "c2ln"},
        {"type": "text", "text": "Zürich 😀", "citations": [{"cited_text": "x"}]},
        {"type": "text", "text": "plain"},
        {**CALL, "caller": {"type": "direct"}},
        {"type": "compaction", "content": "before", "encrypted_content": "opaque"},
        {"type": "redacted_thinking", "data": "b3BhcXVl"},
    ]
    whole = anthropic.answer(json.dumps({"content": blocks}).encode())
    grown = ("thinking", "signature", "text", "encrypted_content")
    events: list[Record] = []
    for index, block in enumerate(blocks):
        start = {name: "" if name in grown else value for name, value in block.items()}
        deltas: list[Record] = [
            {name: half} for name in grown if name in block for half in halves(block[name])
        ]
        if block["type"] == "tool_use":
            start["input"] = {}
            deltas = [{"partial_json": half} for half in ("", *halves(json.dumps(block["input"], indent=1)))]
        if block["type"] == "compaction":
            start["content"] = None
            deltas += [{"content": block["content"]}]
        if "citations" in block:
            start["citations"] = []
            deltas += [{"citation": {"cited_text": "x"}}]
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    told = streamed(START, *events, END, STOP).output
    assert [(one.kind, one.name, one.digest) for one in told] == [
        (one.kind, one.name, one.digest) for one in whole.output
    ]


def halves(text: object) -> list[str]:
    assert isinstance(text, str)
    return [text[: len(text) // 2], text[len(text) // 2 :]]


def test_arguments_that_were_cut_off_are_kept_as_text() -> None:
    call = {"type": "content_block_start", "index": 0, "content_block": {**CALL, "input": {}}}
    cut = {"type": "content_block_delta", "index": 0, "delta": {"partial_json": '{"path": "src/f'}}
    response = streamed(START, call, cut)
    assert shape(response.output) == [("tool_call", "assistant", "read")]
    assert response.output[0].size > len("src/f")


STREAMS = sorted(path.name for path in FIXTURES.glob("anthropic-*.chunks.txt"))


@given(
    st.sampled_from(STREAMS), st.lists(st.integers(0, 9_999), max_size=9), st.sampled_from([b"\n", b"\r\n"])
)
def test_any_split_of_a_stream_gives_the_same_response(name: str, cuts: list[int], end: bytes) -> None:
    stream = as_stream(FIXTURES / name)
    expected = anthropic.fold([stream])
    assert anthropic.fold(split(stream.replace(b"\n", end), cuts)) == expected
    assert expected.complete


def harness(path: Path) -> list[tuple[bytes, bytes]]:
    recording = json.loads(zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()))
    return [
        (json.dumps(one["request"]["body"]["value"]).encode(), one["response"]["body"]["value"].encode())
        for one in recording["exchanges"]
        if of_url(one["request"]["url"]) is WireFormat.ANTHROPIC
    ]


def test_two_recorded_steps_of_claude_code_share_what_the_provider_read_from_its_cache() -> None:
    memo, chains = BlockMemo(), Chains()
    (first, _), (second, answered) = harness(COPIED / "vercel-ai-harness/claude-code-files.json.zst")
    before, after = (chains.of(anthropic.parse(body, memo).segments) for body in (first, second))
    assert before is not None
    assert shared(before, after) is before
    (charge,) = anthropic.fold([answered]).charges
    assert charge.usage.cache_read_input_tokens == 21_109


@cache
def pairs(corpus: Path) -> list[Pair]:
    return [pair for pair in exchanged(corpus) if of_url(pair.url) is WireFormat.ANTHROPIC]


def read(body: bytes) -> Response:
    return anthropic.fold([body]) if is_event_stream(body) else anthropic.answer(body)


@pytest.mark.parametrize(
    ("corpus", "answered", "refused"),
    [
        ("pydantic-ai-cassettes", 81, 1),
        ("openllmetry-cassettes", 82, 0),
        ("vercel-ai-harness", 22, 0),
    ],
)
def test_recorded_usage_is_what_we_read(corpus: str, answered: int, refused: int, recorded: Recorded) -> None:
    for pair in pairs(recorded(corpus)):
        response = read(pair.body)
        true = replies.anthropic(pair.records, None) if pair.status < 300 else []
        assert total(response.charges) == sum_of(true), pair.source
        assert response.usage_recorded == bool(true)
        assert response.complete
        assert bool(response.error) == (pair.status >= 300)
    assert len([pair for pair in pairs(recorded(corpus)) if pair.status < 300]) == answered
    assert len([pair for pair in pairs(recorded(corpus)) if pair.status >= 300]) == refused


def total(charges: tuple[Charge, ...]) -> tuple[int, ...]:
    """Return the sum of a bill's lines: the truth has one for each iteration, we one for each model."""
    return tuple(map(sum, zip(*billed(Response(charges=charges)), strict=True)))


def sum_of(true: list[replies.Reply]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*(line for reply in true for line in truly_billed(reply)), strict=True)))


def recorded_answers(path: Path) -> Iterator[tuple[Response, list[Record]]]:
    """Yield each answer of a fixture with its records; some fixtures of chunks hold several streams."""
    if path.suffix == ".json":
        yield anthropic.answer(path.read_bytes()), [json.loads(path.read_bytes())]
        return
    lines: list[bytes] = []
    for line in path.read_bytes().splitlines():
        lines.append(line)
        if b'"message_stop"' in line:
            yield anthropic.fold(map(of_line, lines)), [json.loads(one) for one in lines]
            lines = []
    assert not any(lines)


def test_recorded_fixtures_bill_what_the_plain_loop_does_but_for_refusals(recorded: Recorded) -> None:
    folder = recorded("vercel-ai-provider-fixtures") / "packages/anthropic/src/__fixtures__"
    seen: Counter[str] = Counter()
    for path in sorted(folder.iterdir()):
        for response, records in recorded_answers(path):
            seen[response.finish] += 1
            refused = response.finish == "refusal"
            true = [] if refused else replies.anthropic(records, None)
            assert total(response.charges) == sum_of(true), path.name
            assert response.complete, path.name
            assert bool(response.output) != refused
    assert seen == {"end_turn": 46, "tool_use": 33, "refusal": 3}


@pytest.mark.parametrize("corpus", ["pydantic-ai-cassettes", "openllmetry-cassettes", "vercel-ai-harness"])
def test_recorded_requests_come_apart_into_whole_blocks(corpus: str, recorded: Recorded) -> None:
    memo = BlockMemo()
    for pair in pairs(recorded(corpus)):
        request = anthropic.parse(pair.request)
        body = json.loads(pair.request)
        assert request.places is not None
        blocks = [json.loads(pair.request[start:end]) for start, end in request.places]
        assert [
            block
            for block, one in zip(blocks, request.segments, strict=True)
            if one.kind is SegmentKind.TOOLS
        ] == body.get("tools", [])
        assert all(segment.size for segment in request.segments if segment.kind is not SegmentKind.SYSTEM)
        count = sum(
            len(message["content"]) if isinstance(message["content"], list) else 1
            for message in body["messages"]
        )
        assert len([one for one in request.segments if one.level is Level.MESSAGES]) >= count
        assert all(one.name for one in request.segments if one.kind is SegmentKind.TOOL_RESULT)
        assert len(request.breakpoints) == pair.request.count(b'"cache_control"')
        assert anthropic.parse_placed(pair.request, memo).places == request.places
        assert shape(anthropic.parse(pair.request, memo).segments) == shape(request.segments)
        assert digests(anthropic.parse(pair.request, memo)) == digests(request)


def test_what_was_answered_digests_like_what_is_sent_back(recorded: Recorded) -> None:
    """In conversations that go on. One result comes back with its members in another order."""
    back: Counter[SegmentKind] = Counter()
    lost: Counter[SegmentKind] = Counter()
    for corpus in ("pydantic-ai-cassettes", "vercel-ai-harness"):
        for here, after in pairwise(pairs(recorded(corpus))):
            sent = set(digests(anthropic.parse(after.request)))
            said = [(one.digest in sent, one.kind) for one in read(here.body).output]
            if here.source == after.source and any(is_back for is_back, _ in said):
                back.update(kind for is_back, kind in said if is_back)
                lost.update(kind for is_back, kind in said if not is_back)
    assert back == {
        SegmentKind.TOOL_CALL: 33,
        SegmentKind.ASSISTANT: 27,
        SegmentKind.REASONING: 6,
        SegmentKind.TOOL_RESULT: 4,
    }
    assert lost == {SegmentKind.TOOL_RESULT: 1}


def test_recorded_trajectories_are_read_alike_with_a_memo_and_without(recorded: Recorded) -> None:
    """Moatless: markers move, exchanges are replaced, call ids come again in each session."""
    memo, steps = BlockMemo(), 0
    for path in sorted(recorded("moatless-tools").rglob("*.zst"))[:12]:
        nodes = json.loads(zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read())["nodes"]
        for node in nodes:
            for completion in (node.get("completions") or {}).values():
                body = json.dumps({"messages": completion["input"]}).encode()
                fast, plain = anthropic.parse_placed(body, memo), anthropic.parse(body)
                assert (digests(fast), shape(fast.segments), fast.places) == (
                    digests(plain),
                    shape(plain.segments),
                    plain.places,
                )
                assert fast.breakpoints == plain.breakpoints
                assert len(fast.breakpoints) == body.count(b'"cache_control"')
                steps += 1
    assert steps > 100
