"""What a reader gave comes back from a part as it was, in the right shard, and small."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.ingest.part import SHARDS, Copy, FrameBytes, FrameReader, copies, shard_of
from farthing.ingest.part_writer import PartWriter
from farthing.prefix import Chains, Prefix, links
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.span import Output, Purpose, Span
from farthing.step import Breakpoint, Recorded, Step
from farthing.traces.source import Outcome
from farthing.usage import Charge, Usage, cache_writes

KINDS = [SegmentKind.SYSTEM, SegmentKind.TASK, SegmentKind.TOOL_CALL, SegmentKind.TOOL_RESULT]


def segment(word: str, offset: int = -1) -> Segment:
    kind = KINDS[len(word) % len(KINDS)]
    return Segment(
        kind, "user", word[:1], digest_block(kind, "user", word.encode()), len(word), offset, len(word)
    )


def written(*spans: Span) -> tuple[PartWriter, list[FrameBytes]]:
    writer = PartWriter()
    for span in spans:
        writer.add(span)
    return writer, list(writer.frames())


def loaded(frames: Sequence[FrameBytes], *, source: int = 7, dropped: Sequence[int] = ()) -> list[Span]:
    reader = FrameReader()
    spans = [
        entry for frame in frames for entry in reader.load(frame.data, source=source, dropped=dropped)[0]
    ]
    return [span for _, span in sorted(spans, key=lambda entry: entry[0])]


def seen(span: Span) -> tuple[object, ...]:
    """Return all of a span that can be compared: chains link by link, with all that a link knows."""
    chain = [
        (link.digest, link.depth, link.size_end, link.slot, link.segment.digest, link.segment.kind)
        for link in links(span.step.prefix)
    ]
    places = [(part.offset, part.length, part.name, part.role) for part in span.output]
    rest = [getattr(span, name) for name in Span.__struct_fields__ if name not in {"step", "output"}]
    about = [getattr(span.step, name) for name in Step.__struct_fields__ if name != "prefix"]
    return chain, places, rest, about


def rich(prefix: Prefix | None) -> Span:
    usage = Usage(
        uncached_input_tokens=3,
        cache_read_input_tokens=10**12,
        cache_writes=cache_writes(five_minutes=5, one_hour=6, unknown=7),
        output_tokens=9,
        reasoning_tokens=2,
        server_tools=(("web_search", 3),),
    )
    step = Step(
        model="m",
        session="s",
        agent="a",
        agent_label="explorer",
        turn=4,
        at_ns=1_700_000_000_123_456_789,
        provider="p",
        account="acc",
        prefix=prefix,
        recorded=Recorded.FULL,
        parameters=(("effort", "high"), ("speed", "fast")),
        breakpoints=(Breakpoint(2, 300), Breakpoint(4, 3_600)),
        max_output_tokens=99,
        output_schema=True,
    )
    return Span(
        step=step,
        charges=(
            Charge(model="m", usage=usage, tier="batch"),
            Charge(model="n", usage=Usage(), part="advisor"),
        ),
        usage_recorded=False,
        output_count=Output.PLACEHOLDER,
        response_id="r",
        replayed=True,
        call=2,
        purpose=Purpose.FALLBACK,
        output=(segment("out", 5), segment("output", 9)),
        ended_ns=5,
        first_token_ns=4,
        finish="stop",
        error="overloaded",
        usage_rule="a rule",
        offset=12,
        reported_cost_picousd=10**15,
        attributes=(("user", "Zoë"),),
    )


def test_a_span_comes_back_with_every_field() -> None:
    prefix = Chains().of([segment("sys!", 1), segment("task1", 2), segment("call12", 3)])
    before = rich(prefix)
    _, frames = written(before)
    [after] = loaded(frames)
    assert seen(after) == seen(before)
    assert before.step.prefix is prefix
    assert len(before.output) == 2


def test_segments_know_the_source_they_are_found_in() -> None:
    _, frames = written(rich(Chains().of([segment("sys!", 1)])))
    [span] = loaded(frames, source=42)
    assert span.step.prefix is not None
    assert (span.step.prefix.segment.source, span.step.prefix.segment.offset) == (42, 1)
    assert [part.source for part in span.output] == [42, 42]


words = st.lists(st.sampled_from(["sys!", "task1", "call12", "got1234", "said"]), max_size=6)
calls = st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), words, words), max_size=12)


@given(calls)
def test_any_spans_come_back(calls: list[tuple[str, list[str], list[str]]]) -> None:
    chains = Chains()
    spans = [
        Span(
            step=Step(model="m", session=session, at_ns=number, prefix=chains.of(map(segment, context))),
            output=tuple(map(segment, output)),
        )
        for number, (session, context, output) in enumerate(calls)
    ]
    _, frames = written(*spans)
    assert [seen(span) for span in loaded(frames)] == [seen(span) for span in spans]


def test_a_part_may_be_written_in_stretches() -> None:
    chains, writer = Chains(), PartWriter()
    head = [segment("sys!"), segment("task1")]
    writer.add(Span(step=Step(model="m", session="s", prefix=chains.of(head))))
    frames = list(writer.frames())
    assert list(writer.frames()) == []
    writer.add(Span(step=Step(model="m", session="s", prefix=chains.of([*head, segment("call12")]))))
    first, second = loaded([*frames, *writer.frames()])
    assert first.step.prefix is not None
    assert second.step.prefix is not None
    assert second.step.prefix.parent is first.step.prefix, "frames of one shard share their links"


def test_links_are_written_once() -> None:
    chains = Chains()
    chain = None
    steps = []
    for number in range(400):
        chain = chains.extend(chain, segment(f"word {number}"))
        steps.append(Span(step=Step(model="m", session="s", prefix=chain)))
    _, frames = written(*steps)
    assert sum(len(frame.data) for frame in frames) < 400 * 100


def test_sessions_go_to_their_shards() -> None:
    spans = [Span(step=Step(model="m", session=f"session {number}")) for number in range(300)]
    _, frames = written(*spans)
    assert [frame.shard for frame in frames] == sorted(
        {shard_of(f"session {number}") for number in range(300)}
    )
    assert len(frames) > SHARDS * 0.9


def test_unnamed_calls_of_one_task_and_account_go_to_one_shard() -> None:
    def shards(account: str, contexts: Sequence[Sequence[str]]) -> list[int]:
        chains = Chains()
        spans = [
            Span(step=Step(model="m", account=account, prefix=chains.of(map(segment, words))))
            for words in contexts
        ]
        return [frame.shard for frame in written(*spans)[1]]

    contexts = [["sys!", "task1"], ["sys!", "task1", "call12"], ["SYS2", "task1", "got1234"]]
    assert len(shards("", contexts)) == 1
    assert shards("mine", contexts) != shards("yours", contexts)


def test_dropped_spans_are_left_out_and_their_links_are_not() -> None:
    chains = Chains()
    head = [segment("sys!"), segment("task1")]
    spans = [
        Span(step=Step(model="m", session="s", prefix=chains.of(head)), output=(segment("one"),)),
        Span(
            step=Step(model="m", session="s", prefix=chains.of([*head, segment("call12")])),
            output=(segment("two"),),
        ),
    ]
    _, frames = written(*spans)
    [kept] = loaded(frames, dropped=[0])
    assert seen(kept) == seen(spans[1])


def test_outcomes_stand_with_their_session() -> None:
    writer = PartWriter()
    writer.add(Span(step=Step(model="m", session="s")))
    writer.add_outcome(Outcome("s", success=False, score="0.25"))
    [frame] = writer.frames()
    assert FrameReader().load(frame.data, source=1, dropped=())[1] == [
        Outcome("s", success=False, score="0.25")
    ]


def test_rows_tell_copies_apart() -> None:
    usage = Usage(output_tokens=5)
    writer, _ = written(
        Span(
            step=Step(model="m", session="s", at_ns=9),
            response_id="r",
            charges=(Charge(model="m", usage=usage),) * 2,
        ),
        Span(step=Step(model="m", session="s")),
        Span(step=Step(model="m", session="t"), response_id="r", replayed=True),
    )
    first, second = (Copy(*row) for row in copies(bytes(writer.rows)))
    assert first == Copy(first.response, 10, 9, 0, shard_of("s"), 0)
    assert second == Copy(first.response, 0, 2**63 - 1, 2, shard_of("t"), 1)


@pytest.mark.parametrize(
    "bad",
    [
        Span(step=Step(model="m", session="s", at_ns=2**70)),
        Span(step=Step(model="m", session="\ud83d")),
        Span(step=Step(model="\ud83d", session="s")),
        Span(
            step=Step(model="m", session="s"), charges=(Charge(model="m", usage=Usage(output_tokens=2**80)),)
        ),
    ],
    ids=["instant", "session", "model", "count"],
)
def test_what_fits_no_part_is_refused_and_leaves_nothing(bad: Span) -> None:
    good = Span(step=Step(model="m", session="s"), offset=5)
    writer = PartWriter()
    writer.add(good)
    with pytest.raises((ValueError, OverflowError)):
        writer.add(bad)
    writer.add(good)
    assert [span.offset for span in loaded(list(writer.frames()))] == [5, 5]


def test_a_tool_with_half_a_character_in_its_name_is_spelled_out() -> None:
    odd = Segment(SegmentKind.TOOL_CALL, "assistant", "\ud83d", b"0" * 16, 1)
    _, frames = written(Span(step=Step(model="m", session="s", prefix=Chains().of([odd]))))
    [span] = loaded(frames)
    assert span.step.prefix is not None
    assert span.step.prefix.segment.name == "\\ud83d"
