"""A ruler tells where each link of a path ends, in tokens: some ends are measured, the others lie between.

A provider's counts measure single points of a context: its whole, what was marked for the cache, what was
read from it. Such an end is pinned, once and for good. Between two pins the links keep their
proportions, and behind the last pin their lengths.
"""

from bisect import bisect_left

from farthing.tokens import apportion


class Ruler:
    """Ends never fall from one link to the next. A machine without I/O; a pin costs the links it moves.

    `moved` is the first link whose end has changed since it was last set.
    """

    def __init__(self) -> None:
        self.ends: list[int] = []
        self.moved = 0
        self._pinned: list[bool] = []

    def __len__(self) -> int:
        return len(self.ends)

    def cut(self, count: int) -> None:
        """Keep the first `count` links."""
        del self.ends[count:], self._pinned[count:]
        self.moved = min(self.moved, count)

    def push(self, tokens: int) -> None:
        """Add a link behind the others."""
        self.ends.append(self._start(len(self.ends)) + tokens)
        self._pinned.append(False)

    def release(self, *, beyond: int) -> None:
        """Take the pins off links that end beyond `beyond`: the context has lost tokens in front of them."""
        for at in range(len(self.ends) - 1, -1, -1):
            if self.ends[at] <= beyond:
                return
            self._pinned[at] = False

    def split(self, tokens: int) -> None:
        """Divide the first link in two, the first of which ends at `tokens`."""
        self.ends.insert(0, tokens)
        self._pinned.insert(0, True)
        self.moved = 0

    def is_pinned(self, index: int) -> bool:
        return self._pinned[index]

    def pin(self, index: int, end: int) -> None:
        """Let a link end at `end`, or as near as the pins around it allow; the first pin of a link holds."""
        if self._pinned[index]:
            return
        before = next((at for at in range(index - 1, -1, -1) if self._pinned[at]), -1)
        behind = next((at for at in range(index + 1, len(self.ends)) if self._pinned[at]), None)
        end = max(end, self._start(before + 1))
        if behind is None:
            delta = end - self.ends[index]
            for at in range(index + 1, len(self.ends)):
                self.ends[at] += delta
        else:
            end = min(end, self.ends[behind])
            self._lay(index + 1, behind, start=end, end=self.ends[behind])
        self._lay(before + 1, index, start=self._start(before + 1), end=end)
        self._pinned[index] = True
        self.moved = min(self.moved, before + 1)

    def at(self, tokens: int) -> int | None:
        """Return the link that ends exactly at `tokens`; None if none does."""
        index = bisect_left(self.ends, tokens)
        return index if index < len(self.ends) and self.ends[index] == tokens else None

    def nearest(self, tokens: int, *, above: int = -1) -> int:
        """Return the link behind link `above` that ends nearest to `tokens`."""
        index = min(max(bisect_left(self.ends, tokens), above + 1), len(self.ends) - 1)
        if index > above + 1 and tokens - self.ends[index - 1] <= self.ends[index] - tokens:
            return index - 1
        return index

    def _start(self, index: int) -> int:
        return self.ends[index - 1] if index else 0

    def _lay(self, first: int, last: int, *, start: int, end: int) -> None:
        """Spread the links from `first` to `last` over [start, end) in proportion to their lengths."""
        lengths = [self.ends[at] - self._start(at) for at in range(first, last + 1)]
        for at, share in zip(range(first, last + 1), apportion(end - start, lengths), strict=True):
            start += share
            self.ends[at] = start
