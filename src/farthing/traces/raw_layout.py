"""One shape of a log's records, ready to read: columns in, the two parsed bodies and the facts out.

The request is decoded with the record itself, into the type of its wire format, wherever that
is possible; so its blocks keep their places in the file, and no byte of it is gone through twice.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, Protocol, TypeVar

from msgspec import Raw, Struct

from farthing.money import PICOUSD_PER_USD
from farthing.traces import instant
from farthing.traces.bodies import ON_BEDROCK, Body, created, json_body, request_of, response_of
from farthing.traces.envelope import Envelope, Headers, envelope, json_headers
from farthing.traces.exchange import Facts
from farthing.traces.raw_shape import ABSENT_VALUE, Columns, Path, Shape
from farthing.traces.source import Line
from farthing.wire import anthropic, gemini, openai_chat, openai_responses
from farthing.wire.fields import ABSENT, is_given, string
from farthing.wire.message import BlockMemo, Request, Response
from farthing.wire.recognise import Recognised, WireFormat, of_url
from farthing.wire.scan import Scan, is_string

B = TypeVar("B", bound=Struct)
B_contra = TypeVar("B_contra", bound=Struct, contravariant=True)
Values = tuple[object, ...]

_HEADERS = ("asked", "answered")
_ENVELOPES_MOST = 256
_NO_HEADERS: Headers = {}


class Read(Protocol[B_contra]):
    """`read` of a wire format."""

    def __call__(self, body: B_contra, buffer: bytes, memo: BlockMemo, *, base: int) -> Scan: ...


class Pair(NamedTuple):
    """What one record holds."""

    facts: Facts
    request: Request
    response: Response | None

    @property
    def is_doubtful(self) -> bool:
        """Whether the answer reads like nothing: it may follow another format than the record before."""
        return self.response is not None and not self.response.output and not self.facts.url


class Layout:
    """Reads records of one shape. A machine without I/O: it remembers request headers, which repeat."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._typed = None if shape.is_text or not shape.asked else _TYPED.get(shape.wire)
        self._on_bedrock = shape.wire in ON_BEDROCK
        self._envelopes: dict[bytes, Envelope] = {}
        places = self._places()
        self.columns = Columns(places)
        number = {path: at for at, path in enumerate(places)}
        self._asked = number.get(shape.asked, ABSENT_VALUE)
        self._answered = number.get(shape.answered or (), ABSENT_VALUE)
        self._facts = _Facts(**{name: number[path] for name, path in shape.facts})
        self._labels = [(name, number[path]) for name, path in shape.labels]

    def fits(self, values: Values) -> bool:
        """Tell whether both bodies stand where records of this shape have them."""
        asked, answered = values[self._asked], values[self._answered]
        is_asked = (
            self._typed is not None or not self.shape.asked or is_string(_raw(asked)) == self.shape.is_text
        )
        return is_asked and (not self.shape.answered or is_given(_raw(answered)))

    def meaning(self, values: Values) -> Recognised:
        """Return what a record's URL is the address of; without one, what the shape's records are."""
        url = values[self._facts.url]
        return (_of_url(url) if isinstance(url, str) else None) or self.shape.wire

    def pair(self, values: Values, line: Line, memo: BlockMemo) -> Pair:
        """Return what a record holds. Raises WireError where a body is damaged."""
        answer = self._answer(values, line.data)
        facts = self._around(values, line.offset, answer)
        response = (
            response_of(self.shape.wire, answer, url=facts.url, headers=facts.answered) if answer else None
        )
        return Pair(facts, self._request(values, line, facts, memo), response)

    def _places(self) -> Mapping[Path, type]:
        shape = self.shape
        places: dict[Path, type] = {path: Raw if name in _HEADERS else object for name, path in shape.facts}
        places |= {path: object for _, path in shape.labels}
        if shape.asked:
            places[shape.asked] = self._typed.body if self._typed else Raw
        if shape.answered:
            places[shape.answered] = Raw
        return places

    def _request(self, values: Values, line: Line, facts: Facts, memo: BlockMemo) -> Request:
        if not self.shape.asked:
            return request_of(self.shape.wire, Body(line.data, line.offset), memo, url=facts.url)
        body = values[self._asked]
        if self._typed:
            return self._typed.request(body, line.data, memo, line.offset)
        sent = json_body(_raw(body), line.data, base=line.offset)
        return request_of(self.shape.wire, sent, memo, url=facts.url)

    def _answer(self, values: Values, record: bytes) -> bytes:
        if self.shape.answered == ():
            return record
        raw = _raw(values[self._answered])
        return string(raw).encode() if is_string(raw) else bytes(raw) if is_given(raw) else b""

    def _around(self, values: Values, offset: int, answer: bytes) -> Facts:
        at = self._facts
        at_ns, ended_ns = instant.from_any(values[at.at]), instant.from_any(values[at.ended])
        status, cost = values[at.status], values[at.cost]
        answered = self._answer_headers(values) if at_ns is None or self._on_bedrock else _NO_HEADERS
        return Facts(
            offset=offset,
            url=_text(values[at.url]),
            method=_text(values[at.method]),
            status=status if isinstance(status, int) else None,
            asked=self._envelope(_raw(values[at.asked])),
            answered=answered,
            at_ns=at_ns or ended_ns or instant.from_http(answered.get("date")) or created(answer),
            ended_ns=ended_ns,
            session=_text(values[at.session]),
            attributes=tuple((name, str(values[at])) for name, at in self._labels if values[at]),
            reported_cost_picousd=None if cost is None else _picousd(cost),
        )

    def _answer_headers(self, values: Values) -> Headers:
        raw = _raw(values[self._facts.answered])
        return json_headers(raw) if is_given(raw) else _NO_HEADERS

    def _envelope(self, headers: Raw) -> Envelope:
        """Return what request headers tell; as bytes they are mostly those of the record before."""
        sent = bytes(headers)
        known = self._envelopes.get(sent)
        if known is None:
            if len(self._envelopes) >= _ENVELOPES_MOST:
                self._envelopes.clear()
            known = self._envelopes[sent] = envelope(json_headers(sent))
        return known


class _Facts(NamedTuple):
    """The number of each fact among a record's values."""

    url: int = ABSENT_VALUE
    method: int = ABSENT_VALUE
    asked: int = ABSENT_VALUE
    at: int = ABSENT_VALUE
    session: int = ABSENT_VALUE
    cost: int = ABSENT_VALUE
    status: int = ABSENT_VALUE
    answered: int = ABSENT_VALUE
    ended: int = ABSENT_VALUE


class _Typed(NamedTuple):
    """How a request is made from a body that was decoded as part of a record."""

    body: type[Struct]
    request: Callable[[object, bytes, BlockMemo, int], Request]


def _typed(body: type[B], read: Read[B], request: Callable[[B, Scan], Request]) -> _Typed:
    def request_from(decoded: object, buffer: bytes, memo: BlockMemo, base: int) -> Request:
        assert isinstance(decoded, body)
        return request(decoded, read(decoded, buffer, memo, base=base))

    return _Typed(body, request_from)


_TYPED = {
    WireFormat.ANTHROPIC: _typed(anthropic.Body, anthropic.read, anthropic.request),
    WireFormat.OPENAI_CHAT: _typed(openai_chat.Body, openai_chat.read, openai_chat.request),
    WireFormat.OPENAI_RESPONSES: _typed(
        openai_responses.Body, openai_responses.read, openai_responses.request
    ),
    WireFormat.GEMINI: _typed(gemini.Body, gemini.read, gemini.request),
}

_of_url = lru_cache(maxsize=1_000)(of_url)


def _raw(value: object) -> Raw:
    return value if isinstance(value, Raw) else ABSENT


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _picousd(cost: object) -> int | None:
    if not isinstance(cost, int | float) or isinstance(cost, bool):
        return None
    amount = Decimal(repr(cost)) * PICOUSD_PER_USD
    return int(amount) if amount.is_finite() and amount >= 0 else None
