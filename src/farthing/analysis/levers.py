"""What could be done about the spend: each finding with its lever, what it addresses, and how to mend it.

A lever addresses spend, it does not promise to save it: how much a change would save is for replay to
say, and the spends of two levers overlap, so they are never added. Beside each stands the assumption
under which its spend may be addressed at all.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from farthing.analysis.advice import Advice, Kind, advice, places
from farthing.analysis.breaks import BreakSums, Site, Tally
from farthing.analysis.loops import LoopSums
from farthing.analysis.signatures import Row
from farthing.analysis.tail import Tail
from farthing.analysis.unattended import Unattended

_MONTH_NS = 30 * 86_400 * 1_000_000_000
_DAY_NS = 86_400 * 1_000_000_000
_FEWEST_SESSIONS = 20


class Lever(Struct, frozen=True, kw_only=True):
    """A finding in words, what it happened to and how often (`count`), and the spend that it addresses.

    `month_picousd` is that spend over 30 days at the rate observed; None where less than a day was
    observed. `unpriced` of the count are not in the spend.
    """

    kind: Kind
    finding: str
    spend_picousd: int
    month_picousd: int | None
    count: int
    unpriced: int = 0
    assumption: str
    mend: str


class Findings(Struct, frozen=True, kw_only=True):
    """All that levers are made from. `observed_ns` is the time from the first call to the last."""

    breaks: BreakSums
    signatures: Sequence[Row]
    loops: LoopSums
    tail: Tail
    unattended: Unattended
    observed_ns: int | None = None


_ASSUMED_WARM = (
    "what was sent before and read or written then could have been read again at the price of a read"
)


def levers(findings: Findings) -> tuple[Lever, ...]:
    """Return the levers with any spend to address, dearest first."""
    made = (
        *_of_breaks(findings),
        *_of_caches_off(findings),
        *_of_signatures(findings),
        *_of_loops(findings),
        *_of_tail(findings),
        *_of_unattended(findings),
    )
    return tuple(sorted(made, key=lambda lever: (-lever.spend_picousd, lever.finding)))


def a_month(picousd: int, observed_ns: int | None) -> int | None:
    """Return what a spend comes to in 30 days at the rate observed."""
    if observed_ns is None or observed_ns < _DAY_NS:
        return None
    return picousd * _MONTH_NS // observed_ns


def _of_breaks(findings: Findings) -> Iterator[Lever]:
    by_advice: dict[Advice, dict[Site, Tally]] = {}
    for site, tally in findings.breaks.sites.items():
        found = advice(site)
        if found is not None and (tally.cost_picousd or tally.unpriced):
            by_advice.setdefault(found, {})[site] = tally
    for found, sites in by_advice.items():
        total = _total(sites.values())
        yield Lever(
            kind=found.kind,
            finding=f"{found.finding}: {total.lost_tokens:,} tokens paid again",
            spend_picousd=total.cost_picousd,
            month_picousd=a_month(total.cost_picousd, findings.observed_ns),
            count=total.count,
            unpriced=total.unpriced,
            assumption=_ASSUMED_WARM,
            mend=found.mend.format(where=places(sites)),
        )


def _of_caches_off(findings: Findings) -> Iterator[Lever]:
    for (_, model), use in findings.breaks.uncached.items():
        if use.cost_picousd and 2 * use.uncached_calls >= use.calls:
            yield Lever(
                kind=Kind.CACHING,
                finding=f"{model} cached nothing in {use.uncached_calls:,} of {use.calls:,} follow-up calls: "
                f"{use.resent_tokens:,} tokens sent again at the full price of input",
                spend_picousd=use.cost_picousd,
                month_picousd=a_month(use.cost_picousd, findings.observed_ns),
                count=use.uncached_calls,
                assumption="the provider caches prompts of this model, and the source records the counts",
                mend="turn prompt caching on; where it takes marks: on tools, system prompt, last message",
            )


def _of_signatures(findings: Findings) -> Iterator[Lever]:
    for row in findings.signatures:
        if row.hint:
            yield Lever(
                kind=Kind.ROUTING,
                finding=f"{row.model} on steps that look mechanical ({_told(row)}): {row.hint}",
                spend_picousd=row.cost_picousd,
                month_picousd=a_month(row.cost_picousd, findings.observed_ns),
                count=row.calls,
                unpriced=row.unpriced,
                assumption="a cheaper model answers alike, as a paired test must show; its prefix is cold",
                mend="give these steps to a cheaper model where a session or sub-agent starts, after a test",
            )


def _of_loops(findings: Findings) -> Iterator[Lever]:
    loops = findings.loops
    if loops.loops:
        yield Lever(
            kind=Kind.BUDGET,
            finding=f"the same tool call had the same result {loops.repeats:,} times more than once",
            spend_picousd=loops.wasted_picousd,
            month_picousd=a_month(loops.wasted_picousd, findings.observed_ns),
            count=loops.loops,
            unpriced=loops.unpriced,
            assumption="an equal result told the agent nothing new; checks after an edit may be among them",
            mend="wrap a session up at the third equal result; let a tool wait for a change by itself",
        )


def _of_tail(findings: Findings) -> Iterator[Lever]:
    if len(findings.tail.costs_picousd) < _FEWEST_SESSIONS:
        return
    top = findings.tail.top(5)
    yield Lever(
        kind=Kind.BUDGET,
        finding=f"the dearest {top.sessions:,} of {len(findings.tail.costs_picousd):,} sessions "
        f"cause {top.share:.0%} of the spend",
        spend_picousd=top.cost_picousd,
        month_picousd=a_month(top.cost_picousd, findings.observed_ns),
        count=top.sessions,
        assumption="what sessions spend beyond a limit is not worth it, as their outcomes have to show",
        mend="set a budget a session with a reserve for wrapping up",
    )


def _of_unattended(findings: Findings) -> Iterator[Lever]:
    found = findings.unattended
    if found.cost_picousd:
        yield Lever(
            kind=Kind.DIAL,
            finding=f"nobody speaks after the task in {found.unattended:,} of {found.sessions:,} sessions, "
            "at the standard tier",
            spend_picousd=found.cost_picousd,
            month_picousd=a_month(found.cost_picousd, findings.observed_ns),
            count=found.unattended,
            assumption="where nobody waits for a step a slower tier does no harm, and the provider sells one",
            mend="say per key or route that nobody waits, and send these sessions by flex or batch",
        )


def _total(tallies: Iterable[Tally]) -> Tally:
    found = tuple(tallies)
    return Tally(
        sum(tally.count for tally in found),
        sum(tally.lost_tokens for tally in found),
        sum(tally.cost_picousd for tally in found),
        sum(tally.unpriced for tally in found),
    )


def _told(row: Row) -> str:
    """Say what a signature is in words."""
    signature = row.signature
    agent = f"{signature.agent_label} " if signature.agent_label else ""
    return f"{agent}after {signature.answers.replace('tool_result:', 'a result of ') or 'unseen input'}"
