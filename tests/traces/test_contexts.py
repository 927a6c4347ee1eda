"""Requests and answers in whatever platforms put around them."""

import json

import pytest
from hypothesis import given

from farthing.prefix import links
from farthing.segment import SegmentKind
from farthing.step import Breakpoint, Recorded
from farthing.traces.attributes import quoted
from farthing.traces.contexts import NO_CONTEXT, Context, Contexts
from farthing.traces.documents import Document
from farthing.traces.source import Line, Note
from tests.traces.test_attributes import JSON

MESSAGES = [{"role": "user", "content": "Rain?"}]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {}}}
WHOLE = [("tools", "look"), ("system", ""), ("task", "")]


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


def shape(context: Context) -> list[tuple[str, str]]:
    return [(link.segment.kind.value, link.segment.name) for link in links(context.prefix)]


@pytest.mark.parametrize(
    "request_body",
    [
        {"messages": MESSAGES, "system": "Be brief.", "tools": [TOOL]},
        {"input": MESSAGES, "instructions": "Be brief.", "tools": [TOOL["function"]]},
        {"args": [], "kwargs": {"messages": MESSAGES, "system": "Be brief.", "tools": [TOOL]}},
        {"messages": [MESSAGES], "system": "Be brief.", "functions": [TOOL["function"]]},
        {
            "contents": MESSAGES,
            "config": {
                "system_instruction": "Be brief.",
                "tools": [{"functionDeclarations": [{"name": "look"}]}],
            },
        },
        {"input": json.dumps({"messages": MESSAGES, "system": "Be brief.", "tools": [TOOL]})},
        json.dumps({"messages": MESSAGES, "system": "Be brief.", "tools": [json.dumps(TOOL)]}),
    ],
)
def test_a_request_is_found_in_what_is_around_it(request_body: object) -> None:
    assert shape(Contexts().context(raw(request_body))) == WHOLE


def test_what_is_told_beside_the_request_goes_before_what_is_in_it() -> None:
    context = Contexts().context(
        raw({"messages": MESSAGES, "tools": []}), system=raw("Be brief."), tools=raw([TOOL])
    )
    assert shape(context) == WHOLE


def test_words_are_a_task_and_nothing_is_nothing() -> None:
    assert shape(Contexts().context(raw("What is the weather?"))) == [("task", "")]
    assert Contexts().context(b"") == NO_CONTEXT
    assert Contexts().context(b"null") == NO_CONTEXT
    assert NO_CONTEXT.recorded_with(()) is Recorded.COUNTS


def test_a_step_shares_the_links_of_the_one_before() -> None:
    contexts = Contexts()
    first = contexts.context(raw(MESSAGES))
    second = contexts.context(raw([*MESSAGES, {"role": "assistant", "content": "Yes."}]))
    assert links(second.prefix)[0] is first.prefix


def test_calls_without_schemas_show_that_schemas_are_missing() -> None:
    contexts = Contexts()
    answer = contexts.answer(
        raw({"role": "assistant", "tool_calls": [{"id": "c", "name": "look", "args": {}}]})
    )
    bare, whole = (
        contexts.context(raw(MESSAGES)),
        contexts.context(raw({"messages": MESSAGES, "tools": [TOOL]})),
    )
    assert bare.recorded_with(()) is Recorded.FULL
    assert bare.recorded_with(answer) is Recorded.DELTA
    assert whole.recorded_with(answer) is Recorded.FULL


def test_turns_are_counted_by_what_the_user_said() -> None:
    contexts = Contexts()
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert contexts.context(raw([{"role": "user", "content": parts}])).turn == 1
    later = [*MESSAGES, {"role": "assistant", "content": "Yes."}, {"role": "user", "content": parts}]
    assert contexts.context(raw(later)).turn == 2


def test_cache_markers_stand_where_they_stand_in_the_whole_chain() -> None:
    marked = {"type": "text", "text": "Rain?", "cache_control": {"type": "ephemeral"}}
    tool = {**TOOL, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    request = {"tools": [tool], "system": "Be brief.", "messages": [{"role": "user", "content": [marked]}]}
    context = Contexts().context(raw(request))
    assert context.breakpoints == (Breakpoint(1, 3_600), Breakpoint(3, 300))
    assert Contexts().context(raw(MESSAGES)).breakpoints is None


def origin(line: bytes, offset: int = 100) -> Document:
    return Document(line, offset, Line(offset, line))


def words(context: Context, line: bytes, offset: int = 100) -> list[bytes]:
    """Return what is quoted of each segment."""
    segments = [link.segment for link in links(context.prefix)]
    return [line[each.offset - offset :][: each.length] if each.offset >= 0 else b"" for each in segments]


@pytest.mark.parametrize("is_escaped", [False, True])
def test_words_are_quoted_from_the_record_that_says_them(is_escaped: bool) -> None:
    messages = [*MESSAGES, {"role": "assistant", "content": 'Say "yes"'}]
    value = json.dumps(messages) if is_escaped else messages
    line = raw({"id": 1, "input": value})
    said = b'Say \\\\\\"yes\\\\\\"' if is_escaped else b'Say \\"yes\\"'
    assert words(Contexts().context(raw(value), origin=origin(line)), line) == [b"Rain?", said]


def test_words_are_quoted_where_they_were_said_first() -> None:
    contexts = Contexts()
    line = raw({"input": MESSAGES})
    first = contexts.context(raw(MESSAGES), origin=origin(line))
    again = contexts.context(raw([*MESSAGES]), origin=origin(line, 900))
    assert again == first
    assert words(first, line) == [b"Rain?"]


def test_rows_of_a_table_are_not_quoted() -> None:
    line = raw({"input": MESSAGES})
    row = Document(line, 3, Line(-1, line))
    assert words(Contexts().context(raw(MESSAGES), origin=row), line) == [b""]
    assert words(Contexts().context(raw(MESSAGES)), line) == [b""]


def test_what_was_cut_off_has_no_context_and_is_counted() -> None:
    contexts = Contexts()
    assert contexts.context(quoted('[{"role": "user", "content": "Wh')) == NO_CONTEXT
    assert contexts.context(b'{"messages": [') == NO_CONTEXT
    assert list(contexts.notes()) == [
        Note("2 calls have a request that was cut off: only their counts are used")
    ]
    assert list(Contexts().notes()) == []


@pytest.mark.parametrize(
    "value",
    [
        "Yes.",
        {"role": "assistant", "content": "Yes."},
        [{"role": "assistant", "content": "Yes."}],
        {"choices": [{"message": {"role": "assistant", "content": "Yes."}}]},
        {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Yes."}]},
        {
            "object": "response",
            "output": [
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]}
            ],
        },
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "Yes."}]}}]},
        {
            "generations": [[{"text": "Yes.", "message": {"kwargs": {"content": "Yes.", "type": "ai"}}}]],
            "type": "LLMResult",
        },
        {"text": "Yes."},
        json.dumps({"content": "Yes.", "role": "assistant"}),
    ],
)
def test_an_answer_is_found_in_what_is_around_it(value: object) -> None:
    (block,) = Contexts().answer(raw(value))
    assert (block.kind, block.size) == (SegmentKind.ASSISTANT, 4)


def test_calls_of_the_ai_sdk_and_items_of_responses_are_answers() -> None:
    calls = [{"toolCallId": "c", "toolName": "look", "input": '{"city":"Berlin"}'}]
    item = {"type": "function_call", "call_id": "c", "name": "look", "arguments": '{"city":"Berlin"}'}
    (by_sdk,) = Contexts().answer(raw(calls))
    (by_item,) = Contexts().answer(raw({"output": [item]}))
    assert (by_sdk.name, by_sdk.digest) == (by_item.name, by_item.digest)


def test_what_is_no_answer_is_none() -> None:
    nothing: list[object] = [None, {}, [], {"role": "user", "content": "Rain?"}, 3]
    for value in nothing:
        assert Contexts().answer(raw(value)) == ()


@given(JSON)
def test_anything_is_read_without_failing(value: object) -> None:
    contexts = Contexts()
    contexts.context(raw(value), system=raw(value), tools=raw(value))
    contexts.context(raw({"messages": value, "tools": value}))
    contexts.answer(raw(value))
    contexts.answer(raw({"choices": value, "output": value}))
