"""Codex CLI rollouts: a thread's items, and what its calls used, in the order in which they happened.

Items are those of the Responses API. Each is written once, so a call's context is everything before its
answer. Usage comes as a running total (`token_count`) that is told again when only the rate limits
changed: a call is an increase of it (ryoppippi/ccusage#1288), and a decrease is a new start. Since 2026-09
a `token_usage_record` tells each response by its id, and totals are passed over. Both include cached tokens.

Older versions write a count before the items of its answer, newer ones behind them. A fork begins with
a copy of its origin's records, written at once: counts up to the first pause are the origin's.
"""

import re
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from farthing.errors import WireError
from farthing.prefix import Chains, Prefix
from farthing.segment import Segment, SegmentKind
from farthing.traces import instant
from farthing.traces.codex_call import Call
from farthing.traces.codex_record import (
    COMPACTIONS,
    CONTEXTS,
    EVENTS,
    ITEMS,
    METAS,
    RECORDS,
    USAGES,
    Counters,
    Record,
    ResponseItem,
    SessionMeta,
    TokenInfo,
    TurnContext,
    UsageRecord,
)
from farthing.traces.quoted import quoted
from farthing.traces.source import Dropped, Format, Item, Line, Match, Sample, Skipped, Source
from farthing.wire.openai_responses import item_segments
from farthing.wire.scan import decode, place_of

_FIRST_LINE = re.compile(rb'"type"\s*:\s*"session_meta"')

# Records of a copy follow each other at once; no model answers as fast as this.
_PAUSE_NS = 250_000_000


def recognise(sample: Sample) -> Match:
    """Lead: a file that begins with a thread's description."""
    first = sample.head.lstrip().partition(b"\n")[0]
    try:
        return Match.LEAD if RECORDS.decode(first).type == "session_meta" else Match.NO
    except (msgspec.DecodeError, UnicodeDecodeError):
        is_cut_rollout = not sample.whole and len(first) == len(sample.head) and _FIRST_LINE.search(first)
        return Match.LEAD if is_cut_rollout else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield each call when its answer is over, and what could not be read."""
    rollout = _Rollout()
    for line in source.lines():
        try:
            record, data = decode(RECORDS, line.data, "record")
            yield from rollout.take(record, Line(line.offset, data))
        except WireError as error:
            yield Skipped(line.offset, str(error))
        except msgspec.DecodeError:
            yield Skipped(line.offset, "the record's payload does not follow the format")
    yield from rollout.rest()


class _Rollout:
    """What is known of one thread so far. A machine without I/O.

    `_tip` is the context up to the last thing that the model did not write, `_answer` what it wrote since.
    `_waiting` is a call whose count came first; `_has_count` says that the answer has its call.
    """

    def __init__(self) -> None:
        self._meta = SessionMeta(id="")
        self._context = TurnContext()
        self._chains = Chains()
        self._names: dict[str, str] = {}
        self._base: Prefix | None = None
        self._tip: Prefix | None = None
        self._before_turns: list[Prefix | None] = []
        self._is_opening = True
        self._answer: list[Segment] = []
        self._has_count = False
        self._waiting: Call | None = None
        self._count_comes_first = True
        self._has_usage_records = False
        self._total = Counters()
        self._last_used: Counters | None = None
        self._calls = 0
        self._asked_ns: int | None = None
        self._now_ns: int | None = None
        self._copying = False
        self._copied = 0

    def take(self, record: Record, line: Line) -> Iterator[Item]:
        """Add one record and yield what it completes."""
        self._watch_for_the_end_of_a_copy(record)
        match record.type:
            case "session_meta":
                self._begin(METAS.decode(record.payload), line)
            case "turn_context":
                self._context = CONTEXTS.decode(record.payload)
            case "response_item":
                yield from self._item(record.payload, line)
            case "event_msg":
                yield from self._event(record.payload, line)
            case "token_usage_record":
                yield from self._usage_record(record.payload, line)
            case "compacted":
                yield from self._compact(record.payload, line)
            case _:  # world_state and whatever comes: no part of the context, no usage
                pass

    def rest(self) -> Iterator[Item]:
        """Yield the call that is still open, and how much was left out."""
        yield from self._settle()
        if self._copied:
            yield Dropped("counts that a fork or a sub-agent copied from its origin", self._copied)

    def _watch_for_the_end_of_a_copy(self, record: Record) -> None:
        before, self._now_ns = self._now_ns, instant.from_iso(record.timestamp)
        own_from = self._meta.subagent_history_start_ordinal
        if record.type == "session_meta":
            self._now_ns = None  # it may be written long before the copy
        elif own_from is not None and record.ordinal is not None:
            self._copying = record.ordinal < own_from
        elif before is not None and self._now_ns is not None and self._now_ns - before >= _PAUSE_NS:
            self._copying = False

    def _begin(self, meta: SessionMeta, line: Line) -> None:
        if self._meta.id:
            self._copying |= meta.id != self._meta.id
            return
        self._meta = meta
        self._copying = bool(meta.forked_from_id or meta.parent)
        base = [quoted(SegmentKind.TOOLS, "", bytes(raw), line, name=name) for name, raw in meta.tools]
        if meta.system:
            base.append(quoted(SegmentKind.SYSTEM, "system", bytes(meta.system), line))
        self._base = self._tip = self._chains.of(base)

    def _item(self, payload: bytes, line: Line) -> Iterator[Item]:
        item = ITEMS.decode(payload)
        if item.type == "ghost_snapshot":  # never sent
            return
        if item.is_answer:
            self._answer += self._segments(item, payload, line)
            return
        yield from self._settle()
        if item.asks:
            self._before_turns.append(self._tip)
        self._tip = self._chains.of(self._segments(item, payload, line), parent=self._tip)
        self._asked_ns = self._now_ns

    def _event(self, payload: bytes, line: Line) -> Iterator[Item]:
        event = EVENTS.decode(payload)
        told = event.told
        if told is not None and not self._has_usage_records:
            yield from self._token_count(told, line)
        elif event.turns_taken_back:
            yield from self._settle()
            taken_back = self._before_turns[-event.turns_taken_back :]
            self._before_turns = self._before_turns[: -event.turns_taken_back]
            self._tip = taken_back[0] if taken_back else self._tip

    def _token_count(self, info: TokenInfo, line: Line) -> Iterator[Item]:
        used = self._increase(info)
        if used is None:
            return
        if self._copying:
            self._copied += 1  # no id tells it from the origin's own, so it cannot be left to de-duplication
            return
        self._calls += 1
        self._last_used = used
        meta = self._meta
        record = UsageRecord(usage=used, response_id=f"{meta.id}#{self._calls}", thread_id=meta.id)
        yield from self._count(record, line)

    def _increase(self, info: TokenInfo) -> Counters | None:
        """Return what was used since the last count, None where nothing was."""
        if info.total_token_usage is None:
            return None if info.last_token_usage == self._last_used else info.last_token_usage
        before, self._total = self._total, info.total_token_usage
        if before == self._total:
            return None
        return self._total.since(before) or info.last_token_usage or self._total

    def _usage_record(self, payload: bytes, line: Line) -> Iterator[Item]:
        record = USAGES.decode(payload)
        told_before = not self._has_usage_records and record.usage == self._last_used
        self._has_usage_records = True
        if not told_before:
            yield from self._count(record, line)

    def _count(self, record: UsageRecord, line: Line) -> Iterator[Item]:
        """Tie a count to the answer before it, or let it wait for the one that follows."""
        if self._answer and not self._has_count:
            self._has_count, self._count_comes_first = True, False
            yield self._over(self._call(record, line))
            return
        yield from self._settle()
        self._waiting = self._call(record, line)
        self._has_count = self._count_comes_first
        if not self._count_comes_first:
            yield from self._settle()

    def _call(self, record: UsageRecord, line: Line) -> Call:
        own = record.thread_id in ("", self._meta.id)
        root = self._meta.session_id or self._meta.parent or self._meta.id
        return Call(
            record=record,
            session=root if own else record.session_id or record.thread_id,
            copied=not own or self._copying,
            context=self._context,
            prefix=self._tip,
            turn=len(self._before_turns),
            asked_ns=self._asked_ns,
            ended_ns=self._now_ns,
            offset=line.offset,
        )

    def _compact(self, payload: bytes, line: Line) -> Iterator[Item]:
        """Begin again with what a compaction left; without a list of that, only with its summary."""
        yield from self._settle()
        compacted = COMPACTIONS.decode(payload)
        history = compacted.history
        self._tip = self._base
        for raw in history:
            item = ITEMS.decode(raw)
            segments = self._segments(item, raw, line)
            if compacted.sums_up(item):
                segments = [replace(segment, kind=SegmentKind.SUMMARY) for segment in segments]
            self._tip = self._chains.of(segments, parent=self._tip)
        if not history and compacted.message:
            summary = quoted(SegmentKind.SUMMARY, "user", bytes(compacted.message), line)
            self._tip = self._chains.extend(self._tip, summary)

    def _settle(self) -> Iterator[Item]:
        """End the answer: what follows is a new request."""
        if self._waiting is not None:
            yield self._over(self._waiting)
        self._tip = self._chains.of(self._answer, parent=self._tip)
        self._answer, self._waiting, self._has_count = [], None, False

    def _segments(self, item: ResponseItem, raw: bytes, line: Line) -> list[Segment]:
        first_user = self._is_opening and (item.asks or item.role in ("developer", "system"))
        place = line.offset + place_of(raw, line.data).start
        segments = list(item_segments(raw, names=self._names, first_user=first_user, base=place))
        self._is_opening &= not any(segment.kind is SegmentKind.TASK for segment in segments)
        return segments

    def _over(self, call: Call) -> Item:
        try:
            return call.span(self._meta, tuple(self._answer), model=self._context.model or "")
        except WireError as error:
            return Skipped(call.offset, str(error))


FORMAT = Format(name="codex", title="Codex CLI rollouts", recognise=recognise, read=read, priority=20)
