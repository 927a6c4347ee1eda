"""Sessions with markers, as one client sends them to one Claude model, for the tests of the cache check."""

from collections.abc import Sequence

from msgspec.structs import replace

from farthing.segment import Segment, SegmentKind
from farthing.session import Session
from farthing.step import Breakpoint, Recorded
from farthing.usage import FIVE_MINUTES_S, Usage
from tests.analysis.scenes import Scene, block

CLAUDE = "claude-sonnet-4-5"
SECOND = 10**9
MINUTE = 60 * SECOND

SYSTEM = block("system " * 600, SegmentKind.SYSTEM)
TASK = block("task " * 300, SegmentKind.TASK)


def answer(text: str) -> Segment:
    return block(text * 40, SegmentKind.ASSISTANT)


def result(text: str) -> Segment:
    return block(text * 80, SegmentKind.TOOL_RESULT)


class CachedScene(Scene):
    """A scene whose calls mark the links at `marked`, counted from 1; None: the source does not record it."""

    def send(
        self,
        context: Sequence[Segment],
        counts: Usage,
        *,
        marked: Sequence[int] | None = None,
        model: str = CLAUDE,
        at: int | None = None,
        recorded: Recorded = Recorded.FULL,
        output: Sequence[Segment] = (),
    ) -> None:
        span = self.call(context, counts, model=model, at_ns=at, recorded=recorded, output=output)
        points = None if marked is None else tuple(Breakpoint(depth, FIVE_MINUTES_S) for depth in marked)
        self.spans[-1] = replace(span, step=replace(span.step, provider="anthropic", breakpoints=points))


def of_model(session: Session, model: str) -> Session:
    """Return the session as if one model had made all of its calls."""
    spans = tuple(
        replace(span, charges=tuple(replace(charge, model=model) for charge in span.charges))
        for span in session.spans
    )
    return replace(session, spans=spans)
