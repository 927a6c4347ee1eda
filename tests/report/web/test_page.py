from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.report.web import page
from farthing.report.web.page import Cell, Section
from tests.report.profiles import NASTY

VOID = {"meta", "br"}


class Tags(HTMLParser):
    """Counts what a browser would see, and holds that every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert all(not name.startswith("on") for name, _ in attrs)
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(st.text() | st.sampled_from([NASTY, '"><img src=x onerror=alert(1)>', "</style><script>"]))
def test_text_of_a_trace_is_only_ever_text(said: str) -> None:
    rows = [
        [
            page.text(said),
            page.with_note(page.name(said), said, said),
            page.with_bar(page.number(said), 0.5, said),
        ]
    ]
    body = "".join(
        (
            page.table(said, [page.text(said)] * 3, rows),
            page.headline(said),
            page.heading(said),
            page.paragraph(said, "note"),
            page.cards([(said, said)]),
            page.key([("read", said)]),
            page.figure("<svg></svg>", said),
            page.folded(said, "<p></p>"),
            page.whole_bar([("read", 0.5)], said),
            page.contents([Section("a", said, said, "b")]),
            page.section(Section("a", said, said, "b")),
        )
    )
    seen = Tags(page.page(said, body)).seen
    assert not {"script", "img", "iframe", "link", "object", "a" if "<a" in said else "script"} & set(seen)
    assert seen.count("style") == 1


def test_a_long_name_is_cut_and_shows_whole_when_hovered() -> None:
    long = f"begin-{'x' * 80}-end"
    cell = page.name(long)
    assert cell.html.startswith(f'<code title="{long}">begin-')
    assert cell.html.endswith("-end</code>")
    assert page.name("short") == Cell("<code>short</code>")
    assert page.name("") == Cell("")


def test_columns_with_nothing_in_them_are_left_out() -> None:
    head = [page.text("kept"), page.text("empty")]
    shown = page.table("", head, [[page.text("a"), page.text("")]])
    assert "kept" in shown
    assert "empty" not in shown
    assert page.table("", head, []) == ""


def test_what_is_empty_leaves_no_trace() -> None:
    assert (
        page.folded("more") == page.paragraph("") == page.figure("", "caption") == page.figures("", "") == ""
    )
    assert page.contents([]) == ""


def test_a_bar_has_a_piece_for_each_part_and_says_so() -> None:
    cell = page.bar([("read", 0.25), ("plain", 0.0), ("out", 0.5)], "25% read")
    assert cell.html.count("<span") == 2
    assert 'aria-label="25% read"' in cell.html
    assert 'aria-hidden="true"' in page.with_bar(page.text("a"), 0.5, "").html


def test_a_phone_leaves_wide_cells_out() -> None:
    assert page.wide(page.number("1")).classes == "n wide"
    assert page.wide(page.text("1")).classes == "wide"


@pytest.mark.parametrize(
    "allowed", ["script-src", "connect-src", "img-src", "http:", "https:", "unsafe-eval"]
)
def test_the_page_may_load_nothing(allowed: str) -> None:
    policy = page.page("title", "").partition('Content-Security-Policy" content="')[2].partition('"')[0]
    assert "default-src 'none'" in policy
    assert allowed not in policy
