"""Sessions of the pi coding agent: entries of a tree, or (before version 2) simply one after the other.

Each entry is new, so contexts are rebuilt (see `tree`). Neither system prompt nor tools are written, nor
the calls that summed up what was compacted. Usage is pi's own, alike for all providers: input without
cached tokens (its total is their sum). An answer without any count was cut or refused before it began,
and cost nothing. A session made from another begins with a copy of its entries; a copy is byte-equal, so
an answer without the provider's id is known by its bytes.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from xxhash import xxh3_128_hexdigest

from farthing.errors import WireError
from farthing.money import PICOUSD_PER_USD
from farthing.segment import Segment, SegmentKind
from farthing.span import Span
from farthing.step import Recorded, Step
from farthing.traces import instant
from farthing.traces.quoted import quoted
from farthing.traces.source import Format, Item, Line, Match, Note, Sample, Skipped, Source
from farthing.traces.tree import Exchange, Place, Said, Tree
from farthing.usage import Charge, Usage, cache_writes
from farthing.wire.fields import ABSENT, is_given
from farthing.wire.scan import decode, is_string

_USAGE_RULE = "input counts leave cached tokens out (pi's own totals)"


def recognise(sample: Sample) -> Match:
    """Lead: a file that begins with pi's description of a session."""
    first = sample.head.lstrip().partition(b"\n")[0]
    try:
        return Match.LEAD if _HEADERS.decode(first).is_ours else Match.NO
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield each call, and what could not be read."""
    log = _Log()
    for line in source.lines():
        try:
            entry, data = decode(_ENTRIES, line.data, "entry")
            item = log.take(entry, Line(line.offset, data))
        except WireError as error:
            item = Skipped(line.offset, str(error))
        except (msgspec.DecodeError, ValueError):
            item = Skipped(line.offset, "the message or its counts do not follow the format")
        if item is not None:
            yield item
    if log.compactions:
        yield Note(f"pi does not record the calls that wrote the summaries of {log.compactions} compactions")


class _Header(Struct, rename="camel"):
    """The first line. Nobody but pi writes a session's folder under `cwd` beside its id."""

    type: str = ""
    id: str = ""
    timestamp: str = ""
    cwd: str = ""
    branched_from: str | None = None
    parent_session: str | None = None

    @property
    def is_ours(self) -> bool:
        return self.type == "session" and bool(self.id and self.cwd and self.timestamp)


class _Block(Struct, rename="camel"):
    type: str = ""
    text: Raw = ABSENT
    thinking: Raw = ABSENT
    arguments: Raw = ABSENT
    data: Raw = ABSENT
    id: str | None = None
    name: str | None = None

    @property
    def said(self) -> bytes:
        return bytes(self.text or self.thinking or self.arguments or self.data)


class _Cost(Struct):
    total: Decimal = Decimal(0)


class _Usage(Struct, rename="camel"):
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: _Cost | None = None


class _Message(Struct, rename="camel"):
    role: str = ""
    content: Raw = ABSENT
    provider: str | None = None
    model: str | None = None
    usage: _Usage | None = None
    stop_reason: str | None = None
    response_id: str | None = None
    timestamp: float | None = None
    tool_name: str | None = None
    command: Raw = ABSENT
    output: Raw = ABSENT
    exclude_from_context: bool | None = None


class _Entry(Struct, rename="camel"):
    type: str = ""
    id: str | None = None
    parent_id: str | UnsetType | None = UNSET
    timestamp: str | None = None
    message: Raw = ABSENT
    content: Raw = ABSENT
    summary: Raw = ABSENT
    first_kept_entry_id: str | None = None
    first_kept_entry_index: int | None = None
    thinking_level: str | None = None


_HEADERS = msgspec.json.Decoder(_Header)
_ENTRIES = msgspec.json.Decoder(_Entry)
_MESSAGES = msgspec.json.Decoder(_Message)
_BLOCKS = msgspec.json.Decoder(list[_Block])

_KINDS = {"thinking": SegmentKind.REASONING, "toolCall": SegmentKind.TOOL_CALL, "image": SegmentKind.MEDIA}


class _Log:
    """What is known of one session so far. A machine without I/O.

    An entry without an id is known by its number, counted from the header, as old compactions do.
    """

    def __init__(self) -> None:
        self.compactions = 0
        self._header = _Header()
        self._tree = Tree()
        self._tip = self._tree.root()
        self._last: str | None = None
        self._parents: dict[str, str | None] = {}
        self._entries = 0
        self._thinking = ""

    def take(self, entry: _Entry, line: Line) -> Item | None:
        """Add one entry; return the call that it is, if it is one."""
        key = entry.id or str(self._entries)
        self._entries += 1
        if entry.type == "session":
            self._begin(line)
            return None
        parent = self._last if entry.parent_id is UNSET else entry.parent_id
        place = self._place(parent)
        self._parents[key] = parent
        self._last = key
        item, self._tip = self._add(entry, key, place, line)
        return item

    def _begin(self, line: Line) -> None:
        self._header = _HEADERS.decode(line.data)

    def _place(self, parent: str | None) -> Place:
        known = self._tree.find(parent) if parent is not None else None
        return known or (self._tip if parent is not None else self._tree.root())

    def _add(self, entry: _Entry, key: str, place: Place, line: Line) -> tuple[Item | None, Place]:
        heard = entry.timestamp or ""
        match entry.type:
            case "message":
                return self._message(entry, key, place, line)
            case "custom_message":
                said = Said(_segments(entry.content, SegmentKind.USER, "user", line))
                return None, self._tree.say(key, place, said, heard=heard)
            case "branch_summary":
                return None, self._tree.say(key, place, _summary(entry, line), heard=heard)
            case "compaction":
                return None, self._compact(entry, key, place, line)
            case "thinking_level_change":
                self._thinking = entry.thinking_level or ""
            case _:
                pass
        return None, self._tree.put(key, place)

    def _message(self, entry: _Entry, key: str, place: Place, line: Line) -> tuple[Item | None, Place]:
        message = _MESSAGES.decode(entry.message)
        if message.role == "assistant":
            return self._answer(entry, message, key, place, line)
        if message.exclude_from_context:
            return None, self._tree.put(key, place)
        result = message.role == "toolResult"
        asks = message.role == "user"
        text = SegmentKind.TASK if asks and not place.exchange.next_turn else SegmentKind.USER
        kind = SegmentKind.TOOL_RESULT if result else text
        if message.role == "bashExecution":
            segments = [quoted(kind, "user", bytes(raw), line) for raw in (message.command, message.output)]
        else:
            segments = _segments(message.content, kind, "user", line, name=message.tool_name or "")
        return None, self._tree.say(key, place, Said(segments, result, asks), heard=entry.timestamp or "")

    def _answer(
        self, entry: _Entry, message: _Message, key: str, place: Place, line: Line
    ) -> tuple[Item | None, Place]:
        usage = message.usage or _Usage()
        if not any((usage.input, usage.output, usage.cache_read, usage.cache_write)):
            return None, self._tree.put(key, place)
        asked = place.exchange.heard
        exchange = self._tree.request(place)
        exchange.answer += _segments(message.content, SegmentKind.ASSISTANT, "assistant", line)
        place = self._tree.put(key, Place(exchange, 0))
        return self._span(entry, message, usage, exchange, asked, line), place

    def _span(
        self, entry: _Entry, message: _Message, usage: _Usage, exchange: Exchange, asked: str, line: Line
    ) -> Span:
        model = message.model or ""
        header = self._header
        began = instant.from_ms(message.timestamp)
        step = Step(
            model=model,
            session=header.id,
            turn=exchange.turn,
            at_ns=instant.from_iso(asked) if began is None else began,
            provider=message.provider or "",
            prefix=exchange.before,
            recorded=Recorded.DELTA,
            parameters=(("thinking", self._thinking),) if self._thinking else (),
        )
        copies = header.branched_from or header.parent_session
        return Span(
            step=step,
            charges=(Charge(model=model, usage=_disjoint(usage)),),
            response_id=message.response_id or f"pi:{xxh3_128_hexdigest(entry.message)}",
            replayed=bool(copies) and (entry.timestamp or "") < header.timestamp,
            output=tuple(exchange.answer),
            ended_ns=instant.from_iso(entry.timestamp),
            finish=message.stop_reason or "",
            usage_rule=_USAGE_RULE,
            offset=line.offset,
            reported_cost_picousd=round(usage.cost.total * PICOUSD_PER_USD) if usage.cost else None,
            attributes=(("project", header.cwd),) if header.cwd else (),
        )

    def _compact(self, entry: _Entry, key: str, place: Place, line: Line) -> Place:
        self.compactions += 1
        summed_up = self._tree.root(turn=place.exchange.next_turn)
        place = self._tree.say(key, summed_up, _summary(entry, line), heard=entry.timestamp or "")
        return self._tree.put(key, self._tree.graft(self._kept(entry, key), place))

    def _kept(self, compaction: _Entry, key: str) -> list[str]:
        """Return the entries that a compaction keeps: those from the first kept one to itself."""
        first = compaction.first_kept_entry_id or str(compaction.first_kept_entry_index)
        kept: list[str] = []
        before = self._parents[key]
        while before is not None and before != first:
            kept.append(before)
            before = self._parents.get(before)
        return [first, *reversed(kept)] if before == first else []


def _segments(content: bytes, text: SegmentKind, role: str, line: Line, *, name: str = "") -> list[Segment]:
    """Return what a content says; its plain text is of the kind `text`, `name` the tool that said it."""
    if not is_given(content):
        return []
    if is_string(content):
        return [quoted(text, role, bytes(content), line, name=name)]
    return [
        quoted(_KINDS.get(block.type, text), role, block.said, line, name=block.name or name)
        for block in _BLOCKS.decode(content)
    ]


def _summary(entry: _Entry, line: Line) -> Said:
    return Said([quoted(SegmentKind.SUMMARY, "user", bytes(entry.summary), line)])


def _disjoint(usage: _Usage) -> Usage:
    return Usage(
        uncached_input_tokens=usage.input,
        cache_read_input_tokens=usage.cache_read,
        cache_writes=cache_writes(unknown=usage.cache_write),
        output_tokens=usage.output,
    )


FORMAT = Format(name="pi", title="pi coding agent sessions", recognise=recognise, read=read, priority=20)
