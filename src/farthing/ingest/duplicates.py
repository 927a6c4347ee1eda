"""Which spans are copies of one call, across all files of a run.

Copies are the normal case: resumed and forked sessions repeat what they continue, sub-agents replay
their parent, exports overlap. Two spans with one response id are one call. The copy that is kept is
one that its source does not know to be a replay; among those the one with the largest output count
(others were written while the answer was still streaming). Between equal copies the source that ended
first has the call: a fork copies what it continues and goes on, so it ends later. Then the earliest.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from msgspec import Struct

from farthing.ingest.part import COPY_BYTES, Copy, copies

# So many rows are compared at a time: response ids are spread evenly, so a corpus of any size is looked
# at in slices by id, in bounded memory.
_ROWS_AT_ONCE = 1_000_000

REPLAYED = "replayed by a resumed, forked or delegated session"
ELSEWHERE = "the same response in another file"
AGAIN = "the same response again in one file"


class Duplicates(Struct):
    """`numbers`: the spans to drop, by (part, shard). `counts`: the rules that dropped them, by part."""

    numbers: dict[tuple[int, int], set[int]]
    counts: dict[int, Counter[str]]


def duplicates(
    rows: Sequence[bytes], sources: Sequence[int], *, rows_at_once: int = _ROWS_AT_ONCE
) -> Duplicates:
    """Return what to drop of parts with these `copies` rows, each from the source of that number."""
    found = Duplicates(defaultdict(set), defaultdict(Counter))
    ended = _Ends(rows, sources)
    slices = 1 + sum(map(len, rows)) // (rows_at_once * COPY_BYTES)
    for part in range(slices):
        for group in _groups(rows, part, slices):
            group.sort(key=lambda entry: _preference(*entry, ended_ns=ended[entry[0]]))
            kept = group[0][0]
            for loser, copy in group[1:]:
                found.numbers[loser, copy.shard].add(copy.number)
                found.counts[loser][_rule(copy, is_elsewhere=sources[kept] != sources[loser])] += 1
    return found


def _groups(rows: Sequence[bytes], part: int, slices: int) -> list[list[tuple[int, Copy]]]:
    """Return the rows of one slice that share their response, each with its part."""
    seen: set[int] = set()
    repeated: set[int] = set()
    for row in rows:
        for copy in copies(row):
            if copy[0] % slices == part:
                (repeated if copy[0] in seen else seen).add(copy[0])
    groups: dict[int, list[tuple[int, Copy]]] = defaultdict(list)
    for number, row in enumerate(rows if repeated else ()):
        for copy in copies(row):
            if copy[0] in repeated:
                groups[copy[0]].append((number, Copy(*copy)))
    return list(groups.values())


class _Ends(dict[int, int]):
    """The newest instant of the source that a part is of; looked up only for parts with copies."""

    def __init__(self, rows: Sequence[bytes], sources: Sequence[int]) -> None:
        super().__init__()
        self._rows, self._sources = rows, sources
        self._parts: dict[int, list[int]] = defaultdict(list)
        for part, source in enumerate(sources):
            self._parts[source].append(part)

    def __missing__(self, part: int) -> int:
        parts = self._parts[self._sources[part]]
        newest = max(copy[2] for number in parts for copy in copies(self._rows[number]))
        self.update(dict.fromkeys(parts, newest))
        return newest


def _preference(part: int, copy: Copy, *, ended_ns: int) -> tuple[int, int, int, int, int, int]:
    return copy.replayed, -copy.output_tokens, ended_ns, copy.at_ns, part, copy.number


def _rule(loser: Copy, *, is_elsewhere: bool) -> str:
    if loser.replayed:
        return REPLAYED
    return ELSEWHERE if is_elsewhere else AGAIN
