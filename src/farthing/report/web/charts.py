"""Charts as SVG text: no script, no font, nothing from the network; they take the page's colours.

Each chart is drawn twice, for a wide page and for a phone, and the style sheet shows one of them: text
that only shrinks with its picture cannot be read on a phone. A chart is a picture with a name for
those who hear the page, and what matters also stands in a table beside it. Values are plain floats
here: a picture is no account.
"""

from collections.abc import Callable, Sequence
from html import escape
from itertools import accumulate
from math import ceil, floor, log10
from typing import NamedTuple

_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 22, 14, 40
_RUNGS = 5
_DOTS_MOST = 60

Show = Callable[[float], str]


class Canvas(NamedTuple):
    """The size of a drawing, and the class of the style sheet that shows it."""

    width: int
    height: int
    shown_on: str


WIDE = (Canvas(940, 300, "on-wide"), Canvas(340, 240, "on-phone"))
HALF = (Canvas(460, 270, "on-wide"), Canvas(340, 230, "on-phone"))


class Axis(NamedTuple):
    """What an axis measures, and how its numbers are written: round ones on it, exact ones where asked."""

    name: str
    show: Show
    tell: Show


class Series(NamedTuple):
    """A line: its name, its colour's CSS class, and its points, x ascending; `fills` shades what is below."""

    name: str
    style: str
    points: Sequence[tuple[float, float]]
    fills: bool = False


class Layer(NamedTuple):
    """One layer of a stack of columns: a value for each column."""

    name: str
    style: str
    values: Sequence[float]


def lines(
    title: str, series: Sequence[Series], *, x: Axis, y: Axis, canvases: Sequence[Canvas] = HALF
) -> str:
    """Return a line chart; "" without two different points to draw it between."""
    points = [point for line in series for point in line.points]
    if len({point[0] for point in points}) < 2:
        return ""
    return "".join(_lines(title, series, x, y, canvas) for canvas in canvases)


def columns(
    title: str,
    layers: Sequence[Layer],
    *,
    numbers: Sequence[str],
    x: Axis,
    y: Axis,
    marked: Sequence[tuple[int, str]] = (),
) -> str:
    """Return stacked columns, first layer at the bottom; "" without any height.

    `numbers` say what each column stands for; `marked` puts flags above columns, counted from 0, such
    as the step where a prefix broke.
    """
    if not any(value > 0 for layer in layers for value in layer.values):
        return ""
    return "".join(_columns(title, layers, numbers, x, y, marked, canvas) for canvas in WIDE)


def _lines(title: str, series: Sequence[Series], x: Axis, y: Axis, canvas: Canvas) -> str:
    points = [point for line in series for point in line.points]
    frame = _Frame(
        canvas,
        x_from=min(point[0] for point in points),
        x_to=max(point[0] for point in points),
        y_to=_top_above(max(point[1] for point in points)),
    )
    marks = [_area(line, frame) for line in series if line.fills]
    marks += [_polyline(line, frame) for line in series]
    marks += [_dots(line, frame, x=x, y=y) for line in series]
    return _svg(title, frame, "".join(marks), x=x, y=y)


def _columns(
    title: str,
    layers: Sequence[Layer],
    numbers: Sequence[str],
    x: Axis,
    y: Axis,
    marked: Sequence[tuple[int, str]],
    canvas: Canvas,
) -> str:
    count = len(numbers)
    heights = [sum(layer.values[at] for layer in layers) for at in range(count)]
    frame = _Frame(canvas, x_from=0.5, x_to=count + 0.5, y_to=_top_above(max(heights)))
    marks = [_flag(frame, at, words) for at, words in marked]
    marks += [_stack(frame, at, layers, f"{x.name} {numbers[at]}", y) for at in range(count)]
    ends = (numbers[0].split(" ")[0], numbers[-1].split(" ")[-1])
    return _svg(title, frame, "".join(marks), x=x, y=y, ends=ends)


class _Frame(NamedTuple):
    """Maps values to the picture; y starts at zero, because columns and areas lie otherwise."""

    canvas: Canvas
    x_from: float
    x_to: float
    y_to: float

    @property
    def wide(self) -> float:
        return self.canvas.width - _LEFT - _RIGHT

    @property
    def bottom(self) -> float:
        return self.canvas.height - _BOTTOM

    def across(self, value: float) -> float:
        return _LEFT + (value - self.x_from) / (self.x_to - self.x_from) * self.wide

    def down(self, value: float) -> float:
        return _TOP + (self.bottom - _TOP) * (1 - value / self.y_to)


def _polyline(line: Series, frame: _Frame) -> str:
    return f'<polyline class="line {line.style}" points="{_points(line, frame)}"/>'


def _area(line: Series, frame: _Frame) -> str:
    first, last = (f"{frame.across(line.points[at][0]):.1f},{frame.bottom:.1f}" for at in (0, -1))
    return f'<polygon class="area {line.style}" points="{first} {_points(line, frame)} {last}"/>'


def _points(line: Series, frame: _Frame) -> str:
    return " ".join(f"{frame.across(x):.1f},{frame.down(y):.1f}" for x, y in line.points)


def _dots(line: Series, frame: _Frame, *, x: Axis, y: Axis) -> str:
    """Return points to hover; at most one in every few pixels, so that a picture stays small."""
    return "".join(
        f'<circle class="dot {line.style}" cx="{frame.across(at):.1f}" cy="{frame.down(value):.1f}" r="3">'
        f"<title>{escape(f'{line.name}, {x.name} {x.tell(at)}: {y.tell(value)}')}</title></circle>"
        for at, value in line.points[:: max(1, ceil(len(line.points) / _DOTS_MOST))]
    )


def _stack(frame: _Frame, at: int, layers: Sequence[Layer], name: str, y: Axis) -> str:
    """Return one column of a stack, which says all its values when it is hovered."""
    width = max(0.7, frame.wide / (frame.x_to - frame.x_from) * 0.86)
    left = frame.across(at + 1) - width / 2
    values = [layer.values[at] for layer in layers]
    tops = [frame.down(upto) for upto in accumulate(values)]
    drawn = "".join(
        f'<rect class="{layer.style}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
        f'height="{low - top:.1f}"/>'
        for layer, value, top, low in zip(layers, values, tops, [frame.bottom, *tops], strict=False)
        if value > 0
    )
    told = ", ".join(
        f"{layer.name} {y.tell(value)}" for layer, value in zip(layers, values, strict=True) if value > 0
    )
    return f"<g>{drawn}<title>{escape(f'{name}: {told}')}</title></g>" if drawn else ""


def _flag(frame: _Frame, at: int, words: str) -> str:
    across = frame.across(at + 1)
    return (
        f'<g class="flag"><line x1="{across:.1f}" x2="{across:.1f}" y1="{_TOP}" y2="{frame.bottom}"/>'
        f'<circle cx="{across:.1f}" cy="{_TOP - 4}" r="5"/><title>{escape(words)}</title></g>'
    )


def _svg(
    title: str, frame: _Frame, marks: str, *, x: Axis, y: Axis, ends: tuple[str, str] | None = None
) -> str:
    canvas = frame.canvas
    return (
        f'<svg class="chart {canvas.shown_on}" viewBox="0 0 {canvas.width} {canvas.height}" role="img" '
        f'aria-label="{escape(title)}">{_rungs(frame, y)}{marks}{_foot(frame, x, ends)}</svg>'
    )


def _rungs(frame: _Frame, y: Axis) -> str:
    right = frame.canvas.width - _RIGHT
    return "".join(
        f'<path class="grid" d="M{_LEFT} {frame.down(value):.1f}H{right}"/>'
        f'<text class="tick" x="{_LEFT - 8}" y="{frame.down(value) + 4:.1f}" text-anchor="end">'
        f"{escape(y.show(value))}</text>"
        for value in _ticks(0, frame.y_to, _RUNGS)
    )


def _foot(frame: _Frame, x: Axis, ends: tuple[str, str] | None) -> str:
    """Return the numbers below the picture, or only those of its ends, and what they count."""
    right, line = frame.canvas.width - _RIGHT, frame.bottom + 17
    if ends is not None:
        shown = [(float(_LEFT), "start", ends[0]), (float(right), "end", ends[1])]
    else:
        ticks = _ticks(frame.x_from, frame.x_to, 4 if frame.canvas.width < 400 else 6)
        shown = [(frame.across(value), "middle", x.show(value)) for value in ticks]
    numbers = "".join(
        f'<text class="tick" x="{at:.1f}" y="{line:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
        for at, anchor, words in shown
    )
    middle = (_LEFT + right) / 2
    return (
        f'{numbers}<text class="tick" x="{middle:.0f}" y="{line + 17:.1f}" text-anchor="middle">'
        f"{escape(x.name)}</text>"
    )


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Return round values from `low` to `high`, about `most` of them."""
    step = _nice_above((high - low) / most)
    first = ceil(low / step - 1e-9)
    return [number * step for number in range(first, floor(high / step + 1e-9) + 1)]


def _top_above(value: float) -> float:
    """Return where an axis ends: at the first of its round values that is not below all others."""
    step = _nice_above(value / _RUNGS)
    return step * max(ceil(value / step - 1e-9), 1)


def _nice_above(value: float) -> float:
    """Return the next 1, 2, 2.5, 4, 5 or 10 times a power of ten, so that ticks are round.

    But not 2.5 itself: what is counted has no halves.
    """
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    steps = (1, 2, 4, 5, 10) if power == 1 else (1, 2, 2.5, 4, 5, 10)
    return next(step * power for step in steps if step * power >= value * 0.999999)
