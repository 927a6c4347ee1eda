"""Charts as SVG text: no script, no font, nothing from the network; they scale and take the page's colours.

Each chart is a picture with a name for those who hear the page, and each mark a tooltip. Numbers
that matter also stand in a table beside it. Values are plain floats here: a picture is no account.
"""

from collections.abc import Callable, Sequence
from html import escape
from math import floor, log10
from typing import NamedTuple

_WIDTH, _HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 34
_TICKS = 4

Show = Callable[[float], str]


class Axis(NamedTuple):
    """What an axis measures, and how its numbers are written."""

    name: str
    show: Show


class Series(NamedTuple):
    """A line: its name, its colour's CSS class, and its points, x ascending."""

    name: str
    style: str
    points: Sequence[tuple[float, float]]


class Layer(NamedTuple):
    """One layer of a stack of columns: a value for each column."""

    name: str
    style: str
    values: Sequence[float]


def lines(title: str, series: Sequence[Series], *, x: Axis, y: Axis) -> str:
    """Return a line chart; "" without points."""
    points = [point for line in series for point in line.points]
    if not points:
        return ""
    frame = _Frame(
        x_from=min(point[0] for point in points),
        x_to=max(point[0] for point in points),
        y_to=_nice_above(max(point[1] for point in points)),
    )
    marks = [_polyline(line, frame) for line in series]
    marks += [_dots(line, frame, x=x, y=y) for line in series]
    return _svg(title, frame, "".join(marks), x=x, y=y)


def columns(
    title: str,
    layers: Sequence[Layer],
    *,
    x: Axis,
    y: Axis,
    marked: Sequence[tuple[int, str]] = (),
) -> str:
    """Return stacked columns, first layer at the bottom; "" without columns.

    `marked` puts a flag with words above columns, such as the step where a prefix broke.
    """
    count = max((len(layer.values) for layer in layers), default=0)
    if not count:
        return ""
    heights = [sum(layer.values[at] for layer in layers) for at in range(count)]
    frame = _Frame(x_from=0.5, x_to=count + 0.5, y_to=_nice_above(max(heights)))
    width = max(0.6, frame.wide / count * 0.86)
    marks: list[str] = []
    for at in range(count):
        base = 0.0
        for layer in layers:
            value = layer.values[at]
            if value > 0:
                words = f"{x.name} {x.show(at + 1)}: {layer.name} {y.show(value)}"
                marks.append(_column(frame, at + 1, base, value, width, layer.style, words))
                base += value
    marks += [_flag(frame, number, words) for number, words in marked]
    return _svg(title, frame, "".join(marks), x=x, y=y)


class _Frame(NamedTuple):
    """Maps values to the picture; y starts at zero, because columns and areas lie otherwise."""

    x_from: float
    x_to: float
    y_to: float

    @property
    def wide(self) -> float:
        return _WIDTH - _LEFT - _RIGHT

    def across(self, value: float) -> float:
        span = self.x_to - self.x_from or 1.0
        return _LEFT + (value - self.x_from) / span * self.wide

    def down(self, value: float) -> float:
        high = _HEIGHT - _TOP - _BOTTOM
        return _TOP + high * (1 - (value / self.y_to if self.y_to else 0.0))


def _polyline(line: Series, frame: _Frame) -> str:
    points = " ".join(f"{frame.across(x):.1f},{frame.down(y):.1f}" for x, y in line.points)
    return f'<polyline class="line {line.style}" points="{points}"/>'


def _dots(line: Series, frame: _Frame, *, x: Axis, y: Axis) -> str:
    """Points to hover; at most one in every few pixels, so that a long session stays a small picture."""
    every = max(1, len(line.points) // 80)
    return "".join(
        f'<circle class="dot {line.style}" cx="{frame.across(at):.1f}" cy="{frame.down(value):.1f}" r="4">'
        f"<title>{escape(f'{line.name}, {x.name} {x.show(at)}: {y.show(value)}')}</title></circle>"
        for at, value in line.points[::every]
    )


def _column(
    frame: _Frame, number: int, base: float, value: float, width: float, style: str, words: str
) -> str:
    top, bottom = frame.down(base + value), frame.down(base)
    left = frame.across(number) - width / 2
    return (
        f'<rect class="{style}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{bottom - top:.2f}">'
        f"<title>{escape(words)}</title></rect>"
    )


def _flag(frame: _Frame, number: int, words: str) -> str:
    at = frame.across(number)
    bottom = _HEIGHT - _BOTTOM
    return (
        f'<g class="flag"><line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{bottom}"/>'
        f'<circle cx="{at:.1f}" cy="{_TOP}" r="5"><title>{escape(words)}</title></circle></g>'
    )


def _svg(title: str, frame: _Frame, marks: str, *, x: Axis, y: Axis) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{_grid(frame, x, y)}{marks}</svg>"
    )


def _grid(frame: _Frame, x: Axis, y: Axis) -> str:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts: list[str] = []
    for tick in range(_TICKS + 1):
        value = frame.y_to * tick / _TICKS
        at = frame.down(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">')
        parts.append(f"{escape(y.show(value))}</text>")
    first, last = round(frame.x_from + 0.001), floor(frame.x_to)
    for value, anchor in ((first, "start"), (last, "end")):
        at = frame.across(value)
        parts.append(f'<text class="tick" x="{at:.1f}" y="{bottom + 16}" text-anchor="{anchor}">')
        parts.append(f"{escape(x.show(value))}</text>")
    middle = (_LEFT + right) / 2
    parts.append(f'<text class="tick" x="{middle:.0f}" y="{bottom + 28}" text-anchor="middle">')
    parts.append(f"{escape(x.name)}</text>")
    return "".join(parts)


def _nice_above(value: float) -> float:
    """Return the next 1, 2, 2.5, 4, 5 or 10 times a power of ten, so that ticks are round."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 2.5, 4, 5, 10) if step * power >= value * 0.999999)
