"""A result as text for a terminal: the verdict first, then the bill, and so on down to what was read.

Lines fit 72 to any number of columns and read well without colour. Nothing is printed here.
"""

from collections.abc import Callable, Sequence

from farthing.analysis.profile import Profile
from farthing.analysis.waterfall import WaterfallStep
from farthing.report.steps import told
from farthing.report.terminal import bill, findings, growth, reading, spend, waterfall
from farthing.report.terminal.layout import NARROWEST, Paint, Sheet, wrapped
from farthing.report.verdict import verdict

Section = Callable[[Profile, Sheet], list[str]]

_SECTIONS: tuple[Section, ...] = (
    bill.bill,
    bill.projection,
    spend.kinds,
    spend.tools,
    spend.models,
    spend.groups,
    spend.blocks,
    growth.growth,
    findings.breaks,
    findings.signatures,
    findings.tail,
    findings.loops,
    findings.levers,
    reading.reading,
)


def render(
    profile: Profile,
    *,
    width: int = 100,
    top: int = 5,
    colour: bool = False,
    command: str = "farthing profile PATH",
) -> str:
    """Return the report, each line at most `width` cells (72 at least) and ended by a line feed.

    Lists show `top` rows. `command` is how the report was called; the last section builds on it.
    """
    sheet = _sheet(width, top=top, colour=colour)
    lines = [sheet.paint.strong(line) for line in wrapped(" ".join(verdict(profile)).strip(), sheet.width)]
    for section in _SECTIONS:
        lines += section(profile, sheet)
    return _text([*lines, *reading.onwards(profile, command, sheet)])


def session(
    steps: Sequence[WaterfallStep],
    *,
    profile: Profile | None = None,
    name: str = "",
    width: int = 100,
    colour: bool = False,
) -> str:
    """Return one session in full; breaks are flagged that `profile` knows of the session called `name`."""
    sheet = _sheet(width, colour=colour)
    breaks = [row for row in profile.breaks if row.session == name] if profile else []
    shown = told(steps, breaks)
    return _text([*waterfall.opening(name, shown, sheet), *waterfall.steps(shown, sheet)])


def _sheet(width: int, *, colour: bool, top: int = 0) -> Sheet:
    return Sheet(max(width, NARROWEST), Paint(colour), top)


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
