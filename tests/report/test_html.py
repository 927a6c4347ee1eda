"""The pages as a reader opens them: in a browser, at a desk and on a phone, by day and by night."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from farthing.analysis.profile import Profile
from farthing.report.html import render
from tests.report.conftest import Recorded
from tests.report.profiles import (
    HOSTILE,
    NASTY,
    NOTHING,
    ONE_SESSION,
    STEPS,
    UNPRICED,
    UNRECORDED,
    USUAL,
    step,
)
from tests.report.web.test_page import Tags

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESK, PHONE = 1280, 390
HOSTILE_STEPS = [step(1, written=900, name=NASTY, agent=NASTY, unpriced=NASTY)]
MADE = {
    "nothing": render(NOTHING),
    "usual": render(USUAL, STEPS),
    "one session": render(ONE_SESSION, STEPS),
    "unpriced": render(UNPRICED, [step(1, plain=90, unpriced="no price")]),
    "unrecorded": render(UNRECORDED),
    "hostile": render(HOSTILE, HOSTILE_STEPS, name=NASTY),
}


class Opened:
    """A page in the browser, with all that it said on the console or asked of the network."""

    def __init__(self, page: "Page", file: Path) -> None:
        self.page = page
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.said.append(request.url))
        page.goto(file.as_uri())
        self.said.remove(file.as_uri())

    @property
    def overflow(self) -> int:
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@pytest.fixture(params=[(width, scheme) for width in (DESK, PHONE) for scheme in ("light", "dark")], ids=str)
def view(browser: "Browser", request: pytest.FixtureRequest) -> "Iterator[Page]":
    width, scheme = request.param
    colours: Literal["light", "dark"] = scheme
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=colours)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", MADE)
def test_a_page_is_quiet_and_fits(view: "Page", tmp_path: Path, name: str) -> None:
    file = tmp_path / "report.html"
    file.write_text(MADE[name], encoding="utf-8")
    opened = Opened(view, file)
    view.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert opened.said == []
    assert opened.overflow <= 0
    assert view.locator("h1").is_visible()


def test_a_recorded_profile_shows_its_charts(view: "Page", tmp_path: Path, claude_code: Recorded) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(*claude_code), encoding="utf-8")
    opened = Opened(view, file)
    assert opened.said == []
    assert opened.overflow <= 0
    assert "484 calls in 30 sessions cost at least $15.95" in view.locator("h1").inner_text()
    charts = [chart for chart in view.locator("svg.chart").all() if chart.is_visible()]
    assert [chart.get_attribute("aria-label") for chart in charts] == [
        "How long the context is at each step",
        "What a session has cost up to each step",
        "What each call paid for",
        "What each call sent",
        "How the cost is spread over sessions",
    ]
    boxes = [chart.bounding_box() for chart in charts]
    assert all(box is not None and box["width"] >= 300 and box["height"] >= 180 for box in boxes)


def test_letters_in_charts_can_be_read(view: "Page", tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(MADE["usual"], encoding="utf-8")
    view.goto(file.as_uri())
    heights = [
        box["height"]
        for each in view.locator("svg .tick").all()
        if each.is_visible() and (box := each.bounding_box()) is not None
    ]
    assert heights
    assert min(heights) >= 11


def test_the_scheme_of_the_reader_decides_the_colours(browser: "Browser", tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(MADE["usual"], encoding="utf-8")
    grounds = set()
    for scheme in ("light", "dark"):
        colours: Literal["light", "dark"] = "light" if scheme == "light" else "dark"
        context = browser.new_context(color_scheme=colours)
        page = context.new_page()
        page.goto(file.as_uri())
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
    assert len(grounds) == 2


def test_the_keyboard_opens_what_is_folded(browser: "Browser", tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(MADE["usual"], encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    part = page.locator("details", has=page.get_by_text("Every part")).first
    assert part.get_attribute("open") is None
    part.locator("summary").focus()
    page.keyboard.press("Enter")
    assert part.get_attribute("open") is not None
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "scroll"
    page.close()


@pytest.mark.parametrize("name", MADE)
def test_a_file_holds_only_what_farthing_wrote(name: str) -> None:
    seen = set(Tags(MADE[name]).seen)
    assert not seen & {"script", "img", "iframe", "link", "object", "form", "input", "base"}
    assert MADE[name].startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("profile", "sections"),
    [
        (NOTHING, []),
        (UNRECORDED, ["bill", "reading"]),
        (
            USUAL,
            "bill production where labels growth session breaks steps sessions levers reading".split(),
        ),
    ],
)
def test_the_contents_lead_to_each_section(profile: Profile, sections: list[str]) -> None:
    page = render(profile, STEPS if sections[5:] else ())
    assert all(
        f'<a href="#{section}">' in page and f'<section id="{section}">' in page for section in sections
    )
    assert page.count("<section") == len(sections)


def test_the_waterfall_is_that_of_the_session_that_was_asked_for() -> None:
    assert "two: 3 calls" in render(USUAL, STEPS, name="two")
    assert "one: 3 calls" in render(USUAL, STEPS)
