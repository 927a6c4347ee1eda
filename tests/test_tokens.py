from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.tokens import UNIT, Tokenizer, apportion

weights = st.lists(st.integers(0, 10**9), max_size=20)


@given(st.integers(0, 10**9), weights)
def test_shares_sum_to_the_whole(total: int, given_weights: list[int]) -> None:
    assert sum(apportion(total, given_weights)) == (total if given_weights else 0)


@given(st.integers(0, 10**6), weights.filter(any))
def test_each_share_is_less_than_one_away_from_its_exact_value(total: int, given_weights: list[int]) -> None:
    whole = sum(given_weights)
    for share, weight in zip(apportion(total, given_weights), given_weights, strict=True):
        assert abs(share - Fraction(total * weight, whole)) < 1


@pytest.mark.parametrize(
    ("total", "given_weights", "shares"),
    [
        (10, [1, 1, 2], [2, 3, 5]),
        (1, [1, 1, 1], [0, 0, 1]),
        (7, [0, 0], [3, 4]),
        (7, [0, 3, 0], [0, 7, 0]),
        (0, [5, 5], [0, 0]),
        (5, [9], [5]),
        (5, [0], [5]),
        (5, [], []),
    ],
)
def test_shares(total: int, given_weights: list[int], shares: list[int]) -> None:
    assert apportion(total, given_weights) == shares


def test_the_factor_of_a_model_approaches_what_its_counts_show() -> None:
    tokenizer = Tokenizer()
    assert tokenizer.scale == UNIT
    for _ in range(200):
        tokenizer.learn(general=1_000 * UNIT, tokens=1_300)
    assert tokenizer.scale == pytest.approx(1.3 * UNIT, rel=0.01)


def test_a_little_evidence_moves_the_factor_a_little() -> None:
    tokenizer = Tokenizer()
    tokenizer.learn(general=10 * UNIT, tokens=100)
    assert UNIT < tokenizer.scale < 1.1 * UNIT
