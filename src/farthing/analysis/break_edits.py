"""What was done to the blocks of a context, from the first one that differs on.

From front to back, as caches look: tools, system prompt, messages. An idle gap beyond the TTL comes
before all of them, because by itself it is enough.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from farthing.analysis.break_cause import Case, Cause, Place, Verdict, idle
from farthing.analysis.path import Piece
from farthing.prefix import Prefix
from farthing.segment import Segment, SegmentKind

_FRONT = (SegmentKind.TOOLS, SegmentKind.SYSTEM)
_SAID_BY_USER = (SegmentKind.USER, SegmentKind.TASK)
_REPLACED = "the last exchange was sent in another form"
_ALIKE = 8  # two versions of one text differ in length by no more than one part in this many
_NAMED_MOST = 3


class Edit(NamedTuple):
    """Two contexts that have `depth` links in common: what the call before sent behind them, and this one."""

    depth: int
    gone: Sequence[Prefix]
    come: Sequence[Prefix]

    @property
    def old(self) -> Segment:
        return self.gone[0].segment

    @property
    def new(self) -> Segment | None:
        return self.come[0].segment if self.come else None


class Loss(NamedTuple):
    """Tokens that were warm, are sent again and were not read: in the shared front, and behind it."""

    unread: int
    moved: int

    @property
    def total(self) -> int:
        return self.unread + self.moved


def judge_edit(case: Case, edit: Edit, loss: Loss) -> Verdict | None:
    """Return what an edit broke; None where the loss, if any, lies in front of it."""
    place = _place(case, edit, loss)
    if loss.moved or _is_reworded(case, place):
        return _broken(case, edit, place, loss.total)
    return None if loss.unread else _harmless(case, edit, place)


def _broken(case: Case, edit: Edit, place: Place, lost: int) -> Verdict:
    """Judge an edit behind which warm blocks are sent again."""
    if case.is_idle:
        return Verdict(Cause.IDLE_GAP, idle(case), place, lost)
    kinds = {edit.old.kind, place.kind}
    if SegmentKind.TOOLS in kinds:
        return _tools(place, _of_tools(edit.gone), _of_tools(edit.come), lost)
    if SegmentKind.SYSTEM in kinds:
        return Verdict(Cause.SYSTEM_CHANGED, _done(edit), place, lost)
    if _is_compaction(case, edit):
        return Verdict(Cause.COMPACTION, _compacted(case), place, lost)
    if edit.depth >= _end_of_settled(edit.gone[-1]):
        return Verdict(Cause.RETRIED, _REPLACED, place, lost)
    return Verdict(Cause.HISTORY_EDITED, _done(edit), place, lost)


def _harmless(case: Case, edit: Edit, place: Place) -> Verdict | None:
    """Judge an edit behind which nothing is sent again: a call that wants less history, and lost none."""
    if place.kind in _FRONT:
        return None
    if _is_compaction(case, edit):
        return Verdict(Cause.COMPACTION, _compacted(case), place, 0)
    if edit.depth >= _end_of_settled(edit.gone[-1]):
        return Verdict(Cause.RETRIED, _REPLACED, place, 0)
    words = f"went back to block {edit.depth}; nothing that is sent again was lost"
    return Verdict(Cause.BRANCHED, words, place, 0)


def _place(case: Case, edit: Edit, loss: Loss) -> Place:
    first, depth = edit.new or edit.old, edit.depth + 1
    changed = sum(piece.tokens for piece in case.change.pieces if piece.depth == depth and piece.segment)
    room = max(case.usage.input_tokens - case.read - loss.total, 0)
    kept = case.change.kept_tokens
    return Place(first.kind, first.name, depth, kept, edit.old, edit.new, min(changed, room))


def _is_reworded(case: Case, place: Place) -> bool:
    """Whether a warm block of the front came again with other words in it, and about as long."""
    old, new = place.old, place.new
    if old is None or new is None or old.kind is not new.kind or new.kind not in _FRONT:
        return False
    is_alike = abs(old.size - new.size) * _ALIKE <= old.size
    warm = case.warmth.tokens - case.change.kept_tokens
    return is_alike and min(place.changed_tokens, warm) > case.warmth.noise(place.changed_tokens)


def _is_compaction(case: Case, edit: Edit) -> bool:
    """Whether history gave way to a summary; an unmarked one is told by what it does to a context."""
    if any(link.segment.kind is SegmentKind.SUMMARY for link in edit.come):
        return True
    if edit.new is None or edit.new.kind not in _SAID_BY_USER:
        return False
    kept, pieces = case.change.kept, case.warmth.pieces
    return 2 * _messages((*pieces[:kept], *case.change.pieces)) <= _messages(pieces)


def _messages(pieces: Iterable[Piece]) -> int:
    """Return the tokens of messages."""
    return sum(piece.tokens for piece in pieces if piece.depth and piece.kind not in _FRONT)


def _compacted(case: Case) -> str:
    return f"{case.change.dropped_tokens:,} tokens of history gave way to a summary"


def _end_of_settled(tip: Prefix) -> int:
    """Return the depth in front of the last exchange: the newest answer and what was said to it."""
    link: Prefix | None = tip
    while link is not None and link.segment.role != "assistant":
        link = link.parent
    while link is not None and link.segment.role == "assistant":
        link = link.parent
    return link.depth if link is not None else 0


def _done(edit: Edit) -> str:
    """Say what was done to the first blocks that differ."""
    was = [link.segment.digest for link in edit.gone]
    now = [link.segment.digest for link in edit.come]
    if now and now[0] in was:
        return _blocks(was.index(now[0]), "dropped")
    return _blocks(now.index(was[0]), "inserted") if was[0] in now else "edited"


def _blocks(number: int, verb: str) -> str:
    return f"{number} block{'s' if number > 1 else ''} {verb}"


def _of_tools(chain: Sequence[Prefix]) -> list[Segment]:
    return [link.segment for link in chain if link.segment.kind is SegmentKind.TOOLS]


def _tools(place: Place, gone: Sequence[Segment], come: Sequence[Segment], lost: int) -> Verdict:
    if sorted(tool.digest for tool in gone) == sorted(tool.digest for tool in come):
        place = place._replace(kind=SegmentKind.TOOLS, name="")
        return Verdict(Cause.TOOLS_REORDERED, "the same tools in another order", place, lost)
    was, now = {tool.name: tool for tool in gone}, {tool.name: tool for tool in come}
    added = [name for name in now if name not in was]
    removed = [name for name in was if name not in now]
    edited = [name for name in now if name in was and was[name].digest != now[name].digest]
    said = (_listed("added", added), _listed("removed", removed), _listed("schema changed of", edited))
    name = next(iter((*edited, *added, *removed)), place.name)
    place = place._replace(kind=SegmentKind.TOOLS, name=name)
    if edited:
        place = place._replace(old=was[name], new=now[name])
    return Verdict(Cause.TOOLS_CHANGED, "; ".join(filter(None, said)) or "changed", place, lost)


def _listed(verb: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED_MOST} more" if len(names) > _NAMED_MOST else ""
    return f"{verb} {', '.join(names[:_NAMED_MOST])}{more}"
