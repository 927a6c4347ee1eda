from pathlib import Path

import pytest

from farthing.segment import SegmentKind
from farthing.usage import Usage
from farthing.wire import gemini_interactions as interactions

HERE = Path(__file__).parents[1] / "data/vercel-ai-provider-fixtures"
BASIC = (HERE / "google-interactions-basic.json").read_bytes()
CALL = (HERE / "google-interactions-tool-call-step1.json").read_bytes()
EVENTS = (HERE / "google-interactions-basic.chunks.txt").read_bytes().splitlines()


def stream(events: list[bytes]) -> bytes:
    return b"".join(b"data: " + event + b"\n\n" for event in events)


def test_a_recorded_body_is_billed_with_its_thoughts() -> None:
    told = interactions.answer(BASIC)

    assert told.charges[0].usage == Usage(uncached_input_tokens=7, output_tokens=51, reasoning_tokens=32)
    assert (told.model, told.finish, told.charges[0].tier) == ("gemini-2.5-flash", "completed", "")
    assert [segment.kind for segment in told.output] == [SegmentKind.REASONING, SegmentKind.ASSISTANT]


def test_a_tool_call_is_named() -> None:
    told = interactions.answer(CALL)
    calls = [segment.name for segment in told.output if segment.kind is SegmentKind.TOOL_CALL]

    assert calls == ["getWeather"]


def test_a_recorded_stream_is_read() -> None:
    told = interactions.fold([stream(EVENTS)])

    assert told.charges[0].usage == Usage(uncached_input_tokens=7, output_tokens=141, reasoning_tokens=115)
    assert [segment.kind for segment in told.output] == [SegmentKind.REASONING, SegmentKind.ASSISTANT]
    assert told.complete


def test_a_cut_stream_is_incomplete_and_has_no_bill() -> None:
    told = interactions.fold([stream(EVENTS[:-1]), b"data: {"])

    assert (told.complete, told.usage_recorded, len(told.output)) == (False, False, 2)


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_any_split_of_a_stream_reads_alike(size: int) -> None:
    whole = stream(EVENTS)

    assert interactions.fold(whole[at : at + size] for at in range(0, len(whole), size)) == interactions.fold(
        [whole]
    )


def test_answers_are_told_from_others() -> None:
    assert interactions.is_answer(BASIC)
    assert all(map(interactions.is_answer, (EVENTS[0], EVENTS[2], EVENTS[-1])))
    assert not any(
        map(interactions.is_answer, (b"", b"{}", b'{"type": "message"}', b'{"object": "response"}'))
    )


def test_an_error_gives_its_status() -> None:
    told = interactions.answer(
        b'{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "words"}}'
    )

    assert told.error == "RESOURCE_EXHAUSTED"
