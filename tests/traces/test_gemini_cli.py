import json
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.prefix import Prefix, links
from farthing.span import Span
from farthing.traces import gemini_cli, instant
from farthing.traces.source import Item, Match, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import others_of, spans_of, sums

FORMAT = gemini_cli.FORMAT
TOKENS = {"input": 1_000, "output": 50, "cached": 800, "thoughts": 40, "tool": 5, "total": 1_095}
NAME = "/home/dev/.gemini/tmp/hash/chats/session-2026-01-02T03-04-s0000000.jsonl"


class Scene:
    """A chat in the making, in the shapes of gemini-cli's chatRecordingTypes.ts."""

    def __init__(self, **described: object) -> None:
        self.numbers = count(1)
        self.lines: list[str] = []
        self.write({"sessionId": "s", "projectHash": "h", "kind": "main"} | described)

    def write(self, record: dict[str, object]) -> None:
        self.lines.append(json.dumps(record))

    def say(self, kind: str, content: object, **fields: object) -> dict[str, object]:
        number = next(self.numbers)
        stamp = f"2026-01-02T03:04:{number:02d}.000Z"
        message = {"id": f"m{number}", "timestamp": stamp, "type": kind, "content": content} | fields
        self.write(message)
        return message

    def user(self, words: str) -> dict[str, object]:
        return self.say("user", [{"text": words}])

    def answer(self, words: str, **fields: object) -> dict[str, object]:
        told = {"model": "gemini-2.5-pro", "thoughts": [{"subject": "Hm."}], "tokens": TOKENS}
        return self.say("gemini", words, **(told | fields))

    def items(self, name: str = NAME) -> list[Item]:
        return list(FORMAT.read(FileSource(name, "\n".join(self.lines).encode())))

    def spans(self, name: str = NAME) -> list[Span]:
        return spans_of(self.items(name))


def call(name: str, result: object, **fields: object) -> dict[str, object]:
    return {"id": "c", "name": name, "args": {"path": "a"}, "result": result, "status": "success"} | fields


def shape(prefix: Prefix | None) -> list[tuple[str, str]]:
    return [(link.segment.kind.value, link.segment.name) for link in links(prefix)]


def kinds(span: Span) -> list[str]:
    return [kind for kind, _ in shape(span.step.prefix)]


# Calls


def test_what_a_call_tells_of_itself() -> None:
    scene = Scene(directories=["/home/dev/shop"])
    scene.user("Ask.")
    scene.answer("One.")
    (span,) = scene.spans()
    usage = span.charges[0].usage
    assert (usage.uncached_input_tokens, usage.cache_read_input_tokens) == (205, 800)
    assert (usage.output_tokens, usage.reasoning_tokens) == (90, 40)
    assert (span.step.session, span.step.agent, span.response_id) == ("s", "", "s:m2")
    assert (span.step.model, span.step.provider, span.step.turn) == ("gemini-2.5-pro", "google", 1)
    assert span.step.at_ns == instant.from_iso("2026-01-02T03:04:01Z")
    assert span.ended_ns == instant.from_iso("2026-01-02T03:04:02Z")
    assert span.attributes == (("project", "/home/dev/shop"),)
    assert span.usage_rule == "promptTokenCount includes cached tokens"


def test_a_message_written_again_is_one_call_as_it_was_last() -> None:
    scene = Scene()
    scene.user("Look.")
    answer = scene.answer("I look.", tokens=None)
    scene.write(answer | {"tokens": TOKENS})
    ran = call("read_file", [{"text": "found"}], timestamp="2026-01-02T03:04:30Z")
    scene.write(answer | {"tokens": TOKENS, "toolCalls": [ran]})
    scene.answer("Seen.")
    first, second = scene.spans()
    assert [(segment.kind.value, segment.name) for segment in first.output] == [
        ("assistant", ""),
        ("tool_call", "read_file"),
    ]
    assert shape(second.step.prefix) == [
        ("task", ""),
        ("assistant", ""),
        ("tool_call", "read_file"),
        ("tool_result", "read_file"),
    ]
    assert second.step.at_ns == instant.from_iso("2026-01-02T03:04:30Z")


def test_messages_without_tokens_are_no_calls() -> None:
    scene = Scene()
    scene.say("info", "Signed in.")
    scene.user("Ask.")
    scene.answer("One.", tokens=None)
    scene.say("error", "Quota.")
    scene.user("Ask again.")
    scene.answer("Two.")
    (span,) = scene.spans()
    assert kinds(span) == ["task", "assistant", "user"]


def test_a_sub_agent_belongs_to_the_session_it_lies_under() -> None:
    scene = Scene(sessionId="sub", kind="subagent")
    scene.user("Look.")
    scene.answer("Seen.")
    (span,) = scene.spans("/home/dev/.gemini/tmp/hash/chats/parent/sub.jsonl")
    assert (span.step.session, span.step.agent) == ("parent", "sub")


# Changes


def test_what_was_taken_back_stays_billed_and_is_not_sent() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer("One.")
    back = scene.user("Wrong.")
    scene.answer("Two.")
    scene.write({"$rewindTo": back["id"]})
    scene.user("Right.")
    scene.answer("Three.")
    spans = scene.spans()
    assert len(spans) == 3
    assert kinds(spans[2]) == ["task", "assistant", "user"]
    assert spans[2].step.turn == 2


def test_taking_back_what_is_not_there_takes_back_everything() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer("One.")
    scene.write({"$rewindTo": "gone"})
    scene.user("Ask.")
    scene.answer("Two.")
    assert kinds(scene.spans()[1]) == ["task"]


def test_a_replaced_history_is_the_context_and_not_billed_again() -> None:
    scene = Scene()
    scene.user("Ask.")
    answer = scene.answer("One.")
    summary = {"id": "sum", "type": "user", "content": [{"text": "Asked and answered."}]}
    scene.write({"$set": {"messages": [summary, answer], "lastUpdated": "now"}})
    scene.write({"$set": {"lastUpdated": "now"}})
    scene.user("Go on.")
    scene.answer("Two.")
    spans = scene.spans()
    assert [span.response_id for span in spans] == ["s:m2", "s:m4"]
    assert kinds(spans[1]) == ["user", "assistant", "user"]


def test_results_in_a_message_of_their_own_count_once() -> None:
    scene = Scene()
    scene.user("Look.")
    called = [{"text": "I look."}, {"functionCall": {"name": "read_file", "args": {"path": "a"}}}]
    scene.say(
        "gemini",
        called,
        model="gemini-2.5-pro",
        tokens=TOKENS,
        toolCalls=[call("read_file", [{"text": "found"}])],
    )
    scene.say("user", [{"functionResponse": {"name": "read_file", "response": {"output": "found"}}}])
    scene.answer("Seen.")
    spans = scene.spans()
    assert kinds(spans[1]) == ["task", "assistant", "tool_call", "tool_result"]
    assert spans[1].step.turn == 1


def test_what_the_program_says_in_the_users_name_asks_nothing() -> None:
    scene = Scene()
    scene.user("<session_context>cwd: /</session_context>")
    scene.user("Ask.")
    scene.answer("One.")
    (span,) = scene.spans()
    assert (kinds(span), span.step.turn) == (["user", "task"], 1)


# The older document


def test_a_document_tells_what_a_log_tells() -> None:
    scene = Scene()
    messages = [
        scene.user("Look."),
        scene.answer("I look.", toolCalls=[call("read_file", [{"text": "found"}])]),
        scene.answer("Seen."),
    ]
    document = {"sessionId": "s", "projectHash": "h", "startTime": "now", "messages": messages}
    source = FileSource(NAME.replace(".jsonl", ".json"), json.dumps(document, indent=2).encode())
    assert FORMAT.recognise(source.sample()) is Match.LEAD
    spans = spans_of(FORMAT.read(source))
    assert sums(spans) == sums(scene.spans())
    assert [shape(span.step.prefix) for span in spans] == [shape(span.step.prefix) for span in scene.spans()]
    content = source.document()
    for segment in spans[0].output:
        json.loads(content[segment.offset : segment.offset + segment.length])


# Recognition and bad input


def test_chats_are_recognised_and_nothing_recorded_elsewhere(recorded: Callable[[str], Path]) -> None:
    scene = Scene()
    assert FORMAT.recognise(FileSource(NAME, scene.lines[0].encode()).sample()) is Match.LEAD
    shared = recorded("claude-code-sessions").parent
    taken = [
        path
        for path in sorted(shared.rglob("*.gz"))
        if FORMAT.recognise(FileSource.of(path).sample()) is not Match.NO
    ]
    assert taken == []


@pytest.mark.parametrize("tokens", [{"input": -1, "output": 5}, {"input": "many"}, 5])
def test_impossible_counts_are_told(tokens: object) -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer("One.", tokens=tokens)
    scene.user("Go on.")
    scene.answer("Two.")
    items = scene.items()
    assert [type(item) for item in others_of(items)] == [Skipped]
    assert len(spans_of(items)) == 1


def test_damaged_lines_are_told_and_the_rest_is_read() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.lines.append('{"id": "m9", "type": "gem')
    scene.answer("One.")
    items = scene.items()
    assert [type(item) for item in others_of(items)] == [Skipped]
    assert kinds(spans_of(items)[0]) == ["task"]
    assert [type(item) for item in FORMAT.read(FileSource("a.json", b'{\n "sessionId": "s",\n "mess'))] == [
        Skipped
    ]


@given(
    st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from([b"{}", b"[]", b'{"$rewindTo":"x"}'])), max_size=8
    )
)
def test_no_bytes_make_the_reader_fail(lines: list[bytes]) -> None:
    assert spans_of(FORMAT.read(FileSource("a.jsonl", b"\n".join(lines)))) == []
