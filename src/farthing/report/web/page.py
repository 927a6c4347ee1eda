"""The page around a report: one HTML file that needs nothing else, readable on a phone, by day and by night.

No script runs. What folds is `<details>`, so the keyboard works; colours come from variables and follow
the reader's scheme; a policy in the head forbids the page to load anything at all. Text enters
through the functions here, and all of them escape it.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from farthing.report.web.style import STYLE
from farthing.report.width import clip_middle
from farthing.report.words import clean

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_NAME_MOST = 44


class Cell(NamedTuple):
    """A table cell: HTML that was built here, and its CSS classes. A phone leaves `wide` ones out."""

    html: str
    classes: str = ""


class Section(NamedTuple):
    """A part of the page with a title of its own; `label` is what the contents call it.

    Without a body there is nothing to say, and it is left out.
    """

    anchor: str
    label: str
    title: str
    body: str = ""


def text(value: str) -> Cell:
    return Cell(_shown(value))


def number(value: str) -> Cell:
    return Cell(_shown(value), "n")


def name(value: str) -> Cell:
    """Return a name from a trace; the whole of a long one shows when it is hovered."""
    whole = clean(value)
    shown = clip_middle(whole, _NAME_MOST)
    title = f' title="{escape(whole)}"' if shown != whole else ""
    return Cell(f"<code{title}>{escape(shown)}</code>" if whole else "")


def wide(cell: Cell) -> Cell:
    """Return a cell that a phone leaves out."""
    return cell._replace(classes=f"{cell.classes} wide".strip())


def bar(parts: Sequence[tuple[str, float]], words: str) -> Cell:
    """Return a cell with a bar of (CSS class, part of one) pieces, and what it says in words."""
    return Cell(whole_bar(parts, words, classes="bar"), "bars")


def two_bars(upper: Cell, lower: Sequence[tuple[str, float]]) -> Cell:
    """Return a cell with a slimmer bar below its own."""
    return upper._replace(html=f"{upper.html}{whole_bar(lower, '', classes='bar slim')}")


def whole_bar(parts: Sequence[tuple[str, float]], words: str, *, classes: str = "bar whole") -> str:
    """Return a bar of pieces; without `words` it only repeats what stands beside it."""
    spans = "".join(
        f'<span class="{style}" style="width:{100 * share:.2f}%"></span>'
        for style, share in parts
        if share > 0
    )
    said = _shown(words)
    told = f'role="img" aria-label="{said}" title="{said}"' if words else 'aria-hidden="true"'
    return f'<div class="{classes}" {told}>{spans}</div>'


def with_note(cell: Cell, note: str, quotation: str = "") -> Cell:
    """Return a cell with softer lines below it; a quotation is text from a trace."""
    lines = f"<br><small>{_shown(note)}</small>" if note else ""
    lines += f'<br><span class="excerpt">“{_shown(quotation)}”</span>' if quotation else ""
    return cell._replace(html=cell.html + lines)


def with_bar(cell: Cell, share: float, note: str) -> Cell:
    """Return a cell with a bar below its words, and a softer line below that."""
    picture = whole_bar([("plain", share)], "", classes="bar slim")
    said = f"<small>{_shown(note)}</small>" if note else ""
    return cell._replace(html=f"{cell.html}{picture}{said}")


def table(caption: str, head: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table that scrolls by itself where it is wider than the page; "" without rows.

    Columns with nothing in them are left out.
    """
    if not rows:
        return ""
    kept = [at for at in range(len(head)) if any(row[at].html for row in rows)]
    top = "".join(f'<th scope="col"{_classes(head[at])}>{head[at].html}</th>' for at in kept)
    body = "".join(
        "<tr>" + "".join(f"<td{_classes(row[at])}>{row[at].html}</td>" for at in kept) + "</tr>"
        for row in rows
    )
    said = f"<caption>{_shown(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_shown(caption or "table")}">'
        f"<table>{said}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def cards(items: Sequence[tuple[str, str]]) -> str:
    """Return (value, what it is) pairs as cards."""
    shown = (
        f'<div class="card"><b>{_shown(value)}</b><span>{_shown(what)}</span></div>' for value, what in items
    )
    return f'<div class="cards">{"".join(shown)}</div>'


def key(entries: Sequence[tuple[str, str]]) -> str:
    """Return the key of a chart's (CSS class, name) pairs."""
    shown = (f'<span><i class="{style}"></i>{_shown(label)}</span>' for style, label in entries)
    return f'<div class="key">{"".join(shown)}</div>'


def paragraph(words: str, classes: str = "") -> str:
    """Return a paragraph; "" of ""."""
    return f"<p{_classes(Cell('', classes))}>{_shown(words)}</p>" if words else ""


def headline(words: str) -> str:
    return f"<h1>{_shown(words)}</h1>"


def heading(words: str) -> str:
    return f"<h3>{_shown(words)}</h3>"


def section(found: Section) -> str:
    return f'<section id="{found.anchor}"><h2>{_shown(found.title)}</h2>{found.body}</section>'


def contents(sections: Sequence[Section]) -> str:
    """Return links to the sections."""
    links = (f'<a href="#{each.anchor}">{_shown(each.label)}</a>' for each in sections)
    return f'<nav aria-label="Sections">{"".join(links)}</nav>' if sections else ""


def figure(chart: str, caption: str, *more: str, classes: str = "") -> str:
    """Return a chart under its caption; "" without a chart."""
    if not chart:
        return ""
    said = f"<figcaption>{_shown(caption)}</figcaption>"
    return f"<figure{_classes(Cell('', classes))}>{said}{chart}{''.join(more)}</figure>"


def figures(*shown: str) -> str:
    """Return figures beside each other where there is room; "" if all are empty."""
    body = "".join(shown)
    return f'<div class="figures">{body}</div>' if body else ""


def folded(summary: str, *parts: str) -> str:
    """Return a part that folds; "" if it is empty."""
    body = "".join(parts)
    return f"<details><summary>{_shown(summary)}</summary>{body}</details>" if body else ""


def page(title: str, body: str) -> str:
    """Return the whole document."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_shown(title)}</title><style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def _classes(cell: Cell) -> str:
    return f' class="{cell.classes}"' if cell.classes else ""


def _shown(words: str) -> str:
    """Return text as it may stand in a page, whoever wrote it."""
    return escape(clean(words))
