from hypothesis import given
from hypothesis import strategies as st

from farthing.analysis.path import Path, Piece
from farthing.segment import SegmentKind

REASONING, TEXT = SegmentKind.REASONING, SegmentKind.ASSISTANT


def path(*pieces: Piece) -> Path:
    made = Path(0)
    made.grow(list(pieces), tokens=sum(piece.tokens for piece in pieces))
    return made


def piece(tokens: int, depth: int, kind: SegmentKind = TEXT) -> Piece:
    return Piece(kind, "", tokens, fresh=True, depth=depth)


def test_a_cut_keeps_what_stands_up_to_the_link_and_returns_what_it_drops() -> None:
    made = path(piece(5, 0), piece(10, 1), piece(20, 2), piece(30, 4))
    assert made.cut(3) == 30
    assert (made.tokens, made.depth) == (35, 2)
    assert made.cut(0) == 30
    assert made.tokens == 5


def test_reasoning_is_taken_first_then_the_newest() -> None:
    made = path(piece(50, 1), piece(10, 2, REASONING), piece(20, 3), piece(7, 4))
    left = made.shrink(20)
    assert [(each.kind, each.tokens, each.depth) for each in left] == [(TEXT, 17, 3)]
    assert made.tokens == 50
    assert not any(each.fresh for each in left)


def test_reasoning_far_back_is_out_of_reach_once_the_path_has_stopped_growing() -> None:
    made = path(piece(100, 1, REASONING), *(piece(1, depth) for depth in range(2, 400)))
    left = made.shrink(1)
    assert len(left) == 399
    made.grow(left, tokens=made.tokens + sum(each.tokens for each in left))
    assert made.shrink(1) == []
    assert made.pieces[0].tokens == 99


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([REASONING, TEXT])), min_size=1, max_size=9),
    st.data(),
)
def test_shrinking_takes_exactly_what_it_should(
    sizes: list[tuple[int, SegmentKind]], data: st.DataObject
) -> None:
    made = path(*(piece(tokens, depth, kind) for depth, (tokens, kind) in enumerate(sizes)))
    before = made.tokens
    taken = data.draw(st.integers(0, before))
    left = made.shrink(taken)
    assert made.tokens == sum(each.tokens for each in made.pieces)
    assert made.tokens + sum(each.tokens for each in left) == before - taken
    assert all(each.tokens for each in left)
