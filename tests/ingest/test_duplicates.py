"""One call is counted once, wherever its copies lie."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from farthing.ingest.duplicates import AGAIN, ELSEWHERE, REPLAYED, duplicates
from farthing.ingest.part import copy_row
from farthing.span import Span
from farthing.step import Step
from farthing.usage import Charge, Usage


def call(response: str, *, out: int = 1, at: int | None = None, replayed: bool = False) -> Span:
    return Span(
        step=Step(model="m", at_ns=at),
        charges=(Charge(model="m", usage=Usage(output_tokens=out)),),
        response_id=response,
        replayed=replayed,
    )


def rows(*spans: Span) -> bytes:
    return b"".join(copy_row(span, number=number, shard=3) for number, span in enumerate(spans))


def dropped(*parts: Sequence[Span], sources: Sequence[int] | None = None) -> set[tuple[int, int]]:
    found = duplicates([rows(*spans) for spans in parts], sources or range(len(parts)))
    return {(part, number) for (part, _), numbers in found.numbers.items() for number in numbers}


class TestWhichCopyIsKept:
    def test_calls_of_their_own_are_all_kept(self) -> None:
        assert dropped([call("a"), call("b")], [call("c")]) == set()

    def test_a_replay_loses_whatever_it_counts(self) -> None:
        assert dropped([call("a", out=99, at=1, replayed=True)], [call("a", out=5, at=2)]) == {(0, 0)}

    def test_the_largest_output_count_is_the_final_one(self) -> None:
        assert dropped([call("a", out=2, at=1)], [call("a", out=700, at=9)], [call("a", out=30, at=3)]) == {
            (0, 0),
            (2, 0),
        }

    def test_a_fork_goes_on_so_what_it_copied_stays_with_its_origin(self) -> None:
        origin = [call("a", at=1), call("b", at=2)]
        fork = [call("a", at=1), call("b", at=2), call("c", at=3)]
        assert (
            dropped(fork, origin)
            == dropped(fork[:2], fork[2:], origin, sources=[0, 0, 1])
            == {(0, 0), (0, 1)}
        )

    def test_then_the_earliest(self) -> None:
        assert dropped([call("a", at=5)], [call("a", at=4)], [call("a")]) == {(0, 0), (2, 0)}

    def test_then_the_first(self) -> None:
        assert dropped([call("a"), call("a")], [call("a")]) == {(0, 1), (1, 0)}

    def test_one_of_several_replays_is_kept(self) -> None:
        assert dropped([call("a", replayed=True)], [call("a", replayed=True)]) == {(1, 0)}


def test_each_rule_is_counted_where_it_dropped() -> None:
    found = duplicates(
        [
            rows(call("a"), call("b"), call("b", replayed=True)),
            rows(call("a"), call("c")),
            rows(call("c")),
        ],
        sources=[10, 20, 20],
    )
    assert found.counts == {0: {REPLAYED: 1}, 1: {ELSEWHERE: 1}, 2: {AGAIN: 1}}
    assert found.numbers == {(0, 3): {2}, (1, 3): {0}, (2, 3): {0}}


spans = st.builds(
    call,
    st.sampled_from("abcd"),
    out=st.integers(min_value=0, max_value=3),
    at=st.none() | st.integers(min_value=0, max_value=3),
    replayed=st.booleans(),
)


@given(st.lists(st.lists(spans, max_size=5), max_size=5))
def test_exactly_one_copy_of_each_call_is_kept(parts: list[list[Span]]) -> None:
    lost = dropped(*parts)
    kept = [span for n, part in enumerate(parts) for m, span in enumerate(part) if (n, m) not in lost]
    everything = {span.response_id for part in parts for span in part}
    assert sorted(span.response_id for span in kept) == sorted(everything)


@given(st.lists(st.lists(spans, max_size=5), max_size=5), st.integers(min_value=1, max_value=5))
def test_looking_in_slices_finds_the_same(parts: list[list[Span]], at_once: int) -> None:
    packed = [rows(*part) for part in parts]
    whole = duplicates(packed, range(len(parts)))
    sliced = duplicates(packed, range(len(parts)), rows_at_once=at_once)
    assert (whole.numbers, whole.counts) == (sliced.numbers, sliced.counts)
