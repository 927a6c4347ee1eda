"""The same logs of raw requests and answers as in `raw_pairs`, kept as a JSON document.

One record, printed over many lines, or a list of records, at the top or as the largest member of an object
(`{"data": […]}`).
"""

import re
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Raw

from farthing.errors import RecordError, WireError
from farthing.traces.bodies import begins_answer
from farthing.traces.raw_pairs import Log, may_ask
from farthing.traces.raw_shape import sniff
from farthing.traces.source import Format, Item, Line, Match, Sample, Skipped, Source
from farthing.wire.fields import items, members
from farthing.wire.scan import decode, place_of

_ANY = msgspec.json.Decoder(Raw)
_OPENS = re.compile(rb"\s*[\[{]\s*[{\"]")
_DEEPEST = 3


def recognise(sample: Sample) -> Match:
    """Tell by a record of the document, or, of a long one, by how it begins."""
    if not _OPENS.match(sample.head):
        return Match.NO
    if sample.whole:
        records = _records(sample.head)[:1]
        return Match.LEAD if any(map(sniff, map(bytes, records))) else Match.NO
    is_printed = b"\n" in sample.head[:200] or sample.head.lstrip()[:1] == b"["
    may = is_printed and may_ask(sample.head) and not begins_answer(sample.head)
    return Match.LEAD if may else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the calls in the order of the records."""
    try:
        whole, document = decode(_ANY, source.document(), "document")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    log = Log()
    for record in _records(whole):
        yield from log.take(Line(place_of(record, document).start, bytes(record)))
    yield from log.rest()


def _records(value: bytes, depth: int = 0) -> Sequence[bytes]:
    """Return the members of a list, or of the largest list in an object that is no record itself."""
    inner = members(value)
    if not inner or depth == _DEEPEST:
        return items(value)
    if sniff(bytes(value)):
        return [value]
    return _records(max(inner.values(), key=len), depth + 1)


FORMAT = Format(
    name="raw-document",
    title="raw requests and answers, in one document",
    recognise=recognise,
    read=read,
    priority=92,
)
