import pytest

from farthing.analysis.break_cause import Cause, place_at, time_words
from farthing.analysis.path import Piece
from farthing.segment import SegmentKind


def test_four_causes_are_no_broken_prefix() -> None:
    harmless = {cause for cause in Cause if not cause.is_break}
    assert harmless == {Cause.RETRIED, Cause.BRANCHED, Cause.PARALLEL, Cause.OUT_OF_REACH}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (599, "9 min 59 s"), (601, "10 min")],
)
def test_short_times_are_told_to_the_second(seconds: int, words: str) -> None:
    assert time_words(seconds) == words


def test_long_times_are_told_in_hours() -> None:
    assert time_words(7_199) == "119 min"
    assert time_words(7_200) == "2 h"


def test_a_place_behind_the_last_piece_is_the_last_piece() -> None:
    pieces = [Piece(SegmentKind.SYSTEM, "", 10, fresh=True, depth=1)]
    assert place_at(pieces, 5, 10) == place_at(pieces, 0, 10)
    assert place_at(pieces, 0, 10).kind is SegmentKind.SYSTEM
