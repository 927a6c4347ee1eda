from xxhash import xxh3_128

from farthing.segment import Segment, SegmentKind
from farthing.wire.message import BlockMemo, Piece, Run

SEGMENT = Segment(SegmentKind.USER, "user", "", b"digest", 6)
PIECE = Piece((SEGMENT,), ())
RUN = Run(0, xxh3_128(), b"", (PIECE,), (SEGMENT,), {})


def test_pieces_are_known_by_their_context_and_their_bytes() -> None:
    memo = BlockMemo()
    known = memo.known("here")
    memo.put("here", b"1", PIECE)
    assert known == {b"1": PIECE}
    assert memo.known("there") == {}


def test_the_bound_holds_over_all_contexts_and_the_older_half_goes() -> None:
    memo = BlockMemo(most=8)
    for number in range(100):
        memo.put(f"context {number % 2}", bytes((number,)), PIECE)
        held = [*memo.known("context 0"), *memo.known("context 1")]
        assert len(held) <= 8
        assert bytes((number,)) in held


def test_conversations_are_forgotten_with_their_pieces() -> None:
    memo = BlockMemo(most=2)
    memo.keep(b"first", RUN)
    assert memo.run(b"first") is RUN
    for number in range(3):
        memo.put("context", bytes((number,)), PIECE)
    assert memo.run(b"first") is None


def test_conversations_are_bounded_too() -> None:
    memo = BlockMemo()
    for number in range(1_025):
        memo.keep(number.to_bytes(2), RUN)
    assert memo.run((0).to_bytes(2)) is None
    assert memo.run((1_024).to_bytes(2)) is not None
