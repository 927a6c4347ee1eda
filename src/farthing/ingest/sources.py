"""What the report says of each file, and of those that are no source."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby

from msgspec import Struct
from xxhash import xxh3_64_intdigest

from farthing.ingest.gathering import Gathered
from farthing.ingest.part import Count
from farthing.ingest.walk import Found, SkippedAt

_LINES_OF_A_KIND = 5
_NUMBER_BITS = 52  # what a JavaScript number holds exactly


class SourceReport(Struct, frozen=True, kw_only=True):
    """What one file gave. `number` is what segments and sessions call it.

    `steps` are its calls, less those that are copies of calls elsewhere; `duplicates` counts what
    was dropped by its reader or as such a copy. `rules` are the ways in which cached tokens were counted.
    """

    number: int
    path: str
    format: str
    records: int
    steps: int
    duplicates: int
    skipped: tuple[SkippedAt, ...]
    rules: tuple[Count, ...]
    notes: tuple[str, ...]


def source_number(file: Found) -> int:
    """Return a file's number: it stays the same between runs, whatever other files come and go."""
    path = file.name if file.spooled else file.path
    return xxh3_64_intdigest(os.fsencode(path)) >> (64 - _NUMBER_BITS)


def source_reports(parts: Sequence[Gathered], copies: Mapping[int, Counter[str]]) -> list[SourceReport]:
    """Return a report for each file that a reader knows, in order; `copies` are the drops of each part."""
    dropped = {id(part): copies[number].total() for number, part in enumerate(parts) if number in copies}
    return [
        _report(file, [(part, dropped.get(id(part), 0)) for part in group])
        for file, group in groupby(parts, key=lambda part: part.wanted.file)
    ]


def _report(file: Found, parts: Sequence[tuple[Gathered, int]]) -> SourceReport:
    summaries = [part.summary for part, _ in parts]
    copies = sum(dropped for _, dropped in parts)
    return SourceReport(
        number=source_number(file),
        path=file.name,
        format=summaries[0].format,
        records=sum(summary.records for summary in summaries),
        steps=sum(summary.steps for summary in summaries) - copies,
        duplicates=copies + sum(count for summary in summaries for _, count in summary.dropped),
        skipped=tuple(line for summary in summaries for line in summary.skipped),
        rules=totals(summary.rules for summary in summaries),
        notes=tuple(dict.fromkeys(note for summary in summaries for note in summary.notes)),
    )


def in_few_lines(skipped: Iterable[SkippedAt]) -> tuple[SkippedAt, ...]:
    """Return the lines, with many of one reason as one line that counts them and names the first."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for line in skipped:
        by_reason[line.reason].append(line.where)
    return tuple(line for reason, places in by_reason.items() for line in _lines(reason, places))


def _lines(reason: str, places: Sequence[str]) -> Iterable[SkippedAt]:
    if len(places) <= _LINES_OF_A_KIND:
        return [SkippedAt(place, reason) for place in places]
    return [SkippedAt(f"{len(places):,} files, {places[0]} the first", reason)]


def not_read(parts: Iterable[Gathered]) -> Iterator[SkippedAt]:
    """Yield the lines about files that no reader knows."""
    for part in parts:
        if not part.summary.format:
            yield from (SkippedAt(part.wanted.file.name, line.reason) for line in part.summary.skipped)


def totals(counts: Iterable[Iterable[Count]]) -> tuple[Count, ...]:
    """Return all counts of one name together, the largest first."""
    total: Counter[str] = Counter()
    for name, count in chain.from_iterable(counts):
        total[name] += count
    return tuple(total.most_common())
