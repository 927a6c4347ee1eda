"""Reads the turns of a conversation, where the first user text is the task and later ones are not.

The same bytes mean something else before that text and after it, so they are remembered apart.
"""

from collections.abc import Iterable
from functools import partial
from typing import Protocol

from farthing.segment import SegmentKind
from farthing.wire.scan import Block, Scan


class TurnReader(Protocol):
    """Yields the blocks of one turn; `opening` says that no user text came before it."""

    def __call__(self, raw: bytes, /, *, opening: bool) -> Iterable[Block]: ...


def take_turns(
    scan: Scan, turns: Iterable[bytes], context: str, read: TurnReader, *, first_user: bool = True
) -> None:
    """Scan the turns in order; `first_user` says that the first user text is still to come."""
    rest = iter(turns)
    if first_user:
        for turn in rest:
            piece = scan.take(f"{context}, no user text before it", turn, partial(read, opening=True))
            if any(segment.kind is SegmentKind.TASK for segment in piece.segments):
                break
    scan.take_all(context, rest, partial(read, opening=False))
