"""The two bodies of an exchange, in any wire format and however they were recorded: bytes to values.

A body may be compressed, be JSON text inside a document, come as a stream, as a list of a stream's
events, or as AWS's frames. What is more than bytes, a model's name in the URL or counts in headers,
Bedrock alone needs.
"""

import re
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, Protocol

from farthing.errors import WireError
from farthing.traces import instant
from farthing.traces.envelope import Headers, model_in
from farthing.wire import anthropic, bedrock, cohere, gemini, openai_chat, openai_responses
from farthing.wire.fields import ABSENT, is_given, items, members, string
from farthing.wire.message import BlockMemo, Request, Response
from farthing.wire.recognise import Recognised, WireFormat, of_request, of_response, of_url
from farthing.wire.scan import PLACE_UNKNOWN, is_string, place_of

ON_BEDROCK = (WireFormat.BEDROCK_CONVERSE, WireFormat.BEDROCK_INVOKE)

_PACKED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda")
_FOREIGN = ("br", "zstd")
_OPENS = (b"{", b"[", b"d", b"e", b":")  # JSON and streams
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_LARGEST = 256 * 1024 * 1024
# How an answer begins, whatever follows.
_ANSWERS = re.compile(
    rb'\s*\{[^{]{0,2000}?"(?:type"\s*:\s*"message"|object"\s*:\s*"(?:chat\.completion|response)"|candidates")'
)
# A quote inside a text is escaped, so no text is taken for these.
_CREATED = re.compile(
    rb'"created(?:_at)?"\s*:\s*(\d{10}(?:\d{3})?(?:\.\d+)?)\b|"create(?:Time|d)"\s*:\s*"([^"\\]+)"'
)


class Body(NamedTuple):
    """The bytes of a body, and where they stand in the source, if they stand there as they are."""

    data: bytes
    base: int = PLACE_UNKNOWN


class Parse(Protocol):
    def __call__(self, body: bytes, memo: BlockMemo, *, base: int) -> Request: ...


class Dialect(NamedTuple):
    """How the bodies of one wire format are read. Answers get no places: they come again, as context."""

    parse: Parse
    answer: Callable[[bytes], Response]
    fold: Callable[[Iterable[bytes]], Response]


_chat_answer = partial(openai_chat.answer, base=PLACE_UNKNOWN)
_responses_answer = partial(openai_responses.answer, base=PLACE_UNKNOWN)
_gemini_answer = partial(gemini.answer, base=PLACE_UNKNOWN)
_DIALECTS = {
    WireFormat.ANTHROPIC: Dialect(anthropic.parse, anthropic.answer, anthropic.fold),
    WireFormat.OPENAI_CHAT: Dialect(openai_chat.parse, _chat_answer, openai_chat.fold),
    WireFormat.OPENAI_RESPONSES: Dialect(openai_responses.parse, _responses_answer, openai_responses.fold),
    WireFormat.GEMINI: Dialect(gemini.parse, _gemini_answer, gemini.fold),
    WireFormat.COHERE: Dialect(cohere.parse, cohere.answer, cohere.fold),
}


def meaning(url: str, request: bytes, response: bytes) -> Recognised:
    """Return what an exchange is, by its URL or else by its bodies; None for nothing known."""
    return of_url(url) or (of_response(response) if response else None) or of_request(request)


def why(error: Exception) -> str:
    """Return what is wrong with a record, in words for a report, which never quote it."""
    return str(error) if isinstance(error, WireError) else "the record does not follow the format"


def begins_answer(head: bytes) -> bool:
    """Tell whether a document that begins so is an answer; of one that is too long to be read for that."""
    return _ANSWERS.match(head) is not None


def request_of(wire: WireFormat, body: Body, memo: BlockMemo, *, url: str = "") -> Request:
    """Return what was asked; of a model on Bedrock whose format is not known, its name alone.

    Raises WireError where the body is damaged.
    """
    plain = unpacked(body.data)
    if wire not in ON_BEDROCK:
        return _DIALECTS[wire].parse(plain, memo, base=body.base)
    model = model_in(url)
    try:
        return bedrock.parse(plain, memo, base=body.base, model=model)
    except WireError:
        if wire is WireFormat.BEDROCK_CONVERSE:
            raise
        return Request(model=model, segments=())


def prompted(body: bytes) -> Request:
    """Return the model of a legacy text completion: one prompt, and no history that is sent again."""
    return Request(model=string(members(body).get("model", ABSENT)), segments=())


def response_of(wire: WireFormat, body: bytes, *, url: str = "", headers: Headers | None = None) -> Response:
    """Return what a body answers: whole, a stream, or a list of a stream's events.

    Raises WireError where it is damaged.
    """
    if body[:1] == b"[" and wire is not WireFormat.GEMINI:
        body = b"".join(map(_as_sent, items(body)))
    is_whole = body.lstrip()[:1] == b"{"
    if wire in ON_BEDROCK:
        model = model_in(url)
        return (
            bedrock.answer(body, model=model, headers=headers)
            if is_whole
            else bedrock.fold((body,), model=model)
        )
    dialect = _DIALECTS[wire]
    return dialect.answer(body) if is_whole else dialect.fold((body,))


def created(body: bytes) -> int | None:
    """Return when an answer says that it was made: OpenAI's `created`, Gemini's `createTime`."""
    found = _CREATED.search(body)
    return instant.from_any(float(found[1]) if found[1] else found[2].decode()) if found else None


def unpacked(body: bytes, headers: Headers | None = None) -> bytes:
    """Return a body as it was before compression, gzip or zlib.

    Its own first bytes tell, not the header: recorders unpack bodies and keep the header. Raises
    WireError where it is damaged, and for what nothing here can unpack.
    """
    if not body.startswith(_PACKED):
        encoding = (headers or {}).get("content-encoding", "")
        if encoding in _FOREIGN and not body.isascii() and body[:1] not in _OPENS:
            raise WireError(f"a body is compressed with {encoding}", mend="record it decompressed")
        return body
    unpacking = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = unpacking.decompress(body, _LARGEST)
    except zlib.error:
        raise WireError("a compressed body is damaged") from None
    if unpacking.unconsumed_tail:
        raise WireError(f"a compressed body holds more than {_LARGEST >> 20} MB")
    return plain


def json_body(raw: bytes, within: bytes, *, base: int = 0) -> Body:
    """Return a body that is a value in a JSON document: itself, or the text of a string.

    `within` is what `raw` was decoded from, which begins at `base` of the source.
    """
    if is_string(raw):
        return Body(string(raw).encode())
    return Body(bytes(raw), base + place_of(raw, within).start) if is_given(raw) else Body(b"")


def _as_sent(event: bytes) -> bytes:
    """Return one event of a list, as it is or as `{event, data}` or as text, as the stream had it."""
    if is_string(event):
        return string(event).encode()
    inner = members(event).get("data", event)
    data = string(inner).encode() if is_string(inner) else bytes(inner)
    return b"data: " + data.replace(b"\n", b" ") + b"\n\n"
