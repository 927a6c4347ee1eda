import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.segment import SegmentKind
from farthing.wire import openai_chat
from farthing.wire.openai_chat_stream import Fold, fold
from tests.wire.recorded import COPIED, as_stream, billed, exchanged, of_line, split

FIXTURES = COPIED / "vercel-ai-provider-fixtures"
NAMES = ("azure-model-router.1", "mistral-incremental-tool-call", "mistral-reasoning", "mistral-tool-call")
STREAMS = {name: as_stream(FIXTURES / f"{name}.chunks.txt") for name in NAMES}
STREAMS["openrouter"] = next(
    pair.body
    for pair in exchanged(COPIED / "pydantic-ai-cassettes")
    if pair.source == "test_openrouter_stream_error.yaml"
)
# Comments, CRLF, letters of several bytes, and the usage chunk that comes after the finish.
STREAMS["awkward"] = (
    ": wait\r\n\r\n"
    'data: {"id":"c","model":"m","choices":[{"delta":{"content":"naïve "}}]}\r\n\r\n'
    'data: {"id":"c","choices":[{"delta":{"content":"日本"},"finish_reason":"stop"}],"usage":null}\r\n\r\n'
    'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}\r\n\r\n'
    "data: [DONE]\r\n\r\n"
).encode()


def event(**chunk: object) -> bytes:
    return of_line(json.dumps(chunk).encode())


def delta(**members: object) -> bytes:
    return event(id="c", model="m", choices=[{"index": 0, "delta": members}])


@pytest.mark.parametrize("name", STREAMS)
@given(cuts=st.lists(st.integers(min_value=0), max_size=30))
def test_any_split_of_a_stream_folds_alike(name: str, cuts: list[int]) -> None:
    assert fold(split(STREAMS[name], cuts)) == fold([STREAMS[name]])


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_byte_by_byte_folds_alike(name: str) -> None:
    stream = STREAMS[name]
    assert fold(stream[at : at + 1] for at in range(len(stream))) == fold([stream])


@pytest.mark.parametrize("name", ["mistral-reasoning", "mistral-tool-call"])
def test_a_stream_digests_like_the_answer_in_one_piece(name: str) -> None:
    whole = openai_chat.answer((FIXTURES / f"{name}.json").read_bytes())
    streamed = fold([STREAMS[name]])
    assert [one.digest for one in streamed.output] == [one.digest for one in whole.output] != []
    assert billed(streamed) == billed(whole)
    assert (streamed.finish, streamed.model) == (whole.finish, whole.model)


def test_azure_opens_with_a_chunk_that_says_nothing() -> None:
    response = fold([STREAMS["azure-model-router.1"]])
    assert response.response_id == "chatcmpl-CYPS1lijGoK8gd9lYzY3r9Sx50nbt"
    assert response.model == "gpt-5-nano-2025-08-07"
    assert billed(response) == [(15, 0, 0, 78)]
    assert response.charges[0].usage.reasoning_tokens == 64
    assert [segment.size for segment in response.output] == [len("Capital of Denmark.")]


def test_arguments_that_come_in_pieces_are_one_call() -> None:
    response = fold([STREAMS["mistral-incremental-tool-call"]])
    (call,) = [one for one in response.output if one.kind is SegmentKind.TOOL_CALL]
    lines = (FIXTURES / "mistral-incremental-tool-call.chunks.txt").read_bytes().splitlines()
    sent = [json.loads(line) for line in lines]
    pieces = [tool for one in sent for tool in one["choices"][0]["delta"].get("tool_calls") or ()]
    arguments = "".join(piece["function"].get("arguments") or "" for piece in pieces)
    again = {"role": "assistant", "tool_calls": [{"function": {"name": call.name, "arguments": arguments}}]}
    (message,) = openai_chat.message_segments(json.dumps(again).encode(), names={}, first_user=False)
    assert len(pieces) > 1
    assert (call.name, call.digest) == (message.name, message.digest)
    assert billed(response) == [(43, 128, 0, 14)]


def test_an_error_after_the_beginning_is_kept_with_what_was_billed() -> None:
    response = fold([STREAMS["openrouter"]])
    assert (response.error, response.usage_recorded) == ("400", True)


def test_calls_side_by_side_are_told_apart() -> None:
    calls = [
        {"index": 0, "id": "a", "function": {"name": "add", "arguments": ""}},
        {"index": 1, "id": "b", "function": {"name": "sub", "arguments": "{"}},
    ]
    more = [{"index": 0, "function": {"arguments": "{}"}}, {"index": 1, "function": {"arguments": "}"}}]
    output = fold([delta(tool_calls=calls), delta(tool_calls=more)]).output
    assert [(call.name, call.size) for call in output] == [("add", 6), ("sub", 6)]
    assert output[0].digest != output[1].digest


def test_another_id_at_the_same_index_is_another_call() -> None:
    here = {"index": 0, "id": "a", "function": {"name": "add", "arguments": "{}"}}
    there = {"index": 0, "id": "b", "function": {"name": "sub", "arguments": "{}"}}
    again = {"index": 0, "id": "b", "function": {"arguments": " "}}
    output = fold([delta(tool_calls=[here]), delta(tool_calls=[there]), delta(tool_calls=[again])]).output
    assert [(call.name, call.size) for call in output] == [("add", 6), ("sub", 7)]


def test_thoughts_words_and_refusals_are_blocks_in_this_order() -> None:
    pieces = [delta(content="Yes"), delta(reasoning="Hm"), delta(refusal="No"), delta(content=".")]
    output = fold(pieces).output
    assert [(one.kind.value, one.size) for one in output] == [
        ("reasoning", 2),
        ("assistant", 4),
        ("assistant", 2),
    ]


def test_a_legacy_function_call_is_a_call() -> None:
    pieces = [delta(function_call={"name": "add", "arguments": "{"}), delta(function_call={"arguments": "}"})]
    (call,) = fold(pieces).output
    assert (call.kind, call.name, call.size) == (SegmentKind.TOOL_CALL, "add", 6)


def test_every_choice_is_put_together_by_itself() -> None:
    both = [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "aa"}}]
    assert [one.size for one in fold([event(choices=both), event(choices=both)]).output] == [4, 2]


def test_the_last_running_count_holds() -> None:
    first, last = {"prompt_tokens": 5, "completion_tokens": 1}, {"prompt_tokens": 5, "completion_tokens": 9}
    assert billed(fold([event(choices=[], usage=first), event(choices=[], usage=last)])) == [(5, 0, 0, 9)]


def test_groq_has_a_place_of_its_own_for_the_usage() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 9}
    assert billed(fold([event(choices=[], x_groq={"id": "r", "usage": usage})])) == [(5, 0, 0, 9)]


@pytest.mark.parametrize("name", ["azure-model-router.1", "awkward"])
def test_a_stream_that_was_cut_tells_so_and_keeps_what_came(name: str) -> None:
    stream = STREAMS[name]
    response = fold([stream[: len(stream) // 2]])
    assert (response.complete, response.usage_recorded, response.charges) == (False, False, ())
    assert 0 < sum(one.size for one in response.output) < sum(one.size for one in fold([stream]).output)


def test_nobody_asked_for_usage_so_none_came() -> None:
    end = event(choices=[{"delta": {}, "finish_reason": "stop"}])
    response = fold([delta(content="Yes"), end, b"data: [DONE]\n\n"])
    assert (response.complete, response.finish, response.usage_recorded) == (True, "stop", False)


@pytest.mark.parametrize("stream", [b"", b"data: words\n\n", b'data: {"choices": 7}\n\n', b"event: ping\n\n"])
def test_what_is_no_chunk_changes_nothing(stream: bytes) -> None:
    response = fold([stream])
    assert (response.complete, response.output, response.response_id) == (False, (), "")


def test_events_may_come_without_their_frame() -> None:
    folding = Fold()
    for line in (FIXTURES / "azure-model-router.1.chunks.txt").read_bytes().splitlines():
        folding.take(line)
    assert folding.finish() == fold([STREAMS["azure-model-router.1"]])
