"""Recordings of the AI SDK's harness tests (Claude Code, Codex, pi): one JSON document of HTTP exchanges.

`{version, recordedAt, exchanges: [{request, response}]}`; a body is `{type, value}`, its value JSON as
it is or text. `request.meta.canonicalBody` repeats the request and is not read. The response's
`date` is the time of the call. A file is one run, so it is the session where headers name none.
Among the exchanges are telemetry and sign-in.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError, WireError
from farthing.span import Span
from farthing.traces import instant
from farthing.traces.bodies import json_body, why
from farthing.traces.envelope import envelope, headers
from farthing.traces.exchange import Exchanges, Facts
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.wire.fields import ABSENT
from farthing.wire.scan import decode, place_of

_SIGNS = (b'"exchanges"', b'"recordedAt"', b'"request"')


def recognise(sample: Sample) -> Match:
    found = sample.head.lstrip()[:1] == b"{" and all(sign in sample.head for sign in _SIGNS)
    return Match.LEAD if found else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the model calls among the exchanges, in their order."""
    try:
        recording, document = decode(_RECORDING, source.document(), "recording")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    exchanges = Exchanges()
    for raw in recording.exchanges:
        offset = place_of(raw, document).start
        try:
            yield from _take(exchanges, _EXCHANGE.decode(raw), document, offset=offset, run=source.name)
        except (WireError, msgspec.DecodeError) as error:
            yield Skipped(offset, why(error))
    yield from exchanges.rest()


class _Body(Struct):
    value: Raw = ABSENT


class _Request(Struct):
    url: str
    method: str = ""
    headers: dict[str, object] = {}
    body: _Body | None = None


class _Response(Struct):
    status: int | None = None
    headers: dict[str, object] = {}
    body: _Body | None = None


class _Exchange(Struct):
    request: _Request
    response: _Response | None = None


class _Recording(Struct):
    exchanges: list[Raw]


_RECORDING = msgspec.json.Decoder(_Recording)
_EXCHANGE = msgspec.json.Decoder(_Exchange)


def _take(
    exchanges: Exchanges, exchange: _Exchange, document: bytes, *, offset: int, run: str
) -> Iterator[Span]:
    request, response = exchange.request, exchange.response or _Response()
    asked, answered = envelope(headers(request.headers.items())), headers(response.headers.items())
    facts = Facts(
        offset=offset,
        url=request.url,
        method=request.method,
        status=response.status,
        asked=asked,
        session=asked.session or run,
        answered=answered,
        at_ns=instant.from_http(answered.get("date")),
    )
    sent = json_body(request.body.value if request.body else ABSENT, document)
    return exchanges.take(facts, sent, json_body(response.body.value if response.body else ABSENT, document))


FORMAT = Format(
    name="http-recording",
    title="HTTP exchanges of the AI SDK's harness tests",
    recognise=recognise,
    read=read,
    priority=30,
)
