"""Sessions in which nobody spoke after the task, and what they cost at the standard tier.

Whoever starts such a session waits for its end at most, never for a step. So its calls may be
candidates for a cheaper, slower tier; whether they are is for those to say who wait for the end.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from farthing.analysis.births import Change
from farthing.analysis.charges import Priced
from farthing.prices.book import STANDARD_TIERS
from farthing.segment import SegmentKind
from farthing.session import Session

_SPOKEN = (SegmentKind.TASK, SegmentKind.USER)


class Unattended(Struct, frozen=True):
    """How many of `sessions` went without a second message of a user, and their cost at the standard tier."""

    sessions: int = 0
    unattended: int = 0
    cost_picousd: int = 0


def unattended(
    session: Session, changes: Sequence[Change], bills: Sequence[tuple[Priced, ...]]
) -> Unattended:
    """Return the session's part; one whose messages are not recorded counts as attended."""
    own = [change for change, span in zip(changes, session.spans, strict=True) if not span.step.agent]
    spoken = sum(any(piece.kind in _SPOKEN and piece.fresh for piece in change.pieces) for change in own)
    if spoken != 1:
        return Unattended(sessions=1)
    lines = (line for bill in bills for line in bill if line.charge.tier in STANDARD_TIERS)
    return Unattended(1, 1, sum(line.cost_picousd for line in lines))


def merged(parts: Iterable[Unattended]) -> Unattended:
    """Return the sums over parts of a corpus."""
    total = Unattended()
    for part in parts:
        total = Unattended(
            total.sessions + part.sessions,
            total.unattended + part.unattended,
            total.cost_picousd + part.cost_picousd,
        )
    return total
