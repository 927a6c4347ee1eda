"""One opencode session as its messages and parts arrive, in events or in an export; a machine without I/O.

Every `step-finish` part is one model call. Its answer is what stands between it and the start of its
step, and its request held everything before: the tools and the system prompt, where the source tells them,
then all that was said. A part is told again as it grows, so only its last state counts. The answer of a
compaction (`summary`) is all that is sent on of what came before it.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from farthing.prefix import Chains, Prefix
from farthing.segment import Segment, SegmentKind
from farthing.span import Span
from farthing.step import Recorded, Step
from farthing.traces import instant
from farthing.traces.opencode_record import Info, Part, Session
from farthing.traces.quoted import quoted
from farthing.traces.source import Line
from farthing.usage import Charge

_USAGE_RULE = "input counts leave cached tokens out (opencode's own totals)"
_ANSWERS = {"reasoning": SegmentKind.REASONING, "text": SegmentKind.ASSISTANT}


class SessionLog:
    """What is known of one session so far."""

    def __init__(self, chains: Chains, description: Session) -> None:
        self.description = description
        self._chains = chains
        self._head: tuple[Segment, ...] = ()
        self._told: dict[str, list[Segment]] = {}
        self._tip: Prefix | None = None
        self._infos: dict[str, Info] = {}
        self._parts: dict[str, dict[str, tuple[Part, Line]]] = {}
        self._finished: set[str] = set()
        self._went_on_ms: dict[str, float] = {}
        self._turn = 0
        self._has_task = False
        self.model = ""

    def head(self, segments: Iterable[Segment]) -> None:
        """Let tools and system prompt of the next call be `segments`."""
        head = tuple(segments)
        if head != self._head:
            self._head = head
            self._rebuild()

    def message(self, info: Info) -> None:
        """Take what is known of a message."""
        if info.role == "user" and info.id not in self._infos:
            self._turn += 1
        self.model = info.model_id or self.model
        self._infos[info.id] = info

    def remove(self, message_id: str) -> None:
        """Forget a message that was taken back."""
        self._parts.pop(message_id, None)
        if self._told.pop(message_id, None):
            self._rebuild()

    def part(self, part: Part, line: Line) -> Span | None:
        """Take a part, or its newer state; return the call that it ends."""
        info = self._infos.get(part.message_id) or Info(id=part.message_id, role="assistant")
        if part.type == "step-finish":
            return self._finish(part, info, line)
        if info.role == "user":
            self._hear(part, line)
        else:
            self._parts.setdefault(part.message_id, {})[part.id] = (part, line)
        return None

    def _hear(self, part: Part, line: Line) -> None:
        known = part.id in self._finished
        self._finished.add(part.id)
        if part.type == "text" and part.text and not part.ignored and not known:
            kind = SegmentKind.USER if self._has_task else SegmentKind.TASK
            self._has_task = True
            self._tell(part.message_id, [quoted(kind, "user", bytes(part.text), line)])
        elif part.type == "file" and part.url and not known:
            self._tell(part.message_id, [quoted(SegmentKind.MEDIA, "user", bytes(part.url), line)])

    def _finish(self, part: Part, info: Info, line: Line) -> Span | None:
        said = list(self._parts.pop(part.message_id, {}).values())
        if part.id in self._finished:
            return None
        self._finished.add(part.id)
        before = self._tip
        answer = [segment for one, at in said for segment in _answer(one, at)]
        results = [segment for one, at in said for segment in _result(one, at)]
        span = self._span(part, info, before, tuple(answer), [one for one, _ in said], line)
        if info.is_summary:
            self._told = {}
            answer = [_summary(segment) for segment in answer if segment.kind is SegmentKind.ASSISTANT]
            self._rebuild()
        self._tell(part.message_id, answer + results)
        ran = [one.state.time.end or 0 for one, _ in said if one.state and one.state.time]
        self._went_on_ms |= {info.id: max(ran)} if ran else {}
        return span

    def _span(
        self,
        part: Part,
        info: Info,
        prefix: Prefix | None,
        output: tuple[Segment, ...],
        said: list[Part],
        line: Line,
    ) -> Span | None:
        if part.tokens is None:
            return None
        session = self.description
        root = session.parent_id or session.id or part.session_id
        own = session.id or part.session_id
        step = Step(
            model=info.model_id,
            session=root,
            agent="" if own == root else own,
            agent_label="" if own == root else info.agent or "",
            turn=self._turn,
            at_ns=instant.from_ms(self._went_on_ms.get(info.id, info.time.created)),
            provider=info.provider_id,
            prefix=prefix,
            recorded=Recorded.DELTA,
        )
        ends = [time for one in said if (time := _written_at(one)) is not None]
        return Span(
            step=step,
            charges=(Charge(model=info.model_id, usage=part.tokens.usage),),
            response_id=part.id,
            output=output,
            ended_ns=instant.from_ms(max(ends, default=None)),
            finish=part.reason or "",
            usage_rule=_USAGE_RULE,
            offset=line.offset,
            reported_cost_picousd=part.cost_picousd,
            attributes=self._attributes(info),
        )

    def _attributes(self, info: Info) -> tuple[tuple[str, str], ...]:
        project = info.path.cwd if info.path else self.description.directory
        named = (("project", project), ("version", self.description.version))
        return tuple((name, value) for name, value in named if value)

    def _tell(self, message_id: str, segments: list[Segment]) -> None:
        self._told.setdefault(message_id, []).extend(segments)
        self._tip = self._chains.of(segments, parent=self._tip)

    def _rebuild(self) -> None:
        self._tip = self._chains.of(self._head)
        for segments in self._told.values():
            self._tip = self._chains.of(segments, parent=self._tip)


def _answer(part: Part, line: Line) -> Iterable[Segment]:
    if part.type in _ANSWERS and len(part.text) > len('""'):
        yield quoted(_ANSWERS[part.type], "assistant", bytes(part.text), line)
    elif part.type == "tool" and part.state is not None:
        yield quoted(SegmentKind.TOOL_CALL, "assistant", bytes(part.state.input), line, name=part.tool)


def _result(part: Part, line: Line) -> Iterable[Segment]:
    if part.type == "tool" and part.state is not None and (returned := part.state.output or part.state.error):
        yield quoted(SegmentKind.TOOL_RESULT, "user", bytes(returned), line, name=part.tool)


def _written_at(part: Part) -> float | None:
    """Return when the model had written a part: a tool runs from then on."""
    if part.type == "tool":
        return part.state.time.start if part.state and part.state.time else None
    return part.time.end if part.time else None


def _summary(segment: Segment) -> Segment:
    return replace(segment, kind=SegmentKind.SUMMARY, role="user")
