from msgspec.structs import replace

from farthing.report.terminal.growth import growth, spread
from farthing.report.terminal.layout import Sheet
from tests.report.profiles import NOTHING, UNPRICED, USUAL


def test_growth_is_said_and_shown_by_position() -> None:
    lines = growth(USUAL, Sheet())
    assert lines[2:4] == [
        "  cost        twice the steps cost 3.0 × as much (exponent 1.58, 95% interval 1.40 to 1.70, 20",
        "              sessions): faster than in proportion",
    ]
    assert "  late steps  the last quarter of a session's steps takes 44% of its cost" in lines
    assert lines[-2:] == [
        "  11 to 20    22.0k  ████████▍                $0.0110    30",
        "     21 on    42.0k  ████████████████         $0.0210    30",
    ]


def test_without_a_price_context_is_all_there_is_to_show() -> None:
    assert "$" not in "\n".join(growth(UNPRICED, Sheet()))


def test_a_single_step_shows_no_growth() -> None:
    assert growth(NOTHING, Sheet()) == []
    one = replace(USUAL.growth, positions=USUAL.growth.positions[:1])
    assert growth(replace(USUAL, growth=one), Sheet()) == []


def test_many_positions_are_thinned_out_between_the_first_and_the_last() -> None:
    found = spread(USUAL.growth.positions, 3)
    assert [row.from_step for row in found] == [1, 4, 21]
    assert spread(USUAL.growth.positions, 7) == list(USUAL.growth.positions)
