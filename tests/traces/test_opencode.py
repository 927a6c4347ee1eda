import json
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.prefix import Prefix, links
from farthing.span import Span
from farthing.traces import instant, opencode
from farthing.traces.source import Item, Match, Note, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import items_of, others_of, spans_of, sums

FORMAT = opencode.FORMAT
BASIC = Path(__file__).parents[1] / "data" / "langsmith-sdk-runs" / "ses_basic.jsonl.gz"
TOKENS = {"input": 60, "output": 10, "reasoning": 0, "cache": {"read": 40, "write": 5}}
TITLE = Note("opencode called gpt-5-nano beside the session, and its usage was not recorded")


class Scene:
    """The messages of a session, which are then told as events or as an export."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.messages: list[tuple[dict[str, object], list[dict[str, object]]]] = []

    def user(self, *parts: dict[str, object], **info: object) -> None:
        self._message({"role": "user"} | info, parts)

    def answer(self, *parts: dict[str, object], **info: object) -> None:
        own = {"role": "assistant", "providerID": "anthropic", "modelID": "claude-opus-4-8", "agent": "build"}
        self._message(own | info, parts)

    def _message(self, info: dict[str, object], parts: tuple[dict[str, object], ...]) -> None:
        number = next(self.numbers)
        key = f"msg_{number}"
        told = {"id": key, "sessionID": "ses_1", "time": {"created": number * 1_000}} | info
        named = [
            {"id": f"prt_{next(self.numbers)}", "messageID": key, "sessionID": "ses_1"} | part
            for part in parts
        ]
        self.messages.append((told, named))

    def events(self, *first: dict[str, object]) -> list[Item]:
        lines = [json.dumps(event) for event in first]
        for info, parts in self.messages:
            lines.append(json.dumps(event("message.updated", info=info)))
            lines += [json.dumps(event("message.part.updated", part=part)) for part in parts]
        return read("\n".join(lines), "events.jsonl")

    def export(self, **session: object) -> list[Item]:
        messages = [{"info": info, "parts": parts} for info, parts in self.messages]
        document = {"info": {"id": "ses_1", "directory": "/home/dev"} | session, "messages": messages}
        return read(json.dumps(document, indent=2), "export.json")


def read(content: str, name: str) -> list[Item]:
    return list(FORMAT.read(FileSource(name, content.encode())))


def event(kind: str, **properties: object) -> dict[str, object]:
    return {"type": kind, "properties": {"sessionID": "ses_1"} | properties}


def text(words: str, **more: object) -> dict[str, object]:
    return {"type": "text", "text": words} | more


def tool(name: str, output: str, **state: object) -> dict[str, object]:
    ran = {"status": "completed", "input": {"path": "a"}, "output": output} | state
    return {"type": "tool", "tool": name, "callID": "c", "state": ran}


def finish(**fields: object) -> dict[str, object]:
    return {"type": "step-finish", "reason": "stop", "tokens": TOKENS, "cost": 0.25} | fields


def shape(prefix: Prefix | None) -> list[tuple[str, str]]:
    return [(link.segment.kind.value, link.segment.name) for link in links(prefix)]


def kinds(span: Span) -> list[str]:
    return [kind for kind, _ in shape(span.step.prefix)]


# Real files


def test_the_totals_are_those_of_the_steps(recorded: Callable[[str], Path]) -> None:
    paths = sorted(recorded("langsmith-sdk-runs").glob("ses_*.gz"))
    items = [item for path in paths for item in items_of(FORMAT, path)]
    known = dict.fromkeys(sums([]), 0)
    for path in paths:
        for line in FileSource.of(path).lines():
            record = json.loads(line.data)
            part = record[1]["event"]["properties"].get("part", {}) if record[0] == "event" else {}
            if part.get("type") == "step-finish":
                tokens = part["tokens"]
                known["steps"] += 1
                known["uncached_input_tokens"] += tokens["input"]
                known["cache_read_input_tokens"] += tokens["cache"]["read"]
                known["output_tokens"] += tokens["output"] + tokens["reasoning"]
    assert known["steps"] == 11
    assert sums(spans_of(items)) == known
    assert others_of(items) == [TITLE, TITLE]


def test_each_real_step_holds_the_one_before_and_its_answer() -> None:
    spans = spans_of(items_of(FORMAT, BASIC))
    assert kinds(spans[0]) == ["tools"] * 14 + ["system", "task"]
    for before, after in pairwise(spans):
        assert before.step.prefix is not None
        chain = links(after.step.prefix)
        assert chain[before.step.prefix.depth - 1] is before.step.prefix
        resent = tuple(link.segment for link in chain[before.step.prefix.depth :])
        assert resent[: len(before.output)] == before.output
        assert {segment.kind.value for segment in resent[len(before.output) :]} == {"tool_result"}


def test_what_a_real_step_tells_of_itself() -> None:
    first = spans_of(items_of(FORMAT, BASIC))[0]
    assert (first.step.model, first.step.provider) == ("big-pickle", "opencode")
    assert first.step.session == "ses_2489703bfffe4fyidcD0PGhHvD"
    assert (first.response_id, first.finish, first.step.turn) == (
        "prt_db7691263001SOB5GIVseNF69S",
        "tool-calls",
        1,
    )
    assert dict(first.attributes) == {"project": "/Users/duongtat/Work/ls-opencode", "version": "1.14.20"}
    assert first.reported_cost_picousd == 0


def test_real_segments_can_be_quoted_from_where_they_stand() -> None:
    source = FileSource.of(BASIC)
    content = source.document()
    for span in spans_of(FORMAT.read(source)):
        for segment in span.output:
            json.loads(content[segment.offset : segment.offset + segment.length])


# Both ways of telling


def conversation() -> Scene:
    scene = Scene()
    scene.user(text("Look."))
    scene.answer(text("I look."), tool("read", "found"), finish(reason="tool-calls"))
    scene.answer(text("Seen."), finish())
    return scene


def test_events_and_an_export_tell_the_same() -> None:
    by_event, by_export = spans_of(conversation().events()), spans_of(conversation().export())
    assert sums(by_event) == sums(by_export)
    for one, other in zip(by_event, by_export, strict=True):
        assert one.response_id == other.response_id
        assert shape(one.step.prefix) == shape(other.step.prefix)
    assert shape(by_export[1].step.prefix) == [
        ("task", ""),
        ("assistant", ""),
        ("tool_call", "read"),
        ("tool_result", "read"),
    ]


def test_events_that_a_run_prints_have_no_model() -> None:
    printed = [
        {
            "type": "step_start",
            "sessionID": "ses_1",
            "part": {"id": "p1", "messageID": "m1", "type": "step-start"},
        },
        {"type": "text", "sessionID": "ses_1", "part": {"id": "p2", "messageID": "m1"} | text("Done.")},
        {"type": "step_finish", "sessionID": "ses_1", "part": {"id": "p3", "messageID": "m1"} | finish()},
    ]
    content = "\n".join(map(json.dumps, printed))
    (span,) = spans_of(read(content, "run.jsonl"))
    assert (span.step.model, span.step.session) == ("", "ses_1")
    assert FORMAT.recognise(FileSource("run.jsonl", content.encode()).sample()) is Match.LEAD


def test_a_sub_agent_belongs_to_its_parent() -> None:
    (first, _) = spans_of(conversation().export(parentID="ses_0"))
    assert (first.step.session, first.step.agent, first.step.agent_label) == ("ses_0", "ses_1", "build")


# Calls and context


def test_a_step_told_twice_counts_once() -> None:
    scene = conversation()
    scene.messages.append(scene.messages[-1])
    assert len(spans_of(scene.events())) == 2


def test_two_steps_of_one_message_are_two_calls() -> None:
    scene = Scene()
    scene.user(text("Look."))
    ran = tool("read", "found", time={"start": 5_000, "end": 7_000})
    scene.answer(ran, finish(), text("Seen.", time={"start": 8_000, "end": 9_000}), finish())
    first, second = spans_of(scene.export())
    assert kinds(second) == ["task", "tool_call", "tool_result"]
    assert (first.step.at_ns, first.ended_ns) == (instant.from_ms(3_000), instant.from_ms(5_000))
    assert (second.step.at_ns, second.ended_ns) == (instant.from_ms(7_000), instant.from_ms(9_000))


@pytest.mark.parametrize(("total", "output"), [(115, 10), (119, 14), (None, 10)])
def test_the_total_tells_whether_reasoning_is_in_the_output(total: int | None, output: int) -> None:
    scene = Scene()
    scene.user(text("Ask."))
    scene.answer(text("One."), finish(tokens=TOKENS | {"reasoning": 4, "total": total}))
    (span,) = spans_of(scene.export())
    usage = span.charges[0].usage
    assert (usage.output_tokens, usage.reasoning_tokens) == (output, 4)


def test_a_compaction_leaves_its_summary() -> None:
    scene = conversation()
    scene.user({"type": "compaction", "auto": True})
    scene.answer(text("All was seen."), finish(), summary=True)
    scene.user(text("Go on."))
    scene.answer(text("Two."), finish())
    spans = spans_of(scene.export())
    assert kinds(spans[2]) == ["task", "assistant", "tool_call", "tool_result", "assistant"]
    assert kinds(spans[3]) == ["summary", "user"]


def test_a_message_that_was_taken_back_is_not_sent() -> None:
    scene = conversation()
    lines = [json.dumps(event("message.updated", info=info)) for info, _ in scene.messages]
    for _, parts in scene.messages:
        lines += [json.dumps(event("message.part.updated", part=part)) for part in parts]
    lines.insert(-2, json.dumps(event("message.removed", messageID=scene.messages[1][0]["id"])))
    spans = spans_of(read("\n".join(lines), "events.jsonl"))
    assert kinds(spans[1]) == ["task"]


def test_what_is_ignored_and_what_was_cut_is_not_sent() -> None:
    scene = Scene()
    scene.user(text("Hidden.", ignored=True), {"type": "file", "url": "data:x"}, text("Ask."))
    scene.answer(text(""), tool("read", "", status="error", error="gone"), finish())
    scene.answer(text("One."), finish())
    spans = spans_of(scene.export())
    assert kinds(spans[0]) == ["media", "task"]
    assert kinds(spans[1]) == ["media", "task", "tool_call", "tool_result"]


def test_another_models_prompt_is_not_the_sessions() -> None:
    def prompt(model: str, words: str) -> list[object]:
        return [
            "experimental.chat.system.transform",
            {"sessionID": "ses_1", "model": {"id": model}},
            {"system": [words]},
        ]

    scene = Scene()
    scene.user(text("Ask."))
    scene.answer(text("One."), finish())
    (asked, asks), (told, parts) = scene.messages
    lines: list[object] = [
        ["event", {"event": event("message.updated", info=info)}] for info in (asked, told)
    ]
    lines.append(prompt("gpt-5-nano", "Make a title."))
    lines.append(["tool.definition", {"toolID": "read"}, {"description": "Reads.", "parameters": {}}])
    lines.append(prompt("claude-opus-4-8", "Be brief."))
    lines += [["event", {"event": event("message.part.updated", part=part)}] for part in asks + parts]
    items = read("\n".join(map(json.dumps, lines)), "plugin.jsonl")
    assert shape(spans_of(items)[0].step.prefix) == [("tools", "read"), ("system", ""), ("task", "")]
    assert others_of(items) == [TITLE]


# Recognition and bad input


def test_streams_are_recognised_and_nothing_else(recorded: Callable[[str], Path]) -> None:
    shared = recorded("langsmith-sdk-runs").parent
    found = {
        path.name
        for path in sorted(shared.rglob("*.gz"))
        if FORMAT.recognise(FileSource.of(path).sample()) is not Match.NO
    }
    assert found == {"ses_basic.jsonl.gz", "ses_editing.jsonl.gz"}


def test_an_export_is_recognised() -> None:
    scene = conversation()
    messages = [{"info": info, "parts": parts} for info, parts in scene.messages]
    document = json.dumps({"info": {"id": "ses_1"}, "messages": messages}, indent=2).encode()
    assert FORMAT.recognise(FileSource("export.json", document).sample()) is Match.LEAD


def test_the_database_is_known_and_the_way_out_is_told() -> None:
    source = FileSource("/home/dev/.local/share/opencode/opencode.db", b"SQLite format 3\0" + bytes(100))
    assert FORMAT.recognise(source.sample()) is Match.LEAD
    (item,) = FORMAT.read(source)
    assert isinstance(item, Skipped)
    assert "opencode export" in item.reason
    assert FORMAT.recognise(FileSource("/other.db", b"SQLite format 3\0").sample()) is Match.NO


@pytest.mark.parametrize("tokens", [{"input": -1}, {"input": "many"}, 5])
def test_impossible_counts_are_told(tokens: object) -> None:
    scene = Scene()
    scene.user(text("Ask."))
    scene.answer(text("One."), finish(tokens=tokens))
    scene.answer(text("Two."), finish())
    for items in (scene.events(), scene.export()):
        assert [type(item) for item in others_of(items)] == [Skipped]
        assert len(spans_of(items)) == 1


def test_damaged_lines_are_told_and_a_damaged_export_too() -> None:
    (info, parts) = conversation().messages[0]
    lines = [json.dumps(event("message.updated", info=info)), '["event", {"ev', '["event"]', '["event", 5]']
    assert [type(item) for item in read("\n".join(lines), "events.jsonl")] == [Skipped] * 3
    assert [type(item) for item in read('{"info": {"id": "ses_1"},\n "mess', "export.json")] == [Skipped]
    assert parts


@given(
    st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([b"{}", b"[]", b'["event",{}]'])), max_size=8)
)
def test_no_bytes_make_the_reader_fail(lines: list[bytes]) -> None:
    assert spans_of(FORMAT.read(FileSource("a.jsonl", b"\n".join(lines)))) == []
