import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.prefix import Prefix, links
from farthing.span import Span
from farthing.traces import codex, instant
from farthing.traces.source import Dropped, Item, Match, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import counted, items_of, others_of, spans_of, sums
from tests.truth import codex_rollouts as truth

FORMAT = codex.FORMAT
HERE = Path(__file__).parents[1] / "data" / "codex-rollouts"
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Scene:
    """A rollout in the making; `pause_s` is how long each record comes after the last."""

    def __init__(self, **meta: object) -> None:
        self.lines: list[str] = []
        self.now = START
        self.total = dict.fromkeys(("input_tokens", "cached_input_tokens", "output_tokens"), 0)
        self.add("session_meta", {"id": "thread", "cwd": "/home/dev", "model_provider": "openai"} | meta)

    def add(self, kind: str, payload: object, *, pause_s: float = 1.0, **fields: object) -> str:
        self.now += timedelta(seconds=pause_s)
        stamp = self.now.isoformat().replace("+00:00", "Z")
        self.lines.append(json.dumps({"timestamp": stamp, "type": kind, "payload": payload} | fields))
        return stamp

    def item(self, kind: str, pause_s: float = 1.0, **fields: object) -> str:
        return self.add("response_item", {"type": kind} | fields, pause_s=pause_s)

    def user(self, words: str, pause_s: float = 1.0) -> str:
        content = [{"type": "input_text", "text": words}]
        return self.item("message", pause_s, role="user", content=content)

    def says(self, words: str) -> str:
        return self.item("message", role="assistant", content=[{"type": "output_text", "text": words}])

    def call(self, call_id: str, name: str = "shell") -> None:
        self.item("function_call", name=name, arguments="{}", call_id=call_id)

    def result(self, call_id: str, output: str = "ok") -> str:
        return self.item("function_call_output", call_id=call_id, output=output)

    def context(self, model: str = "gpt-5.1-codex", **fields: object) -> None:
        self.add("turn_context", {"model": model, "effort": "high", "cwd": "/home/dev"} | fields)

    def count(self, given: int = 100, cached: int = 40, made: int = 10, pause_s: float = 1.0) -> str:
        """Tell that one more call was made."""
        last = {"input_tokens": given, "cached_input_tokens": cached, "output_tokens": made}
        self.total = {name: value + last[name] for name, value in self.total.items()}
        return self.tell(last, pause_s)

    def tell(self, last: dict[str, int] | None = None, pause_s: float = 1.0) -> str:
        """Tell the running total as it is."""
        info = {"total_token_usage": self.total, "last_token_usage": last}
        return self.add("event_msg", {"type": "token_count", "info": info}, pause_s=pause_s)

    def items(self) -> list[Item]:
        return list(FORMAT.read(FileSource("rollout-x.jsonl", "\n".join(self.lines).encode())))

    def spans(self) -> list[Span]:
        return spans_of(self.items())


def kinds(prefix: Prefix | None) -> list[str]:
    return [link.segment.kind.value for link in links(prefix)]


def said(span: Span) -> list[str]:
    return [segment.kind.value for segment in span.output]


# Real files


def test_the_totals_agree_with_an_independent_count(recorded: Callable[[str], Path]) -> None:
    folder = recorded("codex-rollouts")
    items = [item for path in sorted(folder.rglob("*.gz")) for item in items_of(FORMAT, path)]
    assert sums(spans_of(items)) == counted(truth.count(folder))
    assert others_of(items) == []


def test_each_real_step_holds_the_one_before_and_its_answer() -> None:
    spans = spans_of(items_of(FORMAT, next(HERE.glob("*.gz"))))
    assert len(spans) == 39
    assert kinds(spans[0].step.prefix) == ["user", "task"]
    for before, after in pairwise(spans):
        assert before.step.prefix is not None
        assert said(before)[-1] == "tool_call"
        chain = links(after.step.prefix)
        assert chain[before.step.prefix.depth - 1] is before.step.prefix
        resent = tuple(link.segment for link in chain[before.step.prefix.depth :])
        assert resent[: len(before.output)] == before.output
        assert [segment.kind.value for segment in resent[len(before.output) :]] == ["tool_result"]


def test_what_a_real_step_tells_of_itself() -> None:
    first = spans_of(items_of(FORMAT, next(HERE.glob("*.gz"))))[0]
    assert (first.step.model, first.step.provider) == ("gpt-5.1-codex", "openai")
    assert first.step.session == "019a93b9-f380-7600-98ff-940e6b99603c"
    assert first.step.parameters == (("effort", "high"),)
    assert first.step.at_ns == instant.from_iso("2025-11-17T21:32:46.911Z")
    assert first.ended_ns == instant.from_iso("2025-11-17T21:32:50.526Z")
    assert dict(first.attributes)["git_branch"] == "main"


def test_real_segments_can_be_quoted_from_where_they_stand() -> None:
    source = FileSource.of(next(HERE.glob("*.gz")))
    content = source.document()
    for span in spans_of(FORMAT.read(source)):
        for segment in span.output:
            json.loads(content[segment.offset : segment.offset + segment.length])


# Counters


def test_an_unchanged_total_is_no_call() -> None:
    scene = Scene()
    scene.context()
    scene.user("Ask.")
    scene.count()
    scene.says("One.")
    scene.tell()
    scene.add("event_msg", {"type": "token_count", "info": None})
    assert sums(scene.spans()) | {"steps": 1} == sums([]) | {
        "steps": 1,
        "uncached_input_tokens": 60,
        "cache_read_input_tokens": 40,
        "output_tokens": 10,
    }


def test_a_total_that_went_down_is_a_new_start() -> None:
    scene = Scene()
    scene.context()
    scene.user("Ask.")
    scene.count(1_000, 0, 100)
    scene.total = dict.fromkeys(scene.total, 0)
    scene.count(50, 0, 5)
    assert [sums([span])["uncached_input_tokens"] for span in scene.spans()] == [1_000, 50]


def test_written_tokens_are_part_of_the_input() -> None:
    scene = Scene()
    scene.context()
    scene.total["cache_write_input_tokens"] = 0
    scene.user("Ask.")
    scene.total |= {
        "input_tokens": 100,
        "cached_input_tokens": 40,
        "output_tokens": 10,
        "cache_write_input_tokens": 30,
    }
    scene.tell()
    found = sums(scene.spans())
    assert found["uncached_input_tokens"] == 30
    assert found["cache_creation_other_input_tokens"] == 30


def test_a_response_told_by_its_id_is_counted_by_it_alone() -> None:
    scene = Scene()
    scene.context()
    scene.user("Ask.")
    for number in (1, 2):
        scene.says("One.")
        record = {
            "usage": {"input_tokens": 100, "output_tokens": 10},
            "response_id": f"resp_{number}",
            "thread_id": "thread",
        }
        scene.add("token_usage_record", record)
        scene.count(100, 0, 10)
        scene.user("Go on.")
    spans = scene.spans()
    assert [(span.response_id, said(span)) for span in spans] == [
        ("resp_1", ["assistant"]),
        ("resp_2", ["assistant"]),
    ]


def test_a_total_told_before_the_first_id_is_the_same_call() -> None:
    scene = Scene()
    scene.context()
    scene.user("Ask.")
    scene.says("One.")
    scene.count(100, 0, 10)
    scene.add(
        "token_usage_record", {"usage": {"input_tokens": 100, "output_tokens": 10}, "response_id": "resp_1"}
    )
    assert len(scene.spans()) == 1


@pytest.mark.parametrize("bad", [{"input_tokens": -5}, {"input_tokens": "many"}])
def test_impossible_counts_are_told(bad: dict[str, object]) -> None:
    scene = Scene()
    scene.context()
    scene.user("Ask.")
    scene.add("token_usage_record", {"usage": bad, "response_id": "resp_1"})
    scene.user("Go on.")
    assert [type(item) for item in scene.items()] == [Skipped]


def test_a_model_named_late_is_the_model_of_the_call_before() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.count()
    scene.says("One.")
    scene.context("gpt-5.5")
    scene.user("Go on.")
    assert [span.step.model for span in scene.spans()] == ["gpt-5.5"]


# Answers on either side of their count


def test_a_count_may_stand_behind_its_answer() -> None:
    scene = Scene()
    scene.context()
    asked = scene.user("Ask.")
    scene.item("reasoning", encrypted_content="xyz", summary=[])
    scene.call("c1")
    ended = scene.count()
    scene.result("c1")
    scene.says("Done.")
    scene.count(200, 150, 20)
    first, second = scene.spans()
    assert (kinds(first.step.prefix), said(first)) == (["task"], ["reasoning", "tool_call"])
    assert kinds(second.step.prefix) == ["task", "reasoning", "tool_call", "tool_result"]
    assert said(second) == ["assistant"]
    assert (first.step.at_ns, first.ended_ns) == (instant.from_iso(asked), instant.from_iso(ended))


def test_a_count_may_stand_before_its_answer() -> None:
    scene = Scene()
    scene.context()
    scene.user("Ask.")
    scene.count()
    scene.call("c1")
    scene.result("c1")
    scene.tell()
    scene.count(200, 150, 20)
    scene.says("Done.")
    first, second = scene.spans()
    assert (kinds(first.step.prefix), said(first)) == (["task"], ["tool_call"])
    assert (kinds(second.step.prefix), said(second)) == (["task", "tool_call", "tool_result"], ["assistant"])


def test_a_call_that_left_no_items_does_not_take_the_next_answer() -> None:
    scene = Scene()
    scene.context()
    scene.user("Ask.")
    scene.says("One.")
    scene.count()
    scene.count(500, 0, 50)
    scene.user("Go on.")
    scene.says("Two.")
    scene.count(200, 0, 20)
    assert [said(span) for span in scene.spans()] == [["assistant"], [], ["assistant"]]


# Context


def test_instructions_and_tools_of_the_client_stand_first() -> None:
    tools = [{"name": "lookup", "description": "Finds.", "inputSchema": {}}]
    scene = Scene(base_instructions={"text": "You are Codex."}, dynamic_tools=tools)
    scene.context()
    scene.item("message", role="developer", content=[{"type": "input_text", "text": "Rules."}])
    scene.user("<environment_context>\n</environment_context>")
    scene.user("Ask.")
    scene.count()
    (span,) = scene.spans()
    assert kinds(span.step.prefix) == ["tools", "system", "system", "user", "task"]
    assert links(span.step.prefix)[0].segment.name == "lookup"
    assert span.step.turn == 1


def test_a_compaction_starts_again_from_what_it_left() -> None:
    scene = Scene(base_instructions={"text": "You are Codex."})
    scene.context()
    scene.user("Ask.")
    scene.says("One.")
    scene.count()
    left = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Ask."}]},
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Summary: all done."}],
        },
    ]
    scene.add("compacted", {"message": "all done.", "replacement_history": left})
    scene.user("Go on.")
    scene.says("Two.")
    scene.count()
    assert kinds(scene.spans()[1].step.prefix) == ["system", "user", "summary", "user"]


def test_a_compaction_without_a_list_leaves_its_summary() -> None:
    scene = Scene()
    scene.context()
    scene.user("Ask.")
    scene.says("One.")
    scene.count()
    scene.add("compacted", {"message": "all done."})
    scene.user("Go on.")
    scene.says("Two.")
    scene.count()
    assert kinds(scene.spans()[1].step.prefix) == ["summary", "user"]


def test_turns_that_were_taken_back_are_not_sent() -> None:
    scene = Scene()
    scene.context()
    for words in ("Ask.", "Ask more.", "Ask again."):
        scene.user(words)
        scene.says("Said.")
        scene.count()
    scene.add("event_msg", {"type": "thread_rolled_back", "num_turns": 2})
    scene.user("Ask otherwise.")
    scene.says("Said.")
    scene.count()
    last = scene.spans()[-1]
    assert kinds(last.step.prefix) == ["task", "assistant", "user"]
    assert last.step.turn == 2


def test_snapshots_of_the_working_tree_are_not_sent() -> None:
    scene = Scene()
    scene.context()
    scene.user("Ask.")
    scene.item("ghost_snapshot", ghost_commit={"id": "x"})
    scene.says("One.")
    scene.count()
    assert kinds(scene.spans()[0].step.prefix) == ["task"]


# Sub-agents and forks


def test_a_sub_agent_belongs_to_its_parent() -> None:
    spawn = {"parent_thread_id": "parent", "depth": 1, "agent_role": "explorer"}
    scene = Scene(source={"subagent": {"thread_spawn": spawn}})
    scene.context()
    scene.user("Look.")
    scene.says("Seen.")
    scene.count()
    (span,) = scene.spans()
    assert (span.step.session, span.step.agent, span.step.agent_label) == ("parent", "thread", "explorer")
    assert not span.replayed


@pytest.mark.parametrize("meta", [{"forked_from_id": "origin"}, {}])
def test_counts_that_a_fork_copied_are_left_out(meta: dict[str, object]) -> None:
    scene = Scene(**meta)
    scene.add("session_meta", {"id": "origin"})
    scene.user("Ask.", pause_s=60)
    for _ in range(3):
        scene.count(1_000, 0, 100, pause_s=0.001)
    scene.user("Go on.", pause_s=0.001)
    scene.context()
    scene.says("Done.")
    scene.count(2_000, 0, 200)
    items = scene.items()
    assert sums(spans_of(items))["uncached_input_tokens"] == 2_000
    assert kinds(spans_of(items)[0].step.prefix) == ["task", "user"]
    assert others_of(items) == [Dropped("counts that a fork or a sub-agent copied from its origin", 3)]


def test_a_copy_may_be_told_by_its_place() -> None:
    scene = Scene(parent_thread_id="parent", subagent_history_start_ordinal=3)
    scene.context()
    scene.user("Ask.")
    total = {"total_token_usage": {"input_tokens": 1_000}}
    scene.add("event_msg", {"type": "token_count", "info": total}, ordinal=2)
    total = {"total_token_usage": {"input_tokens": 1_500}}
    scene.add("event_msg", {"type": "token_count", "info": total}, ordinal=3)
    assert sums(scene.spans())["uncached_input_tokens"] == 500


def test_a_copied_response_keeps_its_id_and_its_session() -> None:
    scene = Scene(forked_from_id="origin")
    scene.context()
    scene.user("Ask.")
    scene.add(
        "token_usage_record", {"usage": {"input_tokens": 9}, "response_id": "r1", "thread_id": "origin"}
    )
    scene.add(
        "token_usage_record", {"usage": {"input_tokens": 8}, "response_id": "r2", "thread_id": "thread"}
    )
    assert [(span.response_id, span.replayed, span.step.session) for span in scene.spans()] == [
        ("r1", True, "origin"),
        ("r2", False, "thread"),
    ]


# Recognition and bad input


def test_rollouts_are_recognised_and_nothing_else(recorded: Callable[[str], Path]) -> None:
    shared = recorded("codex-rollouts").parent
    found = {
        path.parent.name
        for path in sorted(shared.rglob("*.gz"))
        if FORMAT.recognise(FileSource.of(path).sample()) is not Match.NO
    }
    assert found == {"codex-rollouts"}


def test_a_first_line_longer_than_the_sample_is_recognised() -> None:
    scene = Scene(base_instructions={"text": "long " * 50_000})
    assert FORMAT.recognise(FileSource("a.jsonl", scene.lines[0].encode()).sample()) is Match.LEAD
    assert FORMAT.recognise(FileSource("a.jsonl", b"x" * 100_000).sample()) is Match.NO


def test_damaged_records_are_told_and_the_rest_is_read() -> None:
    scene = Scene()
    scene.context()
    scene.user("Ask.")
    scene.lines.append('{"timestamp": "2026-01-02T03:04:05Z", "type": "resp')
    scene.lines.append('{"type": "session_meta", "payload": 5}')
    scene.lines.append('{"type": "event_msg", "payload": {"type": "token_count", "info": "none"}}')
    scene.says("One.")
    scene.count()
    items = scene.items()
    assert [type(item) for item in others_of(items)] == [Skipped] * 3
    assert kinds(spans_of(items)[0].step.prefix) == ["task"]


@given(
    st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from([b"{}", b"[]", b'{"type":"compacted"}'])),
        max_size=8,
    )
)
def test_no_bytes_make_the_reader_fail(lines: list[bytes]) -> None:
    items = list(FORMAT.read(FileSource("a.jsonl", b"\n".join(lines))))
    assert spans_of(items) == []


def test_every_cut_of_a_real_file_is_read_to_the_cut() -> None:
    source = FileSource.of(next(HERE.glob("*.gz")))
    content = source.document()
    whole = [span.response_id for span in spans_of(FORMAT.read(source))]
    for size in range(0, len(content), 20_011):
        cut = spans_of(FORMAT.read(FileSource(source.name, content[:size])))
        assert [span.response_id for span in cut] == whole[: len(cut)]
