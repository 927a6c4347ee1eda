"""The cache model judged against the record: what it says each call read and wrote, and what was reported.

The model runs through the recorded calls by itself: it sees requests and instants, never what was
read before, except where a level is not recorded and must be inferred; such calls are not
scored. Where calls have no times, sessions stand apart and a call follows every ten seconds: then
nothing expires, and what did expire in reality shows as a difference. Every difference is
classified by evidence in the record, and a difference without any is `unexplained`.

Reads and writes of a call end at its last marker, and the chain takes that length from the record
(see `weighed`). So what is judged is how they divide: how much of the marked prefix was warm.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from statistics import median

from msgspec import Struct
from xxhash import xxh3_128_digest

from farthing.analysis.births import Change, births, primary
from farthing.analysis.weighed import Weighed, weigh
from farthing.engine.cache_rules import CacheRules, Placement, rules_for
from farthing.engine.prefix_cache import Marker, PrefixCache, Refresh, Request, Scope, Split
from farthing.segment import SegmentKind
from farthing.session import Session
from farthing.span import Span
from farthing.usage import FIVE_MINUTES_S, Usage

_NS_PER_S = 1_000_000_000
_UNTIMED_STEP_NS = 10 * _NS_PER_S
_NEAR_TOKENS = 64
_NEAR_SHARE = 100
_WRITTEN_BY_THE_MODEL = (SegmentKind.ASSISTANT, SegmentKind.REASONING, SegmentKind.TOOL_CALL)


class Verdict(StrEnum):
    """How a prediction fared, and what the record shows of a difference.

    `right`: within 64 tokens or 1 % of the input. `inferred`: not scored. `expired`: without times, nothing of
    the session's own was read. `evicted`: an older entry was read than the newest that should live.
    `outlived`: one was read that should be dead. `not_recorded`: calls, or markers, that the source does not show
    made an entry. `branch`: the call went back to an earlier context.
    """

    RIGHT = "right"
    INFERRED = "inferred"
    EXPIRED = "expired"
    EVICTED = "evicted"
    OUTLIVED = "outlived"
    NOT_RECORDED = "not recorded"
    BRANCH = "branch"
    UNEXPLAINED = "unexplained"


class Checked(Struct, frozen=True, kw_only=True):
    """One call that may use a cache: what the provider reported of it and what the model says."""

    session: str
    step: int
    input_tokens: int
    reported_read: int
    reported_write: int
    predicted_read: int
    predicted_write: int
    verdict: Verdict

    @property
    def error_share(self) -> float:
        return abs(self.reported_read - self.predicted_read) / max(self.input_tokens, 1)

    @property
    def hit_or_miss_is_right(self) -> bool:
        return (self.reported_read > 0) == (self.predicted_read > 0)


class Score(Struct, frozen=True, kw_only=True):
    """How the model did on scored calls; `verdicts` counts all of them, the inferred too."""

    calls: int
    reported_read: int
    predicted_read: int
    reported_write: int
    predicted_write: int
    median_error_share: float
    hit_miss_agreement: float
    verdicts: dict[Verdict, int]


def score(checked: Sequence[Checked]) -> Score:
    """Return the score over the calls that were not inferred from; shares are 0 to 1."""
    scored = [each for each in checked if each.verdict is not Verdict.INFERRED]
    return Score(
        calls=len(scored),
        reported_read=sum(each.reported_read for each in scored),
        predicted_read=sum(each.predicted_read for each in scored),
        reported_write=sum(each.reported_write for each in scored),
        predicted_write=sum(each.predicted_write for each in scored),
        median_error_share=median(each.error_share for each in scored) if scored else 0.0,
        hit_miss_agreement=sum(each.hit_or_miss_is_right for each in scored) / max(len(scored), 1),
        verdicts=dict(Counter(each.verdict for each in checked)),
    )


def check(sessions: Iterable[Session], *, refresh: Refresh = Refresh.HIT) -> list[Checked]:
    """Return every call that may use a cache, judged, in the order of their instants (or of the sessions)."""
    calls = [list(_calls(session)) for session in sessions]
    if all(call.is_timed for own in calls for call in own):
        together = sorted((call for own in calls for call in own), key=lambda call: call.at_ns)
        return list(_run(together, refresh))
    return [each for own in calls for each in _run(_apart(own), refresh)]


class _Call(Struct, frozen=True):
    """One call with what the analysis knows of it."""

    session: str
    step: int
    span: Span
    change: Change
    weighed: Weighed
    usage: Usage
    rules: CacheRules
    at_ns: int

    @property
    def is_timed(self) -> bool:
        return self.span.step.at_ns is not None


def _calls(session: Session) -> Iterator[_Call]:
    changes = births(session)
    steps = zip(session.spans, changes, weigh(session, changes), strict=True)
    for step, (span, change, weighed) in enumerate(steps, 1):
        charge = primary(span)
        if weighed is None or charge is None:
            continue
        rules = rules_for(span.step.provider, charge.model)
        if weighed.markers or rules.placement is Placement.BLOCKS:
            at_ns = span.step.at_ns or 0
            yield _Call(session.id, step, span, change, weighed, charge.usage, rules, at_ns)


def _apart(calls: Sequence[_Call]) -> Iterator[_Call]:
    for number, call in enumerate(calls):
        yield _Call(
            call.session,
            call.step,
            call.span,
            call.change,
            call.weighed,
            call.usage,
            call.rules,
            number * _UNTIMED_STEP_NS,
        )


def _run(calls: Iterable[_Call], refresh: Refresh) -> Iterator[Checked]:
    """Send calls through one cache for each set of rules."""
    caches: dict[str, PrefixCache] = {}
    ends: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for call in calls:
        cache = caches.setdefault(call.rules.name, PrefixCache(call.rules, refresh=refresh))
        request = _request(call)
        split = cache.split(request)
        if call.weighed.infers:
            split = _as_reported(cache, request, call.usage)
        cache.record(request, split)
        known = ends[call.session, call.change.path]
        yield _checked(call, request, split, known)
        known |= {call.usage.cache_read_input_tokens, _marked(call.usage)}


def _request(call: _Call) -> Request:
    span = call.span
    began_ns = span.first_token_ns or span.ended_ns or call.at_ns
    return Request(
        scope=_scope(call),
        prefix=call.weighed.prefix,
        input_tokens=call.usage.input_tokens,
        at_ns=call.at_ns,
        began_ns=max(began_ns, call.at_ns) if call.is_timed else call.at_ns,
        markers=call.weighed.markers,
    )


def _scope(call: _Call) -> Scope:
    step = call.span.step
    owner = "\0".join((step.provider, step.account, call.span.charges[0].model)).encode()
    parameters = dict(step.parameters)
    front = xxh3_128_digest(owner + parameters.pop("speed", "").encode())
    return Scope(front, front, xxh3_128_digest(front + repr(sorted(parameters.items())).encode()))


def _as_reported(cache: PrefixCache, request: Request, usage: Usage) -> Split:
    """Return the reported split of a call that shows what is warm, after warming that in the model."""
    link, read = request.prefix, usage.cache_read_input_tokens
    while link.parent is not None and (link.tokens_end or 0) > read:
        link = link.parent
    reported = Split(
        cache_read_input_tokens=read,
        cache_writes=usage.cache_writes,
        uncached_input_tokens=usage.uncached_input_tokens,
        hit=link if read else None,
    )
    if read:
        marker = Marker(link, FIVE_MINUTES_S)
        before = Request(
            scope=request.scope,
            prefix=link,
            input_tokens=read,
            at_ns=request.at_ns,
            began_ns=request.at_ns,
            markers=(marker,),
        )
        cache.record(before, cache.split(before))
    return reported


def _checked(call: _Call, request: Request, split: Split, known: set[int]) -> Checked:
    usage = call.usage
    return Checked(
        session=call.session,
        step=call.step,
        input_tokens=usage.input_tokens,
        reported_read=usage.cache_read_input_tokens,
        reported_write=usage.cache_creation_input_tokens,
        predicted_read=split.cache_read_input_tokens,
        predicted_write=split.cache_creation_input_tokens,
        verdict=Verdict.INFERRED if call.weighed.infers else _verdict(call, split, known),
    )


def _verdict(call: _Call, split: Split, known: set[int]) -> Verdict:
    read, predicted = call.usage.cache_read_input_tokens, split.cache_read_input_tokens
    if abs(read - predicted) <= max(_NEAR_TOKENS, call.usage.input_tokens // _NEAR_SHARE):
        return Verdict.RIGHT
    if read > predicted:
        return _read_more(call, known)
    if not call.is_timed and read <= _head_tokens(call.weighed):
        return Verdict.EXPIRED
    return Verdict.EVICTED if not read or read in known else Verdict.UNEXPLAINED


def _read_more(call: _Call, known: set[int]) -> Verdict:
    read = call.usage.cache_read_input_tokens
    if _answers(call.change) > 1:
        return Verdict.NOT_RECORDED
    if read in known:
        return Verdict.OUTLIVED
    return Verdict.BRANCH if call.change.dropped_tokens else Verdict.UNEXPLAINED


def _answers(change: Change) -> int:
    """Return how many answers the model gave among the new blocks; more than one were calls that are not shown."""
    said = (piece.kind in _WRITTEN_BY_THE_MODEL for piece in change.pieces)
    return sum(by_model for by_model, _ in groupby(said))


def _head_tokens(weighed: Weighed) -> int:
    return weighed.markers[0].link.tokens_end or 0 if weighed.markers else 0


def _marked(usage: Usage) -> int:
    return usage.cache_read_input_tokens + usage.cache_creation_input_tokens
