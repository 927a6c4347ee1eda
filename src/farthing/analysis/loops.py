"""Loops: the same tool called with the same arguments and answered with the same result, again and again.

The first answer told the agent all that it would be told. What the later calls cost is wasted, at
least: what their results cost while they are re-sent comes on top and is not counted here.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import nlargest
from typing import NamedTuple

from msgspec import Struct

from farthing.analysis.births import Change
from farthing.analysis.charges import Priced
from farthing.segment import Segment, SegmentKind
from farthing.session import Session

FEWEST_REPEATS = 3
_KEPT = 20


class Loop(Struct, frozen=True, kw_only=True):
    """`count` equal calls with equal results, the first at `first_step` (from 1) and the last at `last_step`.

    `wasted_picousd` is the cost of the calls that asked again, shared alike among the tools that one
    of them called; None where one has no price.
    """

    session: str
    agent: str
    tool: str
    count: int
    first_step: int
    last_step: int
    wasted_picousd: int | None


class LoopSums(Struct, frozen=True):
    """The loops of any number of sessions; `dearest` holds the dearest one by one."""

    loops: int = 0
    repeats: int = 0
    wasted_picousd: int = 0
    unpriced: int = 0
    dearest: tuple[Loop, ...] = ()


def find(
    session: Session, changes: Sequence[Change], bills: Sequence[tuple[Priced, ...]]
) -> tuple[Loop, ...]:
    """Return the session's loops, oldest first; `changes` and `bills` stand beside its spans."""
    watch = _Watch()
    for index, (span, change, bill) in enumerate(zip(session.spans, changes, bills, strict=True)):
        if change.path < 0:
            continue
        watch.hear(change)
        called = [segment for segment in span.output if segment.kind is SegmentKind.TOOL_CALL]
        watch.ask(change.conversation, _Asked(index + 1, span.step.agent, tuple(called), _cost(bill)))
    return tuple(each.loop(session.id) for each in watch.repeats() if each.count >= FEWEST_REPEATS)


def summed(loops: Iterable[Loop]) -> LoopSums:
    """Return the sums over loops."""
    found = tuple(loops)
    return LoopSums(
        loops=len(found),
        repeats=sum(loop.count - 1 for loop in found),
        wasted_picousd=sum(loop.wasted_picousd or 0 for loop in found),
        unpriced=sum(loop.wasted_picousd is None for loop in found),
        dearest=_dearest(found),
    )


def merged(parts: Iterable[LoopSums]) -> LoopSums:
    """Return the sums over parts of a corpus; their order does not matter."""
    total = LoopSums()
    for part in parts:
        total = LoopSums(
            total.loops + part.loops,
            total.repeats + part.repeats,
            total.wasted_picousd + part.wasted_picousd,
            total.unpriced + part.unpriced,
            _dearest((*total.dearest, *part.dearest)),
        )
    return total


class _Asked(NamedTuple):
    """A call of the agent with the tools that it called; results come with the conversation's next call."""

    step: int
    agent: str
    tools: tuple[Segment, ...]
    cost_picousd: int | None


class _Repeat:
    """One call with one result, and how often it was made."""

    def __init__(self, asked: _Asked, tool: str) -> None:
        self._first, self._last, self._tool = asked, asked, tool
        self.count = 0
        self._wasted: int | None = 0

    def again(self, asked: _Asked) -> None:
        self._last = asked
        self.count += 1
        if self.count > 1:
            share = None if asked.cost_picousd is None else asked.cost_picousd // len(asked.tools)
            self._wasted = None if share is None or self._wasted is None else self._wasted + share

    def loop(self, session: str) -> Loop:
        return Loop(
            session=session,
            agent=self._first.agent,
            tool=self._tool,
            count=self.count,
            first_step=self._first.step,
            last_step=self._last.step,
            wasted_picousd=self._wasted,
        )


class _Watch:
    """Pairs the calls of tools with their results. A machine without I/O."""

    def __init__(self) -> None:
        self._asked: dict[int, _Asked] = {}
        self._repeats: dict[tuple[str, bytes, bytes], _Repeat] = {}

    def ask(self, conversation: int, asked: _Asked) -> None:
        if asked.tools:
            self._asked[conversation] = asked

    def hear(self, change: Change) -> None:
        """Take the results that a call brings with it."""
        asked = self._asked.pop(change.conversation, None)
        if asked is None:
            return
        results: defaultdict[str, list[Segment]] = defaultdict(list)
        for piece in reversed(change.pieces):
            if piece.kind is SegmentKind.TOOL_RESULT and piece.segment is not None:
                results[piece.name].append(piece.segment)
        for called in asked.tools:
            if results[called.name]:
                self._count(asked, called, results[called.name].pop())

    def repeats(self) -> Iterable[_Repeat]:
        return self._repeats.values()

    def _count(self, asked: _Asked, called: Segment, result: Segment) -> None:
        key = (asked.agent, called.digest, result.digest)
        repeat = self._repeats.get(key)
        if repeat is None:
            repeat = self._repeats[key] = _Repeat(asked, called.name)
        repeat.again(asked)


def _cost(bill: Sequence[Priced]) -> int | None:
    if any(line.cost is None for line in bill):
        return None
    return sum(line.cost_picousd for line in bill)


def _dearest(loops: Sequence[Loop]) -> tuple[Loop, ...]:
    return tuple(nlargest(_KEPT, loops, key=_rank))


def _rank(loop: Loop) -> tuple[int, int, str, int, str]:
    """Order loops by what they cost; of equal ones the same are kept in whatever order they come."""
    return loop.wasted_picousd or 0, loop.count, loop.session, loop.first_step, loop.tool
