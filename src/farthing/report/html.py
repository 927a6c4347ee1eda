"""A result as one HTML file that needs nothing else: the verdict, charts, and the tables behind them."""

from collections.abc import Sequence

from farthing.analysis.profile import Profile
from farthing.analysis.waterfall import WaterfallStep
from farthing.report import sentences
from farthing.report.verdict import verdict
from farthing.report.web import bill, findings, growth, reading, spend
from farthing.report.web.page import contents, headline, page, paragraph, section
from farthing.report.web.waterfall import waterfall


def render(profile: Profile, steps: Sequence[WaterfallStep] = (), *, name: str = "") -> str:
    """Return the whole file.

    `steps` are those of the session called `name`; without a name, of the dearest.
    """
    of = name or (profile.sessions[0].id if profile.sessions else "")
    breaks = [row for row in profile.breaks if row.session == of]
    sections = (
        bill.bill(profile),
        bill.projection(profile),
        spend.where(profile),
        spend.groups(profile),
        growth.growth(profile),
        waterfall(of, steps, breaks),
        findings.breaks(profile),
        findings.signatures(profile),
        findings.sessions(profile),
        findings.levers(profile),
        reading.reading(profile),
    )
    found = [each for each in sections if each.body]
    body = "".join(section(each) for each in found)
    return page("farthing profile", f"{_header(profile)}{contents(found)}<main>{body}</main>")


def _header(profile: Profile) -> str:
    first, second = verdict(profile)
    brand = " · ".join(each for each in ("farthing profile", sentences.days(profile)) if each)
    return f'<header><p class="brand">{brand}</p>{headline(first)}{paragraph(second, "lead")}</header>'
