"""HAR: what browsers and proxies save of HTTP traffic, one JSON document a file.

`log.entries[]` holds `request.postData.text` and `response.content.text`, the latter in base64 where
`encoding` says so. Bodies are strings in the document, so their blocks have no place of their own.
An aborted response has the status 0; it is a call whose bill nobody knows. HAR 1.2
(w3c.github.io/web-performance/specs/HAR, read 2026-11).
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError, WireError
from farthing.span import Span
from farthing.traces import instant
from farthing.traces.bodies import Body, why
from farthing.traces.envelope import Headers, envelope, headers
from farthing.traces.exchange import Exchanges, Facts
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.wire.scan import decode, place_of

_OPENS = re.compile(rb'\s*\{\s*"log"\s*:\s*\{')
_NS_PER_MS = 1_000_000


def recognise(sample: Sample) -> Match:
    return Match.LEAD if _OPENS.match(sample.head) and b'"entries"' in sample.head else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the model calls among the entries, in their order."""
    try:
        har, document = decode(_HAR, source.document(), "HAR")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    exchanges = Exchanges()
    for raw in har.log.entries:
        offset = place_of(raw, document).start
        try:
            yield from _take(exchanges, _ENTRY.decode(raw), offset)
        except (WireError, msgspec.DecodeError, binascii.Error) as error:
            yield Skipped(offset, why(error))
    yield from exchanges.rest()


class _Header(Struct):
    name: str
    value: str = ""


class _Text(Struct, frozen=True):
    """A body as text, base64 where `encoding` says so."""

    text: str = ""
    encoding: str | None = None

    @property
    def body(self) -> Body:
        return Body(b64decode(self.text) if self.encoding == "base64" else self.text.encode())


class _Request(Struct):
    url: str
    method: str = ""
    headers: list[_Header] = []
    post_data: _Text | None = msgspec.field(name="postData", default=None)


class _Response(Struct):
    status: int | None = None
    headers: list[_Header] = []
    content: _Text = _Text()


class _Entry(Struct):
    request: _Request
    response: _Response
    started: str | None = msgspec.field(name="startedDateTime", default=None)
    time: float | None = None


class _Log(Struct):
    entries: list[Raw]


class _Har(Struct):
    log: _Log


_HAR = msgspec.json.Decoder(_Har)
_ENTRY = msgspec.json.Decoder(_Entry)


def _take(exchanges: Exchanges, entry: _Entry, offset: int) -> Iterator[Span]:
    request, response = entry.request, entry.response
    at_ns = instant.from_iso(entry.started)
    took_ns = round((entry.time or 0) * _NS_PER_MS)
    facts = Facts(
        offset=offset,
        url=request.url,
        method=request.method,
        status=response.status,
        asked=envelope(_headers(request.headers)),
        answered=_headers(response.headers),
        at_ns=at_ns,
        ended_ns=at_ns + took_ns if at_ns is not None and took_ns > 0 else None,
    )
    return exchanges.take(facts, (request.post_data or _Text()).body, response.content.body)


def _headers(listed: list[_Header]) -> Headers:
    return headers((header.name, header.value) for header in listed)


FORMAT = Format(
    name="har",
    title="HTTP archives (HAR)",
    recognise=recognise,
    read=read,
    priority=40,
)
