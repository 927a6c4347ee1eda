"""Where prefixes broke: which step, at which block, why, and what it cost.

Each call is compared with the one before it in its own conversation with its own model: what was
warm and is sent again should have been read. A call that read it costs one comparison. The search
sees digests and counts only; whether a text differs in a date or an id alone is told by
`volatile.named`, for the few breaks where that may be so.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import nlargest
from typing import NamedTuple

from msgspec import Struct

from farthing.analysis.births import Change, primary
from farthing.analysis.break_cause import Case, Cause, Verdict
from farthing.analysis.break_judge import judge, judge_minimum, judge_switch
from farthing.analysis.charges import Priced
from farthing.analysis.warmth import Warmth
from farthing.engine.cache_rules import CacheRules, rules_for
from farthing.segment import Segment, SegmentKind
from farthing.session import Session
from farthing.span import Span
from farthing.usage import Usage

_KEPT = 50
_USUAL_MINIMUM_TOKENS = 1_024  # of most models at most providers


class Break(Struct, frozen=True, kw_only=True):
    """One loss, or (`cause.is_break` false) one that looks like a break and is none.

    `step` counts the session's calls from 1. `position_tokens` stand in front of the first block that
    differs or was not read, which is of `kind` and `name`; `old` and `new` are its two versions, for
    excerpts. `lost_tokens` were warm, were sent again and were paid for as new. `cost_picousd` is what
    that cost above reading them; None without a price. `changed_*` are those of the block that
    differs itself, which is new as a rule and so not among them.
    """

    session: str
    step: int
    agent: str
    agent_label: str
    model: str
    cause: Cause
    detail: str
    kind: SegmentKind
    name: str
    depth: int
    position_tokens: int
    lost_tokens: int
    cost_picousd: int | None
    changed_tokens: int = 0
    changed_cost_picousd: int | None = 0
    old: Segment | None = None
    new: Segment | None = None


class Site(NamedTuple):
    """What breaks have in common that are mended alike."""

    cause: Cause
    kind: SegmentKind
    name: str


class Tally(Struct, frozen=True):
    """How often, how much, at what price; `unpriced` of them are not in the cost."""

    count: int = 0
    lost_tokens: int = 0
    cost_picousd: int = 0
    unpriced: int = 0


class Uncached(Struct, frozen=True):
    """The calls to one model that neither read nor wrote a cache, of `calls` that re-sent enough for one.

    `resent_tokens` is what they sent again, `cost_picousd` what that cost at the full price of input.
    """

    calls: int = 0
    uncached_calls: int = 0
    resent_tokens: int = 0
    cost_picousd: int = 0


class SessionBreaks(Struct, frozen=True):
    """What one session lost, in the order of its steps, and its uncached calls by (provider, model)."""

    breaks: tuple[Break, ...]
    uncached: dict[tuple[str, str], Uncached]


class BreakSums(Struct, frozen=True):
    """What any number of sessions lost; `dearest` holds the dearest breaks one by one."""

    sites: dict[Site, Tally]
    uncached: dict[tuple[str, str], Uncached]
    dearest: tuple[Break, ...]


def find(session: Session, changes: Sequence[Change], bills: Sequence[tuple[Priced, ...]]) -> SessionBreaks:
    """Return what the session's calls lost; `changes` and `bills` stand beside its spans."""
    search = _Search(session)
    for index, (change, bill) in enumerate(zip(changes, bills, strict=True)):
        if change.path >= 0:
            search.take(index, change, bill)
    return search.result()


def summed(sessions: Iterable[SessionBreaks]) -> BreakSums:
    """Return the sums over sessions."""
    return merged(map(_sums, sessions))


def merged(parts: Iterable[BreakSums]) -> BreakSums:
    """Return the sums over parts of a corpus; the order of the parts does not matter."""
    sites: dict[Site, Tally] = {}
    uncached: dict[tuple[str, str], Uncached] = {}
    dearest: list[Break] = []
    for part in parts:
        for site, tally in part.sites.items():
            sites[site] = _both(sites[site], tally) if site in sites else tally
        for model, use in part.uncached.items():
            uncached[model] = _together(uncached[model], use) if model in uncached else use
        dearest = _dearest([*dearest, *part.dearest])
    return BreakSums(sites, uncached, tuple(dearest))


def by_cause(sums: BreakSums) -> dict[Cause, Tally]:
    """Return the tallies of each cause that was met, dearest first."""
    causes: dict[Cause, Tally] = {}
    for site, tally in sums.sites.items():
        causes[site.cause] = _both(causes.get(site.cause, Tally()), tally)
    return dict(sorted(causes.items(), key=lambda item: (-item[1].cost_picousd, item[0])))


class _Search:
    """Follows the paths of one session. A machine without I/O."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rules: dict[tuple[str, str], CacheRules] = {}
        self._paths: dict[int, Warmth] = {}
        self._path_of: dict[int, int] = {}
        self._found: list[Break] = []
        self._uncached: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        self._cached: set[str] = set()
        self._refused: set[str] = set()

    def take(self, index: int, change: Change, bill: Sequence[Priced]) -> None:
        span = self._session.spans[index]
        own = primary(span)
        line = next(line for line in bill if line.charge is own)
        usage, model = line.charge.usage, line.charge.model
        warmth = self._paths.get(change.path) or self._path(change.path, span.step.provider, model)
        if change.before >= 0:
            self._compare(index, span, change, warmth, line)
        if usage.cache_read_input_tokens or usage.cache_writes:
            self._cached.add(model)
        warmth.take(index, change, usage, at_ns=span.step.at_ns)
        if span.output and not warmth.thought:
            warmth.thought = any(segment.kind is SegmentKind.REASONING for segment in span.output)
        self._path_of[index] = change.path

    def result(self) -> SessionBreaks:
        """Return what was found, less the losses of caches that turned out to be off."""
        off = self._refused - self._cached
        uncached = {model: Uncached(*numbers) for model, numbers in self._uncached.items()}
        return SessionBreaks(tuple(each for each in self._found if each.model not in off), uncached)

    def _compare(self, index: int, span: Span, change: Change, warmth: Warmth, line: Priced) -> None:
        usage = line.charge.usage
        read = usage.cache_read_input_tokens
        verdict = None
        if change.previous < 0:
            verdict = self._switched(span, change, usage)
        elif read < (warm := warmth.tokens) - warmth.noise(warm):
            verdict = judge(self._case(span, change, usage, change.previous, warmth))
        uses_cache = read or usage.cache_writes
        if change.previous >= 0 and not uses_cache and verdict is None and span.step.breakpoints:
            verdict = judge_minimum(self._case(span, change, usage, change.previous, warmth))
        if change.kept_tokens >= (warmth.rules.minimum_tokens or _USUAL_MINIMUM_TOKENS):
            self._count(span, change, line, uses_cache=bool(uses_cache))
        if verdict is not None:
            self._note(index, span, verdict, line)

    def _switched(self, span: Span, change: Change, usage: Usage) -> Verdict | None:
        other = self._paths[self._path_of[change.before]]
        return judge_switch(self._case(span, change, usage, change.before, other))

    def _case(self, span: Span, change: Change, usage: Usage, before: int, warmth: Warmth) -> Case:
        spans = self._session.spans
        warmed = warmth.last if warmth.last >= 0 else before
        return Case(span, change, usage, spans[before], spans[warmed], warmth)

    def _count(self, span: Span, change: Change, line: Priced, *, uses_cache: bool) -> None:
        numbers = self._uncached[span.step.provider, line.charge.model]
        numbers[0] += 1
        if not uses_cache:
            numbers[1] += 1
            numbers[2] += change.kept_tokens
            numbers[3] += change.kept_tokens * (line.rates.input if line.rates else 0)

    def _note(self, index: int, span: Span, verdict: Verdict, line: Priced) -> None:
        place, lost = verdict.place, verdict.lost_tokens
        cost, changed = _premium(line, lost), _premium(line, lost + place.changed_tokens)
        if verdict.cause in (Cause.EVICTED, Cause.UNKNOWN):
            self._refused.add(line.charge.model)
        self._found.append(
            Break(
                session=self._session.id,
                step=index + 1,
                agent=span.step.agent,
                agent_label=span.step.agent_label,
                model=line.charge.model,
                cause=verdict.cause,
                detail=verdict.detail,
                kind=place.kind,
                name=place.name,
                depth=place.depth,
                position_tokens=place.tokens,
                lost_tokens=lost,
                cost_picousd=cost,
                changed_tokens=place.changed_tokens,
                changed_cost_picousd=None if cost is None or changed is None else changed - cost,
                old=place.old,
                new=place.new,
            )
        )

    def _path(self, path: int, provider: str, model: str) -> Warmth:
        named = provider, model
        if named not in self._rules:
            self._rules[named] = rules_for(provider, model)
        warmth = self._paths[path] = Warmth(self._rules[named])
        return warmth


def _premium(line: Priced, lost_tokens: int) -> int | None:
    """Return what the lost tokens cost above the price of reading them.

    They stand right behind what was read, where the dearest tokens of a call stand.
    """
    rates = line.rates
    if rates is None:
        return None
    cost = 0
    for write in line.charge.usage.cache_writes:
        tokens = min(write.tokens, lost_tokens)
        cost += tokens * ((rates.cache_write(write.ttl_s) or rates.input) - rates.cache_read)
        lost_tokens -= tokens
    return cost + lost_tokens * (rates.input - rates.cache_read)


def _sums(session: SessionBreaks) -> BreakSums:
    sites: dict[Site, Tally] = {}
    for found in session.breaks:
        site = Site(found.cause, found.kind, found.name)
        cost = found.cost_picousd
        one = Tally(1, found.lost_tokens, cost or 0, unpriced=int(cost is None))
        sites[site] = _both(sites[site], one) if site in sites else one
    breaks = [found for found in session.breaks if found.cause.is_break]
    return BreakSums(sites, session.uncached, tuple(_dearest(breaks)))


def _dearest(breaks: Iterable[Break]) -> list[Break]:
    return nlargest(_KEPT, breaks, key=_rank)


def _rank(found: Break) -> tuple[int, int, str, int]:
    """Order breaks by what they cost; of equal ones the same are kept in whatever order they come."""
    return found.cost_picousd or 0, found.lost_tokens, found.session, found.step


def _both(one: Tally, other: Tally) -> Tally:
    return Tally(
        one.count + other.count,
        one.lost_tokens + other.lost_tokens,
        one.cost_picousd + other.cost_picousd,
        one.unpriced + other.unpriced,
    )


def _together(one: Uncached, other: Uncached) -> Uncached:
    return Uncached(
        one.calls + other.calls,
        one.uncached_calls + other.uncached_calls,
        one.resent_tokens + other.resent_tokens,
        one.cost_picousd + other.cost_picousd,
    )
