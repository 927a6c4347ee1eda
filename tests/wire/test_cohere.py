import json
from pathlib import Path

import yaml

from farthing.segment import SegmentKind
from farthing.usage import Usage
from farthing.wire import cohere

CASSETTE = Path(__file__).parents[1] / "data/pydantic-ai-cassettes/test_cohere_model_thinking_part.yaml"


def test_a_recorded_answer_bills_its_billed_units() -> None:
    (pair,) = (
        each
        for each in yaml.safe_load(CASSETTE.read_text(encoding="utf-8"))["interactions"]
        if "cohere" in each["request"]["uri"]
    )
    request = cohere.parse(json.dumps(pair["request"]["parsed_body"]).encode())
    response = cohere.answer(json.dumps(pair["response"]["parsed_body"]).encode())

    assert request.model == "command-a-reasoning-08-2025"
    assert [segment.kind for segment in request.segments] == [
        SegmentKind.TASK,
        SegmentKind.REASONING,
        SegmentKind.ASSISTANT,
        SegmentKind.USER,
    ]
    assert [charge.usage for charge in response.charges] == [
        Usage(uncached_input_tokens=431, output_tokens=661)
    ]
    assert [segment.kind for segment in response.output] == [SegmentKind.REASONING, SegmentKind.ASSISTANT]
    assert (response.response_id, response.finish) == ("a7a1995c-1980-4683-8382-e8dda3598388", "COMPLETE")


MESSAGE = {
    "role": "assistant",
    "content": [{"type": "thinking", "thinking": "Hm, so."}, {"type": "text", "text": "It is two."}],
    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}],
}
USAGE = {"billed_units": {"input_tokens": 5.0, "output_tokens": 7.0}, "tokens": {"input_tokens": 500}}


def grows(index: int, **content: str) -> dict[str, object]:
    return {"type": "content-delta", "index": index, "delta": {"message": {"content": content}}}


def calls(**call: object) -> dict[str, object]:
    return {"type": "tool-call-delta", "index": 0, "delta": {"message": {"tool_calls": call}}}


EVENTS: list[dict[str, object]] = [
    {"type": "message-start", "id": "m-1", "delta": {"message": {"role": "assistant"}}},
    grows(0, type="thinking", thinking=""),
    grows(0, thinking="Hm, "),
    grows(0, thinking="so."),
    {"type": "content-end", "index": 0},
    grows(1, text="It is "),
    grows(1, text="two."),
    calls(id="a", function={"name": "add", "arguments": '{"a"'}),
    calls(function={"arguments": ": 1}"}),
    {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": USAGE}},
]


def stream(events: list[dict[str, object]]) -> bytes:
    return b"".join(b"event: x\ndata: " + json.dumps(event).encode() + b"\n\n" for event in events)


def test_a_stream_comes_to_what_the_whole_answer_says() -> None:
    body = {"id": "m-1", "finish_reason": "TOOL_CALL", "message": MESSAGE, "usage": USAGE}
    whole = cohere.answer(json.dumps(body).encode())
    folded = cohere.fold([stream(EVENTS)])

    assert [segment.digest for segment in folded.output] == [segment.digest for segment in whole.output]
    assert (folded.charges, folded.finish, folded.response_id) == (whole.charges, "TOOL_CALL", "m-1")
    assert folded.complete


def test_a_cut_stream_is_incomplete_and_has_no_bill() -> None:
    folded = cohere.fold([stream(EVENTS[:6]), b"data: {"])

    assert (folded.complete, folded.usage_recorded, len(folded.output)) == (False, False, 2)


def test_any_split_of_a_stream_reads_alike() -> None:
    whole = stream(EVENTS)

    assert cohere.fold([whole]) == cohere.fold(whole[at : at + 7] for at in range(0, len(whole), 7))


def test_an_error_is_words_and_is_not_quoted() -> None:
    told = cohere.answer(b'{"message": "invalid api token sk-1"}')

    assert (told.error, told.charges, told.usage_recorded) == ("error", (), False)
