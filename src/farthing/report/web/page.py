"""The page around a report: one HTML file that needs nothing else, readable on a phone, by day and by night.

No script runs. What folds is `<details>`, so the keyboard works; colours come from variables and follow
the reader's scheme; a policy in the head forbids the page to load anything at all.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from farthing.report.web.style import STYLE

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Cell(NamedTuple):
    """A table cell: text, or HTML that was built here. `number` aligns it; `wide` hides it on a phone."""

    html: str
    number: bool = False
    wide: bool = False


def text(value: str, *, wide: bool = False) -> Cell:
    return Cell(escape(value), wide=wide)


def number(value: str, *, wide: bool = False) -> Cell:
    return Cell(escape(value), number=True, wide=wide)


def code(value: str, *, wide: bool = False) -> Cell:
    """Return text from a trace, shown as it is and escaped."""
    return Cell(f'<code class="excerpt">{escape(value)}</code>', wide=wide)


def bar(parts: Sequence[tuple[str, float]], *, whole: float, words: str) -> Cell:
    """Return a bar of (CSS class, value) parts, as long as its sum is of `whole`; `words` says it."""
    spans = "".join(
        f'<span class="{style}" style="width:{100 * value / whole:.2f}%"></span>'
        for style, value in parts
        if whole and value > 0
    )
    return Cell(
        f'<div class="bar" role="img" aria-label="{escape(words)}" title="{escape(words)}">{spans}</div>'
    )


def table(caption: str, head: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table that scrolls by itself where it is wider than the page; "" without rows."""
    if not rows:
        return ""
    top = "".join(f"<th{_class(cell)}>{cell.html}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td{_class(cell)}>{cell.html}</td>" for cell in row) + "</tr>" for row in rows
    )
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption or "table")}">'
        f"<table>{said}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def cards(items: Sequence[tuple[str, str]]) -> str:
    """Return (value, what it is) pairs as cards."""
    shown = (
        f'<div class="card"><b>{escape(value)}</b><span>{escape(what)}</span></div>' for value, what in items
    )
    return f'<div class="cards">{"".join(shown)}</div>'


def key(entries: Sequence[tuple[str, str]]) -> str:
    """Return the key of a chart's (CSS class, name) pairs."""
    shown = (f'<span><i class="{style}"></i>{escape(name)}</span>' for style, name in entries)
    return f'<div class="key">{"".join(shown)}</div>'


def section(anchor: str, title: str, lead: str, *parts: str) -> str:
    """Return a section; "" if all its parts are empty."""
    body = "".join(parts)
    if not body:
        return ""
    return f'<section id="{anchor}"><h2>{escape(title)}</h2><p>{escape(lead)}</p>{body}</section>'


def figure(chart: str, caption: str, *more: str) -> str:
    """Return a chart with its caption; "" without a chart."""
    if not chart:
        return ""
    return f"<figure>{chart}{''.join(more)}<figcaption>{escape(caption)}</figcaption></figure>"


def folded(summary: str, body: str, *, is_open: bool = False) -> str:
    """Return a part that folds; "" if it is empty."""
    if not body:
        return ""
    return f"<details{' open' if is_open else ''}><summary>{escape(summary)}</summary>{body}</details>"


def page(title: str, body: str) -> str:
    """Return the whole document."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def _class(cell: Cell) -> str:
    names = [name for name, is_so in (("n", cell.number), ("wide", cell.wide)) if is_so]
    return f' class="{" ".join(names)}"' if names else ""
