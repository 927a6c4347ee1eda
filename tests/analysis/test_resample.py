from math import exp
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from farthing.analysis.resample import ratio_interval

COSTS = st.lists(st.floats(0.01, 1e6), min_size=5, max_size=200)


def lognormal(seed: int, size: int) -> list[tuple[float, float]]:
    random = Random(seed)
    return [(random.lognormvariate(0, 1), 1.0) for _ in range(size)]


def test_the_interval_of_a_skewed_mean_holds_the_truth_about_as_often_as_it_says() -> None:
    truth = exp(0.5)
    held = 0
    for seed in range(150):
        found = ratio_interval(lognormal(seed, 30))
        assert found is not None
        held += found.low <= truth <= found.high
    assert held >= 0.89 * 150


def test_more_sessions_tell_more() -> None:
    few, many = ratio_interval(lognormal(1, 20)), ratio_interval(lognormal(1, 2_000))
    assert few is not None
    assert many is not None
    assert many.high - many.low < (few.high - few.low) / 3


@given(COSTS)
def test_the_ratio_lies_in_its_interval(costs: list[float]) -> None:
    found = ratio_interval([(cost, 1.0) for cost in costs])
    if found is not None:
        assert 0 < found.low <= sum(costs) / len(costs) * (1 + 1e-9)
        assert sum(costs) / len(costs) * (1 - 1e-9) <= found.high


def test_the_same_sessions_have_the_same_interval() -> None:
    assert ratio_interval(lognormal(3, 300)) == ratio_interval(lognormal(3, 300))


def test_too_little_says_nothing() -> None:
    assert ratio_interval([]) is None
    assert ratio_interval(lognormal(1, 4)) is None
    assert ratio_interval([(0.0, 1.0)] * 9) is None
    assert ratio_interval([(5.0, 1.0)] * 9) is None
