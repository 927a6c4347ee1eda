"""One answer of Claude Code, put together from its lines, and the span that it becomes."""

import re
from dataclasses import dataclass

from farthing.segment import SegmentKind
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.traces import instant
from farthing.traces.claude_code_record import Message, Record
from farthing.traces.tree import Place
from farthing.wire.anthropic_usage import Counts, charges
from farthing.wire.fields import is_given

_USAGE_RULE = "input counts leave cached tokens out (Anthropic)"

# In recorded sessions a token of a finished answer never stands for more than 4.9 bytes of its text and
# calls; where only the count of the stream's start was kept (anthropics/claude-code#22671) it is dozens.
_BYTES_PER_TOKEN_MOST = 6
_VISIBLE = (SegmentKind.ASSISTANT, SegmentKind.TOOL_CALL)

# Agents that begin with a copy of their parent's messages carry a word in their id: acompact-1f…,
# aside_question-9c… (anthropics/claude-code#45660, ryoppippi/ccusage#913). Other ids are hexadecimal.
_COPYING_AGENT = re.compile(r"a[a-z_]+-[0-9a-f]+")


@dataclass(slots=True, kw_only=True)
class Call:
    """An answer whose lines are still coming in. A machine without I/O.

    `first` is its first record, at `offset`; `place` is where its records hang. `thread` is "" for the
    session's own agent, else the id of a sub-agent, and `label` is its kind; `asked` is when the request
    was made, as text.
    """

    first: Record
    key: str
    place: Place
    thread: str
    label: str
    asked: str
    offset: int
    _counts: Counts | None = None
    _finish: str = ""
    _ended: str | None = None

    def take(self, message: Message, timestamp: str | None) -> None:
        """Bring the counts and the end up to date; of two lines the one with more output is the later."""
        counts = message.usage
        if counts is not None and (counts.output_tokens or 0) >= self._output_tokens:
            self._counts = counts
        self._finish = message.stop_reason or self._finish
        self._ended = timestamp or self._ended

    def span(self, *, own_session: str, attributes: tuple[tuple[str, str], ...]) -> Span:
        """Return the call as observed; `own_session` is that of the file, "" if its name tells none."""
        record, message = self.first, self.first.message
        assert message is not None
        model = message.model or ""
        answer = tuple(self.place.exchange.answer)
        session = record.session_id or record.stream_session_id or own_session
        step = Step(
            model=model,
            session=session,
            agent=self.thread,
            agent_label=record.attribution_agent or self.label,
            turn=self.place.exchange.turn,
            at_ns=instant.from_iso(self.asked),
            provider="anthropic" if model.startswith("claude") else "",
            prefix=self.place.exchange.before,
            recorded=Recorded.DELTA,
        )
        return Span(
            step=step,
            charges=charges(self._counts, model=model, refused=self._finish == "refusal" and not answer),
            usage_recorded=self._counts is not None and self._counts.is_recorded,
            output_count=self._output_count,
            response_id=message.id or "",
            replayed=self._is_replay(elsewhere=own_session not in ("", session)),
            output=answer,
            ended_ns=instant.from_iso(self._ended),
            finish=self._finish,
            usage_rule=_USAGE_RULE,
            offset=self.offset,
            attributes=attributes,
        )

    @property
    def _output_tokens(self) -> int:
        return (self._counts and self._counts.output_tokens) or 0

    @property
    def _output_count(self) -> Output:
        if self._counts is None or self._counts.output_tokens is None:
            return Output.MISSING
        visible = sum(segment.size for segment in self.place.exchange.answer if segment.kind in _VISIBLE)
        return Output.PLACEHOLDER if visible > self._output_tokens * _BYTES_PER_TOKEN_MOST else Output.FINAL

    def _is_replay(self, *, elsewhere: bool) -> bool:
        """Whether the file shows a copy: a line of another session, a fork, an agent that begins with one."""
        return (
            elsewhere or is_given(self.first.forked_from) or _COPYING_AGENT.fullmatch(self.thread) is not None
        )
