import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.report.web.charts import HALF, Axis, Layer, Series, columns, lines

X = Axis("step", lambda value: f"{value:g}", lambda value: f"{value:g}")
Y = Axis("tokens", lambda value: f"{value:g}", lambda value: f"{value:g}")
HEIGHTS = st.lists(st.floats(min_value=0, max_value=1e9), min_size=1, max_size=40)


def drawings(chart: str) -> list[ET.Element]:
    """Parse the two drawings of a chart: the wide one and the one for phones."""
    return list(ET.fromstring(f"<div>{chart}</div>"))


def numbers(drawing: ET.Element, name: str) -> list[float]:
    return [float(value) for value in re.findall(f'{name}="([-0-9.]+)"', ET.tostring(drawing, "unicode"))]


def test_a_chart_is_drawn_for_wide_pages_and_for_phones() -> None:
    chart = lines("growth", [Series("a", "accent", [(1, 1), (2, 4)])], x=X, y=Y, canvases=HALF)
    assert [drawing.get("class") for drawing in drawings(chart)] == ["chart on-wide", "chart on-phone"]
    assert {drawing.get("aria-label") for drawing in drawings(chart)} == {"growth"}


def test_a_line_goes_through_its_points() -> None:
    chart = lines("t", [Series("a", "accent", [(0, 0), (5, 50), (10, 100)])], x=X, y=Y)
    line = drawings(chart)[0].find(".//polyline")
    assert line is not None
    (left, low), (middle, half), (right, high) = (
        map(float, point.split(",")) for point in str(line.get("points")).split()
    )
    assert middle - left == pytest.approx(right - middle)
    assert low - half == pytest.approx(half - high)


def test_without_two_points_there_is_no_line() -> None:
    assert lines("t", [], x=X, y=Y) == ""
    assert lines("t", [Series("a", "accent", [(3, 1), (3, 2)])], x=X, y=Y) == ""


def test_axes_have_round_numbers_that_reach_the_highest_value() -> None:
    chart = lines("t", [Series("a", "accent", [(0, 0), (471, 158_000)])], x=X, y=Y)
    ticks = [text.text for text in drawings(chart)[0].iter("text")]
    assert ticks == ["0", "40000", "80000", "120000", "160000", "0", "100", "200", "300", "400", "step"]


def test_what_is_counted_has_no_halves() -> None:
    chart = lines("t", [Series("a", "accent", [(1, 0), (16, 1)])], x=X, y=Y)
    assert [text.text for text in drawings(chart)[0].iter("text")][-6:] == [
        "0.8",
        "1",
        "4",
        "8",
        "12",
        "16",
        "step",
    ][1:]


@given(HEIGHTS, HEIGHTS)
def test_columns_stand_on_each_other_inside_the_picture(first: list[float], second: list[float]) -> None:
    count = min(len(first), len(second))
    layers = [Layer("a", "read", first[:count]), Layer("b", "plain", second[:count])]
    chart = columns("t", layers, numbers=[str(each) for each in range(count)], x=X, y=Y)
    for drawing in drawings(chart):
        _, _, width, height = map(float, str(drawing.get("viewBox")).split())
        for rect in drawing.iter("rect"):
            left, top, wide, high = (float(str(rect.get(name))) for name in ("x", "y", "width", "height"))
            assert 0 <= left <= left + wide <= width
            assert 0 <= top <= top + high <= height + 0.1


def test_a_column_says_its_values_and_a_flag_what_happened() -> None:
    layers = [Layer("read", "read", [10.0, 0.0]), Layer("written", "written", [5.0, 7.0])]
    chart = columns("t", layers, numbers=["1", "2"], x=X, y=Y, marked=[(1, "a break <here>")])
    titles = [title.text for title in drawings(chart)[0].iter("title")]
    assert titles == ["a break <here>", "step 1: read 10, written 5", "step 2: written 7"]


def test_columns_of_no_height_are_no_chart() -> None:
    assert columns("t", [Layer("a", "read", [0.0])], numbers=["1"], x=X, y=Y) == ""
    assert columns("t", [], numbers=[], x=X, y=Y) == ""


def test_the_ends_of_crowded_columns_are_the_first_and_the_last_step() -> None:
    chart = columns("t", [Layer("a", "read", [1.0, 2.0])], numbers=["1 to 3", "4 to 6"], x=X, y=Y)
    assert [text.text for text in drawings(chart)[0].iter("text")][-3:] == ["1", "6", "step"]


def test_many_points_make_no_heavy_picture() -> None:
    points = [(float(at), float(at)) for at in range(10_000)]
    drawing = drawings(lines("t", [Series("a", "accent", points)], x=X, y=Y))[0]
    assert len(list(drawing.iter("circle"))) <= 60
    assert numbers(drawing, "cx")[0] < numbers(drawing, "cx")[-1]
