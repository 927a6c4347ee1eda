import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.report.terminal.layout import (
    NARROWEST,
    Column,
    Paint,
    Row,
    Sheet,
    bar,
    cut,
    entries,
    heading,
    paragraph,
    table,
    wrapped,
)
from farthing.report.width import cells

WORDS = st.text(st.characters(codec="utf-8"), max_size=60)


def test_a_table_is_aligned_under_its_heads() -> None:
    columns = (Column("tool"), Column("calls", right=True), Column("cost", right=True))
    rows = [Row(("Read", "12", "$1.00")), Row(("日本", "1,204", "$0.10"), note="a note")]
    assert table(columns, rows, Sheet()) == [
        "  tool  calls   cost",
        "  Read     12  $1.00",
        "  日本  1,204  $0.10",
        "      a note",
    ]


def test_columns_with_nothing_in_them_are_left_out() -> None:
    columns = (Column("a"), Column("b"))
    assert table(columns, [Row(("x", ""))], Sheet()) == ["  a", "  x"]
    assert table(columns, [], Sheet()) == []


def test_what_gives_is_cut_and_then_what_can_be_spared_goes() -> None:
    columns = (Column("name", gives=True, least=20), Column("spare", spare=True), Column("cost", right=True))
    cut_name = table(columns, [Row(("n" * 60, "s" * 30, "$1.00"))], Sheet(width=72))[1]
    assert "…" in cut_name
    assert "s" * 30 in cut_name
    spared = table(columns, [Row(("n" * 60, "s" * 60, "$1.00"))], Sheet(width=72))[1]
    assert spared == f"  {'n' * 60}  $1.00"


def test_a_name_is_cut_in_its_middle_and_a_text_at_its_end() -> None:
    name = (Column("name", gives=True),)
    text = (Column("text", gives=True, is_text=True),)
    row = [Row((f"begin{'-' * 90}end",))]
    assert table(name, row, Sheet(width=72))[1].endswith("end")
    assert table(text, row, Sheet(width=72))[1].endswith("…")


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1), st.integers(min_value=NARROWEST, max_value=120))
def test_a_table_whose_columns_give_fits_any_text(rows: list[tuple[str, str, str]], width: int) -> None:
    columns = (Column("a", gives=True), Column("b", gives=True, is_text=True), Column("c", gives=True))
    shown = [Row((*row[:2], row[2]), note=row[0]) for row in rows]
    lines = table(columns, shown, Sheet(width=width))
    assert all(cells(line) <= width and line.isprintable() for line in lines)


@given(st.text(), st.integers(min_value=20, max_value=100))
def test_wrapped_text_fits_and_loses_no_letter(text: str, width: int) -> None:
    lines = wrapped(text, width, first="> ", indent="  ")
    assert all(cells(line) <= width and line.isprintable() for line in lines)
    letters = [each for each in text if each.isalnum()]
    assert [each for line in lines for each in line[2:] if each.isalnum()] == letters


def test_a_list_is_cut_but_not_for_one_row() -> None:
    rows = [Row((str(number), "x")) for number in range(6)]
    assert [row.cells for row in cut(rows, 4)] == [*(row.cells for row in rows[:4]), ("… and 2 more", "")]
    assert cut(rows, 5) == rows
    assert cut(rows, 9) == rows


@pytest.mark.parametrize(
    ("share", "shown"), [(None, ""), (0.0, ""), (0.0001, "▏"), (0.5, "████"), (0.45, "███▋"), (1.0, "█" * 8)]
)
def test_a_bar_is_as_long_as_its_share(share: float | None, shown: str) -> None:
    assert bar(share, 8) == shown


def test_entries_hang_under_their_terms() -> None:
    assert entries([("cost", "$1"), ("empty", ""), ("longer", "two words")], Sheet(width=16)) == [
        "  cost    $1",
        "  longer  two",
        "          words",
    ]


def test_a_heading_takes_the_whole_line() -> None:
    assert heading("Bill", Sheet(width=12)) == ["", "Bill ───────"]
    assert all(cells(line) <= 72 for line in heading("t" * 200, Sheet(width=72)))


def test_a_paragraph_of_nothing_has_no_lines() -> None:
    assert paragraph("", Sheet()) == []
    assert paragraph("words", Sheet()) == ["  words"]


def test_paint_marks_only_where_it_is_wanted() -> None:
    assert Paint().strong("a") == Paint().soft("a") == Paint().bar("a") == "a"
    assert Paint(on=True).strong("a") == "\x1b[1ma\x1b[0m"
    assert Paint(on=True).soft("") == ""
    assert Paint(on=True).bar("  ") == "  "
