import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.errors import WireError
from farthing.segment import SegmentKind
from farthing.usage import Usage
from farthing.wire.gemini_answer import EXCLUSIVE, INCLUSIVE, Fold, answer, bill, counted, fold
from tests.truth.replies import gemini
from tests.wire.recorded import COPIED, as_stream, billed, exchanged, of_line, split, truly_billed

Recorded = Callable[[str], Path]

FIXTURES = COPIED / "vercel-ai-provider-fixtures"
NAMES = ("google-text", "google-tool-call", "google-stream-tool-call-arguments", "google-reasoning-gemini3")
STREAMS = {name: as_stream(FIXTURES / f"{name}.chunks.txt") for name in NAMES}
ARRAYS = {
    name: b"[" + b"\n,\r\n".join((FIXTURES / f"{name}.chunks.txt").read_bytes().splitlines()) + b"\n]\n"
    for name in NAMES
}


def chunk(*parts: object, **members: object) -> bytes:
    content = {"role": "model", "parts": parts}
    return of_line(json.dumps({"candidates": [{"content": content, "index": 0}]} | members).encode())


@pytest.mark.parametrize("streams", [STREAMS, ARRAYS], ids=["events", "array"])
@pytest.mark.parametrize("name", NAMES)
@given(cuts=st.lists(st.integers(min_value=0), max_size=30))
def test_any_split_of_a_stream_folds_alike(streams: dict[str, bytes], name: str, cuts: list[int]) -> None:
    assert fold(split(streams[name], cuts)) == fold([STREAMS[name]])


def test_a_stream_byte_by_byte_folds_alike() -> None:
    for stream in (STREAMS["google-text"], b"\r\n " + ARRAYS["google-text"]):
        assert fold(stream[at : at + 1] for at in range(len(stream))) == fold([STREAMS["google-text"]])


@pytest.mark.parametrize("name", ["google-text", "google-tool-call"])
def test_an_answer_in_one_piece_is_its_bill_and_its_parts(name: str) -> None:
    body = (FIXTURES / f"{name}.json").read_bytes()
    told = json.loads(body)
    response = answer(body)
    usage = told["usageMetadata"]
    output = usage["candidatesTokenCount"] + usage["thoughtsTokenCount"]
    assert billed(response) == [(usage["promptTokenCount"], 0, 0, output)]
    assert response.charges[0].usage.reasoning_tokens == usage["thoughtsTokenCount"]
    assert (response.response_id, response.model) == (told["responseId"], told["modelVersion"])
    assert (response.finish, response.complete, response.error) == ("STOP", True, "")
    assert len(response.output) > 0
    assert answer(b"[" + body + b"]").output == fold([b"[" + body + b"]"]).output


def test_text_that_comes_in_pieces_is_one_block() -> None:
    response = fold([STREAMS["google-text"]])
    lines = map(json.loads, (FIXTURES / "google-text.chunks.txt").read_bytes().splitlines())
    said = "".join(part["text"] for line in lines for part in line["candidates"][0]["content"]["parts"])
    again = {"candidates": [{"content": {"role": "model", "parts": [{"text": said}]}}]}
    assert [one.kind for one in response.output] == [SegmentKind.ASSISTANT, SegmentKind.REASONING]
    assert response.output[0].digest == answer(json.dumps(again).encode()).output[0].digest


def test_the_last_counts_hold_for_the_whole_stream() -> None:
    response = fold([STREAMS["google-stream-tool-call-arguments"]])
    assert billed(response) == [(26, 0, 0, 155)]
    assert [one.name for one in response.output if one.kind is SegmentKind.TOOL_CALL] == ["getWeather"] * 2


def test_arguments_that_come_in_pieces_are_one_call() -> None:
    begin = {"functionCall": {"name": "add", "willContinue": True}}
    piece = {"functionCall": {"partialArgs": [{"jsonPath": "$.a", "numberValue": 1}], "willContinue": True}}
    (call,) = fold([chunk(begin), chunk(piece), chunk({"functionCall": {}})]).output
    assert (call.kind, call.name) == (SegmentKind.TOOL_CALL, "add")
    (bare,) = fold([chunk(begin), chunk({"functionCall": {}})]).output
    (whole,) = fold([chunk({"functionCall": {"name": "add"}})]).output
    assert bare.digest == whole.digest != call.digest


def test_thoughts_and_words_do_not_run_together() -> None:
    pieces = [
        chunk({"text": "Hm", "thought": True}),
        chunk({"text": "m", "thought": True}),
        chunk({"text": "Yes"}),
    ]
    assert [(one.kind.value, one.size) for one in fold(pieces).output] == [("reasoning", 3), ("assistant", 3)]


def test_what_each_count_is() -> None:
    found = counted(
        {
            "promptTokenCount": 100,
            "cachedContentTokenCount": 60,
            "toolUsePromptTokenCount": 30,
            "candidatesTokenCount": 10,
            "thoughtsTokenCount": 5,
            "totalTokenCount": 145,
        }
    )
    assert found is not None
    assert found.usage == Usage(
        uncached_input_tokens=70, cache_read_input_tokens=60, output_tokens=15, reasoning_tokens=5
    )
    assert found.usage.input_tokens + found.usage.output_tokens == 145
    assert found.rule == INCLUSIVE


def test_more_cached_than_prompt_stands_beside_it() -> None:
    found = counted({"prompt_token_count": 5, "cached_content_token_count": 60})
    assert found is not None
    assert (found.usage.uncached_input_tokens, found.usage.cache_read_input_tokens) == (5, 60)
    assert found.rule == EXCLUSIVE


@pytest.mark.parametrize("usage", [{}, {"trafficType": "ON_DEMAND"}, {"totalTokenCount": 9}])
def test_no_counts_are_no_usage(usage: dict[str, object]) -> None:
    assert counted(usage) is None


def test_a_negative_count_is_an_error() -> None:
    with pytest.raises(WireError, match="the usage counts -1"):
        counted({"promptTokenCount": -1})


@pytest.mark.parametrize(
    ("told", "tier"),
    [
        ({"serviceTier": "standard"}, ""),
        ({"serviceTier": "flex", "trafficType": "ON_DEMAND"}, "flex"),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "priority"),
        ({"trafficType": 1}, ""),
        ({"trafficType": "PROVISIONED_THROUGHPUT"}, "provisioned_throughput"),
        ({}, ""),
    ],
)
def test_the_tier_is_the_one_that_was_given(told: dict[str, object], tier: str) -> None:
    assert bill("gemini-4-argon", {"promptTokenCount": 1} | told)[0].tier == tier


@pytest.mark.parametrize(
    ("model", "fees"),
    [
        ("gemini-2.5-flash", (("web_search", 1),)),
        ("publishers/google/models/gemini-2.0-flash", (("web_search", 1),)),
        ("gemini-3.8-flash", (("web_search", 2),)),
    ],
)
def test_searches_are_fees_by_prompt_or_by_query(model: str, fees: tuple[tuple[str, int], ...]) -> None:
    grounding = {"webSearchQueries": ["a", "", "b", "a"]}
    usage = {"promptTokenCount": 1}
    body = {"candidates": [{"groundingMetadata": grounding}], "modelVersion": model, "usageMetadata": usage}
    assert answer(json.dumps(body).encode()).charges[0].usage.server_tools == fees
    assert fold([of_line(json.dumps(body).encode())]).charges[0].usage.server_tools == fees


def test_a_blocked_prompt_is_billed_and_tells_why() -> None:
    body = {"promptFeedback": {"blockReason": "MODEL_ARMOR"}, "usageMetadata": {"promptTokenCount": 17}}
    response = answer(json.dumps(body).encode())
    assert (response.finish, response.error, billed(response)) == ("MODEL_ARMOR", "", [(17, 0, 0, 0)])


@pytest.mark.parametrize(
    ("finish", "expected"), [("MAX_TOKENS", "MAX_TOKENS"), (2, "MAX_TOKENS"), (77, "77")]
)
def test_why_it_ended_may_be_a_number(finish: object, expected: str) -> None:
    assert answer(json.dumps({"candidates": [{"finishReason": finish}]}).encode()).finish == expected


def test_an_error_is_no_usage() -> None:
    body = (FIXTURES / "google-429-retry-info.json").read_bytes()
    for response in (
        answer(body),
        answer(b"[" + body + b"]"),
        fold([of_line(json.dumps(json.loads(body)).encode())]),
    ):
        assert (response.error, response.usage_recorded, response.charges) == (
            "RESOURCE_EXHAUSTED",
            False,
            (),
        )


@pytest.mark.parametrize("streams", [STREAMS, ARRAYS], ids=["events", "array"])
def test_a_stream_that_was_cut_tells_so_and_keeps_what_came(streams: dict[str, bytes]) -> None:
    stream = streams["google-reasoning-gemini3"]
    response = fold([stream[: len(stream) // 2]])
    whole = fold([stream])
    assert (response.complete, response.finish, response.response_id) == (False, "", whole.response_id)
    assert 0 < sum(one.size for one in response.output) < sum(one.size for one in whole.output)


@pytest.mark.parametrize(
    "stream", [b"", b"[", b"[]", b"[7, {", b"data: words\n\n", b'data: {"candidates": 7}\n\n']
)
def test_what_is_no_chunk_changes_nothing(stream: bytes) -> None:
    response = fold([stream])
    assert (response.complete, response.output, response.usage_recorded) == (False, (), False)


@pytest.mark.parametrize("body", [b"", b"{", b'{"candidates": 7}'])
def test_what_is_no_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(WireError, match="the response body"):
        answer(body)


def test_a_recorded_stream_of_the_flexible_tier() -> None:
    (pair,) = [
        pair
        for pair in exchanged(COPIED / "pydantic-ai-cassettes")
        if pair.source == "test_google_vertex_service_tier_flex_stream.yaml"
    ]
    response = fold([pair.body])
    assert response.charges[0].tier == "flex"
    assert billed(response) == truly_billed(gemini(pair.records, "", None)[0])


def test_events_may_come_without_their_frame() -> None:
    folding = Fold()
    for line in (FIXTURES / "google-text.chunks.txt").read_bytes().splitlines():
        folding.take(line)
    assert folding.finish() == fold([STREAMS["google-text"]])


def test_recorded_fixtures_bill_what_the_truth_reads(recorded: Recorded) -> None:
    folder = recorded("vercel-ai-provider-fixtures") / "packages/google/src/__fixtures__"
    answered = []
    for path in sorted(folder.iterdir()):
        is_body = path.suffix == ".json"
        lines = [path.read_bytes()] if is_body else path.read_bytes().splitlines()
        response = answer(path.read_bytes()) if is_body else fold(map(of_line, lines))
        if path.name == "google-429-retry-info.json":
            assert response.error == "RESOURCE_EXHAUSTED"
            continue
        (reply,) = gemini(list(map(json.loads, lines)), "", None)
        assert billed(response) == truly_billed(reply), path.name
        assert response.finish
        answered.append(path.name)
    assert len(answered) == 14
