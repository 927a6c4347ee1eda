"""Bedrock answers put together from event stream frames: Converse's events, and InvokeModel's chunks.

InvokeModel sends the model's own stream: Claude's is Anthropic's, Nova's has Converse's events,
and of any other family only the counts that Bedrock puts into the last chunk are read.
"""

from base64 import b64decode
from binascii import Error as Base64Error

import msgspec
from msgspec import Raw, Struct

from farthing.wire.anthropic_content import ABSENT, is_given
from farthing.wire.anthropic_stream import StreamedMessage
from farthing.wire.anthropic_usage import Count
from farthing.wire.event_stream import Frame
from farthing.wire.spelling import is_string


class CacheDetail(Struct, frozen=True, rename="camel"):
    ttl: str | None = None
    input_tokens: Count | None = None


class TokenUsage(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a call used; `inputTokens` leaves out what was read from the cache or written to it."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_write_input_tokens: Count | None = None
    cache_details: list[CacheDetail] | None = None
    # So Nova calls them in InvokeModel; Converse has both names.
    cache_read_input_token_count: Count | None = None
    cache_write_input_token_count: Count | None = None

    @property
    def is_recorded(self) -> bool:
        return self.input_tokens is not None or self.output_tokens is not None


class Tier(Struct, frozen=True):
    type: str | None = None


class Metrics(Struct, frozen=True, kw_only=True, rename="camel"):
    """What InvokeModel says of any model's stream in its last chunk."""

    input_token_count: Count | None = None
    output_token_count: Count | None = None
    cache_read_input_token_count: Count | None = None
    cache_write_input_token_count: Count | None = None

    @property
    def usage(self) -> TokenUsage:
        return TokenUsage(
            input_tokens=self.input_token_count,
            output_tokens=self.output_token_count,
            cache_read_input_token_count=self.cache_read_input_token_count,
            cache_write_input_token_count=self.cache_write_input_token_count,
        )


class _Reasoning(Struct, frozen=True, rename="camel"):
    text: str = ""
    signature: str = ""
    redacted_content: str = ""


class _Grown(Struct, frozen=True):
    input: str = ""


class _Delta(Struct, frozen=True, rename="camel"):
    text: str = ""
    tool_use: _Grown | None = None
    reasoning_content: _Reasoning | None = None


class Event(Struct, frozen=True, kw_only=True, rename="camel"):
    """The payload of any Converse event; which members are set follows from its type."""

    content_block_index: int = 0
    start: Raw = ABSENT
    delta: _Delta | None = None
    stop_reason: str | None = None
    usage: TokenUsage | None = None
    service_tier: Tier | None = None


class _Chunk(Struct, frozen=True):
    bytes: str = ""


class StreamedConverse:
    """Takes Converse's events in order and gives the message so far. A machine without I/O."""

    def __init__(self) -> None:
        self.usage: TokenUsage | None = None
        self.tier: Tier | None = None
        self.stop_reason = ""
        self.is_damaged = False
        self._blocks: dict[int, _StreamedBlock] = {}

    @property
    def is_complete(self) -> bool:
        """Whether the counts have come, which are sent last."""
        return self.usage is not None and not self.is_damaged

    @property
    def content(self) -> bytes:
        """The content blocks as a complete answer would have them."""
        return b"[" + b",".join(self._blocks[index].whole() for index in sorted(self._blocks)) + b"]"

    def take(self, payload: bytes) -> None:
        """Add one event; one that cannot be read leaves the message incomplete."""
        try:
            event = _event.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.is_damaged = True
            return
        self.usage = event.usage or self.usage
        self.tier = event.service_tier or self.tier
        self.stop_reason = event.stop_reason or self.stop_reason
        if is_given(event.start) or event.delta is not None:
            block = self._blocks.setdefault(event.content_block_index, _StreamedBlock())
            block.take(event)


class _StreamedBlock:
    """One content block: how it starts, and what it grows by."""

    def __init__(self) -> None:
        self._start: bytes = ABSENT
        self._deltas: list[_Delta] = []

    def take(self, event: Event) -> None:
        if is_given(event.start):
            self._start = event.start
        if event.delta is not None:
            self._deltas.append(event.delta)

    def whole(self) -> bytes:
        """Return the block as a complete answer would have it; arguments that were cut off stay text."""
        start = _started.decode(self._start) if is_given(self._start) else {}
        thoughts = [delta.reasoning_content for delta in self._deltas if delta.reasoning_content]
        if "toolUse" in start:
            arguments = "".join(delta.tool_use.input for delta in self._deltas if delta.tool_use)
            start["toolUse"]["input"] = _json_or_text(arguments) if arguments else {}
            return msgspec.json.encode(start)
        if thoughts:
            return msgspec.json.encode({"reasoningContent": _reasoning(thoughts)})
        return msgspec.json.encode(start or {"text": "".join(delta.text for delta in self._deltas)})


def _reasoning(thoughts: list[_Reasoning]) -> dict[str, object]:
    if sealed := "".join(thought.redacted_content for thought in thoughts):
        return {"redactedContent": sealed}
    words = {"text": "".join(thought.text for thought in thoughts)}
    signature = "".join(thought.signature for thought in thoughts)
    return {"reasoningText": {**words, "signature": signature} if signature else words}


def _json_or_text(arguments: str) -> object:
    try:
        return msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return arguments


class StreamedAnswer:
    """Takes the frames of any Bedrock stream. A machine without I/O.

    `message` is what Claude said to InvokeModel, None for other streams; `converse` what came as Converse's
    events; `metrics` what Bedrock itself counted, for models whose own stream has no counts.
    """

    def __init__(self) -> None:
        self.message: StreamedMessage | None = None
        self.converse = StreamedConverse()
        self.metrics: Metrics | None = None
        self.error = ""

    @property
    def is_complete(self) -> bool:
        if self.message is not None:
            return self.message.is_complete
        return self.converse.is_complete or (self.metrics is not None and not self.converse.is_damaged)

    def take(self, frame: Frame) -> None:
        kind = frame.header(":event-type")
        if not kind:
            self.error = frame.header(":exception-type") or frame.header(":error-code") or "error"
        elif kind == "chunk":
            self._take_chunk(frame.payload)
        else:
            self.converse.take(frame.payload)

    def _take_chunk(self, payload: bytes) -> None:
        try:
            data = b64decode(_chunk.decode(payload).bytes)
            members = _raws.decode(data)
            metrics = _metrics.decode(members[_METRICS]) if _METRICS in members else None
        except (msgspec.DecodeError, UnicodeDecodeError, Base64Error):
            self.converse.is_damaged = True
            return
        self.metrics = metrics or self.metrics
        if is_string(members.get("type", b"")):
            self.message = self.message or StreamedMessage()
            self.message.take(data)
        for name in _EVENTS & members.keys():
            self.converse.take(members[name])


_METRICS = "amazon-bedrock-invocationMetrics"
_EVENTS = {"messageStart", "contentBlockStart", "contentBlockDelta", "messageStop", "metadata"}
_event = msgspec.json.Decoder(Event)
_chunk = msgspec.json.Decoder(_Chunk)
_metrics = msgspec.json.Decoder(Metrics)
_started = msgspec.json.Decoder(dict[str, dict[str, object]])
_raws = msgspec.json.Decoder(dict[str, Raw])
