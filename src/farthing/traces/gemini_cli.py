"""Gemini CLI's recorded chats: a log of messages and of changes to them, or (older) one JSON document.

A message is written again whenever it grows, and the last writing counts. `$rewindTo` takes a message
back with all behind it; `$set` of `messages` replaces the history, as a compaction does. Neither undoes a
call: what was billed stays billed, once for each message with tokens. Neither system prompt nor tools are
written; thoughts are, but they are never sent back. The counts are Google's own: cached tokens are part
of the input, thoughts no part of the output (google-gemini/gemini-cli, chatRecordingTypes.ts, 2026-08).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath

import msgspec

from farthing.errors import RecordError, WireError
from farthing.prefix import Chains, Prefix
from farthing.segment import Segment
from farthing.span import Span
from farthing.step import Recorded, Step
from farthing.traces import instant
from farthing.traces.gemini_cli_record import (
    MESSAGES,
    RECORDS,
    Message,
    Record,
    Tokens,
    asks,
    returns,
    segments,
)
from farthing.traces.source import Format, Item, Line, Match, Sample, Skipped, Source
from farthing.usage import Charge
from farthing.wire.fields import is_given, items
from farthing.wire.gemini_answer import counted
from farthing.wire.scan import decode, place_of

_SIGNS = tuple(re.compile(sign) for sign in (rb'"sessionId"\s*:\s*"', rb'"projectHash"\s*:\s*"'))

_DESCRIPTION_BYTES = 2_000


def recognise(sample: Sample) -> Match:
    """Lead: a file that begins with the description of a chat."""
    begin = sample.head.lstrip()[:_DESCRIPTION_BYTES]
    return Match.LEAD if all(sign.search(begin) for sign in _SIGNS) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield each call when the next message comes, and what could not be read."""
    chat = _Chat(parent=_parent(source.name))
    lines = source.lines()
    first = next(lines, None)
    if first is None:
        return
    if not _is_record(first.data):
        yield from _read_document(chat, source)
        return
    for line in chain((first,), lines):
        try:
            record, data = decode(RECORDS, line.data, "record")
            yield from chat.take(record, Line(line.offset, data))
        except WireError as error:
            yield Skipped(line.offset, str(error))
        except msgspec.DecodeError:
            yield Skipped(line.offset, "the message does not follow the format")
    yield from chat.rest()


def _read_document(chat: "_Chat", source: Source) -> Iterator[Item]:
    try:
        record, document = decode(RECORDS, source.document(), "chat")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    chat.describe(record)
    yield from chat.messages(record.messages, Line(0, document))
    yield from chat.rest()


@dataclass(slots=True, kw_only=True)
class _Said:
    """A message as last written. `before` is the context in front of it, `asked` when that was complete."""

    message: Message
    segments: list[Segment]
    results: list[Segment]
    before: Prefix | None
    asked: str | None
    turn: int
    offset: int

    @property
    def next_turn(self) -> int:
        return self.turn + asks(self.message)

    @property
    def until(self) -> str | None:
        """When all of it had been said: the results of an answer's tools come later than the answer."""
        ran = [call.timestamp for call in self.message.tool_calls or () if call.timestamp]
        return max(ran, default=self.message.timestamp)


class _Chat:
    """What is known of one chat so far. A machine without I/O."""

    def __init__(self, *, parent: str) -> None:
        self._parent = parent
        self._session = ""
        self._is_sub_agent = False
        self._project = ""
        self._chains = Chains()
        self._said: dict[str, _Said] = {}
        self._last: _Said | None = None
        self._counted: set[str] = set()
        self._turn = 0

    def describe(self, record: Record) -> None:
        """Take what the first record, or the whole document, tells of the chat."""
        self._session = record.session_id or self._session
        self._is_sub_agent = record.kind == "subagent"
        self._project = record.directories[0] if record.directories else self._project

    def take(self, record: Record, line: Line) -> Iterator[Item]:
        """Add one record and yield what it completes."""
        if record.rewind_to is not None:
            yield from self._rewind(record.rewind_to)
        elif record.change is not None:
            if is_given(record.change.messages):
                yield from self._close()
                if self._last is not None:
                    self._turn = self._last.next_turn
                self._said, self._last = {}, None
                yield from self.messages(record.change.messages, line)
        elif record.id is not None:
            yield from self._message(record, line)
        elif record.session_id is not None:
            self.describe(record)

    def messages(self, messages: bytes, line: Line) -> Iterator[Item]:
        """Take a list of messages that stands in `line`."""
        for raw in items(messages):
            place = line.offset + place_of(raw, line.data).start
            try:
                yield from self._message(MESSAGES.decode(raw), Line(place, bytes(raw)))
            except msgspec.DecodeError:
                yield Skipped(place, "the message does not follow the format")

    def rest(self) -> Iterator[Item]:
        """Yield the call that is still open."""
        yield from self._close()

    def _message(self, message: Message, line: Line) -> Iterator[Item]:
        key = message.id or str(line.offset)
        known = self._said.get(key)
        if known is None:
            yield from self._close()
            said = self._said[key] = self._last = self._new(message, line)
        else:
            said, known.message = known, message
        told = segments(message, line, is_first=said.turn == 0)
        said.segments = [segment for segment in told if segment.role != "tool"]
        said.results = [segment for segment in told if segment.role == "tool"]

    def _new(self, message: Message, line: Line) -> _Said:
        last = self._last
        before, asked, turn = None, None, self._turn
        if last is not None:
            before = self._chains.of(last.segments, parent=last.before)
            asked, turn = last.until, last.next_turn
            if not returns(message):
                before = self._chains.of(last.results, parent=before)
        return _Said(
            message=message,
            segments=[],
            results=[],
            before=before,
            asked=asked,
            turn=turn,
            offset=line.offset,
        )

    def _rewind(self, to: str) -> Iterator[Item]:
        yield from self._close()
        keys = list(self._said)
        kept = keys[: keys.index(to)] if to in self._said else []
        self._said = {key: self._said[key] for key in kept}
        self._last = self._said[kept[-1]] if kept else None

    def _close(self) -> Iterator[Item]:
        """Yield the call of the last message, if it is one: what comes next finds it as it is now."""
        last = self._last
        if last is None or last.message.tokens is None:
            return
        key = last.message.id or str(last.offset)
        if key not in self._counted:
            self._counted.add(key)
            yield self._span(last, last.message.tokens)

    def _span(self, said: _Said, told: Tokens) -> Item:
        message = said.message
        try:
            counts = counted(told.google)
        except WireError as error:
            return Skipped(said.offset, str(error))
        model = message.model or ""
        step = Step(
            model=model,
            session=self._parent if self._is_sub_agent and self._parent else self._session,
            agent=self._session if self._is_sub_agent else "",
            turn=said.turn,
            at_ns=instant.from_iso(said.asked or message.timestamp),
            provider="google",
            prefix=said.before,
            recorded=Recorded.DELTA,
        )
        return Span(
            step=step,
            charges=(Charge(model=model, usage=counts.usage),) if counts else (),
            usage_recorded=counts is not None,
            response_id=f"{self._session}:{message.id}" if message.id else "",
            output=tuple(said.segments),
            ended_ns=instant.from_iso(message.timestamp),
            usage_rule=counts.rule if counts else "",
            offset=said.offset,
            attributes=(("project", self._project),) if self._project else (),
        )


def _is_record(line: bytes) -> bool:
    try:
        return not is_given(RECORDS.decode(line).messages)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _parent(name: str) -> str:
    """Return the session that a sub-agent's file lies under: chats/<session>/<sub-agent>.jsonl."""
    folders = PurePosixPath(name).parent.parts
    return folders[-1] if len(folders) >= 2 and folders[-2] == "chats" else ""


FORMAT = Format(name="gemini-cli", title="Gemini CLI chats", recognise=recognise, read=read, priority=20)
