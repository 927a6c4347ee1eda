from farthing.analysis.charges import Band, PriceClass
from farthing.analysis.meter import Books, Meter
from farthing.analysis.path import Piece
from farthing.segment import SegmentKind
from tests.analysis.scenes import block

READ, PLAIN = PriceClass.CACHE_READ, PriceClass.UNCACHED
A, B = block("a"), block("b")


def pieces(*sizes: int) -> list[Piece]:
    return [
        Piece(SegmentKind.USER, "", tokens, fresh=True, depth=depth, segment=(A, B)[depth % 2])
        for depth, tokens in enumerate(sizes)
    ]


def booked(books: Books) -> dict[tuple[PriceClass, int], dict[int, int]]:
    return {
        lane: {part: tokens for part, tokens in sums.items() if tokens}
        for lane, sums in zip(books.lanes, books.tokens, strict=True)
    }


def test_pieces_are_billed_by_position_at_every_call() -> None:
    books = Books()
    meter = Meter(books, follows_blocks=True)
    meter.push(pieces(10, 5), [7, 8])
    meter.bill([Band(0, 15, PLAIN, 3)])
    meter.push(pieces(4), [9])
    meter.bill([Band(0, 12, READ, 1), Band(12, 19, PLAIN, 3)])
    meter.cut(0)
    assert booked(books) == {
        (PLAIN, 3): {7: 10, 8: 5 + 3, 9: 4},
        (READ, 1): {7: 10, 8: 2},
    }
    assert dict(books.sent_tokens) == {A.digest: 10 + 10 + 4, B.digest: 5 + 5}
    assert dict(books.cost_picousd) == {A.digest: 30 + 10 + 12, B.digest: 15 + 2 + 9}


def test_a_cut_settles_what_leaves_and_keeps_what_stays() -> None:
    books = Books()
    meter = Meter(books, follows_blocks=False)
    meter.push(pieces(10, 5), [0, 1])
    meter.bill([Band(0, 15, PLAIN, 3)])
    meter.cut(1)
    assert booked(books) == {(PLAIN, 3): {1: 5}}
    meter.push(pieces(2), [2])
    meter.bill([Band(0, 10, READ, 1), Band(10, 12, PLAIN, 4)])
    meter.cut(0)
    assert booked(books) == {(PLAIN, 3): {0: 10, 1: 5}, (PLAIN, 4): {2: 2}, (READ, 1): {0: 10}}
    assert not books.cost_picousd
