"""Logs of raw requests and answers, a pair a line, in whatever nesting: claude-trace, a proxy's, one's own.

Nothing is assumed but that a request to a model stands somewhere in a record and its answer beside
it: whole, as the text of a stream, or as a list of a stream's events. Where they stand is found once
(`raw_shape`), and again for a line that does not fit. A record without an answer is a call whose bill
nobody knows.

A log of an agent sends each context again and again. So a line costs one pass over its bytes, and the reading
of what is new in it.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from farthing.errors import WireError
from farthing.span import Span
from farthing.traces.bodies import why
from farthing.traces.exchange import UNKNOWN, Exchanges
from farthing.traces.raw_layout import Layout, Values
from farthing.traces.raw_loose import is_loose, loose
from farthing.traces.raw_shape import Shape, sniff, url_of
from farthing.traces.source import Format, Item, Line, Match, Sample, Skipped, Source
from farthing.wire.recognise import NotACall, Recognised, of_url
from farthing.wire.scan import mend

_LAYOUTS_MOST = 8
_LOOKED_AT = 10
# What the head of a longer record has, as it is or quoted.
_CONVERSES = re.compile(rb'"messages\\?"\s*:.*?"role\\?"\s*:', re.DOTALL)
_ASKS = re.compile(rb'"(?:input|instructions|contents|tools|system)\\?"\s*:')
_MODEL = re.compile(rb'"model\\?"\s*:')
_DAMAGE = (WireError, msgspec.DecodeError, UnicodeDecodeError)
_NO_REQUEST = "the record holds no request to a model; see docs/formats.md for the logs that are read"


def recognise(sample: Sample) -> Match:
    """Tell by one of the first lines that it holds a request to a model; of a cut line, that it may."""
    *lines, last = sample.head.split(b"\n")
    whole = [*lines, last] if sample.whole else lines
    if any(line.startswith(b"{") and (sniff(line) or is_loose(line)) for line in whole[:_LOOKED_AT]):
        return Match.LEAD
    is_cut = not whole and last.startswith(b"{") and may_ask(last)
    return Match.LEAD if is_cut else Match.NO


def may_ask(head: bytes) -> bool:
    """Tell whether a record that begins so may hold a request."""
    return bool(_CONVERSES.search(head) or (_MODEL.search(head) and _ASKS.search(head)))


def read(source: Source) -> Iterator[Item]:
    """Yield the calls in the order of the lines."""
    log = Log()
    for line in source.lines():
        yield from log.take(line)
    yield from log.rest()


class Log:
    """Reads records, and remembers the shapes in which they come. A machine without I/O."""

    def __init__(self) -> None:
        self._exchanges = Exchanges()
        self._layouts: list[Layout] = []

    def take(self, line: Line) -> Sequence[Item]:
        """Return the call of one record, or why there is none."""
        try:
            return self._read(line)
        except _DAMAGE:
            mended = mend(line.data)
        try:
            return self._read(Line(line.offset, line.data if mended is None else mended))
        except _DAMAGE as error:
            return (Skipped(line.offset, why(error)),)

    def rest(self) -> Iterator[Item]:
        """Yield what was left out."""
        return self._exchanges.rest()

    def _read(self, line: Line) -> Sequence[Item]:
        """Raises WireError or msgspec.DecodeError for a damaged record."""
        for layout, values in self._fitting(line.data):
            told = layout.meaning(values)
            if isinstance(told, NotACall):
                self._exchanges.leave_out(told)
                return ()
            if told is layout.shape.wire:
                return self._call(layout, values, line)
        return tuple(self._without_request(line))

    def _fitting(self, record: bytes) -> Iterator[tuple[Layout, Values]]:
        """Yield the layouts that a record fits into: those that are known, then its own."""
        for number, layout in enumerate(self._layouts):
            try:
                values = layout.columns.read(record)
            except msgspec.ValidationError:
                continue
            if not layout.fits(values):
                continue
            if number:
                self._layouts = [layout, *(other for other in self._layouts if other is not layout)]
            yield layout, values
        if shape := sniff(record):
            layout = self._learn(shape)
            yield layout, layout.columns.read(record)

    def _learn(self, shape: Shape) -> Layout:
        """Return the layout of a shape. One without an answer is not kept: it would fit those with one."""
        layout = Layout(shape)
        if shape.answered is not None:
            self._layouts = [layout, *self._layouts[: _LAYOUTS_MOST - 1]]
        return layout

    def _call(self, layout: Layout, values: Values, line: Line) -> Sequence[Span]:
        pair = layout.pair(values, line, self._exchanges.memo)
        if pair.is_doubtful and (shape := sniff(line.data)) and shape != layout.shape:
            layout = self._learn(shape)
            pair = layout.pair(layout.columns.read(line.data), line, self._exchanges.memo)
        return self._exchanges.join(pair.facts, layout.shape.wire, pair.request, pair.response)

    def _without_request(self, line: Line) -> Iterator[Item]:
        msgspec.json.decode(line.data, type=msgspec.Raw)
        url = url_of(line.data)
        if is_loose(line.data):
            wire, pair = loose(line, self._exchanges.memo)
            yield from self._exchanges.join(pair.facts, wire, pair.request, pair.response)
        elif url:
            self._exchanges.leave_out(_words(of_url(url)))
        else:
            yield Skipped(line.offset, _NO_REQUEST)


def _words(told: Recognised) -> str:
    return told if isinstance(told, NotACall) else UNKNOWN


FORMAT = Format(
    name="raw-pairs",
    title="raw requests and answers, a pair a line",
    recognise=recognise,
    read=read,
    splittable=True,
    priority=90,
)
