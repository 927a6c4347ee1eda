"""Sessions of Anthropic's managed agents: their events, as the API lists them or a client recorded them.

The loop runs at the provider, so nobody sees a request. Events tell what was said and done, and a
`span.model_request_end` what each call used; contexts are rebuilt from what stood before its start. The
tools of the agent's toolset are named and never shown. A recording (LangSmith's) is one list a line: the
SDK's method, then what went in or came out; what the client sent comes back as an event, and is read there.
"""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.prefix import Chains, Prefix
from farthing.segment import Segment, SegmentKind
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.traces import instant
from farthing.traces.documents import Document, documents
from farthing.traces.quoted import quoted
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.wire.anthropic_usage import Counts, charges
from farthing.wire.fields import ABSENT, is_given, members

_SIGN = re.compile(rb'"client\.beta\.sessions\.|"type"\s*:\s*"span\.model_request_')
_USAGE_RULE = "input counts leave cached tokens out (Anthropic)"


def recognise(sample: Sample) -> Match:
    """Tell the stream by the SDK's method names, or by the events of model calls."""
    opens = sample.head.lstrip()[:1] in (b"{", b"[")
    return Match.LEAD if opens and _SIGN.search(sample.head) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield a call at the end of each model request, and what could not be read."""
    log = _Log()
    for document in documents(source):
        if isinstance(document, Skipped):
            yield document
        else:
            yield from log.take(document)


class _Model(Struct):
    id: str = ""
    speed: str | None = None


class _Agent(Struct):
    name: str | None = None
    system: Raw = ABSENT
    model: _Model | None = None


class _Event(Struct):
    """An event, or the session itself, which has an agent."""

    type: str = ""
    id: str = ""
    processed_at: str | None = None
    agent: _Agent | None = None
    content: Raw = ABSENT
    name: str | None = None
    input: Raw = ABSENT
    mcp_server_name: str | None = None
    tool_use_id: str | None = None
    mcp_tool_use_id: str | None = None
    custom_tool_use_id: str | None = None
    model_usage: Counts | None = None
    is_error: bool | None = None

    @property
    def tool(self) -> str:
        """The tool's name; one on an MCP server is named as MCP clients do."""
        name = self.name or ""
        return f"mcp__{self.mcp_server_name}__{name}" if self.mcp_server_name else name

    @property
    def answers(self) -> str:
        return self.tool_use_id or self.mcp_tool_use_id or self.custom_tool_use_id or ""


_EVENT = msgspec.json.Decoder(_Event)


class _Log:
    """What is known of one session so far. A machine without I/O."""

    def __init__(self) -> None:
        self._chains = Chains()
        self._tools: dict[str, str] = {}
        self._session = ""
        self._agent = _Agent()
        self._prefix: Prefix | None = None
        self._before: Prefix | None = None
        self._answer: list[Segment] = []
        self._began: str | None = None
        self._turn = 0
        self._seen: set[str] = set()

    def take(self, document: Document) -> Iterator[Item]:
        """Add one event; a recorded call of the SDK is passed over but for the object that it gave."""
        if not members(document.raw):
            return
        try:
            event = _EVENT.decode(document.raw)
        except msgspec.DecodeError:
            yield Skipped(document.offset, "the event does not follow Anthropic's format")
            return
        if event.id in self._seen:
            return
        self._seen.add(event.id)
        yield from self._add(event, document)

    def _add(self, event: _Event, document: Document) -> Iterator[Item]:
        match event.type.rpartition(".")[2]:
            case "session" if event.agent is not None:
                self._open(event, event.agent, document)
            case "model_request_start":
                self._before, self._answer, self._began = self._prefix, [], event.processed_at
            case "model_request_end":
                yield self._call(event, document)
            case "message" if event.type.startswith("user"):
                kind = SegmentKind.USER if self._turn else SegmentKind.TASK
                self._turn += 1
                self._say(_part(kind, "user", event.content, document))
            case "message":
                self._say(_part(SegmentKind.ASSISTANT, "assistant", event.content, document))
            case name if name.endswith("tool_use"):
                self._tools[event.id] = event.tool
                self._say(_part(SegmentKind.TOOL_CALL, "assistant", event.input, document, name=event.tool))
            case name if name.endswith("tool_result"):
                tool = self._tools.get(event.answers, "")
                self._say(_part(SegmentKind.TOOL_RESULT, "tool", event.content, document, name=tool))
            case _:
                pass

    def _open(self, event: _Event, agent: _Agent, document: Document) -> None:
        self._session, self._agent = event.id, agent
        if is_given(agent.system):
            self._say(_part(SegmentKind.SYSTEM, "system", agent.system, document))

    def _say(self, segment: Segment) -> None:
        self._prefix = self._chains.extend(self._prefix, segment)
        if segment.role == "assistant":
            self._answer.append(segment)

    def _call(self, event: _Event, document: Document) -> Span:
        model = self._agent.model or _Model()
        counts = event.model_usage
        if counts is not None and counts.speed is None:
            counts = msgspec.structs.replace(counts, speed=model.speed)
        step = Step(
            model=model.id,
            session=self._session,
            turn=self._turn,
            at_ns=instant.from_iso(self._began),
            provider="anthropic",
            prefix=self._before,
            recorded=Recorded.DELTA if self._before else Recorded.COUNTS,
        )
        is_recorded = counts is not None and counts.is_recorded
        return Span(
            step=step,
            charges=charges(counts, model=model.id),
            usage_recorded=is_recorded,
            output_count=Output.FINAL if is_recorded else Output.MISSING,
            response_id=event.id,
            output=tuple(self._answer),
            ended_ns=instant.from_iso(event.processed_at),
            error="error" if event.is_error else "",
            usage_rule=_USAGE_RULE,
            offset=document.offset,
        )


def _part(kind: SegmentKind, role: str, raw: bytes, document: Document, *, name: str = "") -> Segment:
    return quoted(kind, role, bytes(raw), document.line, name=name)


FORMAT = Format(
    name="managed-agents",
    title="Anthropic managed agents' session events",
    recognise=recognise,
    read=read,
    priority=22,
)
