"""Money: exact at the border, integer inside."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.errors import InputError
from farthing.money import PICOUSD_PER_USD, format_usd, parse_rate, parse_usd, show_usd, to_decimal


@pytest.mark.parametrize(
    ("text", "picousd"),
    [("1", PICOUSD_PER_USD), ("$0.05", 50_000_000_000), (" 1,000.5 ", 1_000_500_000_000_000), ("1e-12", 1)],
)
def test_amounts_are_read_exactly(text: str, picousd: int) -> None:
    assert parse_usd(text) == picousd


@pytest.mark.parametrize("text", ["", "abc", "-1", "NaN", "inf", "1e-13", "€5"])
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_usd(text)


def test_a_price_per_million_is_picodollars_per_token() -> None:
    assert parse_rate("10") == 10_000_000
    assert parse_rate(Decimal("0.0028")) == 2_800


def test_a_rate_finer_than_a_picodollar_is_rounded_half_to_even_once() -> None:
    assert parse_rate("0.0000005") == 0
    assert parse_rate("0.0000015") == 2


@given(st.integers(-(10**18), 10**18))
def test_printing_and_reading_are_inverse(picousd: int) -> None:
    shown = format_usd(picousd)
    assert Decimal(shown) == to_decimal(picousd)
    assert "e" not in shown.lower()
    if picousd >= 0:
        assert parse_usd(shown) == picousd


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        ("0", "$0.00"),
        ("1234.5", "$1,234.50"),
        ("0.0042", "$0.0042"),
        ("0.1", "$0.10"),
        ("0.000123", "$0.00012"),
    ],
)
def test_people_see_two_figures_at_least(usd: str, shown: str) -> None:
    assert show_usd(parse_usd(usd)) == shown


def test_a_negative_amount_carries_its_sign_in_front() -> None:
    assert show_usd(-parse_usd("2.5")) == "-$2.50"
