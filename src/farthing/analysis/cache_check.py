"""The cache model judged against the record: what it says each call read and wrote, and what was reported.

The model runs through the recorded calls by itself: it sees requests and instants, never what was
read before, except where a level is not recorded and must be inferred; such calls are not
scored. Where calls have no times, sessions stand apart and nothing expires by itself: what did in
reality shows as a difference. Every difference is classified by evidence in the record, and one
without any is `unexplained`.

Reads and writes of a call end at its last marker, and the chain takes that length from the record
(see `weighed`). So what is judged is how they divide: how much of the marked prefix was warm.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from statistics import median

from msgspec import Struct

from farthing.analysis.births import Change
from farthing.analysis.cached_calls import CachedCall, cached_calls, prepare, request_of
from farthing.engine.cache_rules import Placement
from farthing.engine.prefix_cache import WRITTEN_BY_THE_MODEL, PrefixCache, Refresh, Split
from farthing.session import Session

_NS_PER_S = 1_000_000_000
_NEAR_TOKENS = 64
_NEAR_FRACTION = 100


class Verdict(StrEnum):
    """How a prediction fared, and what the record shows of a difference.

    `right`: within 64 tokens or 1 % of the input. `inferred`: not scored. Where less was read than
    predicted: `expired`, in a source without times, if nothing of the session's own was left; otherwise
    `evicted`, within its time. Where more was: `outlived`, an entry that should be dead; `not_recorded`,
    one of calls that the source does not show; `branch`, one of an earlier context.
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
    """How the model did on `calls` scored ones; shares are 0 to 1. `verdicts` counts the inferred, too."""

    calls: int
    reported_read: int
    predicted_read: int
    reported_write: int
    predicted_write: int
    median_error_share: float
    hit_miss_agreement: float
    verdicts: dict[Verdict, int]


def score(checked: Sequence[Checked]) -> Score:
    """Return the score of judged calls."""
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
    """Return every call that may use a cache, judged; those with times first, in their order."""
    found = [list(cached_calls(session)) for session in sessions]
    timed = sorted((call for calls in found for call in calls if call.is_timed), key=lambda call: call.at_ns)
    apart = [[call for call in calls if not call.is_timed] for calls in found]
    return [checked for calls in (timed, *apart) for checked in _run(calls, refresh)]


def _run(calls: Iterable[CachedCall], refresh: Refresh) -> Iterator[Checked]:
    """Send calls through one cache for each set of rules.

    A call without a time that is found expired shows a gap: the clock goes on from there.
    """
    caches: dict[str, PrefixCache] = {}
    ends: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    late_ns = 0
    for call in calls:
        cache = caches.setdefault(call.rules.name, PrefixCache(call.rules, refresh=refresh))
        known = ends[call.session, call.change.path]
        request = request_of(call, late_ns=late_ns)
        prepare(cache, call, request)
        split = cache.split(request)
        checked = _checked(call, split, known)
        yield checked
        if checked.verdict is Verdict.EXPIRED:
            late_ns += call.rules.default_ttl_s * _NS_PER_S
            request = request_of(call, late_ns=late_ns)
            split = cache.split(request)
        cache.record(request, split)
        known |= {call.usage.cache_read_input_tokens, call.marked_tokens}


def _checked(call: CachedCall, split: Split, known: set[int]) -> Checked:
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


def _verdict(call: CachedCall, split: Split, known: set[int]) -> Verdict:
    """Return how the prediction fared; `known` are the ends of what the path has read and written."""
    read, predicted = call.usage.cache_read_input_tokens, split.cache_read_input_tokens
    if abs(read - predicted) <= max(_NEAR_TOKENS, call.usage.input_tokens // _NEAR_FRACTION):
        return Verdict.RIGHT
    return _read_more(call, known) if read > predicted else _read_less(call, known)


def _read_more(call: CachedCall, known: set[int]) -> Verdict:
    if call.change.previous < 0 or _answers(call.change) > 1:
        return Verdict.NOT_RECORDED
    if call.is_timed and call.usage.cache_read_input_tokens in known:
        return Verdict.OUTLIVED
    return Verdict.BRANCH if call.change.dropped_tokens else Verdict.UNEXPLAINED


def _read_less(call: CachedCall, known: set[int]) -> Verdict:
    """Tell what was left: nothing but the head, an older entry, or, of a cache in blocks, any part."""
    read = call.usage.cache_read_input_tokens
    is_of_head = read <= call.head_tokens
    if is_of_head and not call.is_timed:
        return Verdict.EXPIRED
    is_part = call.rules.placement is Placement.BLOCKS
    return Verdict.EVICTED if is_of_head or is_part or read in known else Verdict.UNEXPLAINED


def _answers(change: Change) -> int:
    """Return how many answers are among the new blocks: all but one were given to calls not shown before."""
    said = (piece.kind in WRITTEN_BY_THE_MODEL for piece in change.pieces)
    return sum(by_model for by_model, _ in groupby(said))
