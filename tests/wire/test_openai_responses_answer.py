import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.segment import SegmentKind
from farthing.usage import Charge, Usage
from farthing.wire.openai_responses_answer import Fold, answer, fold
from tests.truth.replies import responses
from tests.wire.recorded import COPIED, as_stream, billed, of_line, split, truly_billed

Recorded = Callable[[str], Path]

FIXTURES = COPIED / "vercel-ai-provider-fixtures"
NAMES = (
    *("openai-custom-tool.1", "openai-error.1", "openai-apply-patch-tool-delete.1"),
    *("openai-shell-local-multiturn.1", "programmatic-tool-calling.2"),
)
STREAMS = {name: as_stream(FIXTURES / f"{name}.chunks.txt") for name in NAMES}
USAGE = {"input_tokens": 50, "output_tokens": 20, "total_tokens": 70}


def body(**members: object) -> bytes:
    whole = {
        "id": "resp_1",
        "object": "response",
        "model": "gpt-6-sol",
        "status": "completed",
        "usage": USAGE,
    }
    return json.dumps(whole | {"output": []} | members).encode()


def event(kind: str, **members: object) -> bytes:
    return of_line(json.dumps({"type": kind} | members).encode())


@pytest.mark.parametrize("name", STREAMS)
@given(cuts=st.lists(st.integers(min_value=0), max_size=30))
def test_any_split_of_a_stream_folds_alike(name: str, cuts: list[int]) -> None:
    assert fold(split(STREAMS[name], cuts)) == fold([STREAMS[name]])


def test_a_stream_byte_by_byte_folds_alike() -> None:
    stream = STREAMS["openai-custom-tool.1"]
    assert fold(stream[at : at + 1] for at in range(len(stream))) == fold([stream])


def test_an_answer_is_its_bill_and_its_items() -> None:
    response = answer((FIXTURES / "openai-shell-tool.1.json").read_bytes())
    told = json.loads((FIXTURES / "openai-shell-tool.1.json").read_bytes())
    assert [(one.kind.value, one.name) for one in response.output] == [("tool_call", "shell")]
    assert (response.response_id, response.finish, response.complete) == (told["id"], "completed", True)
    usage = told["usage"]
    assert billed(response) == [(usage["input_tokens"], 0, 0, usage["output_tokens"])]


def test_a_stream_digests_like_the_answer_in_one_piece() -> None:
    whole = answer((FIXTURES / "openai-custom-tool.1.json").read_bytes())
    streamed = fold([STREAMS["openai-custom-tool.1"]])
    assert [one.digest for one in streamed.output] == [one.digest for one in whole.output] != []
    assert billed(streamed) == billed(whole)


def test_a_refused_stream_tells_its_error_and_no_usage() -> None:
    response = fold([STREAMS["openai-error.1"]])
    assert (response.error, response.finish, response.complete) == ("insufficient_quota", "failed", True)
    assert (response.charges, response.usage_recorded) == ((), False)
    assert answer((FIXTURES / "openai-error.1.json").read_bytes()).error == "insufficient_quota"


def test_an_error_event_alone_is_an_error() -> None:
    response = fold([event("error", code="server_error", message="words")])
    assert (response.error, response.complete) == ("server_error", False)


def test_counts_of_zero_are_counts() -> None:
    response = fold([STREAMS["programmatic-tool-calling.2"]])
    assert (billed(response), response.usage_recorded) == ([(0, 0, 0, 0)], True)


@pytest.mark.parametrize(
    ("members", "finish"),
    [
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "max_output_tokens",
        ),
        ({"status": "completed", "incomplete_details": None}, "completed"),
        ({"status": None}, ""),
    ],
)
def test_why_it_ended(members: dict[str, object], finish: str) -> None:
    assert answer(body(**members)).finish == finish


def test_one_that_is_still_at_work_is_not_complete() -> None:
    response = answer(body(status="queued", usage=None, output=[]))
    assert (response.complete, response.usage_recorded, response.error) == (False, False, "")


def test_the_tier_is_the_one_that_was_given() -> None:
    assert answer(body(service_tier="flex")).charges[0].tier == "flex"
    assert answer(body(service_tier="default")).charges[0].tier == ""


def test_searches_are_fees_and_opened_pages_are_not() -> None:
    actions = ("search", "open_page", "search", "find_in_page")
    output = [{"type": "web_search_call", "action": {"type": action}} for action in actions]
    output.append({"type": "file_search_call", "queries": []})
    assert answer(body(output=output)).charges[0].usage.server_tools == (
        ("file_search", 1),
        ("web_search", 2),
    )
    told = {"web_search": {"num_requests": 3}}
    assert answer(body(output=output, tool_usage=told)).charges[0].usage.server_tools[1] == ("web_search", 3)
    assert answer(body(tool_usage=[7])).charges[0].usage.server_tools == ()


def test_images_that_another_model_drew_are_a_line_of_their_own() -> None:
    drawn = {"image_gen": {"input_tokens": 10, "output_tokens": 200, "total_tokens": 210}}
    tools = [{"type": "web_search"}, {"type": "image_generation", "model": "gpt-image-2"}]
    lines = answer(body(tool_usage=drawn, tools=tools)).charges
    usage = Usage(uncached_input_tokens=10, output_tokens=200)
    assert lines[1:] == (Charge(model="gpt-image-2", usage=usage, part="image_generation"),)
    assert answer(body(tool_usage=drawn)).charges[1].model == "image_generation"
    nothing = {"image_gen": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}}
    assert len(answer(body(tool_usage=nothing)).charges) == 1


def test_a_stream_that_was_cut_keeps_what_came() -> None:
    message = {"type": "message", "id": "m", "role": "assistant", "content": []}
    call = {"type": "function_call", "name": "add", "arguments": "", "call_id": "c"}
    done = {"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}
    pieces = [
        event(
            "response.created",
            response={"id": "resp_1", "model": "gpt-6-sol", "output": [], "status": "in_progress"},
        ),
        event("response.output_item.done", output_index=0, item=done),
        event("response.output_item.added", output_index=1, item=message),
        event("response.output_text.delta", output_index=1, delta="Hello"),
        event("response.output_text.delta", output_index=1, delta=" you"),
        event("response.output_item.added", output_index=2, item=call),
        event("response.function_call_arguments.delta", output_index=2, delta='{"a'),
        b'data: {"type":"response.function_call_arguments.del',
    ]
    response = fold(pieces)
    assert (response.response_id, response.model, response.complete) == ("resp_1", "gpt-6-sol", False)
    assert (response.finish, response.usage_recorded) == ("", False)
    assert [(one.kind.value, one.name, one.size) for one in response.output] == [
        ("reasoning", "", 4),
        ("assistant", "", len("Hello you")),
        ("tool_call", "add", len('add\n{\\"a')),
    ]


def test_an_end_that_does_not_repeat_its_items_has_them_all_the_same() -> None:
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Two."}]}
    pieces = [
        event("response.output_item.done", output_index=0, item=message),
        event("response.completed", response=json.loads(body())),
    ]
    (said,) = fold(pieces).output
    assert (said.kind, said.size) == (SegmentKind.ASSISTANT, 4)


@pytest.mark.parametrize("stream", [b"", b"data: words\n\n", b'data: {"type": 7}\n\n', b"event: ping\n\n"])
def test_what_is_no_event_changes_nothing(stream: bytes) -> None:
    response = fold([stream])
    assert (response.complete, response.output, response.usage_recorded) == (False, (), False)


def test_events_may_come_without_their_frame() -> None:
    folding = Fold()
    for line in (FIXTURES / "openai-custom-tool.1.chunks.txt").read_bytes().splitlines():
        folding.take(line)
    assert folding.finish() == fold([STREAMS["openai-custom-tool.1"]])


def streams_of(path: Path) -> list[list[bytes]]:
    """Return the lines of each stream in a fixture: two of them hold several, one behind the other."""
    streams: list[list[bytes]] = []
    for line in path.read_bytes().splitlines():
        if b'"response.created"' in line or not streams:
            streams.append([])
        streams[-1].append(line)
    return streams


def test_recorded_streams_bill_what_the_truth_reads(recorded: Recorded) -> None:
    """One fixture has lines that are no JSON, its last among them: it is cut."""
    folder = recorded("vercel-ai-provider-fixtures") / "packages/openai/src/responses/__fixtures__"
    ends: list[str] = []
    for path in sorted(folder.glob("*.chunks.txt")):
        for lines in streams_of(path):
            response = fold(map(of_line, lines))
            ends.append(response.finish or path.name)
            if response.complete:
                replies = responses(list(map(json.loads, lines)), None)
                assert billed(response) == [bill for reply in replies for bill in truly_billed(reply)]
                assert [response.response_id] == [reply.key for reply in replies] or response.error
    assert ends.count("completed") == 31
    assert [end for end in ends if end != "completed"] == [
        "failed",
        "parallel-tool-call-wrapper.1.chunks.txt",
    ]


def test_recorded_bodies_bill_what_the_truth_reads(recorded: Recorded) -> None:
    folder = recorded("vercel-ai-provider-fixtures") / "packages/openai/src/responses/__fixtures__"
    errors = []
    bodies = sorted(folder.glob("*.json"))
    for path in bodies:
        response = answer(path.read_bytes())
        replies = responses([json.loads(path.read_bytes())], None)
        assert billed(response) == [bill for reply in replies for bill in truly_billed(reply)], path.name
        assert [response.response_id] == ([reply.key for reply in replies] or [""])
        errors += [response.error] if response.error else []
    assert (len(bodies), errors) == (29, ["insufficient_quota", "invalid_request_error"])


def test_a_stream_that_begins_again_is_the_second_answer() -> None:
    twice = STREAMS["openai-custom-tool.1"] + STREAMS["openai-apply-patch-tool-delete.1"]
    assert fold([twice]) == fold([STREAMS["openai-apply-patch-tool-delete.1"]])
