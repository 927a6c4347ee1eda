"""OpenHands' completion logs: one model call a file, one session a folder, each request whole.

`{messages, tools, kwargs, response, cost, timestamp, latency_sec}`. `messages` and `tools` are what was sent;
where tools are also explained to the model in words, the recorded input counts both. `raw_messages`
and `raw_response` are the same call on the other side of that translation, and are not read.
`timestamp` is the end of the call. OpenAI's format, and LiteLLM's names for models.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError, WireError
from farthing.money import PICOUSD_PER_USD
from farthing.traces import instant
from farthing.traces.bodies import response_of
from farthing.traces.exchange import Exchanges, Facts
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.wire import openai_chat
from farthing.wire.fields import ABSENT, is_given
from farthing.wire.message import BlockMemo, Request
from farthing.wire.recognise import WireFormat
from farthing.wire.scan import decode

_NAME = re.compile(r"-\d{10}\.\d{3}\.json$")
_OPENS = re.compile(rb'\s*\{\s*"(messages|context_window|kwargs|llm_path)"')
_WIRE = WireFormat.OPENAI_CHAT
_NS_PER_S = 1_000_000_000


def recognise(sample: Sample) -> Match:
    """Tell by the name, which ends in the time of the call, and by how the document begins."""
    return Match.LEAD if _NAME.search(sample.name) and _OPENS.match(sample.head) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the call of the file."""
    exchanges = Exchanges()
    try:
        log, document = decode(_LOG, source.document(), "log")
        facts = _facts(log, session=source.name.rpartition("/")[0])
        request = _request(log, document, exchanges.memo)
        response = response_of(_WIRE, bytes(log.response)) if is_given(log.response) else None
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    yield from exchanges.join(facts, _WIRE, request, response)
    yield from exchanges.rest()


class _Settings(Struct):
    max_completion_tokens: int | None = None
    max_tokens: int | None = None


class _Log(Struct):
    messages: list[Raw]
    tools: Raw = ABSENT
    kwargs: _Settings | None = None
    response: Raw = ABSENT
    cost: Decimal | None = None
    timestamp: float | None = None
    latency_sec: float | None = None


_LOG = msgspec.json.Decoder(_Log)


def _facts(log: _Log, *, session: str) -> Facts:
    ended_ns = instant.from_any(log.timestamp)
    took_ns = round((log.latency_sec or 0) * _NS_PER_S)
    return Facts(
        offset=0,
        at_ns=None if ended_ns is None else ended_ns - took_ns,
        ended_ns=ended_ns,
        session=session,
        reported_cost_picousd=None if log.cost is None else int(log.cost * PICOUSD_PER_USD),
    )


def _request(log: _Log, document: bytes, memo: BlockMemo) -> Request:
    settings = log.kwargs or _Settings()
    body = openai_chat.Body(
        messages=log.messages,
        tools=log.tools,
        max_completion_tokens=settings.max_completion_tokens or settings.max_tokens,
    )
    return openai_chat.request(body, openai_chat.read(body, document, memo))


FORMAT = Format(
    name="openhands-completions",
    title="OpenHands completion logs",
    recognise=recognise,
    read=read,
    priority=30,
)
