import json
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.prefix import Prefix, links
from farthing.span import Span
from farthing.traces import instant, pi
from farthing.traces.source import Item, Match, Note, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import counted, items_of, others_of, spans_of, sums
from tests.truth import pi_coding_agent_sessions as truth

FORMAT = pi.FORMAT
LARGE = Path(__file__).parents[1] / "data" / "pi-coding-agent-sessions" / "large-session.jsonl.gz"
USAGE = {"input": 3, "output": 50, "cacheRead": 100, "cacheWrite": 30, "cost": {"total": 0.1}}


class Scene:
    """A session in the making. Entries have ids and parents unless it is `old`."""

    def __init__(self, *, old: bool = False, **header: object) -> None:
        self.old = old
        self.last: str | None = None
        self.numbers = count(1)
        described = {
            "type": "session",
            "id": "s",
            "cwd": "/home/dev",
            "timestamp": "2026-01-02T03:04:00.000Z",
        }
        self.lines = [json.dumps(described | header)]

    def add(self, kind: str, **fields: object) -> str:
        number = next(self.numbers)
        entry = {"type": kind, "timestamp": f"2026-01-02T03:04:{number:02d}.000Z"}
        if not self.old:
            entry |= {"id": f"e{number}", "parentId": self.last}  # type: ignore[dict-item]
        self.lines.append(json.dumps(entry | fields))
        self.last = f"e{number}"
        return self.last

    def says(self, role: str, content: object, **fields: object) -> str:
        names = {"parentId": "parentId", "at": "timestamp"}
        own = {names[name]: fields.pop(name) for name in names if name in fields}
        return self.add("message", message={"role": role, "content": content} | fields, **own)

    def user(self, words: str, **fields: object) -> str:
        return self.says("user", [{"type": "text", "text": words}], **fields)

    def answer(self, *blocks: dict[str, object], **fields: object) -> str:
        told = {
            "provider": "anthropic",
            "model": "claude-opus-4-5",
            "usage": USAGE,
            "stopReason": "stop",
        } | fields
        return self.says("assistant", list(blocks), **told)

    def result(self, call: str, words: str) -> str:
        return self.says("toolResult", [{"type": "text", "text": words}], toolCallId=call, toolName="read")

    def items(self) -> list[Item]:
        return list(FORMAT.read(FileSource("s.jsonl", "\n".join(self.lines).encode())))

    def spans(self) -> list[Span]:
        return spans_of(self.items())


def text(words: str) -> dict[str, object]:
    return {"type": "text", "text": words}


def call(call_id: str, name: str = "read") -> dict[str, object]:
    return {"type": "toolCall", "id": call_id, "name": name, "arguments": {"path": "a"}}


def shape(prefix: Prefix | None) -> list[tuple[str, str]]:
    return [(link.segment.kind.value, link.segment.name) for link in links(prefix)]


def kinds(span: Span) -> list[str]:
    return [kind for kind, _ in shape(span.step.prefix)]


# Real files


def test_the_totals_agree_with_an_independent_count(recorded: Callable[[str], Path]) -> None:
    folder = recorded("pi-coding-agent-sessions")
    items = [item for path in sorted(folder.rglob("*.gz")) for item in items_of(FORMAT, path)]
    spans = spans_of(items)
    assert sums(spans) == counted(truth.count(folder))
    assert sum(span.reported_cost_picousd or 0 for span in spans) == 72_926_105_200_000
    assert others_of(items) == [
        Note("pi does not record the calls that wrote the summaries of 2 compactions")
    ]


def test_each_real_step_holds_the_one_before_and_its_answer() -> None:
    spans = spans_of(items_of(FORMAT, LARGE))
    for before, after in pairwise(spans):
        assert before.step.prefix is not None
        chain = links(after.step.prefix)
        assert chain[before.step.prefix.depth - 1] is before.step.prefix
        assert (
            tuple(link.segment for link in chain[before.step.prefix.depth :])[: len(before.output)]
            == before.output
        )


def test_a_real_compaction_keeps_its_tail(recorded: Callable[[str], Path]) -> None:
    spans = spans_of(items_of(FORMAT, recorded("pi-coding-agent-sessions") / "before-compaction.jsonl.gz"))
    cuts = [after for before, after in pairwise(spans) if before.step.prefix and after.step.prefix
            and after.step.prefix.depth < before.step.prefix.depth]  # fmt: skip
    assert [kinds(span)[:2] for span in cuts] == [["summary", "user"]] * 2
    assert [span.step.prefix.depth for span in cuts if span.step.prefix] == [91, 98]


def test_real_segments_can_be_quoted_from_where_they_stand() -> None:
    source = FileSource.of(LARGE)
    content = source.document()
    for span in spans_of(FORMAT.read(source)):
        for segment in span.output:
            json.loads(content[segment.offset : segment.offset + segment.length])


# Calls


def test_what_a_call_tells_of_itself() -> None:
    scene = Scene()
    scene.add("thinking_level_change", thinkingLevel="high")
    scene.user("Ask.")
    scene.answer(text("One."), responseId="msg_1", timestamp=None)
    (span,) = scene.spans()
    assert (span.response_id, span.finish, span.step.session, span.step.turn) == ("msg_1", "stop", "s", 1)
    assert (span.step.provider, span.step.parameters) == ("anthropic", (("thinking", "high"),))
    assert span.reported_cost_picousd == 100_000_000_000
    assert span.step.at_ns == instant.from_iso("2026-01-02T03:04:02Z")
    assert span.ended_ns == instant.from_iso("2026-01-02T03:04:03Z")
    assert sums([span])["cache_creation_other_input_tokens"] == 30


def test_answers_without_counts_are_no_calls() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer(usage={"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0}, stopReason="aborted")
    scene.user("Ask again.")
    scene.answer(text("One."), stopReason="aborted")
    (span,) = scene.spans()
    assert (kinds(span), span.finish) == (["task", "user"], "aborted")


def test_a_copy_is_known_by_its_bytes_and_marked() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer(text("One."))
    origin = scene.spans()
    copied = Scene(parentSession="/s.jsonl", timestamp="2026-01-02T03:05:00.000Z")
    copied.lines += scene.lines[1:]
    copied.last = scene.last
    copied.user("Go on.", at="2026-01-02T03:06:00.000Z")
    copied.answer(text("Two."), at="2026-01-02T03:06:01.000Z")
    assert [span.replayed for span in copied.spans()] == [True, False]
    assert copied.spans()[0].response_id == origin[0].response_id


# Context


@pytest.mark.parametrize("old", [False, True])
def test_results_are_named_by_their_tool(old: bool) -> None:
    scene = Scene(old=old)
    scene.user("Look.")
    scene.answer({"type": "thinking", "thinking": "Hm."}, call("t1"))
    scene.result("t1", "found")
    scene.answer(text("Seen."))
    assert shape(scene.spans()[1].step.prefix) == [
        ("task", ""),
        ("reasoning", ""),
        ("tool_call", "read"),
        ("tool_result", "read"),
    ]


def test_a_branch_holds_its_own_way_and_what_was_left_behind_as_a_summary() -> None:
    scene = Scene()
    asked = scene.user("Ask.")
    scene.answer(text("One."))
    scene.user("Left.")
    scene.answer(text("Left."))
    scene.add("branch_summary", parentId=asked, summary="Left was bad.", fromId="e4")
    scene.user("Right.")
    scene.answer(text("Right."))
    assert kinds(scene.spans()[-1]) == ["task", "summary", "user"]


def test_what_extensions_and_the_users_own_commands_add() -> None:
    scene = Scene()
    scene.add("custom", customType="x", data={})
    scene.add("custom_message", content="Injected.", customType="x", display=True)
    scene.add("message", message={"role": "bashExecution", "command": "ls", "output": "a"})
    scene.add(
        "message",
        message={"role": "bashExecution", "command": "ls", "output": "a", "excludeFromContext": True},
    )
    scene.user("Ask.")
    scene.answer(text("One."))
    assert kinds(scene.spans()[0]) == ["user", "user", "user", "task"]


def test_a_compaction_by_id_keeps_its_tail() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer(text("One."))
    kept = scene.user("Keep this.")
    scene.answer(text("And this."))
    scene.add("compaction", summary="Asked.", firstKeptEntryId=kept, tokensBefore=100)
    scene.user("Go on.")
    scene.answer(text("Two."))
    assert kinds(scene.spans()[-1]) == ["summary", "user", "assistant", "user"]
    assert scene.spans()[-1].step.turn == 3


def test_a_compaction_that_keeps_what_is_not_there_keeps_its_summary() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer(text("One."))
    scene.add("compaction", summary="Asked.", firstKeptEntryId="gone", tokensBefore=100)
    scene.user("Go on.")
    scene.answer(text("Two."))
    assert kinds(scene.spans()[-1]) == ["summary", "user"]


# Recognition and bad input


def test_sessions_are_recognised_and_nothing_else(recorded: Callable[[str], Path]) -> None:
    shared = recorded("pi-coding-agent-sessions").parent
    found = {
        path.parent.name
        for path in sorted(shared.rglob("*.gz"))
        if FORMAT.recognise(FileSource.of(path).sample()) is not Match.NO
    }
    assert found == {"pi-coding-agent-sessions"}


@pytest.mark.parametrize("usage", [{"input": -1, "output": 5}, {"input": "many"}, 5])
def test_impossible_counts_are_told(usage: object) -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer(text("One."), usage=usage)
    scene.user("Go on.")
    scene.answer(text("Two."))
    items = scene.items()
    assert [type(item) for item in others_of(items)] == [Skipped]
    assert len(spans_of(items)) == 1


def test_damaged_entries_are_told_and_the_rest_is_read() -> None:
    scene = Scene(old=True)
    scene.user("Ask.")
    scene.lines += ["", '{"type": "message", "mess']
    scene.answer(text("One."))
    items = scene.items()
    assert [type(item) for item in others_of(items)] == [Skipped]
    assert kinds(spans_of(items)[0]) == ["task"]


@given(
    st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from([b"{}", b"[]", b'{"type":"compaction"}'])),
        max_size=8,
    )
)
def test_no_bytes_make_the_reader_fail(lines: list[bytes]) -> None:
    assert spans_of(FORMAT.read(FileSource("a.jsonl", b"\n".join(lines)))) == []
