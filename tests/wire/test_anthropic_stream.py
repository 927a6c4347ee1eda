import json

from farthing.wire import anthropic
from tests.wire.anthropic_scene import (
    CALL,
    END,
    FIXTURES,
    MORE,
    START,
    STOP,
    WORDS,
    Record,
    bill,
    shape,
    streamed,
)
from tests.wire.recorded import (
    as_stream,
)


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
