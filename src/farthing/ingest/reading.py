"""One file becomes one part: it is recognised, its reader is run, and what that yields is written down.

A bad record costs itself and a bad file costs itself: whatever a reader meets, or does wrong, ends as
a line in the summary, and what came before it counts. This runs in worker processes, so all it takes
and gives can be pickled.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from traceback import extract_tb
from typing import NamedTuple, assert_never

from farthing.errors import RecordError
from farthing.ingest.file_source import FileSource, Limits, Within
from farthing.ingest.formats import READERS, recognise
from farthing.ingest.part import FrameBytes, Summary
from farthing.ingest.part_writer import PartWriter
from farthing.ingest.stretches import stretches
from farthing.ingest.walk import Found, SkippedAt
from farthing.span import Span
from farthing.traces.source import Dropped, Format, Item, Match, Note, Outcome, Skipped

_MEGABYTE = 1024 * 1024
_SKIPPED_MOST = 50  # lines about one file; a file of the wrong kind would give one for each record
_RANGES_FROM = 1.5  # a file that is hardly larger than a range is read in one piece
_TICK = 4 * _MEGABYTE


class HowToRead(NamedTuple):
    """What is the same for all files. `range_bytes` is how much of a huge file one part holds."""

    readers: str = READERS
    limits: Limits = Limits()
    range_bytes: int = 64 * _MEGABYTE


class ToRead(NamedTuple):
    """A file or, where a huge one is read in ranges, the range of that `number`."""

    file: Found
    number: int = 0


class PartRead(NamedTuple):
    """A part that is complete. Frames and bytes that were told before are not repeated."""

    wanted: ToRead
    summary: Summary
    frames: Sequence[FrameBytes]
    untold_bytes: int


class FramesRead(NamedTuple):
    """Frames of a part that goes on: its file is too large to be held until the end."""

    wanted: ToRead
    frames: Sequence[FrameBytes]


class BytesRead(NamedTuple):
    """Progress: so many bytes more, as they lie on disk."""

    more: int


Told = FramesRead | BytesRead
Tell = Callable[[Told], None]


def read_part(wanted: ToRead, how: HowToRead, tell: Tell) -> PartRead:
    """Return the part of one file, or of one range of it; `summary.ranges` is how many there are."""
    ticker = _Ticker(tell)
    source = FileSource(wanted.file.path, wanted.file.name, limits=how.limits, tick=ticker.tick)
    tally = _Tally()
    try:
        known, match = recognise(source.sample(), how.readers)
        tally.knows(known, match)
        if match is Match.LEAD:
            _read(known, source, tally, wanted, how, tell)
    except RecordError as error:
        tally.skip("", str(error))
    except OSError as error:
        tally.skip("", f"cannot be read further: {error.strerror or error}; check the disk and your rights")
    except Exception as error:  # noqa: BLE001 - a defect of one reader must not cost the other files
        tally.skip("", _defect(error))
    for trouble in source.troubles:
        tally.take(trouble)
    return PartRead(wanted, tally.summary(source), tuple(tally.writer.frames()), ticker.untold)


def _read(
    known: Format, source: FileSource, tally: "_Tally", wanted: ToRead, how: HowToRead, tell: Tell
) -> None:
    if not known.splittable:
        tally.take_all(known.read(source))
    elif source.is_plain() and wanted.file.size > _RANGES_FROM * how.range_bytes:
        tally.ranges = -(-wanted.file.size // how.range_bytes)
        source.narrow(_range(wanted, how))
        tally.take_all(known.read(source))
    else:
        for number, stretch in enumerate(stretches(source, how.range_bytes)):
            if number:
                tell(FramesRead(wanted, tuple(tally.writer.frames())))
            tally.take_all(known.read(stretch))


def _range(wanted: ToRead, how: HowToRead) -> Within:
    start = wanted.number * how.range_bytes
    return Within(start, start + how.range_bytes)


class _Ticker:
    """Counts bytes and tells of them now and then."""

    def __init__(self, tell: Tell) -> None:
        self.untold = 0
        self._tell = tell

    def tick(self, more: int) -> None:
        self.untold += more
        if self.untold >= _TICK:
            self._tell(BytesRead(self.untold))
            self.untold = 0


def _defect(error: Exception) -> str:
    """Return what is known of a reader's defect; not the error's words, which may quote a prompt."""
    last = extract_tb(error.__traceback__)[-1]
    place = f"{PurePath(last.filename).name}:{last.lineno}"
    return f"its reader failed ({type(error).__name__} at {place}), what came before counts; please report it"


class _Tally:
    """What a reader yielded: spans go to the part, the rest is counted and listed."""

    def __init__(self) -> None:
        self.writer = PartWriter()
        self.ranges = 1
        self._format, self._member = "", False
        self._steps = 0
        self._rules: Counter[str] = Counter()
        self._models: dict[tuple[str, str], None] = {}
        self._dropped: Counter[str] = Counter()
        self._skipped: list[SkippedAt] = []
        self._more_skipped = 0
        self._notes: dict[str, None] = {}

    def knows(self, known: Format, match: Match) -> None:
        self._format, self._member = known.name, match is Match.MEMBER

    def take_all(self, items: Iterator[Item]) -> None:
        for item in items:
            if isinstance(item, Span):
                self._span(item)
            else:
                self.take(item)

    def take(self, item: Skipped | Outcome | Dropped | Note) -> None:
        match item:
            case Skipped(offset=offset, reason=reason):
                self.skip(f"byte {offset}", reason)
            case Outcome():
                self.writer.add_outcome(item)
            case Dropped(rule=rule, count=count):
                self._dropped[rule] += count
            case Note(text=text):
                self._notes[text] = None
            case _:
                assert_never(item)

    def skip(self, where: str, reason: str) -> None:
        if len(self._skipped) < _SKIPPED_MOST:
            self._skipped.append(SkippedAt(where, reason))
        else:
            self._more_skipped += 1

    def summary(self, source: FileSource) -> Summary:
        more = (
            SkippedAt("", f"{self._more_skipped:,} more records like these") if self._more_skipped else None
        )
        return Summary(
            format=self._format,
            member=self._member,
            ranges=self.ranges,
            records=source.records,
            steps=self._steps,
            rows=bytes(self.writer.rows),
            rules=tuple(self._rules.items()),
            models=tuple(self._models),
            dropped=tuple(self._dropped.items()),
            skipped=(*self._skipped, more) if more else tuple(self._skipped),
            notes=tuple(self._notes),
            besides=tuple(dict.fromkeys(source.besides)),
        )

    def _span(self, span: Span) -> None:
        try:
            self.writer.add(span)
        except (ValueError, OverflowError):
            self.skip(
                f"byte {span.offset}", "holds a number or a text that no trace can mean; mend the record"
            )
        else:
            self._steps += 1
            for charge in span.charges:
                self._models[span.step.provider, charge.model] = None
            if span.usage_rule:
                self._rules[span.usage_rule] += 1
