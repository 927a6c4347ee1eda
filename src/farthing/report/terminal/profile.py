"""The profile as a terminal shows it: the verdict first, then the bill, and so on down to what was read."""

from collections.abc import Callable

from farthing.analysis.profile import Profile
from farthing.report.terminal import bill, findings, reading, spend
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
    spend.growth,
    findings.breaks,
    findings.signatures,
    findings.tail,
    findings.loops,
    findings.levers,
    reading.reading,
)


def profile_text(
    profile: Profile,
    *,
    width: int = 100,
    top: int = 8,
    colour: bool = False,
    command: str = "farthing profile PATH",
) -> str:
    """Return the report, each line at most `width` cells (72 at least) and ended by a line feed.

    Lists show `top` rows. `command` is how the report was called; the last section builds on it.
    """
    sheet = Sheet(max(width, NARROWEST), Paint(colour), top)
    lines = [sheet.paint.strong(line) for line in wrapped(verdict(profile), sheet.width)]
    for section in _SECTIONS:
        lines += section(profile, sheet)
    lines += reading.onwards(profile, command, sheet)
    return "".join(f"{line}\n" for line in lines)
