"""opencode: what `opencode export` writes, and event streams as its server sends or a plugin records them.

Its own store is an SQLite database with a journal beside it, which cannot be read as one file: the
reader says how to export it. Usage is taken from `step-finish` parts, once for each; messages and later
events repeat it. An event stream may tell the tools and the system prompt of each call, and with them
calls whose usage nobody kept (titles): those are named.
"""

import re
from collections.abc import Iterator
from itertools import chain

import msgspec

from farthing.errors import RecordError, WireError
from farthing.prefix import Chains
from farthing.segment import Segment, SegmentKind
from farthing.span import Span
from farthing.traces.opencode_record import (
    CALLS,
    EVENTS,
    EXPORTS,
    INFOS,
    PARTS,
    PROPERTIES,
    SESSIONS,
    SYSTEM_PROMPTS,
    SYSTEM_REQUESTS,
    TOOL_DEFINITIONS,
    TOOL_NAMES,
    Event,
    Session,
)
from farthing.traces.opencode_session import SessionLog
from farthing.traces.quoted import quoted
from farthing.traces.source import Format, Item, Line, Match, Note, Sample, Skipped, Source
from farthing.wire.fields import string
from farthing.wire.scan import decode, place_of

_DATABASE = b"SQLite format 3\0"
_HOOKS = ("event", "chat.message", "experimental.chat.system.transform", "tool.definition")
_EVENTS = ("message.", "session.", "server.", "step_", "text", "tool_use")
_LINES_ASKED = 20
_EXPORT_SIGNS = tuple(
    re.compile(sign)
    for sign in (
        rb'\A\s*\{\s*"info"\s*:\s*\{',
        rb'"messages"\s*:\s*\[',
        rb'"id"\s*:\s*"ses_',
        rb'"sessionID"\s*:',
    )
)


def recognise(sample: Sample) -> Match:
    """Lead: an export, a stream of events, or the database (to say what to do about it)."""
    name = sample.name.rsplit("/", 1)[-1]
    if sample.head.startswith(_DATABASE):
        return Match.LEAD if name.startswith("opencode") else Match.NO
    lines = sample.head.split(b"\n")[:_LINES_ASKED]
    is_stream = any(_is_event(line) for line in lines)
    return Match.LEAD if is_stream or _is_export(sample.head) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield each call when it is finished, and what could not be read."""
    lines = source.lines()
    first = next(lines, None)
    if first is None:
        return
    if first.data.startswith(_DATABASE):
        yield Skipped(
            0, "an opencode database; export its sessions with `opencode export SESSION > FILE.json`"
        )
    elif _is_event(first.data):
        yield from _Stream().read(chain((first,), lines))
    else:
        yield from _read_export(source)


def _read_export(source: Source) -> Iterator[Item]:
    try:
        export, document = decode(EXPORTS, source.document(), "export")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    log = SessionLog(Chains(), export.info)
    for message in export.messages:
        log.message(message.info)
        for raw in message.parts:
            line = Line(place_of(raw, document).start, bytes(raw))
            item = _part(log, line.data, line)
            if item is not None:
                yield item


def _part(log: SessionLog, raw: bytes, line: Line) -> Item | None:
    try:
        return log.part(PARTS.decode(raw), line)
    except (msgspec.DecodeError, ValueError):
        return Skipped(line.offset, "the part or its counts do not follow the format")


class _Stream:
    """The sessions of an event stream. A machine without I/O."""

    def __init__(self) -> None:
        self._chains = Chains()
        self._logs: dict[str, SessionLog] = {}
        self._tools: dict[str, Segment] = {}
        self._asked: set[str] = set()
        self._answered: set[str] = set()

    def read(self, lines: Iterator[Line]) -> Iterator[Item]:
        for line in lines:
            item = self._take(line)
            if item is not None:
                yield item
            if isinstance(item, Span):
                self._answered.add(item.step.model)
        for model in sorted(self._asked - self._answered):
            yield Note(f"opencode called {model} beside the session, and its usage was not recorded")

    def _take(self, line: Line) -> Item | None:
        try:
            if not line.data.lstrip().startswith(b"["):
                event, data = decode(EVENTS, line.data, "event")
                return self._event(event, Line(line.offset, data))
            call, data = decode(CALLS, line.data, "record")
            return self._hook(string(call[0]) if call else "", call[1:], Line(line.offset, data))
        except WireError as error:
            return Skipped(line.offset, str(error))
        except (msgspec.DecodeError, ValueError, IndexError):
            return Skipped(line.offset, "the event does not follow the format")

    def _hook(self, name: str, arguments: list[msgspec.Raw], line: Line) -> Item | None:
        if name == "event":
            return self._event(EVENTS.decode(EVENTS.decode(arguments[0]).event), line)
        if name == "tool.definition":
            self._define(TOOL_NAMES.decode(arguments[0]).tool_id, arguments[1], line)
        elif name == "experimental.chat.system.transform":
            self._prompt(arguments[0], arguments[1], line)
        return None

    def _define(self, tool: str, definition: bytes, line: Line) -> None:
        """Remember a tool by its description; its parameters are shown as a program's object, not as sent."""
        described = TOOL_DEFINITIONS.decode(definition).description
        self._tools[tool] = quoted(SegmentKind.TOOLS, "", bytes(described), line, name=tool)

    def _prompt(self, asked: bytes, told: bytes, line: Line) -> None:
        request = SYSTEM_REQUESTS.decode(asked)
        model, log = request.model.id, self._log(request.session_id)
        self._asked.add(model)
        if model == log.model:  # and not the small model that makes up a title beside it
            prompts = SYSTEM_PROMPTS.decode(told).system
            system = [quoted(SegmentKind.SYSTEM, "system", bytes(prompt), line) for prompt in prompts]
            log.head([*(self._tools[tool] for tool in sorted(self._tools)), *system])

    def _event(self, event: Event, line: Line) -> Item | None:
        if event.part:
            return _part(self._log(event.session_id), event.part, line)
        if not event.properties:
            return None
        properties = PROPERTIES.decode(event.properties)
        match event.type:
            case "session.created" | "session.updated":
                described = SESSIONS.decode(properties.info)
                self._log(described.id).description = described
            case "message.updated":
                info = INFOS.decode(properties.info)
                self._log(info.session_id or properties.session_id).message(info)
            case "message.removed":
                self._log(properties.session_id).remove(properties.message_id)
            case "message.part.updated":
                return _part(self._log(properties.session_id), properties.part, line)
            case _:
                pass
        return None

    def _log(self, session: str) -> SessionLog:
        log = self._logs.get(session)
        if log is None:
            log = self._logs[session] = SessionLog(self._chains, Session(id=session))
        return log


def _is_event(line: bytes) -> bool:
    """Whether a line is an event, or a plugin's record of one."""
    try:
        if line.lstrip().startswith(b"["):
            call = CALLS.decode(line)
            return bool(call) and string(call[0]) in _HOOKS
        event = EVENTS.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    told = event.part if event.session_id else event.properties
    return bool(told) and event.type.startswith(_EVENTS)


def _is_export(head: bytes) -> bool:
    return all(sign.search(head) for sign in _EXPORT_SIGNS)


FORMAT = Format(name="opencode", title="opencode sessions", recognise=recognise, read=read, priority=20)
