"""Event streams of Claude Managed Agents: sessions that Anthropic runs, as their API tells them.

A line is an event, or a record of a client's call with the event as its argument (LangSmith's recordings).
A model call is a `span.model_request_start`, what the agent says, and a `span.model_request_end` with its
counts, which leave cached tokens out. Each event is new, so contexts are rebuilt; thoughts are told without
their words, tool schemas are not told. Events that a client sent are told again by the stream.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.errors import WireError
from farthing.prefix import Chains, Prefix
from farthing.segment import Segment, SegmentKind
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.traces import instant
from farthing.traces.quoted import quoted
from farthing.traces.source import Format, Item, Line, Match, Sample, Skipped, Source
from farthing.wire.anthropic_usage import Counts, charges
from farthing.wire.fields import ABSENT, items, string
from farthing.wire.scan import decode

_CREATE = "client.beta.sessions.create"
_STREAM = "client.beta.sessions.events.stream"
_STARTS = ("span.model_request_", "session.status_", "session.thread_", "agent.", "user.")
_LINES_ASKED = 20


def recognise(sample: Sample) -> Match:
    """Lead: a stream that tells a session of an agent, by its first lines."""
    return Match.LEAD if any(map(_is_ours, sample.head.split(b"\n")[:_LINES_ASKED])) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield each call when it ends, and what could not be read."""
    log = _Log(fallback_session=source.name)
    for line in source.lines():
        try:
            item = log.take(line)
        except WireError as error:
            item = Skipped(line.offset, str(error))
        except msgspec.DecodeError:
            item = Skipped(line.offset, "the event or its counts do not follow the format")
        if item is not None:
            yield item


class _Model(Struct):
    id: str = ""
    speed: str | None = None


class _Agent(Struct):
    name: str | None = None
    model: _Model = msgspec.field(default_factory=_Model)
    system: Raw = ABSENT


class _Session(Struct):
    id: str = ""
    agent: _Agent = msgspec.field(default_factory=_Agent)


class _Event(Struct):
    type: str = ""
    id: str = ""
    processed_at: str | None = None
    content: Raw = ABSENT
    input: Raw = ABSENT
    name: str | None = None
    mcp_server_name: str | None = None
    tool_use_id: str | None = None
    mcp_tool_use_id: str | None = None
    custom_tool_use_id: str | None = None
    model_request_start_id: str | None = None
    model_usage: Counts | None = None
    is_error: bool | None = None

    @property
    def tool(self) -> str:
        """The tool that is called; one on an MCP server is named as MCP clients do."""
        return f"mcp__{self.mcp_server_name}__{self.name}" if self.mcp_server_name else self.name or ""

    @property
    def answers(self) -> str:
        """The event that called the tool whose result this is."""
        return self.tool_use_id or self.mcp_tool_use_id or self.custom_tool_use_id or ""


class _Part(Struct):
    type: str = ""
    text: Raw = ABSENT
    source: Raw = ABSENT


_RECORDS = msgspec.json.Decoder(list[Raw])
_SESSIONS = msgspec.json.Decoder(_Session)
_EVENTS = msgspec.json.Decoder(_Event)
_PARTS = msgspec.json.Decoder(_Part)


class _Log:
    """What is known of one session so far. A machine without I/O."""

    def __init__(self, *, fallback_session: str) -> None:
        self._session = _Session(id=fallback_session)
        self._chains = Chains()
        self._tools: dict[str, str] = {}
        self._tip: Prefix | None = None
        self._before: Prefix | None = None
        self._answer: list[Segment] = []
        self._asked: str | None = None
        self._seen: set[str] = set()
        self._turn = 0

    def take(self, line: Line) -> Item | None:
        """Add one line; return the call that it ends."""
        if not line.data.lstrip().startswith(b"["):
            event, data = decode(_EVENTS, line.data, "event")
            return self._event(event, Line(line.offset, data))
        record, data = decode(_RECORDS, line.data, "record")
        if len(record) < 2:
            return None
        name = string(record[0])
        if name == _CREATE:
            self._begin(_SESSIONS.decode(record[1]), line)
        if name == _STREAM:
            return self._event(_EVENTS.decode(record[1]), Line(line.offset, data))
        return None

    def _begin(self, session: _Session, line: Line) -> None:
        self._session = session
        system = session.agent.system
        if string(system):
            self._tip = self._chains.extend(None, quoted(SegmentKind.SYSTEM, "system", bytes(system), line))

    def _event(self, event: _Event, line: Line) -> Item | None:
        if event.id in self._seen:
            return None
        self._seen.add(event.id)
        match event.type:
            case "span.model_request_start":
                self._before, self._answer, self._asked = self._tip, [], event.processed_at
            case "span.model_request_end":
                return self._span(event, line)
            case "user.message":
                self._turn += 1
                kind = SegmentKind.TASK if self._turn == 1 else SegmentKind.USER
                self._hear(_parts(event.content, kind, "user", line))
            case "agent.message":
                self._say(_parts(event.content, SegmentKind.ASSISTANT, "assistant", line))
            case "agent.tool_use" | "agent.mcp_tool_use" | "agent.custom_tool_use":
                self._tools[event.id] = event.tool
                called = quoted(SegmentKind.TOOL_CALL, "assistant", bytes(event.input), line, name=event.tool)
                self._say([called])
            case _ if event.type.endswith("tool_result"):
                tool = self._tools.get(event.answers, "")
                self._hear(_parts(event.content, SegmentKind.TOOL_RESULT, "user", line, name=tool))
            case _:
                pass
        return None

    def _hear(self, segments: list[Segment]) -> None:
        self._tip = self._chains.of(segments, parent=self._tip)

    def _say(self, segments: list[Segment]) -> None:
        self._answer += segments
        self._hear(segments)

    def _span(self, event: _Event, line: Line) -> Span:
        model = self._session.agent.model
        counts = event.model_usage
        if counts is not None and counts.speed is None:
            counts = msgspec.structs.replace(counts, speed=model.speed)
        step = Step(
            model=model.id,
            session=self._session.id,
            turn=self._turn,
            at_ns=instant.from_iso(self._asked),
            provider="anthropic",
            prefix=self._before,
            recorded=Recorded.DELTA,
        )
        return Span(
            step=step,
            charges=charges(counts, model=model.id),
            usage_recorded=counts is not None,
            output_count=Output.MISSING if counts is None else Output.FINAL,
            response_id=event.model_request_start_id or event.id,
            output=tuple(self._answer),
            ended_ns=instant.from_iso(event.processed_at),
            error="error" if event.is_error else "",
            usage_rule="input counts leave cached tokens out (Anthropic)",
            offset=line.offset,
            attributes=(("agent", self._session.agent.name),) if self._session.agent.name else (),
        )


def _parts(content: bytes, text: SegmentKind, role: str, line: Line, *, name: str = "") -> list[Segment]:
    """Return what the parts of a content say; their plain text is of the kind `text`."""
    parts = [_PARTS.decode(raw) for raw in items(content)]
    return [
        quoted(
            SegmentKind.MEDIA if part.source else text, role, bytes(part.text or part.source), line, name=name
        )
        for part in parts
    ]


def _is_ours(line: bytes) -> bool:
    try:
        if line.lstrip().startswith(b"["):
            record = _RECORDS.decode(line)
            return bool(record) and string(record[0]) in (_CREATE, _STREAM)
        event = _EVENTS.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return event.type.startswith(_STARTS) and event.id.startswith("sevt_")


FORMAT = Format(
    name="managed-agents",
    title="Claude Managed Agents event streams",
    recognise=recognise,
    read=read,
    priority=20,
)
