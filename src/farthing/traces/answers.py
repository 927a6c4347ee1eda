"""Answers of providers without their requests: a body, or the events of a stream, a file.

Test suites keep such files: JSON bodies, one event a line (`.chunks.txt`), or a stream as it came.
They tell what was billed and said, and nothing of the context. A file of events may hold several
answers: another `message_start`, or an event that ends a response, begins the next.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from farthing.errors import RecordError, WireError
from farthing.traces.bodies import ON_BEDROCK, begins_answer, created, response_of
from farthing.traces.exchange import UNKNOWN, Exchanges, Facts
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.wire import gemini_interactions
from farthing.wire.event_stream import encode
from farthing.wire.fields import ABSENT, items, members, string
from farthing.wire.message import Request, Response
from farthing.wire.recognise import NotACall, Recognised, WireFormat, of_response
from farthing.wire.sse import EventStream

_STREAM = re.compile(rb"^(?:data|event):", re.MULTILINE)
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_WHOLE = ("chat.completion", "response", "interaction")
_NO_REQUEST = Request(model="", segments=())
_EVENT = re.compile(rb'\s*\{[^{]*"(?:event_)?type"\s*:\s*"(?!message")')
_LOOKED_AT = 20


def recognise(sample: Sample) -> Match:
    """Tell by the whole body or the first event; answers of other work than a model's are known too."""
    first = sample.head.lstrip().partition(b"\n")[0]
    known = of_response(sample.head) or any(map(gemini_interactions.is_answer, (first, sample.head)))
    return Match.LEAD if known or (not sample.whole and begins_answer(sample.head)) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the answers of the file in their order."""
    exchanges = Exchanges()
    try:
        document = source.document()
        for answer in _answers(_records(document)):
            yield from _take(exchanges, answer, max(document.find(answer[0][:200]), 0))
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
    yield from exchanges.rest()


def _records(document: bytes) -> Sequence[bytes]:
    """Return the bodies or events of a file, in whichever way they stand there."""
    if _STREAM.search(document[:4_000]):
        stream = EventStream()
        events = [*stream.feed(document), *stream.close()]
        return [event.data for event in events if event.data is not None]
    try:
        msgspec.json.decode(document, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [line for line in document.splitlines() if line.lstrip()[:1] == b"{"]
    return [bytes(item) for item in items(document)] if document.lstrip()[:1] == b"[" else [document]


def _answers(records: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield the records of each answer."""
    answer: list[bytes] = []
    message = ""
    for record in records:
        told = members(record)
        kind = string(told.get("type", ABSENT))
        begun = string(members(told.get("message", ABSENT)).get("id", ABSENT))
        if kind == "message_start" and message not in ("", begun):
            yield answer
            answer = []
        message = begun or message
        answer.append(record)
        if kind in _ENDS or string(told.get("object", ABSENT)) in _WHOLE or kind == "message":
            yield answer
            answer = []
    if answer:
        yield answer


def _take(exchanges: Exchanges, records: Sequence[bytes], offset: int) -> Iterator[Item]:
    told = next(filter(None, map(_meaning, records[:_LOOKED_AT])), None)
    if not isinstance(told, WireFormat):
        exchanges.leave_out(told or UNKNOWN)
        return
    facts = Facts(offset=offset, at_ns=next(filter(None, map(created, records)), None))
    response = _response(told, records)
    if response.response_id or response.charges or response.error or told in ON_BEDROCK:
        yield from exchanges.join(facts, told, _NO_REQUEST, response)
    else:
        yield Skipped(offset, "the answer is damaged: nothing tells which it is, or what it used")


def _meaning(record: bytes) -> Recognised:
    if gemini_interactions.is_answer(record):
        return WireFormat.GEMINI
    told = of_response(record)
    return WireFormat.OPENAI_CHAT if told is NotACall.COMPLETION else told


def _response(wire: WireFormat, records: Sequence[bytes]) -> Response:
    """Return what the records answer: one body, or the events of a stream."""
    is_event = len(records) > 1 or _EVENT.match(records[0])
    if gemini_interactions.is_answer(records[0]):
        return (
            gemini_interactions.fold(map(_as_event, records))
            if is_event
            else gemini_interactions.answer(records[0])
        )
    if not is_event:
        return response_of(wire, records[0])
    as_sent = _as_frame if wire is WireFormat.BEDROCK_CONVERSE else _as_event
    return response_of(wire, b"".join(map(as_sent, records)))


def _as_event(record: bytes) -> bytes:
    return b"data: " + record + b"\n\n"


def _as_frame(record: bytes) -> bytes:
    """Return an event of Converse as AWS sends it; here the event's name is the only member."""
    name, payload = next(iter(members(record).items()), ("", b"{}"))
    return encode(((":event-type", name),), bytes(payload))


FORMAT = Format(
    name="answers",
    title="answers of providers, without their requests",
    recognise=recognise,
    read=read,
    priority=95,
)
