"""A trace is a tree in which several spans tell of one call: which of them count.

Agents, chains and SDKs wrap each other, and most repeat the usage of what is inside them. So a parent and
what is below it are never added up:

- A model span with one model span inside that made the same output is the same call, told twice: its
  counts are those of the inner one, its context that of whichever recorded it.
- A span that has counted calls inside repeats their sum, and is left out.
- A span that has only uncounted calls inside tells their sum: it is counted, and they are left out.
- Instrumentations that know nothing of each other tell one call side by side, or in two traces. One
  response id is one call; so is the same output of the same model in a span of another
  instrumentation that lies within the first one's time.

Whose the calls are is said in `span_places`.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from farthing.span import Output, Span
from farthing.traces.counts import Billed, Told
from farthing.traces.source import Dropped

Key: TypeAlias = tuple[str, str]

_ROLLUPS = "spans that repeat the usage of the calls inside them"
_RETOLD = "spans of calls that another span tells as well"
_UNTOLD = "calls without usage, counted in the sum that their parent tells"
_COPIES = "spans that stand twice (trace and span id)"


class Kind(StrEnum):
    """What a span is about: one model call, an agent at work, or anything else that may wrap the two."""

    MODEL = "model"
    AGENT = "agent"
    OTHER = "other"


class Observed(Struct, frozen=True, kw_only=True):
    """One span of a trace, or one observation or run of a platform.

    `call` is the span as a model call, without its charges, for whatever may turn out to be one; None for
    all others. `told` are its counts, None where it tells none; `model` is the one that answered
    and `tier` what the provider returned. `instrumentation` says who wrote the span.
    """

    trace: str
    id: str
    parent: str = ""
    kind: Kind = Kind.OTHER
    name: str = ""
    session: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    instrumentation: str = ""
    call: Span | None = None
    told: Told | None = None
    model: str = ""
    tier: str = ""

    @property
    def key(self) -> Key:
        return self.trace, self.id


class Call(Struct, frozen=True):
    """One call: the span that stands for it, and its observation put together from all that tell of it."""

    seen: Observed
    span: Span

    @property
    def output_tokens(self) -> int | None:
        return None if self.seen.told is None else self.seen.told.output_tokens


class SpanTree:
    """Collects the spans of a file and tells its calls. A machine without I/O."""

    def __init__(self) -> None:
        self.spans: dict[Key, Observed] = {}
        self._dropped: defaultdict[str, int] = defaultdict(int)

    def add(self, seen: Observed) -> None:
        """Take a span; of two with the same ids the later, unless it lost the counts."""
        before = self.spans.get(seen.key)
        if before is not None:
            self._dropped[_COPIES] += 1
        if before is None or before.told is None or seen.told is not None:
            self.spans[seen.key] = seen

    def name(self, sessions: Mapping[str, str]) -> None:
        """Give the spans of each trace the session that was told of the trace, unless they name their own."""
        for key, seen in self.spans.items():
            if not seen.session and sessions.get(seen.trace):
                self.spans[key] = replace(seen, session=sessions[seen.trace])

    def calls(self) -> list[Call]:
        """Return every call once, oldest first, and those of one instant in the order of the file."""
        return sorted(self._told_apart(self._by_response(self._leaves())), key=_order)

    def dropped(self) -> Iterator[Dropped]:
        """Yield how many spans were left out, and why; to be asked when the calls are told."""
        return (Dropped(rule, count) for rule, count in self._dropped.items() if count)

    def _leaves(self) -> list[Call]:
        """Return the calls by the tree's rules, bottom up: each span decides over what is below it."""
        below: defaultdict[Key, list[Call]] = defaultdict(list)
        calls: list[Call] = []
        for seen in _children_first(self.spans):
            found = self._decided(seen, below.pop(seen.key, []))
            parent = (seen.trace, seen.parent)
            (below[parent] if parent in self.spans else calls).extend(found)
        return calls

    def _decided(self, seen: Observed, inner: list[Call]) -> list[Call]:
        if seen.call is None or (not inner and seen.kind is not Kind.MODEL and seen.told is None):
            return inner
        own = Call(seen, seen.call)
        if seen.kind is Kind.MODEL and len(inner) == 1 and _agree(own, inner[0]):
            self._dropped[_RETOLD] += 1
            return [_merged(inner[0], own)]
        if inner and (seen.told is None or any(call.seen.told is not None for call in inner)):
            self._dropped[_ROLLUPS] += seen.told is not None
            return inner
        self._dropped[_UNTOLD] += len(inner)
        return [own]

    def _by_response(self, calls: list[Call]) -> list[Call]:
        kept: dict[str, Call] = {}
        for number, call in enumerate(calls):
            key = call.span.response_id or f"#{number}"
            before = kept.get(key)
            self._dropped[_RETOLD] += before is not None
            kept[key] = call if before is None else _merged(before, call)
        return list(kept.values())

    def _told_apart(self, calls: list[Call]) -> list[Call]:
        """Return the calls with those made one that two instrumentations told in two traces."""
        alike: defaultdict[tuple[str, int | None], list[Call]] = defaultdict(list)
        for call in calls:
            alike[call.seen.model, call.output_tokens or None].append(call)
        apart: list[Call] = []
        for (_, output_tokens), group in alike.items():
            several = output_tokens and len({call.seen.instrumentation for call in group}) > 1
            apart += self._paired(sorted(group, key=_began)) if several else group
        return apart

    def _paired(self, group: list[Call]) -> Iterator[Call]:
        """Yield the calls of a group, longest first, each with the twin inside its own time taken in."""
        starts = [_began(call) for call in group]
        taken: set[int] = set()
        for index in sorted(range(len(group)), key=lambda index: -_lasted(group[index])):
            if index in taken:
                continue
            call = group[index]
            within = range(bisect_left(starts, starts[index]), bisect_right(starts, call.span.ended_ns or 0))
            free = (other for other in within if other != index and other not in taken)
            twin = next((other for other in free if _is_twin(call, group[other])), None)
            if twin is not None:
                taken.add(twin)
                self._dropped[_RETOLD] += 1
            yield call if twin is None else _merged(group[twin], call)


def _children_first(spans: dict[Key, Observed]) -> list[Observed]:
    """Return the spans with each parent behind its children; a circle of parents is cut open."""
    children: defaultdict[Key, list[Observed]] = defaultdict(list)
    for seen in spans.values():
        children[seen.trace, seen.parent].append(seen)
    roots = [seen for seen in spans.values() if (seen.trace, seen.parent) not in spans]
    ordered = _parents_first(roots, children)
    if len(ordered) < len(spans):
        met = {seen.key for seen in ordered}
        lost = [replace(seen, parent="") for seen in spans.values() if seen.key not in met]
        spans.update({seen.key: seen for seen in lost})
        ordered += lost
    return ordered[::-1]


def _parents_first(roots: Iterable[Observed], children: defaultdict[Key, list[Observed]]) -> list[Observed]:
    ordered = list(roots)
    for seen in ordered:
        ordered += children.get(seen.key, ())
    return ordered


def _agree(outer: Call, inner: Call) -> bool:
    """Tell whether a span and the only call inside it may be one call: nothing that both tell differs."""
    told, also = outer.output_tokens, inner.output_tokens
    return inner.seen.kind is Kind.MODEL and (told is None or also is None or told == also)


def _is_twin(around: Call, inside: Call) -> bool:
    ids = {around.span.response_id, inside.span.response_id} - {""}
    return (
        around.seen.instrumentation != inside.seen.instrumentation
        and len(ids) < 2
        and 0 < _began(around) <= _began(inside)
        and 0 < (inside.span.ended_ns or 0) <= (around.span.ended_ns or 0)
    )


def _merged(inner: Call, outer: Call) -> Call:
    """Return two tellings of a call as one, standing where the context was recorded."""
    is_told_inside = inner.span.step.prefix is not None and inner.seen.told is not None
    base, other = (inner, outer) if is_told_inside or outer.span.step.prefix is None else (outer, inner)
    told = max((inner.seen.told, outer.seen.told), key=_detail)
    seen = replace(
        base.seen,
        told=told,
        model=inner.seen.model or outer.seen.model,
        tier=inner.seen.tier or outer.seen.tier,
    )
    step = replace(
        base.span.step,
        model=base.span.step.model or other.span.step.model,
        provider=base.span.step.provider or other.span.step.provider,
    )
    span = replace(
        base.span,
        step=step,
        response_id=inner.span.response_id or outer.span.response_id,
        output=base.span.output or other.span.output,
        output_count=min(base.span.output_count, other.span.output_count, key=list(Output).index),
        first_token_ns=inner.span.first_token_ns or outer.span.first_token_ns,
        finish=inner.span.finish or outer.span.finish,
    )
    return Call(seen, span)


def _detail(told: Told | None) -> tuple[bool, bool, bool, int]:
    """Return how much counts tell, so that of two tellings the fuller one is taken."""
    if told is None:
        return False, False, False, 0
    lifetimes = sum(write.ttl_s is not None for write in told.cache_writes)
    return True, isinstance(told, Billed), told.cached > 0, lifetimes


def _began(call: Call) -> int:
    return call.span.step.at_ns or 0


def _order(call: Call) -> tuple[int, int]:
    return _began(call), call.span.offset


def _lasted(call: Call) -> int:
    return (call.span.ended_ns or 0) - _began(call)
