import re
from collections.abc import Callable

import pytest

from farthing.analysis.profile import Profile
from farthing.report.text import render, session
from farthing.report.width import cells
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

ALL = {
    "nothing": NOTHING,
    "usual": USUAL,
    "one session": ONE_SESSION,
    "unpriced": UNPRICED,
    "unrecorded": UNRECORDED,
    "hostile": HOSTILE,
}
MARKS = re.compile("\x1b\\[[0-9]+m")


def titles(report: str) -> list[str]:
    return [line.split(" ─")[0] for line in report.splitlines() if line.endswith("──")]


@pytest.mark.parametrize("width", [72, 80, 100, 160])
@pytest.mark.parametrize("profile", ALL.values(), ids=ALL)
def test_every_line_fits(profile: Profile, width: int) -> None:
    assert max(map(cells, render(profile, width=width).splitlines())) <= width


@pytest.mark.parametrize("profile", ALL.values(), ids=ALL)
def test_colour_adds_marks_and_nothing_else(profile: Profile) -> None:
    assert MARKS.sub("", render(profile, colour=True)) == render(profile)


@pytest.mark.parametrize(
    "report",
    [
        render(HOSTILE, command=f"farthing profile {NASTY}"),
        session([step(1, written=9, name=NASTY, agent=NASTY)], profile=HOSTILE, name=NASTY),
    ],
)
def test_no_trace_reaches_the_terminal_with_more_than_text(report: str) -> None:
    assert "gnp.exe" in report
    assert all(line.isprintable() for line in report.splitlines())


def test_the_verdict_comes_first_and_sections_in_the_order_of_a_walk() -> None:
    report = render(USUAL)
    assert report.startswith("480 calls in 24 sessions cost at least $10.00")
    assert titles(report) == [
        "Bill",
        "In production, at 200 sessions a day",
        "Where it goes",
        "Tools",
        "Models",
        "By agent",
        "Dearest pieces of context",
        "Growth",
        "Broken prefixes",
        "What the steps do",
        "The dearest sessions",
        "Loops",
        "Levers",
        "What was read",
        "How to go on",
    ]


def test_sections_with_nothing_to_say_are_left_out() -> None:
    assert titles(render(NOTHING)) == ["How to go on"]
    assert titles(render(UNRECORDED)) == ["Bill", "What was read", "How to go on"]


def test_what_has_no_price_shows_no_dollars() -> None:
    assert "$" not in render(UNPRICED)


def test_lists_are_cut_and_say_how_much_is_left(claude_code: Recorded) -> None:
    few, many = (render(claude_code.profile, top=top) for top in (2, 100))
    assert "… and 14 more" in few
    assert "… and" not in many
    assert len(few) < len(many)


def test_the_next_command_builds_on_this_one() -> None:
    assert "farthing profile traces --format html -o report.html" in render(
        USUAL, command="farthing profile traces"
    )


def test_one_session_is_shown_step_by_step() -> None:
    report = session(STEPS, profile=USUAL, name="one")
    assert report.startswith(
        "Session one: 3 calls, $0.046, 1 sub-agent; the longest context has 5.80k tokens."
    )
    assert "! text that changes by itself, 40.0k tokens paid again. A date or time in it changes." in report


def test_a_session_without_a_profile_has_no_flags() -> None:
    assert "!" not in session(STEPS)


@pytest.mark.parametrize("width", [72, 100])
def test_a_recorded_profile_and_session_fit_and_name_every_step(claude_code: Recorded, width: int) -> None:
    name = claude_code.profile.sessions[0].id
    shown = session(claude_code.steps, profile=claude_code.profile, name=name, width=width)
    wide = [
        line
        for report in (shown, render(claude_code.profile, width=width))
        for line in report.splitlines()
        if cells(line) > width
    ]
    assert wide == []
    assert len(re.findall(r"(?m)^ +[0-9]+  ", shown)) == len(claude_code.steps)
    assert render(claude_code.profile).startswith("484 calls in 30 sessions cost at least $15.95")


def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[Callable[[], str]] = [lambda: render(USUAL), lambda: session(STEPS)]
    assert all(each() for each in shown)
    assert capsys.readouterr() == ("", "")
