"""Cohere's chat, version 2: OpenAI's messages, and a bill of its own.

`usage.billed_units` is the bill; `usage.tokens` counts what the model saw, templates of Cohere's own
included, which may be five times as much (docs.cohere.com, pricing, read 2026-11). There is no
prompt cache, and an answer does not name its model.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Raw, Struct

from farthing.usage import Charge, Usage
from farthing.wire import openai_chat
from farthing.wire.fields import ABSENT, is_given, string
from farthing.wire.message import BlockMemo, Request, Response
from farthing.wire.scan import decode
from farthing.wire.sse import EventStream


class Counts(Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None


class Used(Struct):
    billed_units: Counts | None = None


class Answer(Struct):
    """A response body, or an error, which is a `message` of words."""

    id: str | None = None
    finish_reason: str | None = None
    message: Raw = ABSENT
    usage: Used | None = None


class _Function(Struct):
    name: str = ""
    arguments: str = ""


class _Call(Struct):
    id: str = ""
    function: _Function = msgspec.field(default_factory=_Function)


class _Part(Struct):
    text: str | None = None
    thinking: str | None = None

    def whole(self) -> dict[str, str]:
        if self.thinking:
            return {"type": "thinking", "thinking": self.thinking}
        return {"type": "text", "text": self.text or ""}


class _Message(Struct):
    content: _Part | None = None
    tool_calls: _Call | None = None


class _Delta(Struct):
    message: _Message | None = None
    finish_reason: str | None = None
    usage: Used | None = None


class _Event(Struct):
    type: str = ""
    id: str | None = None
    index: int = 0
    delta: _Delta | None = None


_ANSWER = msgspec.json.Decoder(Answer)
_EVENT = msgspec.json.Decoder(_Event)


def parse(body: bytes, memo: BlockMemo | None = None, *, base: int = 0) -> Request:
    """Return what a request body asks, as `openai_chat.parse` does. Raises WireError as it does."""
    return openai_chat.parse(body, memo, base=base)


def answer(body: bytes) -> Response:
    """Return what a complete response body says and bills."""
    decoded, _ = decode(_ANSWER, body, "response body")
    return _response(decoded, complete=True)


def fold(chunks: Iterable[bytes]) -> Response:
    """Return a streamed response."""
    stream, answer = EventStream(), StreamedAnswer()
    for chunk in chunks:
        for event in stream.feed(chunk):
            answer.take(event.data or b"")
    for event in stream.close():
        answer.take(event.data or b"")
    return answer.response()


class StreamedAnswer:
    """Puts an answer together from the data of its events. A machine without I/O."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._end: _Delta | None = None
        self._parts: dict[int, _Part] = {}
        self._calls: dict[int, _Call] = {}

    def take(self, data: bytes) -> None:
        """Add one event; what cannot be read (cut off, or of another protocol) changes nothing."""
        try:
            event = _EVENT.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        self._id = event.id or self._id
        delta = event.delta or _Delta()
        if event.type == "message-end":
            self._end = delta
        elif delta.message is not None:
            self._grow(event.index, delta.message)

    def response(self) -> Response:
        end = self._end or _Delta()
        parts = [self._parts[index].whole() for index in sorted(self._parts)]
        calls = [self._calls[index] for index in sorted(self._calls)]
        message = {"role": "assistant", "content": parts, "tool_calls": calls or None}
        whole = Answer(self._id, end.finish_reason, Raw(msgspec.json.encode(message)), end.usage)
        return _response(whole, complete=self._end is not None)

    def _grow(self, index: int, message: _Message) -> None:
        if message.content is not None:
            part = self._parts.setdefault(index, _Part())
            part.text = f"{part.text or ''}{message.content.text or ''}"
            part.thinking = f"{part.thinking or ''}{message.content.thinking or ''}"
        if message.tool_calls is not None:
            call = self._calls.setdefault(index, _Call())
            call.id = call.id or message.tool_calls.id
            call.function.name += message.tool_calls.function.name
            call.function.arguments += message.tool_calls.function.arguments


def _response(found: Answer, *, complete: bool) -> Response:
    billed = found.usage.billed_units if found.usage else None
    is_said = is_given(found.message) and not string(found.message)
    return Response(
        response_id=found.id or "",
        charges=(Charge(model="", usage=_usage(billed)),) if billed else (),
        usage_recorded=billed is not None,
        output=openai_chat.message_segments(found.message, names={}, first_user=False) if is_said else (),
        finish=found.finish_reason or "",
        error="" if is_said else "error",
        complete=complete,
    )


def _usage(billed: Counts) -> Usage:
    return Usage(
        uncached_input_tokens=int(billed.input_tokens or 0), output_tokens=int(billed.output_tokens or 0)
    )
