from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.analysis.growth import Curve, Fit, fit, session_growth

AMOUNTS = st.lists(st.integers(1, 10**12), min_size=4, max_size=40)


def cost_of(steps: int, exponent: float, scale: int = 10**9) -> list[int]:
    """Return the cost of each step of a session whose cumulative cost grows with this exponent."""
    upto = [round(scale * step**exponent) for step in range(steps + 1)]
    return [after - before for before, after in pairwise(upto)]


def fitted(*sessions: list[int]) -> Fit:
    found = [session_growth(costs=costs, tokens=costs, contexts=costs) for costs in sessions]
    return fit(growth.cost for growth in found if growth is not None)


@pytest.mark.parametrize("exponent", [1.0, 1.4, 2.0])
def test_the_exponent_of_a_power_is_found_whatever_the_level(exponent: float) -> None:
    found = fitted(cost_of(30, exponent), cost_of(8, exponent, 10**7), cost_of(100, exponent, 10**11))
    assert found.exponent == pytest.approx(exponent, abs=0.001)
    assert found.low is None


def test_the_interval_covers_sessions_that_differ() -> None:
    found = fitted(*(cost_of(20, 1.2 + step / 50) for step in range(20)))
    assert found.low is not None
    assert found.high is not None
    assert 1.2 < found.low < 1.39 < found.high < 1.58


def test_short_sessions_show_no_growth() -> None:
    assert session_growth(costs=[1, 2, 3], tokens=[1, 2, 3], contexts=[1]) is None
    assert fitted([1, 2, 3]) == Fit()


def test_a_session_that_begins_with_unpriced_steps_is_fitted_on_tokens_alone() -> None:
    growth = session_growth(costs=[0, 0, 5, 5], tokens=[9, 9, 9, 9], contexts=[9])
    assert growth is not None
    assert growth.cost.squared == 0
    assert growth.tokens.squared > 0


@pytest.mark.parametrize(
    ("costs", "late"), [([1, 1, 1, 5], 5), ([4, 4, 4, 4, 4], 5), ([10, 10, 10, 10, 20, 10], 20)]
)
def test_the_last_quarter_of_the_steps(costs: list[int], late: int) -> None:
    growth = session_growth(costs=costs, tokens=costs, contexts=costs)
    assert growth is not None
    assert growth.late_picousd == late
    assert (growth.first_picousd, growth.last_picousd) == (costs[0], costs[-1])


@given(AMOUNTS)
def test_an_even_session_has_a_quarter_of_its_cost_in_its_last_quarter(costs: list[int]) -> None:
    even = [costs[0]] * len(costs)
    growth = session_growth(costs=even, tokens=even, contexts=even)
    assert growth is not None
    assert 4 * growth.late_picousd == pytest.approx(sum(even), abs=4)


def test_positions_have_their_median_context_and_mean_cost() -> None:
    curve = Curve()
    for level in (1_000, 2_000, 9_000):
        curve.add([level * step for step in range(1, 15)], list(range(1, 15)))
    first, *_, eleventh, last = curve.positions()
    assert (first.first, first.last, first.steps, first.mean_picousd) == (1, 1, 3, 1)
    assert first.context_tokens == pytest.approx(2_000, rel=0.03)
    assert (eleventh.first, eleventh.last, eleventh.steps, eleventh.mean_picousd) == (11, 13, 9, 12)
    assert (last.first, last.last, last.steps) == (14, 16, 3)


def test_steps_beyond_the_last_class_are_counted_together() -> None:
    curve = Curve()
    curve.add([10] * 4_000, [1] * 4_000)
    assert sum(position.steps for position in curve.positions()) == 4_000
    assert curve.positions()[-1].last is None
    assert curve.positions()[-1].first == 3_163


@given(AMOUNTS, AMOUNTS)
def test_merged_curves_are_as_one(one: list[int], other: list[int]) -> None:
    whole, left, right = Curve(), Curve(), Curve()
    whole.add(one, one)
    whole.add(other, other)
    left.add(one, one)
    right.add(other, other)
    left.merge(right)
    assert left.positions() == whole.positions()
