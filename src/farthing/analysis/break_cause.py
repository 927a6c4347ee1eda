"""What is known of a call that may have lost its cached prefix, and the names of all that may be the matter.

Three modules judge: `break_judge` says how much was lost, `break_edits` explains a loss behind blocks
that differ, and `break_reasons` one behind which nothing recorded differs.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from farthing.analysis.births import Change
from farthing.analysis.path import Piece
from farthing.analysis.warmth import Warmth
from farthing.segment import Segment, SegmentKind
from farthing.span import Span
from farthing.usage import Usage

_NS_PER_S = 1_000_000_000


class Cause(StrEnum):
    """Why tokens that were warm were not read. The last four are no broken prefixes.

    `retried`: the last exchange was sent again in another form. `branched`: the conversation went back
    to an earlier point. `parallel`: the call before had not begun to answer. `out_of_reach`: the
    entry lay further back than the provider looks from the markers of this call.
    """

    VOLATILE_TEXT = "volatile_text"
    SYSTEM_CHANGED = "system_changed"
    TOOLS_REORDERED = "tools_reordered"
    TOOLS_CHANGED = "tools_changed"
    HISTORY_EDITED = "history_edited"
    COMPACTION = "compaction"
    PARAMETERS_CHANGED = "parameters_changed"
    MODEL_CHANGED = "model_changed"
    IDLE_GAP = "idle_gap"
    BELOW_MINIMUM = "below_minimum"
    EVICTED = "evicted"
    UNKNOWN = "unknown"
    RETRIED = "retried"
    BRANCHED = "branched"
    PARALLEL = "parallel"
    OUT_OF_REACH = "out_of_reach"

    @property
    def is_break(self) -> bool:
        return self not in _NO_BREAKS


_NO_BREAKS = frozenset({Cause.RETRIED, Cause.BRANCHED, Cause.PARALLEL, Cause.OUT_OF_REACH})


class Case(NamedTuple):
    """A call to be judged, with what was known before it.

    `before` is the call that it is compared with, `warmed` the last one that used the cache (mostly
    the same), and `warmth` what that left.
    """

    span: Span
    change: Change
    usage: Usage
    before: Span
    warmed: Span
    warmth: Warmth

    @property
    def read(self) -> int:
        return self.usage.cache_read_input_tokens

    @property
    def expected(self) -> int:
        """The tokens of the shared front that were warm; an idle gap is no reason to expect less."""
        alive_ns = (self.warmed if self.is_idle else self.span).step.at_ns
        return self.warmth.expected(self.change.kept, alive_ns=alive_ns)

    @property
    def is_continued(self) -> bool:
        """Whether all that the call before sent is sent again, as far as the source shows."""
        before = self.before.step.prefix
        return before is not None and self.change.shared >= before.depth

    @property
    def gap_s(self) -> int | None:
        """The seconds from start to start; None where a time is missing or runs backwards."""
        at_ns, then_ns = self.span.step.at_ns, self.warmed.step.at_ns
        if at_ns is None or then_ns is None or at_ns < then_ns:
            return None
        return (at_ns - then_ns) // _NS_PER_S

    @property
    def ttl_s(self) -> int:
        """How long the first token lived that was not read."""
        return self.warmth.ttl_s(self.read)

    @property
    def is_idle(self) -> bool:
        return self.gap_s is not None and self.gap_s > self.ttl_s


class Place(NamedTuple):
    """The first block that was not read: where it stands, and its two versions where it has two.

    `changed_tokens` are those of the new version.
    """

    kind: SegmentKind
    name: str
    depth: int
    tokens: int
    old: Segment | None = None
    new: Segment | None = None
    changed_tokens: int = 0


class Verdict(NamedTuple):
    """What happened, in a word and in a few, where, and how many tokens were paid for again."""

    cause: Cause
    detail: str
    place: Place
    lost_tokens: int


def place_at(pieces: Sequence[Piece], index: int, tokens: int) -> Place:
    """Return the place of a piece, the last one if there is none at `index`; `tokens` stand before it."""
    piece = pieces[min(index, len(pieces) - 1)]
    return Place(piece.kind, piece.name, piece.depth, tokens, None, piece.segment)


def idle(case: Case) -> str:
    """Say how long an idle gap was."""
    return f"{time_words(case.gap_s or 0)} idle, cached for {time_words(case.ttl_s)}"


def time_words(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{seconds} s"
    if minutes < 10 and rest:
        return f"{minutes} min {rest} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
