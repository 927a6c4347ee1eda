import pytest

from farthing.errors import WireError
from farthing.wire import bedrock
from farthing.wire.event_stream import encode
from tests.wire.bedrock_scene import CALL, EVENTS, THOUGHT, chunk, digests, event, parse, shape
from tests.wire.recorded import billed


def test_a_stream_is_what_the_answer_in_one_piece_would_have_been() -> None:
    response = bedrock.fold(EVENTS, model="m")
    content = [THOUGHT, {"text": "I read."}, CALL, {"reasoningContent": {"redactedContent": "b3Bh"}}]
    assert [one.digest for one in response.output] == digests(
        parse({"messages": [{"role": "assistant", "content": content}]})
    )
    assert (billed(response), response.finish, response.complete) == ([(5, 7, 0, 9)], "tool_use", True)


def test_invoke_models_chunks_may_be_converses_events() -> None:
    """So Nova streams."""
    chunks = [
        chunk({"messageStart": {"role": "assistant"}}),
        chunk({"contentBlockDelta": {"delta": {"text": "a"}, "contentBlockIndex": 0}}),
        chunk({"metadata": {"usage": {"inputTokens": 5, "outputTokens": 9, "cacheWriteInputTokenCount": 3}}}),
    ]
    response = bedrock.fold(chunks, model="m")
    assert (billed(response), response.complete) == ([(5, 0, 3, 9)], True)
    assert shape(response.output) == [("assistant", "assistant", "")]


def test_of_other_streams_only_the_counts_are_read() -> None:
    metrics = {"inputTokenCount": 5, "outputTokenCount": 7, "invocationLatency": 1}
    response = bedrock.fold(
        [chunk({"outputText": "a"}), chunk({"amazon-bedrock-invocationMetrics": metrics})]
    )
    assert (billed(response), response.complete, response.output) == ([(5, 0, 0, 7)], True, ())


def test_a_stream_that_was_cut_off_keeps_what_it_had() -> None:
    whole = b"".join(EVENTS)
    response = bedrock.fold([whole[:-5]], model="m")
    assert (response.complete, response.usage_recorded, response.finish) == (False, False, "tool_use")
    assert len(response.output) == 4
    cut = bedrock.fold(EVENTS[:9], model="m")
    assert shape(cut.output)[-1] == ("tool_call", "assistant", "read")
    nothing = bedrock.fold([], model="m")
    assert (nothing.complete, nothing.output, nothing.charges) == (False, (), ())


def test_an_exception_may_follow_amid_a_stream() -> None:
    thrown = encode(
        [(":message-type", "exception"), (":exception-type", "throttlingException")], b'{"message":"m"}'
    )
    response = bedrock.fold([*EVENTS[:3], thrown])
    assert (response.error, response.complete) == ("throttlingException", False)
    assert bedrock.fold([encode([(":message-type", "error"), (":error-code", "400")], b"")]).error == "400"


def test_damaged_payloads_leave_the_answer_incomplete() -> None:
    for damaged in (
        event("messageStop", [1]),
        event("chunk", {"bytes": "%"}),
        event("chunk", {"bytes": "WzFd"}),
    ):
        assert not bedrock.fold([*EVENTS, damaged]).complete
    with pytest.raises(WireError):
        bedrock.fold([b"x" * 20])
