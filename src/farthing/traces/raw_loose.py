"""Records of logs that keep words instead of bodies: `prompt` and `completion`, `input` and `output`.

They follow no provider's format, so they are put into OpenAI's, or into Anthropic's where the usage has
its counters. A record counts only if it names a model or its usage: sets of examples to train
on look the same otherwise.
"""

import msgspec
from msgspec import Raw, Struct

from farthing.traces import instant
from farthing.traces.exchange import Facts
from farthing.traces.raw_layout import Pair
from farthing.traces.source import Line
from farthing.wire import anthropic, openai_chat
from farthing.wire.fields import ABSENT, is_given, members
from farthing.wire.message import BlockMemo, Request, Response
from farthing.wire.recognise import WireFormat
from farthing.wire.scan import PLACE_UNKNOWN, is_string

_ANTHROPICS = ("cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation")
_RAWS = msgspec.json.Decoder(list[Raw])


class _Record(Struct):
    messages: Raw = ABSENT
    input: Raw = ABSENT
    prompt: Raw = ABSENT
    completion: Raw = ABSENT
    output: Raw = ABSENT
    response: Raw = ABSENT
    answer: Raw = ABSENT
    usage: Raw = ABSENT
    tools: Raw = ABSENT
    model: str | None = None
    id: str | None = None
    timestamp: object = None
    created_at: object = None
    session_id: object = None

    @property
    def asked(self) -> Raw:
        """The conversation: a list of messages, or a string."""
        return _first(self.messages, self.input, self.prompt)

    @property
    def said(self) -> Raw:
        """The answer: a string, a message, or anything else."""
        return _first(self.completion, self.output, self.response, self.answer)


_RECORD = msgspec.json.Decoder(_Record)


def is_loose(record: bytes) -> bool:
    """Tell whether a record has words asked and said, and names the model or what was used."""
    try:
        told = _RECORD.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return is_given(told.asked) and is_given(told.said) and (is_given(told.usage) or bool(told.model))


def loose(line: Line, memo: BlockMemo) -> tuple[WireFormat, Pair]:
    """Return what such a record holds, and whose counters it has.

    Raises WireError or msgspec.DecodeError for a damaged one.
    """
    record = _RECORD.decode(line.data)
    at_ns = instant.from_any(record.timestamp) or instant.from_any(record.created_at)
    session = record.session_id if isinstance(record.session_id, str) else ""
    facts = Facts(offset=line.offset, at_ns=at_ns, session=session)
    is_anthropics = any(name in members(record.usage) for name in _ANTHROPICS)
    wire = WireFormat.ANTHROPIC if is_anthropics else WireFormat.OPENAI_CHAT
    return wire, Pair(facts, _request(record, line, memo), _response(record, wire))


def _request(record: _Record, line: Line, memo: BlockMemo) -> Request:
    messages = _messages(record.asked)
    if messages is None:
        return openai_chat.parse(_as_body(record), memo, base=PLACE_UNKNOWN)
    body = openai_chat.Body(messages=messages, tools=record.tools, model=record.model)
    return openai_chat.request(body, openai_chat.read(body, line.data, memo, base=line.offset))


def _messages(asked: Raw) -> list[Raw] | None:
    """Return the messages as they stand in the record, None where they are no list of messages."""
    inner = members(asked).get("messages", asked)
    try:
        listed = _RAWS.decode(inner)
    except msgspec.DecodeError:
        return None
    return listed if all("role" in members(message) for message in listed) else None


def _as_body(record: _Record) -> bytes:
    content = record.asked if is_string(record.asked) else bytes(record.asked).decode()
    return msgspec.json.encode({"model": record.model, "messages": [{"role": "user", "content": content}]})


def _response(record: _Record, wire: WireFormat) -> Response:
    if wire is WireFormat.ANTHROPIC:
        content = record.said if is_string(record.said) else bytes(record.said).decode()
        return anthropic.answer(_encoded(record, content=content))
    message = record.said if "role" in members(record.said) else {"role": "assistant", "content": record.said}
    return openai_chat.answer(_encoded(record, choices=[{"message": message}]), base=PLACE_UNKNOWN)


def _encoded(record: _Record, **said: object) -> bytes:
    usage = record.usage if is_given(record.usage) else None
    return msgspec.json.encode({"id": record.id, "model": record.model, "usage": usage, **said})


def _first(*values: Raw) -> Raw:
    return next(filter(is_given, values), ABSENT)
