from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.analysis.break_cause import Cause
from farthing.report.words import (
    cause,
    clean,
    count,
    kind,
    part,
    percent,
    piece,
    rough_usd,
    round_tokens,
    short,
    span_of_time,
    times,
    tokens,
    usd,
    usd_like,
)
from farthing.segment import SegmentKind
from tests.report.profiles import NASTY

AMOUNTS = st.decimals(min_value=0, max_value=10**7, places=12, allow_nan=False)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.00k"),
        (9_994, "9.99k"),
        (9_995, "10.0k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (12_345_678, "12.3M"),
        (7_000_000_000, "7.00G"),
        (7_000_000_000_000_000, "7000T"),
    ],
)
def test_tokens_have_three_figures(number: int, shown: str) -> None:
    assert tokens(number) == shown


@pytest.mark.parametrize(("number", "shown"), [(0, "0"), (500, "500"), (50_000, "50k"), (2_500_000, "2.5M")])
def test_round_tokens_have_no_zeros_behind(number: float, shown: str) -> None:
    assert round_tokens(number) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(None, "–"), (0, "0%"), (0.0001, "<1%"), (0.01, "1%"), (0.385, "38%"), (0.9951, ">99%"), (1, "100%")],
)
def test_a_share_that_is_not_nothing_or_all_never_looks_so(share: float | None, shown: str) -> None:
    assert percent(share) == shown


def test_money_that_is_not_known_is_no_zero() -> None:
    assert usd(None) == usd_like([])(None) == rough_usd(None) == "–"
    assert usd("0") == "$0.00"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0.0042", "$0.0042"), ("83.333333", "$83.33"), ("2534.7", "$2,530"), ("123.4", "$123"), ("0", "$0.00")],
)
def test_a_rough_amount_has_three_figures(amount: str, shown: str) -> None:
    assert rough_usd(amount) == shown


def test_a_column_of_money_has_one_number_of_decimals() -> None:
    money = usd_like(["12.5", "0.031", None, "0.001", "0"])
    assert [money(each) for each in ("12.5", "0.031", None, "0.001", "0")] == [
        "$12.50",
        "$0.03",
        "–",
        "<$0.01",
        "$0",
    ]
    assert usd_like(["0.0421"])("0.0421") == "$0.0421"


@given(st.lists(AMOUNTS, min_size=1))
def test_an_amount_in_a_column_looks_like_nothing_only_if_it_is(amounts: list[Decimal]) -> None:
    money = usd_like(amounts)
    for amount in amounts:
        assert (money(amount) == "$0") == (amount == 0)
        if amount:
            assert any(digit in money(amount) for digit in "123456789")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (754, "12 min 34 s"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_time_has_two_units(seconds: float, shown: str) -> None:
    assert span_of_time(seconds) == shown


def test_counts_and_factors_read_as_words() -> None:
    assert [count(1, "call"), count(1_204, "call"), count(2, "copy", "copies")] == [
        "1 call",
        "1,204 calls",
        "2 copies",
    ]
    assert [times(3.14), times(9.96), times(2_000)] == ["3.1 ×", "10 ×", "2,000 ×"]


def test_every_kind_and_cause_has_words() -> None:
    assert all(kind(each.value) != each.value for each in SegmentKind)
    assert all(cause(each.value) != each.value for each in Cause)
    assert cause("a cause of tomorrow") == "a cause of tomorrow"


@pytest.mark.parametrize(
    ("kind_name", "name", "names"),
    [
        ("tool_result", "Read", ("results of Read", "a result of Read", "Read result")),
        ("tool_call", "", ("earlier tool calls", "a tool call", "call")),
        ("tools", "Bash", ("schema of Bash", "the schema of Bash", "Bash schema")),
        ("system", "", ("system prompt", "the system prompt", "system prompt")),
        ("reasoning", "derived: tools", ("earlier thinking", "some thinking", "thinking")),
        ("remainder", "derived: tools", ("tools (unrecorded)", "tools (unrecorded)", "tools")),
        ("remainder", "", ("unrecorded", "what is not recorded", "unrecorded")),
        (
            "remainder",
            "hidden provider tokens",
            ("hidden provider tokens", "hidden provider tokens", "hidden provider tokens"),
        ),
    ],
)
def test_content_is_named_as_a_whole_as_a_block_and_in_short(
    kind_name: str, name: str, names: tuple[str, str, str]
) -> None:
    assert (part(kind_name, name), piece(kind_name, name), short(kind_name, name)) == names


def test_clean_text_stands_on_one_line_and_steers_nothing() -> None:
    assert clean(NASTY) == "�[2J�]0;title��gnp.exe�<script>alert(1)</script>\"'&� 日本語"
    assert clean("plain text") == "plain text"
    assert clean("two\nlines\tand a tab") == "two lines and a tab"


@given(st.text())
def test_clean_text_is_printable_and_as_long(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text)) == len(text)
