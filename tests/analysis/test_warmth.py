from farthing.analysis.births import Change
from farthing.analysis.path import Piece
from farthing.analysis.warmth import Warmth
from farthing.engine.cache_rules import rules_for
from farthing.segment import SegmentKind
from farthing.usage import Usage, cache_writes
from tests.analysis.breaking import IMPLICIT, KEEPS_THINKING

_NS = 1_000_000_000


def piece(tokens: int, kind: SegmentKind = SegmentKind.USER) -> Piece:
    return Piece(kind, "", tokens, fresh=True, depth=1)


def grown(model: str, *calls: tuple[int, int, Usage], kept: int | None = None) -> Warmth:
    """Return what calls of (pieces before, tokens of one new piece, usage) leave, ten seconds apart."""
    warmth = Warmth(rules_for("", model))
    for index, (before, tokens, usage) in enumerate(calls):
        change = Change(path=0, kept=before if kept is None else kept, pieces=(piece(tokens),))
        warmth.take(index, change, usage, at_ns=10 * index * _NS)
    return warmth


def usage(*, read: int = 0, five: int = 0, hour: int = 0, plain: int = 0) -> Usage:
    writes = cache_writes(five_minutes=five, one_hour=hour)
    return Usage(uncached_input_tokens=plain, cache_read_input_tokens=read, cache_writes=writes)


def test_entries_end_where_reads_and_writes_ended() -> None:
    warmth = grown(KEEPS_THINKING, (0, 3_000, usage(five=3_000)), (1, 1_000, usage(read=3_000, five=1_000)))
    assert warmth.tokens == 4_000
    assert warmth.expected(2, alive_ns=None) == 4_000
    assert warmth.expected(1, alive_ns=None) == 3_000
    assert warmth.expected(0, alive_ns=None) == 0


def test_an_entry_that_ends_inside_a_piece_needs_the_whole_piece() -> None:
    warmth = grown(KEEPS_THINKING, (0, 3_000, usage(five=3_000)), (1, 1_000, usage(read=3_000, five=500)))
    assert warmth.expected(1, alive_ns=None) == 3_000
    assert warmth.expected(2, alive_ns=None) == 3_500


def test_what_could_not_be_read_is_gone() -> None:
    warmth = grown(
        KEEPS_THINKING,
        (0, 3_000, usage(five=3_000)),
        (1, 1_000, usage(read=3_000, five=1_000)),
        (2, 1_000, usage(read=0, five=5_000)),
    )
    assert warmth.expected(2, alive_ns=None) == 0
    assert warmth.tokens == 5_000


def test_reading_an_entry_keeps_that_one_alive_and_no_earlier_one() -> None:
    warmth = grown(KEEPS_THINKING, (0, 3_000, usage(five=3_000)), (1, 1_000, usage(read=3_000, five=1_000)))
    assert warmth.expected(2, alive_ns=310 * _NS) == 4_000
    assert warmth.expected(1, alive_ns=310 * _NS) == 3_000
    assert warmth.expected(1, alive_ns=311 * _NS) == 0


def test_one_hour_entries_live_for_an_hour_and_those_behind_for_five_minutes() -> None:
    warmth = grown(KEEPS_THINKING, (0, 3_000, usage(hour=1_000, five=2_000)))
    assert (warmth.ttl_s(0), warmth.ttl_s(999), warmth.ttl_s(1_000)) == (3_600, 3_600, 300)


def test_an_hour_is_forgotten_with_the_entry() -> None:
    warmth = grown(KEEPS_THINKING, (0, 3_000, usage(hour=3_000)), (1, 1_000, usage(five=4_000)))
    assert warmth.ttl_s(0) == 300


def test_a_call_that_uses_no_cache_leaves_the_entries_alone() -> None:
    warmth = grown(KEEPS_THINKING, (0, 3_000, usage(five=3_000)), (1, 1_000, usage(plain=4_000)))
    assert (warmth.tokens, warmth.last) == (3_000, 0)


def test_a_provider_that_keeps_blocks_keeps_whole_units_of_all_it_was_sent() -> None:
    warmth = grown(IMPLICIT, (0, 3_000, usage(plain=3_000)))
    assert warmth.tokens == 2_944
    assert warmth.expected(1, alive_ns=None) == 2_944


def test_too_short_a_prefix_is_not_kept() -> None:
    assert grown(IMPLICIT, (0, 1_000, usage(plain=1_000))).tokens == 0


def test_dropped_pieces_take_their_entries_with_them() -> None:
    warmth = grown(KEEPS_THINKING, (0, 3_000, usage(five=3_000)), (1, 1_000, usage(read=3_000, five=1_000)))
    warmth.take(2, Change(path=0, kept=1, pieces=(piece(500),)), usage(plain=3_500), at_ns=None)
    assert warmth.tokens == 3_000
    assert warmth.pieces == [piece(3_000), piece(500)]
