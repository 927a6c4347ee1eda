"""Batch files of OpenAI and Anthropic: the answers, and beside them the requests, joined by `custom_id`.

    OpenAI       in {custom_id, method, url, body}      out {custom_id, response: {status_code, body}, error}
    Anthropic    in {custom_id, params}                 out {custom_id, result: {type, message | error}}

The file of answers is read; the file of requests is looked for in the same folder, under any name. Without it
calls have counts and no context. Answers come in any order and carry no time but OpenAI's own.
Failed, cancelled and expired requests are not billed. Every token has the tier "batch".
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct

from farthing.errors import WireError
from farthing.span import Span
from farthing.traces.bodies import Body, created, request_of, response_of, why
from farthing.traces.exchange import FAILED, UNKNOWN, Exchanges, Facts
from farthing.traces.source import Format, Item, Match, Note, Sample, Skipped, Source
from farthing.wire.fields import ABSENT, is_given
from farthing.wire.message import BlockMemo, Request
from farthing.wire.recognise import Recognised, WireFormat, of_request, of_response, of_url

_CUSTOM_ID = re.compile(rb'\s*\{[^{}]{0,1000}?"custom_id"\s*:')
_PART = re.compile(rb'"(params|body|response|result)"\s*:\s*[{n]')
_ENDINGS = (".jsonl", ".ndjson", ".json", ".txt")
_CANDIDATES_MOST = 12
_FAILURE = 400


def recognise(sample: Sample) -> Match:
    """Tell by the first line. Requests are read with their answers; alone, they were not billed yet."""
    part = _PART.search(sample.head) if _CUSTOM_ID.match(sample.head) else None
    if part is None:
        return Match.NO
    return Match.LEAD if part[1] in (b"response", b"result") else Match.MEMBER


def read(source: Source) -> Iterator[Item]:
    """Yield the answered calls in the order of the answers."""
    exchanges = Exchanges()
    asked: Mapping[str, _Asked] | None = None
    for line in source.lines():
        try:
            answer = _ANSWER.decode(line.data)
            if asked is None:
                asked = _requests(source, answer.custom_id, exchanges.memo)
            yield from _take(exchanges, answer, asked.get(answer.custom_id, _NOT_FOUND), line.offset)
        except (WireError, msgspec.DecodeError, UnicodeDecodeError) as error:
            yield Skipped(line.offset, why(error))
    if asked is not None and not asked:
        yield Note("the batch's requests are not in its folder: calls have counts and no context")
    yield from exchanges.rest()


class _Line(Struct):
    """A request of a batch."""

    custom_id: str
    url: str = ""
    body: Raw = ABSENT
    params: Raw = ABSENT


class _Response(Struct):
    status_code: int | None = None
    body: Raw = ABSENT


class _Result(Struct):
    type: str = ""
    message: Raw = ABSENT


class _Answer(Struct):
    custom_id: str
    response: _Response | None = None
    result: _Result | None = None

    @property
    def body(self) -> Raw:
        """What the provider answered, empty where it did not."""
        if self.result is not None:
            return self.result.message
        is_good = self.response is not None and (self.response.status_code or 0) < _FAILURE
        return self.response.body if self.response and is_good else ABSENT


class _Asked(NamedTuple):
    """A request of the batch, and what kind it is."""

    told: Recognised
    request: Request


_NOT_FOUND = _Asked(None, Request(model="", segments=()))
_LINE = msgspec.json.Decoder(_Line)
_ANSWER = msgspec.json.Decoder(_Answer)


def _take(exchanges: Exchanges, answer: _Answer, asked: _Asked, offset: int) -> Iterator[Span]:
    if not is_given(answer.body):
        exchanges.leave_out(FAILED)
        return
    body = bytes(answer.body)
    told = asked.told or of_response(body)
    if not isinstance(told, WireFormat):
        exchanges.leave_out(told or UNKNOWN)
        return
    facts = Facts(
        offset=offset, at_ns=created(body), tier="batch", attributes=(("custom_id", answer.custom_id),)
    )
    yield from exchanges.join(facts, told, asked.request, response_of(told, body))


def _requests(source: Source, custom_id: str, memo: BlockMemo) -> Mapping[str, _Asked]:
    """Return the requests of the file beside the answers that has `custom_id`; nothing if there is none.

    Files with a name like that of the answers are looked at first.
    """
    own = source.name.rpartition("/")[2]
    names = [name for name in source.neighbours() if name != own and name.endswith(_ENDINGS)]
    for name in get_close_matches(own, names, n=_CANDIDATES_MOST, cutoff=0):
        lines = source.beside(name)
        asked = _asked(lines, memo) if lines else {}
        if custom_id in asked:
            return asked
    return {}


def _asked(source: Source, memo: BlockMemo) -> Mapping[str, _Asked]:
    """Return the requests of a file; nothing of one whose first line is none."""
    asked: dict[str, _Asked] = {}
    for line in source.lines():
        try:
            found = _LINE.decode(line.data)
            asked[found.custom_id] = _request(found, memo)
        except (WireError, msgspec.DecodeError, UnicodeDecodeError):
            if not asked:
                break
    return asked


def _request(line: _Line, memo: BlockMemo) -> _Asked:
    """Return one request. Its blocks stand in another file than the call, so they have no place."""
    body = bytes(line.params if is_given(line.params) else line.body)
    told = WireFormat.ANTHROPIC if is_given(line.params) else of_url(line.url) or of_request(body)
    if not isinstance(told, WireFormat):
        return _Asked(told, Request(model="", segments=()))
    return _Asked(told, request_of(told, Body(body), memo, url=line.url))


FORMAT = Format(
    name="batch",
    title="batch answers of OpenAI and Anthropic, with their requests",
    recognise=recognise,
    read=read,
    priority=25,
)
