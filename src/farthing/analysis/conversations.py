"""Which conversation of a session a call continues: told by what it sends, not by when it was made.

A session interleaves contexts: an agent's own history, a call that picks a title, a second
prompt that executes what the first has planned. Each grows by itself and is cached by itself, so
comparing a call with the one just before it would report a broken prefix at every turn. A call
continues the conversation that sent its messages before; shared tools and system prompt alone
make no conversation, since all calls of an agent share them.
"""

from collections import defaultdict

from msgspec import Struct

from farthing.prefix import Prefix, links
from farthing.segment import SegmentKind
from farthing.span import Span

_STATIC = frozenset({SegmentKind.TOOLS, SegmentKind.SYSTEM})


class Continuation(Struct, frozen=True):
    """A call's conversation, the deepest link that its agent sent before, and the links behind it."""

    conversation: int
    met: Prefix | None
    new: list[Prefix]


class Conversations:
    """Tells the conversations of one session apart, agent by agent; a call costs its new links.

    A machine without I/O.
    """

    def __init__(self) -> None:
        self._agents: defaultdict[str, _Sent] = defaultdict(_Sent)
        self._count = 0

    def place(self, span: Span) -> Continuation:
        """Return where `span` belongs, and remember what it sent."""
        sent = self._agents[span.step.agent]
        found = sent.grown(span.step.prefix) or sent.placed(span.step.prefix, self._count)
        self._count = max(self._count, found.conversation + 1)
        sent.remember(found, span.step.prefix)
        return found


class _Sent:
    """What one agent has sent so far, and in which conversation.

    Most calls grow the latest context, which its tip alone tells. Links and blocks are indexed when
    a call does something else for the first time.
    """

    def __init__(self) -> None:
        self._tip: Prefix | None = None
        self._latest: int | None = None
        self._unread: list[Continuation] = []
        self._links: dict[bytes, int] = {}
        self._blocks: dict[bytes, int] = {}
        self._ends: dict[bytes, int] = {}

    def grown(self, prefix: Prefix | None) -> Continuation | None:
        """Return the place of a call that adds to the latest context or repeats it; None for any other."""
        tip = self._tip
        if self._latest is None or tip is None or prefix is None:
            return None
        new, depth = [], tip.depth
        while prefix is not None and prefix.depth > depth:
            new.append(prefix)
            prefix = prefix.parent
        if prefix is not tip:
            return None
        new.reverse()
        return Continuation(self._latest, tip, new)

    def placed(self, prefix: Prefix | None, unused: int) -> Continuation:
        """Return the place of any call; `unused` is the number for a new conversation."""
        self._index()
        met, new = prefix, []
        while met is not None and met.digest not in self._links:
            new.append(met)
            met = met.parent
        new.reverse()
        conversation = self._continued(met, new, prefix)
        return Continuation(unused if conversation is None else conversation, met, new)

    def remember(self, found: Continuation, prefix: Prefix | None) -> None:
        self._unread.append(found)
        self._latest = found.conversation
        self._tip = prefix or self._tip

    def _index(self) -> None:
        for place in self._unread:
            for link in place.new:
                self._links[link.digest] = place.conversation
                self._blocks[link.segment.digest] = place.conversation
            if place.new:
                self._ends[place.new[-1].segment.digest] = place.conversation
        self._unread.clear()

    def _continued(self, met: Prefix | None, new: list[Prefix], prefix: Prefix | None) -> int | None:
        if prefix is None:
            return self._latest
        if met is not None and met.segment.kind not in _STATIC:
            return self._links[met.digest]
        if any(link.segment.kind is SegmentKind.SUMMARY for link in new):
            return self._latest
        sent_whole = self._sent_whole(prefix)
        return self._mostly_sent(prefix) if sent_whole is None else sent_whole

    def _sent_whole(self, prefix: Prefix) -> int | None:
        """Return the conversation of the latest call whose last block is sent again, behind another front."""
        for link in reversed(links(prefix)):
            owner = self._ends.get(link.segment.digest)
            if owner is not None and link.segment.kind not in _STATIC:
                return owner
        return None

    def _mostly_sent(self, prefix: Prefix) -> int | None:
        """Return the conversation that sent at least half of the message bytes, behind another front."""
        sizes: dict[int | None, int] = {}
        for link in links(prefix):
            segment = link.segment
            if segment.kind not in _STATIC:
                owner = self._blocks.get(segment.digest)
                sizes[owner] = sizes.get(owner, 0) + segment.size
        total = sum(sizes.values())
        sizes.pop(None, None)
        best = max(sizes, key=sizes.__getitem__, default=None)
        return best if best is not None and 2 * sizes[best] >= total else None
