"""The sessions of one shard, from the frames of all its parts.

What a source names is taken at its word. What nobody named is placed by lineage, in time order; a
call without any recorded context continues nothing that could be known, so it is a session alone.
"""

import gc
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from farthing.ingest.part import FrameReader
from farthing.lineage import Lineage
from farthing.session import Session
from farthing.span import Span
from farthing.traces.source import Outcome


class ShardFrame(NamedTuple):
    """A frame, the number of the source it is from, and the spans in it that are copies of others."""

    source: int
    dropped: frozenset[int]
    data: bytes


class _Row(NamedTuple):
    """A span in its order: by time, then as it was read. The order is unique, so spans are never compared."""

    at_ns: int
    order: int
    span: Span
    source: int
    number: int


def sessions(frames: Sequence[ShardFrame]) -> list[Session]:
    """Return the sessions in the order in which they began."""
    with _paused_collector():
        rows, outcomes = _load(frames)
        rows.sort()
        found = _grouped(rows)
        return [_session(name, found[name], outcomes.get(name)) for name in found]


def _load(frames: Sequence[ShardFrame]) -> tuple[list[_Row], dict[str, Outcome]]:
    """Return all spans; one without a time happened when the one before it in its file did."""
    reader = FrameReader()
    rows: list[_Row] = []
    outcomes: dict[str, Outcome] = {}
    clocks: dict[int, int] = {}
    for frame in frames:
        spans, ended = reader.load(frame.data, source=frame.source, dropped=frame.dropped)
        outcomes.update((outcome.session, outcome) for outcome in ended)
        at_ns = clocks.get(frame.source, 0)
        for number, span in spans:
            at_ns = at_ns if span.step.at_ns is None else span.step.at_ns
            rows.append(_Row(at_ns, len(rows), span, frame.source, number))
        clocks[frame.source] = at_ns
    return rows, outcomes


def _grouped(rows: Sequence[_Row]) -> dict[str, list[_Row]]:
    lineage = Lineage()
    groups: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        groups[row.span.step.session or _inferred(lineage, row)].append(row)
    return groups


def _inferred(lineage: Lineage, row: _Row) -> str:
    span = row.span
    if span.step.prefix is None:
        return span.response_id or f"{row.source:x}-{span.offset if span.offset >= 0 else row.number}"
    return lineage.place(span.step).session


def _session(name: str, rows: Sequence[_Row], outcome: Outcome | None) -> Session:
    return Session(
        id=name,
        spans=tuple(row.span for row in rows),
        named=bool(rows[0].span.step.session),
        success=outcome.success if outcome else None,
        score=outcome.score if outcome else "",
        sources=tuple(sorted({row.source for row in rows})),
    )


@contextmanager
def _paused_collector() -> Iterator[None]:
    """Look for no cycles while frames are loaded: they have none, and looking costs twice the loading."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
