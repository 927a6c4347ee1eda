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
from farthing.wire import gemini
from farthing.wire.message import BlockMemo, Request
from farthing.wire.recognise import WireFormat, is_event_stream, of_url
from tests.truth import replies
from tests.wire.odd import OBJECTS, VALUES
from tests.wire.recorded import CASSETTES, Pair, billed, exchanged, of_line, truly_billed

Recorded = Callable[[str], Path]

TOOL = {"name": "add", "description": "Adds.", "parameters": {}}
CALL = {"functionCall": {"name": "add", "args": {"a": 1}}, "thoughtSignature": "sig"}
RESULT = {"functionResponse": {"name": "add", "response": {"sum": 2}}}
CONTENTS: list[dict[str, object]] = [
    {"role": "user", "parts": [{"text": "Add one."}]},
    {"role": "model", "parts": [{"text": "Hm.", "thought": True}, CALL]},
    {"role": "user", "parts": [RESULT]},
    {"parts": [{"text": "Again."}]},
]
BODY: dict[str, object] = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": CONTENTS,
    "tools": [{"functionDeclarations": [TOOL]}],
}


def parse(body: Mapping[str, object], memo: BlockMemo | None = None) -> Request:
    return gemini.parse(json.dumps(body).encode(), memo)


def test_a_request_is_its_blocks_in_cache_order() -> None:
    assert [(one.kind.value, one.role, one.name) for one in parse(BODY).segments] == [
        ("tools", "", "add"),
        ("system", "system", ""),
        ("task", "user", ""),
        ("reasoning", "model", ""),
        ("tool_call", "model", "add"),
        ("reasoning", "model", ""),
        ("tool_result", "tool", "add"),
        ("user", "user", ""),
    ]


def test_every_block_stands_at_its_place() -> None:
    body = json.dumps(BODY, indent=3).encode()
    request = gemini.parse(body, base=1_000)
    assert request.places is not None
    found = [json.loads(body[start:end]) for start, end in request.places]
    thought = {"text": "Hm.", "thought": True}
    texts = [{"text": "Be brief."}, {"text": "Add one."}]
    assert found == [TOOL, *texts, thought, CALL, "sig", RESULT, {"text": "Again."}]
    placed = [(segment.offset, segment.offset + segment.length) for segment in request.segments]
    assert placed == [(1_000 + start, 1_000 + end) for start, end in request.places]


def test_a_memo_changes_nothing_but_the_cost() -> None:
    memo = BlockMemo()
    fresh = parse(BODY)
    assert [parse(BODY, memo).segments for _ in range(2)] == [fresh.segments] * 2
    assert parse(BODY, memo).places is None
    assert gemini.parse_placed(json.dumps(BODY).encode(), memo).places == fresh.places


def test_both_spellings_are_one() -> None:
    snake = {"system_instruction": BODY["systemInstruction"], "contents": CONTENTS, "tools": BODY["tools"]}
    asked = {"generation_config": {"max_output_tokens": 9, "response_mime_type": "application/json"}}
    request = parse(snake | asked)
    assert [one.digest for one in request.segments] == [one.digest for one in parse(BODY).segments]
    assert request.max_output_tokens == 9
    assert request.parameters == (("generationConfig.responseMimeType", "application/json"),)


def test_what_decides_whether_a_cache_fits_is_a_parameter() -> None:
    config = {"temperature": 1, "maxOutputTokens": 9, "thinkingConfig": {"thinkingBudget": 0}}
    request = parse(
        BODY
        | {
            "generationConfig": config | {"responseJsonSchema": {"type": "object"}},
            "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
            "cachedContent": "cachedContents/a",
            "serviceTier": "flex",
            "labels": {"session_id": "s"},
        }
    )
    assert request.parameters == (
        ("cachedContent", "cachedContents/a"),
        ("generationConfig.responseJsonSchema", '{"type":"object"}'),
        ("generationConfig.thinkingConfig", '{"thinkingBudget":0}'),
        ("serviceTier", "flex"),
        ("toolConfig", '{"functionCallingConfig":{"mode":"ANY"}}'),
    )
    assert (request.max_output_tokens, request.output_schema, request.stream) == (9, True, False)
    assert request.session_hint == ("labels.session_id", "s")


def test_the_rest_of_a_request() -> None:
    request = parse(BODY)
    assert (request.model, request.max_output_tokens, request.output_schema) == ("", None, False)
    assert (request.session_hint, request.breakpoints) == (None, ())


def test_contents_of_odd_shape_do_not_hide_the_others() -> None:
    odd: list[object] = ["words", {"parts": {"text": "a"}}, {"role": 7, "parts": ["b", {"text": "c"}]}]
    assert [one.kind.value for one in parse({"contents": odd}).segments] == ["task", "user", "user"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"contents": "a"}', b"\xff"])
def test_what_is_no_request_is_an_error(body: bytes) -> None:
    with pytest.raises(WireError, match="the request body"):
        gemini.parse(body)


def test_one_content_reads_as_in_a_request() -> None:
    found: list[Segment] = []
    for content in CONTENTS:
        first = all(segment.kind is not SegmentKind.TASK for segment in found)
        found += gemini.content_segments(json.dumps(content).encode(), names={}, first_user=first)
    assert [one.digest for one in found] == [one.digest for one in parse(BODY).segments[2:]]


def test_what_is_no_content_is_an_error() -> None:
    with pytest.raises(WireError, match="the content"):
        gemini.content_segments(b"words", names={}, first_user=True)


@cache
def geminis(corpus: Path) -> list[Pair]:
    return [pair for pair in exchanged(corpus) if of_url(pair.url) is WireFormat.GEMINI]


@pytest.mark.parametrize(
    ("corpus", "answered", "refused"),
    [
        ("pydantic-ai-cassettes", 79, 1),
        ("openllmetry-cassettes", 2, 0),
        ("otel-python-contrib-cassettes", 23, 3),
    ],
)
def test_recorded_usage_is_what_we_read(corpus: str, answered: int, refused: int, recorded: Recorded) -> None:
    pairs = geminis(recorded(corpus))
    for pair in pairs:
        response = gemini.fold([pair.body]) if is_event_stream(pair.body) else gemini.answer(pair.body)
        if pair.status >= 300:
            assert (response.error.isupper(), response.charges) == (True, ()), pair.source
            continue
        (reply,) = replies.gemini(pair.records, "", None)
        assert billed(response) == truly_billed(reply), pair.source
        assert response.response_id == (reply.key or "")
        assert (response.complete, response.error) == (True, ""), pair.source
        assert response.finish
    assert len([pair for pair in pairs if pair.status < 300]) == answered
    assert len([pair for pair in pairs if pair.status >= 300]) == refused


@pytest.mark.parametrize("corpus", CASSETTES)
def test_recorded_requests_come_apart_into_whole_blocks(corpus: str, recorded: Recorded) -> None:
    memo = BlockMemo()
    for pair in geminis(recorded(corpus)):
        request = gemini.parse(pair.request)
        assert request.places is not None
        assert len(request.places) == len(request.segments) > 0
        for place, segment in zip(request.places, request.segments, strict=True):
            json.loads(pair.request[place.start : place.end])
            assert segment.size > 0
        assert gemini.parse_placed(pair.request, memo).places == request.places
        assert [one.digest for one in gemini.parse(pair.request, memo).segments] == [
            one.digest for one in request.segments
        ]


def test_what_was_answered_digests_like_what_is_sent_back(recorded: Recorded) -> None:
    """Calls, sealed thoughts, what Google's own tools were asked: all but the last thought of a conversation.

    The recording that follows it in the same file begins another one.
    """
    back = total = 0
    for here, after in pairwise(geminis(recorded("pydantic-ai-cassettes"))):
        if here.source != after.source or here.status >= 300:
            continue
        response = gemini.fold([here.body]) if is_event_stream(here.body) else gemini.answer(here.body)
        calls = [one for one in response.output if one.kind in (SegmentKind.TOOL_CALL, SegmentKind.REASONING)]
        sent = {segment.digest for segment in gemini.parse(after.request).segments}
        total += len(calls)
        back += sum(call.digest in sent for call in calls)
    assert (back, total) == (54, 55)


@given(contents=st.lists(OBJECTS | VALUES, max_size=3), tools=VALUES, rest=OBJECTS)
def test_no_request_makes_us_fall_over(
    contents: list[object], tools: object, rest: dict[str, object]
) -> None:
    body = rest | {
        "contents": contents,
        "tools": tools,
        "systemInstruction": tools,
        "generationConfig": tools,
    }
    request = gemini.parse(json.dumps(body).encode())
    assert len(request.places or ()) == len(request.segments)


@given(body=OBJECTS, candidates=st.lists(OBJECTS, max_size=2), usage=OBJECTS)
def test_no_answer_makes_us_fall_over(
    body: dict[str, object], candidates: list[object], usage: object
) -> None:
    raw = json.dumps(body | {"candidates": candidates, "usageMetadata": usage}).encode()
    with contextlib.suppress(WireError):
        gemini.answer(raw)
    with contextlib.suppress(WireError):
        gemini.fold([of_line(raw), of_line(raw)])
