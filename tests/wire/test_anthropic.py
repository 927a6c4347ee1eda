import json
from collections import Counter
from collections.abc import Iterator
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
from farthing.wire.message import BlockMemo, Response
from farthing.wire.recognise import WireFormat, is_event_stream, of_url
from tests.truth import replies
from tests.wire.anthropic_scene import (
    BODY,
    CALL,
    FIXTURES,
    HOUR,
    IMAGE,
    MARKER,
    MESSAGES,
    RESULT,
    TOOLS,
    Record,
    Recorded,
    digests,
    parse,
    shape,
)
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
