import json
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.prefix import Prefix, links
from farthing.segment import SegmentKind
from farthing.span import Output, Span
from farthing.step import Recorded
from farthing.traces import claude_code, instant
from farthing.traces.source import Dropped, Item, Match, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import counted, items_of, others_of, spans_of, sums
from tests.truth import claude_code_sessions as truth

FORMAT = claude_code.FORMAT
HERE = Path(__file__).parents[1] / "data" / "claude-code-sessions"
SESSION = "326189cf-5676-4237-8cde-1ce80aae4a9f"
OTHER_SESSION = "0d3a8e6f-290f-4105-a327-a2496e5e2a83"


class Scene:
    """A session file in the making. Records hang behind the last one unless another is named."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.last: str | None = None
        self._numbers = count(1)

    def add(self, **fields: object) -> str:
        number = next(self._numbers)
        record = {
            "parentUuid": self.last,
            "isSidechain": False,
            "sessionId": SESSION,
            "uuid": f"uuid-{number}",
            "timestamp": f"2026-01-02T03:04:{number:02d}.000Z",
        } | fields
        self.lines.append(json.dumps(record))
        self.last = str(record["uuid"])
        return self.last

    def user(self, content: object, **fields: object) -> str:
        return self.add(type="user", message={"role": "user", "content": content}, **fields)

    def result(self, call_id: str, content: object, **fields: object) -> str:
        return self.user([returned(call_id, content)], **fields)

    def answer(self, message_id: str, *blocks: dict[str, object], **fields: object) -> str:
        own = {name: fields.pop(name) for name in ("model", "stop_reason", "usage") if name in fields}
        return self.add(**answered(message_id, *blocks, **own), **fields)

    def raw(self, line: str) -> None:
        self.lines.append(line)

    def items(self, name: str = f"{SESSION}.jsonl", beside: dict[str, bytes] | None = None) -> list[Item]:
        source = FileSource(name, "\n".join(self.lines).encode(), beside)
        return list(FORMAT.read(source))

    def spans(self, name: str = f"{SESSION}.jsonl") -> list[Span]:
        return spans_of(self.items(name))


def usage(output: int = 50, **more: object) -> dict[str, object]:
    return {
        "input_tokens": 3,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "output_tokens": output,
        "service_tier": "standard",
    } | more


def answered(message_id: str, *blocks: dict[str, object], **own: object) -> dict[str, object]:
    message: dict[str, object] = {"id": message_id, "model": "claude-opus-4-8", "role": "assistant"}
    message |= {"content": list(blocks), "stop_reason": "tool_use", "usage": usage()} | own
    return {"type": "assistant", "message": message}


def returned(call_id: str, content: object) -> dict[str, object]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content}


def text(words: str) -> dict[str, object]:
    return {"type": "text", "text": words}


def call(call_id: str, name: str = "Read", **arguments: object) -> dict[str, object]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def shape(prefix: Prefix | None) -> list[tuple[str, str]]:
    return [(link.segment.kind.value, link.segment.name) for link in links(prefix)]


# Real files


def test_the_whole_store_agrees_with_an_independent_count(recorded: Callable[[str], Path]) -> None:
    folder = recorded("claude-code-sessions")
    items = [item for path in sorted(folder.rglob("*.gz")) for item in items_of(FORMAT, path)]
    known = truth.count(folder)
    assert sums(spans_of(items)) == counted(known)
    assert (known.steps, str(known.cost_usd)) == (484, "15.94957825")
    assert len({span.step.session for span in spans_of(items)}) == known.sessions
    assert others_of(items) == []


def test_every_file_of_the_store_is_recognised(recorded: Callable[[str], Path]) -> None:
    paths = sorted(recorded("claude-code-sessions").rglob("*.gz"))
    assert len(paths) == 56
    assert {FORMAT.recognise(FileSource.of(path).sample()) for path in paths} == {Match.LEAD}


def test_no_other_recorded_file_is_taken_for_ours(recorded: Callable[[str], Path]) -> None:
    shared = recorded("claude-code-sessions").parent
    others = [path for path in sorted(shared.rglob("*.gz")) if "claude-code-sessions" not in path.parts]
    taken = [path for path in others if FORMAT.recognise(FileSource.of(path).sample()) is not Match.NO]
    assert others
    assert taken == []


def test_a_real_session_is_read_in_full() -> None:
    items = items_of(FORMAT, HERE / f"{SESSION}.jsonl.gz")
    spans = spans_of(items)
    first = spans[0]
    assert others_of(items) == []
    assert first.step.session == SESSION
    assert (first.step.provider, first.step.recorded, first.step.agent) == ("anthropic", Recorded.DELTA, "")
    assert shape(first.step.prefix)[-1] == ("task", "")
    assert dict(first.attributes) == {"project": "/Users/dain/workspace/claude-code-log", "version": "1.0.51"}
    assert [span.step.at_ns for span in spans] == sorted(span.step.at_ns or 0 for span in spans)


def test_each_step_of_a_real_session_holds_the_one_before_and_its_answer() -> None:
    spans = spans_of(items_of(FORMAT, HERE / f"{SESSION}.jsonl.gz"))
    assert len(spans) > 5
    for before, after in pairwise(spans):
        assert before.step.prefix is not None
        chain = links(after.step.prefix)
        assert chain[before.step.prefix.depth - 1] is before.step.prefix
        resent = [link.segment for link in chain[before.step.prefix.depth :]]
        assert tuple(resent[: len(before.output)]) == before.output


def test_segments_can_be_quoted_from_where_they_stand() -> None:
    source = FileSource.of(HERE / f"{SESSION}.jsonl.gz")
    content = source.document()
    for span in spans_of(FORMAT.read(source)):
        for segment in span.output:
            quoted = content[segment.offset : segment.offset + segment.length]
            assert segment.size - len(quoted) == (
                len(segment.name) if segment.kind is SegmentKind.TOOL_CALL else 0
            )
            json.loads(quoted)
        assert json.loads(content[span.offset :].partition(b"\n")[0])["message"]["id"] == span.response_id


def test_a_real_sub_agent_belongs_to_its_parent() -> None:
    spans = spans_of(items_of(FORMAT, HERE / "agent-f36dc5e5.jsonl.gz"))
    assert {span.step.agent for span in spans} == {"f36dc5e5"}
    assert len({span.step.session for span in spans}) == 1
    assert not any(span.replayed for span in spans)


def test_a_file_of_titles_alone_holds_no_call() -> None:
    assert items_of(FORMAT, HERE / "4e27c414-a885-46a0-b5c8-d58e1417377d.jsonl.gz") == []


# One answer, several lines


def test_lines_of_one_answer_are_one_call_with_the_largest_output() -> None:
    scene = Scene()
    scene.user("Mend it.")
    scene.answer(
        "m1", {"type": "thinking", "thinking": "Hm.", "signature": "x"}, usage=usage(1), stop_reason=None
    )
    scene.answer("m1", text("I look."), usage=usage(80), stop_reason=None)
    scene.answer("m1", call("t1", path="a"), usage=usage(80))
    (span,) = scene.spans()
    assert span.charges[0].usage.output_tokens == 80
    assert [segment.kind.value for segment in span.output] == ["reasoning", "assistant", "tool_call"]
    assert shape(span.step.prefix) == [("task", "")]
    assert (span.finish, span.response_id, span.output_count) == ("tool_use", "m1", Output.FINAL)
    assert span.step.at_ns == instant.from_iso("2026-01-02T03:04:01Z")
    assert span.ended_ns == instant.from_iso("2026-01-02T03:04:04Z")


def test_writes_are_told_apart_by_their_lifetime() -> None:
    scene = Scene()
    scene.user("Go.")
    scene.answer("m1", text("Gone."))
    scene.answer("m2", text("Gone."), usage=usage(cache_creation=None))
    assert [sums([span]) for span in scene.spans()] == [
        sums([])
        | {"steps": 1, "uncached_input_tokens": 3, "cache_read_input_tokens": 100, "output_tokens": 50}
        | writes
        for writes in (
            {"cache_creation_5m_input_tokens": 10, "cache_creation_1h_input_tokens": 20},
            {"cache_creation_other_input_tokens": 30},
        )
    ]


def test_a_count_from_the_start_of_the_stream_is_flagged() -> None:
    scene = Scene()
    scene.user("Tell me.")
    scene.answer("m1", text("word " * 200), usage=usage(1), stop_reason=None)
    scene.answer("m2", text("No."), usage=usage(1), stop_reason=None)
    scene.answer("m3", text("No."), usage=None)
    assert [span.output_count for span in scene.spans()] == [Output.PLACEHOLDER, Output.FINAL, Output.MISSING]


def test_answers_that_the_program_wrote_itself_are_no_calls_and_not_sent() -> None:
    scene = Scene()
    scene.user("Go.")
    scene.answer("x1", text("API Error: 529 Overloaded"), isApiErrorMessage=True)
    scene.answer("x2", text("No response requested."), model="<synthetic>")
    scene.user("Go on.")
    scene.answer("m1", text("Done."))
    (span,) = scene.spans()
    assert shape(span.step.prefix) == [("task", ""), ("user", "")]


def test_a_fast_call_with_a_search_is_billed_as_such() -> None:
    scene = Scene()
    scene.user("Search.")
    used = {"web_search_requests": 2, "web_fetch_requests": 0}
    scene.answer("m1", text("Found."), usage=usage(speed="fast", server_tool_use=used))
    (charge,) = scene.spans()[0].charges
    assert (charge.tier, charge.usage.server_tools) == ("fast", (("web_search", 2),))


# Context


def test_results_are_named_by_their_tool_and_counted_once() -> None:
    scene = Scene()
    scene.user("Look.")
    scene.answer("m1", call("t1", "mcp__github__search", q="x"))
    scene.result("t1", "found", toolUseResult={"content": "found", "usage": usage()})
    scene.answer("m2", text("Seen."))
    assert shape(scene.spans()[1].step.prefix) == [
        ("task", ""),
        ("tool_call", "mcp__github__search"),
        ("tool_result", "mcp__github__search"),
    ]


def test_pictures_in_a_result_stand_apart() -> None:
    scene = Scene()
    scene.user("Look.")
    scene.answer("m1", call("t1", "Read"))
    picture = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
    scene.result("t1", [text("a picture"), picture])
    scene.answer("m2", text("Seen."))
    assert shape(scene.spans()[1].step.prefix)[-2:] == [("tool_result", "Read"), ("media", "Read")]


def test_results_of_parallel_calls_are_all_in_the_next_request() -> None:
    scene = Scene()
    scene.user("Look.")
    one = scene.answer("m1", call("t1", "Read"))
    two = scene.answer("m1", call("t2", "Grep"))
    scene.result("t1", "one", parentUuid=one)
    scene.result("t2", "two", parentUuid=two)
    scene.answer("m2", text("Seen."))
    assert [name for _, name in shape(scene.spans()[1].step.prefix)] == ["", "Read", "Grep", "Read", "Grep"]


def test_order_follows_the_chain_not_the_lines() -> None:
    scene = Scene()
    asked = scene.user("Ask.")
    scene.answer("m1", text("One."))
    scene.user("Left.")
    scene.answer("m2", text("Left."))
    scene.user("Another way.", parentUuid=asked)
    scene.answer("m3", text("Right."))
    assert [shape(span.step.prefix) for span in scene.spans()][2] == [("task", ""), ("user", "")]


def test_a_compaction_starts_again_from_its_summary() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer("m1", text("One."))
    scene.add(type="system", subtype="compact_boundary", parentUuid=None, logicalParentUuid=scene.last)
    scene.user("This session is being continued.", isCompactSummary=True)
    scene.user("Go on.")
    scene.answer("m2", text("Two."))
    first, second = scene.spans()
    assert shape(second.step.prefix) == [("summary", ""), ("user", "")]
    assert (first.step.turn, second.step.turn) == (1, 2)


@pytest.mark.parametrize("member", ["preservedMessages", "preservedSegment"])
def test_messages_that_a_compaction_kept_stand_behind_the_summary(member: str) -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer("m1", text("One."))
    head = scene.user("Keep this.")
    tail = scene.answer("m2", text("And this."))
    kept = {"anchorUuid": "summary", "uuids": [head, tail], "headUuid": head, "tailUuid": tail}
    scene.add(type="system", subtype="compact_boundary", parentUuid=None, compactMetadata={member: kept})
    scene.user("This session is being continued.", isCompactSummary=True, uuid="summary")
    scene.user("Go on.", parentUuid=tail)
    scene.answer("m3", text("Two."))
    assert shape(scene.spans()[-1].step.prefix) == [
        ("summary", ""),
        ("user", ""),
        ("assistant", ""),
        ("user", ""),
    ]


def test_an_old_summary_is_known_by_how_it_begins() -> None:
    scene = Scene()
    scene.user("This session is being continued from a previous conversation that ran out of context. …")
    scene.answer("m1", text("One."))
    assert shape(scene.spans()[0].step.prefix) == [("summary", "")]


def test_what_a_user_does_in_the_program_is_sent_but_asks_nothing() -> None:
    scene = Scene()
    scene.user("<command-name>/clear</command-name>")
    scene.user("<bash-input>ls</bash-input>")
    scene.user("<command-message>init is analyzing</command-message>")
    scene.answer("m1", text("One."))
    (span,) = scene.spans()
    assert shape(span.step.prefix) == [("user", ""), ("user", ""), ("task", "")]
    assert span.step.turn == 1


def test_what_only_the_screen_shows_is_not_sent() -> None:
    scene = Scene()
    scene.user("Caveat: …", isMeta=True)
    scene.user("Ask.")
    scene.add(
        type="attachment", attachment={"type": "hook_success", "hookEvent": "PostToolUse", "content": "ok"}
    )
    scene.add(
        type="attachment", attachment={"type": "hook_success", "hookEvent": "SessionStart", "content": "Hi."}
    )
    scene.add(type="attachment", attachment={"type": "queued_command", "prompt": "And this."})
    scene.add(
        type="system", subtype="local_command", content="<local-command-stdout>v1</local-command-stdout>"
    )
    scene.add(type="system", subtype="turn_duration", durationMs=5)
    scene.add(type="progress", data={"message": {"type": "assistant"}})
    scene.answer("m1", text("One."))
    (span,) = scene.spans()
    assert [kind for kind, _ in shape(span.step.prefix)] == ["user", "task", "user", "user", "user"]


def test_a_string_and_one_block_of_text_are_the_same_segment() -> None:
    chains = []
    for content in ("Ask.", [text("Ask.")]):
        scene = Scene()
        scene.user(content)
        scene.answer("m1", text("One."))
        chains.append(scene.spans()[0].step.prefix)
    assert chains[0] is not None
    assert chains[1] is not None
    assert chains[0].digest == chains[1].digest


# Sub-agents and copies


def test_a_sub_agent_in_its_own_file_is_labelled_by_the_file_beside_it() -> None:
    scene = Scene()
    scene.user("Search.", isSidechain=True, agentId="1f")
    scene.answer("m1", text("Found."), isSidechain=True, agentId="1f")
    name = f"/store/{SESSION}/subagents/agent-1f.jsonl"
    beside = {"agent-1f.meta.json": b'{"agentType": "Explore", "description": "Search"}'}
    (span,) = spans_of(scene.items(name, beside))
    assert (span.step.session, span.step.agent, span.step.agent_label) == (SESSION, "1f", "Explore")
    assert not span.replayed
    broken = spans_of(scene.items(name, {"agent-1f.meta.json": b"{"}))
    assert broken[0].step.agent_label == ""


def test_a_line_may_name_its_agent() -> None:
    scene = Scene()
    scene.user("Search.", isSidechain=True, agentId="1f")
    scene.answer("m1", text("Found."), isSidechain=True, agentId="1f", attributionAgent="Plan")
    assert scene.spans()[0].step.agent_label == "Plan"


def test_a_sub_agent_in_its_parents_file_is_found_by_its_prompt() -> None:
    scene = Scene()
    scene.user("Ask.")
    task = call("t1", "Task", subagent_type="Explore", description="Look", prompt="Look around.")
    main = scene.answer("m1", task)
    scene.user("Look around.", isSidechain=True, parentUuid=None, uuid="side")
    scene.answer("m2", text("Seen."), isSidechain=True)
    scene.result("t1", "Seen.", parentUuid=main)
    scene.answer("m3", text("Done."))
    spans = {span.response_id: span.step for span in scene.spans()}
    assert (spans["m2"].agent, spans["m2"].agent_label, shape(spans["m2"].prefix)) == (
        "side",
        "Explore",
        [("task", "")],
    )
    assert (spans["m3"].agent, shape(spans["m3"].prefix)) == (
        "",
        [("task", ""), ("tool_call", "Task"), ("tool_result", "Task")],
    )
    assert {step.session for step in spans.values()} == {SESSION}


def test_agents_that_begin_with_a_copy_are_marked() -> None:
    scene = Scene()
    scene.user("Ask.", isSidechain=True, agentId="aside_question-9c")
    scene.answer("m1", text("One."), isSidechain=True, agentId="aside_question-9c")
    (span,) = scene.spans(f"/store/{SESSION}/subagents/agent-aside_question-9c.jsonl")
    assert span.replayed


def test_lines_of_another_session_and_of_a_fork_are_marked() -> None:
    scene = Scene()
    scene.user("Ask.", sessionId=OTHER_SESSION)
    scene.answer("m1", text("One."), sessionId=OTHER_SESSION)
    scene.user("Go on.")
    scene.answer("m2", text("Two."), forkedFrom={"sessionId": OTHER_SESSION, "messageUuid": "x"})
    scene.user("Go on.")
    scene.answer("m3", text("Three."))
    assert [(span.step.session, span.replayed) for span in scene.spans()] == [
        (OTHER_SESSION, True),
        (SESSION, True),
        (SESSION, False),
    ]
    assert [span.replayed for span in scene.spans("renamed.jsonl")] == [False, True, False]


def test_records_that_stand_twice_count_once() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer("m1", text("One."))
    scene.lines *= 2
    items = scene.items()
    assert len(spans_of(items)) == 1
    assert others_of(items) == [Dropped("records that stand twice in one file (uuid)", 2)]


def test_an_answer_that_a_sidechain_repeats_counts_once() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer("m1", text("One."))
    scene.user("Ask.", isSidechain=True, parentUuid=None)
    scene.answer("m1", text("One."), isSidechain=True)
    scene.user("And aside?", isSidechain=True)
    scene.answer("m2", text("Aside."), isSidechain=True)
    items = scene.items()
    assert [span.response_id for span in spans_of(items)] == ["m1", "m2"]
    assert [kind for kind, _ in shape(spans_of(items)[1].step.prefix)] == ["task", "assistant", "user"]
    assert others_of(items) == [Dropped("answers that stand twice in one file (message.id)", 1)]


# The stream of `claude -p`


def test_a_printed_stream_is_read_thread_by_thread() -> None:
    scene = Scene()
    printed = {"session_id": SESSION}
    inner = printed | {"parent_tool_use_id": "t1"}
    for fields in (
        {"type": "system", "subtype": "init", "tools": ["Task"]} | printed,
        answered("m1", call("t1", "Task", subagent_type="Explore", prompt="Look.")) | printed,
        {"type": "user", "message": {"role": "user", "content": "Look."}} | inner,
        answered("m2", text("Seen.")) | inner,
        {"type": "user", "message": {"role": "user", "content": [returned("t1", "Seen.")]}} | printed,
        answered("m3", text("Done.")) | printed,
        {"type": "result", "subtype": "success", "total_cost_usd": 0.1, "usage": usage(500)} | printed,
    ):
        scene.raw(json.dumps(fields))
    spans = scene.spans("stream.jsonl")
    assert [(span.response_id, span.step.agent_label, span.step.session) for span in spans] == [
        ("m1", "", SESSION),
        ("m2", "Explore", SESSION),
        ("m3", "", SESSION),
    ]
    assert shape(spans[2].step.prefix) == [("tool_call", "Task"), ("tool_result", "Task")]
    sample = FileSource("stream.jsonl", "\n".join(scene.lines).encode()).sample()
    assert FORMAT.recognise(sample) is Match.LEAD


# Recognition and bad input


def test_other_programs_records_are_not_ours() -> None:
    qwen = {
        "uuid": "1",
        "parentUuid": None,
        "sessionId": "s",
        "type": "user",
        "message": {"role": "user", "parts": []},
    }
    for line in (json.dumps(qwen), '{"sessionId": "s", "type": "event"}', "[]", "", "\x00\x01"):
        assert FORMAT.recognise(FileSource("a.jsonl", line.encode()).sample()) is Match.NO


def test_a_first_line_longer_than_the_sample_is_recognised() -> None:
    scene = Scene()
    scene.user("long " * 50_000)
    assert FORMAT.recognise(FileSource("a.jsonl", scene.lines[0].encode()).sample()) is Match.LEAD


def test_what_is_known_of_an_agent_belongs_to_the_format() -> None:
    assert FORMAT.recognise(FileSource("s/subagents/agent-1f.meta.json", b"{}").sample()) is Match.MEMBER


def test_a_damaged_line_is_told_and_the_rest_is_read() -> None:
    scene = Scene()
    scene.user("Ask.")
    whole = len(scene.lines[0]) + 1
    scene.raw('{"type": "assistant", "message": {"id"')
    scene.answer("m1", text("One."))
    items = scene.items()
    assert [item.offset for item in others_of(items) if isinstance(item, Skipped)] == [whole]
    assert shape(spans_of(items)[0].step.prefix) == [("task", "")]


@pytest.mark.parametrize("counts", [{"input_tokens": -1}, {"output_tokens": "many"}, {"output_tokens": 1.5}])
def test_impossible_counts_are_told_and_the_conversation_goes_on(counts: dict[str, object]) -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer("m1", text("One."), usage=usage() | counts)
    scene.user("Go on.")
    scene.answer("m2", text("Two."))
    items = scene.items()
    assert [type(item) for item in others_of(items)] == [Skipped]
    assert [kind for kind, _ in shape(spans_of(items)[0].step.prefix)] == ["task", "user"]


def test_lone_surrogates_and_odd_shapes_do_no_harm() -> None:
    scene = Scene()
    scene.raw(json.dumps({"type": "progress", "uuid": "p", "parentUuid": None, "message": "odd"}))
    scene.raw('{"type": "user", "uuid": "u", "parentUuid": "p", "message": {"content": "cut \\ud83d"}}')
    scene.last = "u"
    scene.answer("m1", text("One."))
    items = scene.items()
    assert others_of(items) == []
    assert shape(spans_of(items)[0].step.prefix) == [("task", "")]


def test_spacing_and_key_order_do_not_matter() -> None:
    scene = Scene()
    scene.user("Ask.")
    scene.answer("m1", text("One."))
    spaced = scene.spans()
    scene.lines = [
        json.dumps(dict(sorted(json.loads(line).items())), separators=(" , ", " :  ")) for line in scene.lines
    ]
    assert sums(scene.spans()) == sums(spaced)
    assert scene.spans()[0].step.prefix is not None


@given(
    st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from([b"{}", b"[]", b"null", b'{"type":"user"}'])),
        max_size=8,
    )
)
def test_no_bytes_make_the_reader_fail(lines: list[bytes]) -> None:
    items = list(FORMAT.read(FileSource("a.jsonl", b"\n".join(lines))))
    assert spans_of(items) == []


def test_every_cut_of_a_real_file_is_read_to_the_cut() -> None:
    source = FileSource.of(HERE / "agent-f36dc5e5.jsonl.gz")
    content = source.document()
    whole = spans_of(FORMAT.read(source))
    for size in range(0, len(content), 9_973):
        items = list(FORMAT.read(FileSource(source.name, content[:size])))
        cut = spans_of(items)
        assert [span.response_id for span in cut] == [span.response_id for span in whole[: len(cut)]]
        assert len(others_of(items)) <= 1
