"""A model of a provider's prompt cache: which part of a request is warm now, and what a call leaves behind.

It has two uses that must be one: the live belief ("would this prefix hit?") and the
counterfactual in replay ("what would this call have read under another plan?"). It is a machine
without I/O or clock, judged against recorded counts by `bench/cache_model.py`.

The billing rule for marked entries (Anthropic, prompt caching page, 2026-08-21): A is the
highest hit, B the highest one-hour marker after A, C the last marker. [0, A) is read, [A, B)
written for an hour, [B, C) for five minutes, the rest is plain input.

Where a cache keeps blocks by itself, whole paths stay warm together, so the time of last use is
kept once for each run of links that grew from one another, not at each link.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, assert_never

from msgspec import Struct
from xxhash import xxh3_128_digest

from farthing.engine.cache_entries import Entry, Run
from farthing.engine.cache_rules import CacheRules, Placement
from farthing.prefix import Prefix
from farthing.segment import Level, SegmentKind
from farthing.usage import ONE_HOUR_S, CacheWrite

_NS_PER_S = 1_000_000_000
_TIDY_FROM = 4_096
WRITTEN_BY_THE_MODEL = (SegmentKind.ASSISTANT, SegmentKind.REASONING, SegmentKind.TOOL_CALL)


class Marker(NamedTuple):
    """A breakpoint on the link it stands behind."""

    link: Prefix
    ttl_s: int


class Scope(Struct, frozen=True):
    """What a cached prefix is bound to, by level: account, model, speed and the parameters of that level.

    Each digest covers those of the levels before it, because losing one level loses all later ones.
    """

    tools: bytes
    system: bytes
    messages: bytes

    def of(self, level: Level) -> bytes:
        match level:
            case Level.TOOLS:
                return self.tools
            case Level.SYSTEM:
                return self.system
            case Level.MESSAGES:
                return self.messages
        assert_never(level)


class Request(Struct, frozen=True, kw_only=True):
    """A call as the cache sees it: a weighed chain (`tokens_end` known), its markers, and its instants.

    `input_tokens` may exceed the chain's (what the source does not show comes last). `began_ns` is
    when the answer's first token came: until then nobody else can read what this call writes.
    `automatic`: the provider may place an entry by itself, where its rules have it do so.
    """

    scope: Scope
    prefix: Prefix
    input_tokens: int
    at_ns: int
    began_ns: int
    markers: Sequence[Marker] = ()
    automatic: bool = True


class Split(Struct, frozen=True, kw_only=True):
    """How a call's input is billed. The parts sum to its input; `hit` is the deepest link that was warm."""

    cache_read_input_tokens: int
    cache_writes: tuple[CacheWrite, ...]
    uncached_input_tokens: int
    hit: Prefix | None = None

    @property
    def cache_creation_input_tokens(self) -> int:
        return sum(write.tokens for write in self.cache_writes)


class Refresh(StrEnum):
    """Which entries a read keeps alive; undocumented beyond the hit itself, so plans assume `hit`."""

    HIT = "hit"
    MARKERS = "markers"
    ANCESTORS = "ancestors"


class PrefixCache:
    """The cache of one provider rule set for all accounts, models and sessions on one clock.

    From `tidy_from` entries on it now and then forgets the dead ones; calls should come in order of time.
    """

    def __init__(
        self, rules: CacheRules, *, refresh: Refresh = Refresh.HIT, tidy_from: int = _TIDY_FROM
    ) -> None:
        self.rules = rules
        self._refresh = refresh
        self._entries: dict[bytes, Entry] = {}
        self._runs: dict[bytes, Run] = {}
        self._tidy_from = self._tidy_at = tidy_from

    def split(self, request: Request) -> Split:
        """Return how this call would be billed if it were made now; nothing changes."""
        match self.rules.placement:
            case Placement.MARKERS | Placement.MESSAGES:
                return self._split_at_markers(request)
            case Placement.BLOCKS:
                return self._split_in_blocks(request)
            case Placement.NOWHERE:
                return _uncached(request)
        assert_never(self.rules.placement)

    def record(self, request: Request, split: Split) -> None:
        """Take note of a call that was made and billed as `split` says."""
        if len(self._entries) + len(self._runs) >= self._tidy_at:
            self._tidy(request.at_ns)
        match self.rules.placement:
            case Placement.MARKERS | Placement.MESSAGES:
                self._record_markers(request, split)
            case Placement.BLOCKS:
                self._record_blocks(request)
            case Placement.NOWHERE:
                return
            case _:
                assert_never(self.rules.placement)

    def _tidy(self, at_ns: int) -> None:
        """Forget what is dead; between two times the memory at most doubles, so a call pays little for it."""
        ttl_ns = self.rules.default_ttl_s * _NS_PER_S
        self._entries = {key: entry for key, entry in self._entries.items() if entry.expires_ns >= at_ns}
        self._runs = {key: run for key, run in self._runs.items() if run.last_used_ns + ttl_ns >= at_ns}
        self._tidy_at = max(self._tidy_from, 2 * (len(self._entries) + len(self._runs)))

    # Marked entries

    def _markers(self, request: Request) -> Sequence[Marker]:
        """Return the markers that count, front to back: the latest, and of these those above the minimum."""
        chosen, most = request.markers, self.rules.most_markers
        if self.rules.placement is Placement.MESSAGES and request.automatic:
            own = Marker(request.prefix, self.rules.default_ttl_s)
            chosen = [*(marker for marker in chosen[1 - most :] if marker.link is not own.link), own]
        return [marker for marker in chosen[-most:] if _tokens(marker.link) >= self.rules.minimum_tokens]

    def _split_at_markers(self, request: Request) -> Split:
        markers = self._markers(request)
        if not markers:
            return _uncached(request)
        hit = self._deepest_hit(request, markers)
        read = 0 if hit is None else _tokens(hit)
        one_hour = max((_tokens(m.link) for m in markers if m.ttl_s == ONE_HOUR_S), default=0)
        until_one_hour = max(read, one_hour)
        until_last = max(until_one_hour, _tokens(markers[-1].link))
        writes = (
            CacheWrite(ONE_HOUR_S, until_one_hour - read),
            CacheWrite(markers[-1].ttl_s, until_last - until_one_hour),
        )
        return Split(
            cache_read_input_tokens=read,
            cache_writes=tuple(write for write in writes if write.tokens),
            uncached_input_tokens=request.input_tokens - until_last,
            hit=hit,
        )

    def _deepest_hit(self, request: Request, markers: Sequence[Marker]) -> Prefix | None:
        """Walk back from each marker, last first; what an earlier marker finds is never deeper."""
        for marker in reversed(markers):
            link: Prefix | None = marker.link
            while link is not None and marker.link.slot - link.slot < self.rules.look_back:
                entry = self._entries.get(_key(request.scope, link))
                if entry is not None and entry.warm(request.at_ns):
                    return link
                link = link.parent
        return None

    def _record_markers(self, request: Request, split: Split) -> None:
        hit_depth = 0 if split.hit is None else split.hit.depth
        for marker in self._markers(request):
            key = _key(request.scope, marker.link)
            if marker.link.depth > hit_depth:
                self._entries[key] = Entry(marker.ttl_s, request.at_ns, request.began_ns)
            elif self._refresh is not Refresh.HIT and (entry := self._entries.get(key)):
                entry.use(request.at_ns)
        self._refresh_hit(request, split.hit)

    def _refresh_hit(self, request: Request, hit: Prefix | None) -> None:
        while hit is not None:
            entry = self._entries.get(_key(request.scope, hit))
            if entry is not None:
                entry.use(request.at_ns)
            hit = hit.parent if self._refresh is Refresh.ANCESTORS else None

    # Paths of blocks

    def _split_in_blocks(self, request: Request) -> Split:
        hit = self._deepest_warm_link(request)
        step = self.rules.granularity
        read = 0 if hit is None else min(_tokens(hit), request.input_tokens) // step * step
        if read < self.rules.minimum_tokens:
            read, hit = 0, None
        return Split(
            cache_read_input_tokens=read,
            cache_writes=(),
            uncached_input_tokens=request.input_tokens - read,
            hit=hit,
        )

    def _deepest_warm_link(self, request: Request) -> Prefix | None:
        """Climb to the deepest link of a warm path, then over what the model wrote behind it, if kept."""
        above: list[Prefix] = []
        link: Prefix | None = request.prefix
        while link is not None and not self._warm(request, link):
            above.append(link)
            link = link.parent
        if link is None or not self.rules.keeps_output:
            return link
        while above and above[-1].segment.kind in WRITTEN_BY_THE_MODEL:
            link = above.pop()
        return link

    def _warm(self, request: Request, link: Prefix) -> bool:
        run = self._runs.get(_key(request.scope, link))
        ttl_ns = self.rules.default_ttl_s * _NS_PER_S
        return run is not None and run.usable_ns <= request.at_ns <= run.used_ns(link.depth) + ttl_ns

    def _record_blocks(self, request: Request) -> None:
        new: list[Prefix] = []
        link: Prefix | None = request.prefix
        run = None
        while link is not None and (run := self._runs.get(_key(request.scope, link))) is None:
            new.append(link)
            link = link.parent
        if run is None or (link is not None and link.depth < run.tip_depth):
            run = Run(parent=run, branch_depth=0 if link is None else link.depth, usable_ns=request.began_ns)
        for fresh in new:
            self._runs[_key(request.scope, fresh)] = run
        run.use(depth=request.prefix.depth, at_ns=request.at_ns)


def _tokens(link: Prefix) -> int:
    return link.tokens_end or 0


def _key(scope: Scope, link: Prefix) -> bytes:
    return xxh3_128_digest(scope.of(link.segment.level) + link.digest)


def _uncached(request: Request) -> Split:
    return Split(cache_read_input_tokens=0, cache_writes=(), uncached_input_tokens=request.input_tokens)
