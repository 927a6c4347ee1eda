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
from farthing.engine.prefix_cache import (
    WRITTEN_BY_THE_MODEL,
    Marker,
    PrefixCache,
    Refresh,
    Request,
    Scope,
    Split,
)
from farthing.prefix import Prefix
from farthing.session import Session
from farthing.span import Span
from farthing.usage import FIVE_MINUTES_S, Usage

_NS_PER_S = 1_000_000_000
_UNTIMED_STEP_NS = 10 * _NS_PER_S
_NEAR_TOKENS = 64
_NEAR_SHARE = 100


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

    @property
    def is_inferred(self) -> bool:
        """Whether what is warm of an unrecorded level, or behind it, shows in this call only."""
        return self.weighed.head is not None and (self.change.previous < 0 or bool(self.weighed.unseen))


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
    """Send calls through one cache for each set of rules.

    Without times a call that is classified as expired shows a gap: the clock goes on from there.
    """
    caches: dict[str, PrefixCache] = {}
    ends: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    late_ns = 0
    for call in calls:
        cache = caches.setdefault(call.rules.name, PrefixCache(call.rules, refresh=refresh))
        known = ends[call.session, call.change.path]
        request = _request(call, late_ns)
        _prepare(cache, call, request)
        split = cache.split(request)
        checked = _checked(call, split, known)
        yield checked
        if checked.verdict is Verdict.EXPIRED:
            late_ns += call.rules.default_ttl_s * _NS_PER_S
            request = _request(call, late_ns)
            split = cache.split(request)
        cache.record(request, split)
        known |= {call.usage.cache_read_input_tokens, _marked(call.usage)}


def _request(call: _Call, late_ns: int) -> Request:
    began_ns = max(call.span.first_token_ns or 0, call.at_ns)
    return Request(
        scope=_scope(call),
        prefix=call.weighed.prefix,
        input_tokens=call.usage.input_tokens,
        at_ns=call.at_ns + late_ns,
        began_ns=began_ns + late_ns,
        markers=call.weighed.markers,
    )


def _sent_before(request: Request, context: Prefix) -> Request:
    """Return an unrecorded call with `context` just before `request`, marked as that one and at its own end."""
    before = [marker for marker in request.markers if marker.link.depth < context.depth]
    own = [Marker(context, request.markers[-1].ttl_s)] if request.markers else []
    return Request(
        scope=request.scope,
        prefix=context,
        input_tokens=context.tokens_end or 0,
        at_ns=request.at_ns,
        began_ns=request.at_ns,
        markers=before + own,
    )


def _make(cache: PrefixCache, request: Request) -> None:
    cache.record(request, cache.split(request))


def _scope(call: _Call) -> Scope:
    step = call.span.step
    owner = "\0".join((step.provider, step.account, call.span.charges[0].model)).encode()
    parameters = dict(step.parameters)
    front = xxh3_128_digest(owner + parameters.pop("speed", "").encode())
    return Scope(front, front, xxh3_128_digest(front + repr(sorted(parameters.items())).encode()))


def _prepare(cache: PrefixCache, call: _Call, request: Request) -> None:
    """Bring the cache to where it stood before a call: unrecorded calls, and unrecorded levels as they were read."""
    weighed, read = call.weighed, call.usage.cache_read_input_tokens
    if call.is_inferred:
        _warm(cache, request, weighed.prefix, read)
        return
    for context in weighed.unseen:
        _make(cache, _sent_before(request, context))
    if weighed.head is not None:
        _warm(cache, request, weighed.head, read)


def _warm(cache: PrefixCache, request: Request, link: Prefix | None, read: int) -> None:
    """Let as much of the chain that ends at `link` be warm as was read of it."""
    while link is not None and (link.tokens_end or 0) > read:
        link = link.parent
    if link is not None:
        _make(cache, _sent_before(request, link))


def _checked(call: _Call, split: Split, known: set[int]) -> Checked:
    usage = call.usage
    return Checked(
        session=call.session,
        step=call.step,
        input_tokens=usage.input_tokens,
        reported_read=usage.cache_read_input_tokens,
        reported_write=usage.cache_creation_input_tokens,
        predicted_read=split.cache_read_input_tokens,
        predicted_write=split.cache_creation_input_tokens,
        verdict=Verdict.INFERRED if call.is_inferred else _verdict(call, split, known),
    )


def _verdict(call: _Call, split: Split, known: set[int]) -> Verdict:
    read, predicted = call.usage.cache_read_input_tokens, split.cache_read_input_tokens
    if abs(read - predicted) <= max(_NEAR_TOKENS, call.usage.input_tokens // _NEAR_SHARE):
        return Verdict.RIGHT
    if read > predicted:
        return _read_more(call, known)
    is_of_head = read <= _head_tokens(call.weighed)
    if not call.is_timed and is_of_head:
        return Verdict.EXPIRED
    return Verdict.EVICTED if is_of_head or read in known or _is_part(call) else Verdict.UNEXPLAINED


def _read_more(call: _Call, known: set[int]) -> Verdict:
    read = call.usage.cache_read_input_tokens
    if call.change.previous < 0 or _answers(call.change) > 1:
        return Verdict.NOT_RECORDED
    if read in known:
        return Verdict.OUTLIVED
    return Verdict.BRANCH if call.change.dropped_tokens else Verdict.UNEXPLAINED


def _answers(change: Change) -> int:
    """Return how many answers the model gave among the new blocks; more than one were calls that are not shown."""
    said = (piece.kind in WRITTEN_BY_THE_MODEL for piece in change.pieces)
    return sum(by_model for by_model, _ in groupby(said))


def _is_part(call: _Call) -> bool:
    """Return whether a read could end anywhere: caches that keep blocks by themselves lose them one by one."""
    return call.rules.placement is Placement.BLOCKS


def _head_tokens(weighed: Weighed) -> int:
    return weighed.markers[0].link.tokens_end or 0 if weighed.markers else 0


def _marked(usage: Usage) -> int:
    return usage.cache_read_input_tokens + usage.cache_creation_input_tokens
