"""What one response of a Codex thread used, tied to its request, and the span that it becomes."""

from dataclasses import dataclass

from farthing.prefix import Prefix
from farthing.segment import Segment
from farthing.span import Span
from farthing.step import Recorded, Step
from farthing.traces.codex_record import SessionMeta, TurnContext, UsageRecord
from farthing.usage import Charge


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A response's counts, told at `offset`, and its request. `copied`: it is its origin's call."""

    record: UsageRecord
    session: str
    copied: bool
    context: TurnContext
    prefix: Prefix | None
    turn: int
    asked_ns: int | None
    ended_ns: int | None
    offset: int

    def span(self, meta: SessionMeta, output: tuple[Segment, ...], *, model: str) -> Span:
        """Return the call as observed, with `model` where no context had named one. Raises WireError."""
        counted = self.record.usage.counted()
        model = self.context.model or model
        thread = self.record.thread_id or meta.id
        step = Step(
            model=model,
            session=self.session,
            agent="" if thread == self.session else thread,
            agent_label=meta.label if thread == meta.id else "",
            turn=self.turn,
            at_ns=self.asked_ns,
            provider=meta.model_provider or "",
            prefix=self.prefix,
            recorded=Recorded.DELTA,
            parameters=(("effort", self.context.effort),) if self.context.effort else (),
        )
        return Span(
            step=step,
            charges=(Charge(model=model, usage=counted.usage),),
            response_id=self.record.response_id,
            replayed=self.copied,
            output=output,
            ended_ns=self.ended_ns,
            usage_rule=counted.rule,
            offset=self.offset,
            attributes=self._attributes(meta),
        )

    def _attributes(self, meta: SessionMeta) -> tuple[tuple[str, str], ...]:
        branch = meta.git.branch if meta.git else None
        project = self.context.cwd or meta.cwd
        named = (("git_branch", branch), ("project", project), ("version", meta.cli_version))
        return tuple((name, value) for name, value in named if value)
