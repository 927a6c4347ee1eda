"""VCR cassettes: YAML files of HTTP exchanges that a test suite recorded.

`{version, interactions: [{request, response}]}`. A body is text, bytes (`!!binary`, mostly gzip), or, by
pydantic-ai's recorder, `parsed_body`: the JSON as YAML. So no text stands in the file as it was
sent, and places are those of interactions, not of their blocks. The response's `date` is the time of
the call; where the recorder dropped it, the answer's own `created` is.

The same exchange may stand in several cassettes (variants of one test); the answer's id tells.
"""

import re
from collections.abc import Iterator
from itertools import chain, repeat

import msgspec
from msgspec import Struct

from farthing.errors import RecordError, WireError
from farthing.span import Span
from farthing.traces import instant
from farthing.traces.bodies import Body, why
from farthing.traces.envelope import envelope, headers
from farthing.traces.exchange import Exchanges, Facts
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.wire.scan import PLACE_UNKNOWN

_SIGN = re.compile(rb"^interactions:", re.MULTILINE)
_INTERACTION = re.compile(rb"^ *- (?=request:|response:)", re.MULTILINE)


def recognise(sample: Sample) -> Match:
    is_yaml = sample.name.endswith((".yaml", ".yml"))
    return Match.LEAD if is_yaml and _SIGN.search(sample.head) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the model calls among the interactions, in their order."""
    try:
        document = source.document()
        interactions = _interactions(document)
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    exchanges = Exchanges()
    offsets = chain((found.start() for found in _INTERACTION.finditer(document)), repeat(PLACE_UNKNOWN))
    for interaction, offset in zip(interactions, offsets, strict=False):
        try:
            yield from _take(exchanges, msgspec.convert(interaction, _Interaction), offset)
        except (WireError, msgspec.MsgspecError) as error:
            yield Skipped(offset, why(error))
    yield from exchanges.rest()


class _Request(Struct):
    uri: str
    method: str = ""
    headers: dict[str, object] = {}
    body: object = None
    parsed_body: object = None


class _Status(Struct, frozen=True):
    code: int | None = None


class _Response(Struct):
    status: _Status = _Status()
    headers: dict[str, object] = {}
    body: object = None
    parsed_body: object = None


class _Interaction(Struct):
    request: _Request
    response: _Response


def _interactions(document: bytes) -> list[object]:
    """Return the interactions of a cassette. Raises WireError where the document is none."""
    import yaml  # noqa: PLC0415 - takes a twentieth of a second, for a format that few have

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        cassette: object = yaml.load(document, loader)  # noqa: S506 - both loaders are safe
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        raise WireError("the cassette is not valid YAML") from None
    interactions = cassette.get("interactions") if isinstance(cassette, dict) else None
    if not isinstance(interactions, list):
        raise WireError("the cassette has no list of interactions")
    return interactions


def _take(exchanges: Exchanges, interaction: _Interaction, offset: int) -> Iterator[Span]:
    request, response = interaction.request, interaction.response
    answered = headers(response.headers.items())
    facts = Facts(
        offset=offset,
        url=request.uri,
        method=request.method,
        status=response.status.code,
        asked=envelope(headers(request.headers.items())),
        answered=answered,
        at_ns=instant.from_http(answered.get("date")),
    )
    return exchanges.take(
        facts, _body(request.parsed_body, request.body), _body(response.parsed_body, response.body)
    )


def _body(parsed: object, recorded: object) -> Body:
    """Return a body as it was sent, as far as the recorder kept it."""
    if parsed is not None:
        return Body(msgspec.json.encode(parsed))
    if isinstance(recorded, dict):
        recorded = recorded.get("string", recorded.get("base64_string"))
    if isinstance(recorded, str):
        return Body(recorded.encode("utf-8", "surrogatepass"))
    return Body(recorded if isinstance(recorded, bytes) else b"")


FORMAT = Format(
    name="vcr-cassette",
    title="VCR cassettes",
    recognise=recognise,
    read=read,
    priority=30,
)
