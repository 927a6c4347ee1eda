"""Lines, tables and bars for a terminal, made of plain text; colour is a mark on top and tells nothing new.

A table is fitted to the width: columns that give way are cut, and where that is not enough those that
can be spared go. Widths are counted in cells, because a Chinese character takes two. All that is written here
passes `clean`, so that no trace can steer a terminal.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from farthing.report.width import cells, clip, clip_middle
from farthing.report.words import clean

Mark = Callable[[str], str]

NARROWEST = 72
_GAP = "  "
_SLIVER = 2  # where even the least is too much, a column may shrink to this part of it
_EIGHTHS = " ▏▎▍▌▋▊▉"


class Paint(NamedTuple):
    """Marks for a terminal that shows them; without, they leave text as it is."""

    on: bool = False

    def strong(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.on and text else text

    def soft(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self.on and text else text

    def bar(self, text: str) -> str:
        return f"\x1b[36m{text}\x1b[0m" if self.on and text.strip() else text


class Sheet(NamedTuple):
    """What a section is written on: the width in cells, the marks, and how many rows a list shows."""

    width: int = 100
    paint: Paint = Paint()
    top: int = 5


def plain(text: str) -> str:
    """Leave text unmarked."""
    return text


class Column(NamedTuple):
    """A column. Where the line is too narrow `gives` is cut, to `least` cells, then `spare` left out.

    A name is cut in its middle, because names are told apart by both ends; `is_text` is cut at the end.
    """

    head: str
    right: bool = False
    gives: bool = False
    spare: bool = False
    least: int = 12
    is_text: bool = False
    mark: Mark = plain


class Row(NamedTuple):
    """The cells of a row, and a note that stands below it."""

    cells: Sequence[str]
    note: str = ""


def bar(share: float | None, width: int) -> str:
    """Return a bar as long as the share is of `width` cells; what is not nothing shows at least a sliver."""
    if not share or share < 0:
        return ""
    eighths = min(max(round(share * width * 8), 1), width * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def heading(title: str, sheet: Sheet) -> list[str]:
    """Return an empty line, and a title with a rule behind it."""
    shown = clip(clean(title), sheet.width - 4)
    rule = "─" * (sheet.width - cells(shown) - 1)
    return ["", f"{sheet.paint.strong(shown)} {sheet.paint.soft(rule)}"]


def wrapped(text: str, width: int, *, first: str = "", indent: str = "") -> list[str]:
    """Return lines of at most `width` cells; the first begins with `first`, the others with `indent`."""
    lines, line, is_empty = list[str](), first, True
    for word in clean(text).split(" "):
        if not is_empty and cells(line) + 1 + cells(word) > width:
            lines.append(line)
            line, is_empty = indent, True
        line, is_empty = f"{line}{word}" if is_empty else f"{line} {word}", False
        while cells(line) > width:
            head = clip(line, width + 1)[:-1]
            lines.append(head)
            line = indent + line[len(head) :]
    return [*lines, line]


def paragraph(text: str, sheet: Sheet, *, indent: str = "  ") -> list[str]:
    """Return text in lines; none of none."""
    if not text:
        return []
    return wrapped(text, sheet.width, first=indent, indent=indent)


def entries(pairs: Iterable[tuple[str, str]], sheet: Sheet) -> list[str]:
    """Return terms and what is said of them, each text under its own first line."""
    found = [(term, text) for term, text in pairs if text]
    room = max((cells(term) for term, _ in found), default=0)
    indent = " " * (room + 4)
    lines: list[str] = []
    for term, text in found:
        first, *more = wrapped(text, sheet.width, first=indent, indent=indent)
        lines += [f"  {sheet.paint.soft(_padded(term, room))}  {first[len(indent) :]}", *more]
    return lines


def table(columns: Sequence[Column], rows: Sequence[Row], sheet: Sheet) -> list[str]:
    """Return the rows under their heads, each note in softer lines of its own; nothing without rows."""
    if not rows:
        return []
    kept, widths = _fitted(columns, rows, sheet.width - 2)
    shown = [(columns[at], width) for at, width in zip(kept, widths, strict=True)]
    heads = [columns[at].head for at in kept]
    lines = [sheet.paint.soft(_line(shown, heads))] if any(heads) else []
    for row in rows:
        lines.append(_line(shown, [row.cells[at] for at in kept]))
        lines += [sheet.paint.soft(line) for line in _note(row.note, sheet)]
    return lines


def cut(rows: Sequence[Row], most: int) -> list[Row]:
    """Return the first rows, and for the others one that says how many they are.

    One row alone is never left out: the line that says so would take its place.
    """
    left = len(rows) - most
    if left <= 1:
        return list(rows)
    return [*rows[:most], Row((f"… and {left:,} more", *[""] * (len(rows[0].cells) - 1)))]


def _fitted(columns: Sequence[Column], rows: Sequence[Row], room: int) -> tuple[list[int], list[int]]:
    """Return the columns that are shown, and how wide each is."""
    kept = [at for at in range(len(columns)) if any(row.cells[at] for row in rows)]
    widths = {at: max(cells(clean(text)) for text in _column(at, columns, rows)) for at in kept}
    for at in [at for at in reversed(kept) if columns[at].spare]:
        if _least(columns, kept, widths) > room:
            kept.remove(at)
            del widths[at]
    _narrow(widths, [at for at in kept if columns[at].gives], columns, room - len(_GAP) * (len(kept) - 1))
    return kept, [widths[at] for at in kept]


def _column(at: int, columns: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    return [columns[at].head, *(row.cells[at] for row in rows)]


def _narrow(widths: dict[int, int], giving: Sequence[int], columns: Sequence[Column], room: int) -> None:
    """Take cells from the columns that give, always from the one with most to spare, until all fit."""
    for floor in (1, _SLIVER):
        spare = {at: widths[at] - max(columns[at].least // floor, 1) for at in giving}
        while sum(widths.values()) > room and max(spare.values(), default=0) > 0:
            most = max(spare, key=spare.__getitem__)
            widths[most] -= 1
            spare[most] -= 1


def _least(columns: Sequence[Column], kept: Sequence[int], widths: dict[int, int]) -> int:
    own = (min(widths[at], columns[at].least) if columns[at].gives else widths[at] for at in kept)
    return sum(own) + len(_GAP) * (len(kept) - 1)


def _line(columns: Sequence[tuple[Column, int]], texts: Sequence[str]) -> str:
    shown = []
    for (column, width), raw in zip(columns, texts, strict=True):
        text = clean(raw)
        fit = clip(text, width) if column.is_text else clip_middle(text, width)
        shown.append(column.mark(_padded(fit, width, right=column.right)))
    return f"  {_GAP.join(shown)}".rstrip()


def _note(text: str, sheet: Sheet) -> list[str]:
    return wrapped(text, sheet.width, first=" " * 6, indent=" " * 6) if text else []


def _padded(text: str, width: int, *, right: bool = False) -> str:
    space = " " * (width - cells(text))
    return f"{space}{text}" if right else f"{text}{space}"
