"""Finds again the texts that a report quotes, and those that tell why a prefix broke."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from farthing.analysis.profile import BlockRow, BreakRow, Profile
from farthing.ingest.excerpt import Place, excerpts, read_places
from farthing.segment import Segment, SegmentKind

Row = TypeVar("Row", BreakRow, BlockRow)

_EXCERPT_CHARACTERS = 160


class Texts:
    """Gives a segment's bytes, as the analysis of breaks asks for them; sent to workers with its paths."""

    def __init__(self, paths: Mapping[int, str]) -> None:
        self._paths = dict(paths)

    def __call__(self, segment: Segment) -> bytes | None:
        if segment.offset < 0:
            return None
        return read_places(self._paths, [Place(segment.source, segment.offset, segment.length)])[0] or None


def with_excerpts(profile: Profile, paths: Mapping[int, str]) -> Profile:
    """Return the profile with a short, masked excerpt at each break and at each of the dearest blocks."""
    places = [*map(_segment, profile.breaks), *map(_segment, profile.blocks)]
    found = excerpts(paths, places, _EXCERPT_CHARACTERS)
    of_breaks, of_blocks = found[: len(profile.breaks)], found[len(profile.breaks) :]
    return replace(
        profile,
        breaks=_quoted(profile.breaks, of_breaks),
        blocks=_quoted(profile.blocks, of_blocks),
    )


def _segment(row: BreakRow | BlockRow) -> Segment:
    return Segment(SegmentKind.USER, "", "", b"", 0, row.offset, row.length, row.source)


def _quoted(rows: Sequence[Row], found: Sequence[str]) -> tuple[Row, ...]:
    return tuple(replace(row, excerpt=excerpt) for row, excerpt in zip(rows, found, strict=True))
