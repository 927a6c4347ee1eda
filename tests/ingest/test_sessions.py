"""Frames become sessions: named ones by name, the others by lineage, all in time order."""

from collections.abc import Sequence

from farthing.ingest.part_writer import PartWriter
from farthing.ingest.sessions import ShardFrame, sessions
from farthing.prefix import Chains
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.session import Session
from farthing.span import Span
from farthing.step import Step
from farthing.traces.source import Outcome


def segment(word: str) -> Segment:
    kind, role = (
        (SegmentKind.TASK, "user") if word.startswith("task") else (SegmentKind.TOOL_CALL, "assistant")
    )
    return Segment(kind, role, "", digest_block(kind, role, word.encode()), len(word))


def call(name: str, *, session: str = "", at: int | None = None, words: str = "", offset: int = -1) -> Span:
    prefix = Chains().of(map(segment, words.split()))
    return Span(step=Step(model="m", session=session, at_ns=at, prefix=prefix), finish=name, offset=offset)


def frames(
    *spans: Span, source: int = 1, dropped: Sequence[int] = (), outcomes: Sequence[Outcome] = ()
) -> list[ShardFrame]:
    writer = PartWriter()
    for span in spans:
        writer.add(span)
    for outcome in outcomes:
        writer.add_outcome(outcome)
    return [ShardFrame(source, frozenset(dropped), frame.data) for frame in writer.frames()]


def names(found: Sequence[Session]) -> list[list[str]]:
    return [[span.finish for span in session.spans] for session in found]


def test_a_named_session_is_put_together_from_all_its_files_in_time_order() -> None:
    found = sessions(
        [
            *frames(call("3", session="s", at=30), call("1", session="s", at=10), source=5),
            *frames(call("2", session="s", at=20), source=4),
        ]
    )
    assert names(found) == [["1", "2", "3"]]
    assert (found[0].id, found[0].named, found[0].sources) == ("s", True, (4, 5))


def test_calls_without_a_time_keep_their_place_in_the_file() -> None:
    spans = [
        call("1", session="s", at=10),
        call("2", session="s"),
        call("3", session="s", at=12),
        call("4", session="s"),
    ]
    assert names(sessions(frames(*spans))) == [["1", "2", "3", "4"]]
    untimed = [call(str(number), session="s") for number in range(5)]
    assert names(sessions(frames(*untimed))) == [["0", "1", "2", "3", "4"]]


def test_a_clock_that_runs_backwards_costs_no_call() -> None:
    spans = [call("1", session="s", at=10), call("2", session="s", at=-5), call("3", session="s", at=11)]
    assert names(sessions(frames(*spans))) == [["2", "1", "3"]]


def test_unnamed_calls_go_together_by_their_history() -> None:
    found = sessions(
        frames(
            call("a1", at=1, words="task-a"),
            call("b1", at=2, words="task-b"),
            call("a2", at=3, words="task-a call-1"),
            call("b2", at=4, words="task-b call-1"),
        )
    )
    assert sorted(names(found)) == [["a1", "a2"], ["b1", "b2"]]
    assert not any(session.named for session in found)
    assert len({session.id for session in found}) == 2


def test_a_call_without_context_and_name_stands_alone() -> None:
    found = sessions(
        [*frames(call("1", offset=0), call("2", offset=90), source=7), *frames(call("3", offset=0), source=8)]
    )
    assert names(found) == [["1"], ["2"], ["3"]]
    assert len({session.id for session in found}) == 3


def test_a_dropped_copy_is_not_in_its_session_but_its_context_is() -> None:
    spans = [call("1", session="s", at=1, words="task"), call("2", session="s", at=2, words="task call-1")]
    [session] = sessions(frames(*spans, dropped=[0]))
    assert names([session]) == [["2"]]
    assert session.spans[0].step.prefix is not None
    assert session.spans[0].step.prefix.depth == 2


def test_the_outcome_stands_with_its_session() -> None:
    found = sessions(
        [
            *frames(call("1", session="s"), call("2", session="t"), source=1),
            *frames(outcomes=[Outcome("s", success=True, score="1.0")], source=2),
        ]
    )
    assert {session.id: (session.success, session.score) for session in found} == {
        "s": (True, "1.0"),
        "t": (None, ""),
    }


def test_links_are_shared_between_files_of_a_session() -> None:
    [session] = sessions(
        [
            *frames(call("1", session="s", at=1, words="task call-1"), source=1),
            *frames(call("2", session="s", at=2, words="task call-1 call-2"), source=2),
        ]
    )
    first, second = (span.step.prefix for span in session.spans)
    assert first is not None
    assert second is not None
    assert second.parent is first
