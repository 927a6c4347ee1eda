"""SWE-agent's `interactions_*.jsonl`: requests and responses on lines of their own, joined by place alone.

`{type: "request", timestamp, request_params}` and `{type: "response", timestamp, response, cost}`. A response
belongs to the request on the line before it; a request that nothing follows is a call whose bill
nobody knows. The model that answered is priced, which is mostly another than the one asked.
`completion_tokens` is often 0 although the answer has text, so output is at least what is counted;
`outputs` repeats the answer, and `cost` follows no price list.
"""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from farthing.errors import WireError
from farthing.span import Span
from farthing.traces import instant
from farthing.traces.bodies import json_body, request_of, response_of, why
from farthing.traces.exchange import Exchanges, Facts
from farthing.traces.source import Format, Item, Line, Match, Sample, Skipped, Source
from farthing.wire.fields import ABSENT
from farthing.wire.message import Request, Response
from farthing.wire.recognise import WireFormat
from farthing.wire.scan import decode

_SIGNS = (re.compile(rb'"type"\s*:\s*"re(quest|sponse)"'), re.compile(rb'"(request_params|outputs)"\s*:'))
_WIRE = WireFormat.OPENAI_CHAT


def recognise(sample: Sample) -> Match:
    first = sample.head.partition(b"\n")[0]
    is_line = first.startswith(b"{") and all(sign.search(first) for sign in _SIGNS)
    return Match.LEAD if is_line else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield each request when the line after it is known."""
    log = _Log()
    for line in source.lines():
        try:
            yield from log.take(line)
        except (WireError, msgspec.DecodeError) as error:
            yield Skipped(line.offset, why(error))
    yield from log.rest()


class _Record(Struct):
    type: str
    timestamp: str | None = None
    request_params: Raw = ABSENT
    response: Raw = ABSENT


_RECORD = msgspec.json.Decoder(_Record)


class _Log:
    """Joins lines. A machine without I/O."""

    def __init__(self) -> None:
        self._exchanges = Exchanges()
        self._open: tuple[Facts, Request] | None = None

    def take(self, line: Line) -> Iterator[Item]:
        """Yield the call that this line ends: with its answer, or without one."""
        record, data = decode(_RECORD, line.data, "line")
        if record.type == "request":
            yield from self._close(None)
            facts = Facts(offset=line.offset, at_ns=instant.from_iso(record.timestamp))
            body = json_body(record.request_params, data, base=line.offset)
            self._open = facts, request_of(_WIRE, body, self._exchanges.memo)
        elif self._open is None:
            yield Skipped(line.offset, "a response that no request stands before")
        else:
            response = response_of(_WIRE, bytes(record.response))
            yield from self._close(response, ended_ns=instant.from_iso(record.timestamp))

    def rest(self) -> Iterator[Item]:
        """Yield the last request, if it has no answer."""
        yield from self._close(None)
        yield from self._exchanges.rest()

    def _close(self, response: Response | None, *, ended_ns: int | None = None) -> Iterator[Span]:
        if self._open is not None:
            facts, request = self._open
            self._open = None
            yield from self._exchanges.join(replace(facts, ended_ns=ended_ns), _WIRE, request, response)


FORMAT = Format(
    name="swe-agent-interactions",
    title="SWE-agent's LLM interactions",
    recognise=recognise,
    read=read,
    priority=30,
)
