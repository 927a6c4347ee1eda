"""The shapes of Gemini CLI's messages, and what they say as segments."""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.segment import Segment, SegmentKind
from farthing.traces.quoted import quoted
from farthing.traces.source import Line
from farthing.wire.fields import ABSENT, is_given, items
from farthing.wire.scan import is_string

# What the program says in the user's name, and what the user says to the program.
_INJECTED = re.compile(rb'"(?:<[a-z_]+>|/|\?")')


class Tokens(Struct):
    input: int | None = None
    output: int | None = None
    cached: int | None = None
    thoughts: int | None = None
    tool: int | None = None

    @property
    def google(self) -> dict[str, object]:
        """The counts under the names of Google's API."""
        return {
            "promptTokenCount": self.input,
            "candidatesTokenCount": self.output,
            "cachedContentTokenCount": self.cached,
            "thoughtsTokenCount": self.thoughts,
            "toolUsePromptTokenCount": self.tool,
        }


class ToolCall(Struct):
    name: str = ""
    args: Raw = ABSENT
    result: Raw = ABSENT
    timestamp: str | None = None


class Function(Struct):
    name: str = ""
    args: Raw = ABSENT
    response: Raw = ABSENT


class Part(Struct, rename="camel"):
    text: Raw = ABSENT
    thought: bool | None = None
    function_call: Function | None = None
    function_response: Function | None = None
    inline_data: Raw = ABSENT
    file_data: Raw = ABSENT

    @property
    def is_sent(self) -> bool:
        """Whether a next request holds it: thoughts are not sent back, and empty text is none."""
        says = len(self.text) > len('""') or self.function_call or self.function_response
        return bool(says or self.inline_data or self.file_data) and not self.thought


class Message(Struct, rename="camel"):
    id: str | None = None
    timestamp: str | None = None
    type: str = ""
    content: Raw = ABSENT
    tool_calls: list[ToolCall] | None = None
    tokens: Tokens | None = None
    model: str | None = None


class Change(Struct):
    messages: Raw = ABSENT


class Record(Message):
    """A message, a change (`$set`, `$rewindTo`), or the description of the chat."""

    rewind_to: str | None = msgspec.field(default=None, name="$rewindTo")
    change: Change | None = msgspec.field(default=None, name="$set")
    session_id: str | None = None
    kind: str | None = None
    directories: list[str] | None = None
    messages: Raw = ABSENT


RECORDS = msgspec.json.Decoder(Record)
MESSAGES = msgspec.json.Decoder(Message)
_PART = msgspec.json.Decoder(Part)


def segments(message: Message, line: Line, *, is_first: bool) -> list[Segment]:
    """Return what a message says, with the results of its tools under the role "tool"."""
    if message.type == "gemini":
        said = [_part(part, SegmentKind.ASSISTANT, "assistant", line) for part in _parts(message.content)]
        called = any(segment.kind is SegmentKind.TOOL_CALL for segment in said)
        return said + [
            segment for call in message.tool_calls or () for segment in _call(call, line, called=called)
        ]
    if message.type == "user":
        kind = SegmentKind.TASK if is_first and asks(message) else SegmentKind.USER
        return [_part(part, kind, "user", line) for part in _parts(message.content)]
    return []  # what the screen showed: info, warning, error


def _call(call: ToolCall, line: Line, *, called: bool) -> Iterator[Segment]:
    if not called:
        yield quoted(SegmentKind.TOOL_CALL, "assistant", bytes(call.args), line, name=call.name)
    if is_given(call.result):
        yield quoted(SegmentKind.TOOL_RESULT, "tool", bytes(call.result), line, name=call.name)


def _part(part: Part, text: SegmentKind, role: str, line: Line) -> Segment:
    if part.function_call is not None:
        call = part.function_call
        return quoted(SegmentKind.TOOL_CALL, role, bytes(call.args), line, name=call.name)
    if part.function_response is not None:
        returned = part.function_response
        return quoted(SegmentKind.TOOL_RESULT, role, bytes(returned.response), line, name=returned.name)
    media = part.inline_data or part.file_data
    if media:
        return quoted(SegmentKind.MEDIA, role, bytes(media), line)
    return quoted(text, role, bytes(part.text), line)


def _parts(content: bytes) -> list[Part]:
    """Return the parts of a content (a string, a part or a list of parts) that are sent back."""
    parts: list[Part] = []
    for raw in items(content):
        part = Part(text=Raw(bytes(raw))) if is_string(raw) else _PART.decode(raw)
        if part.is_sent:
            parts.append(part)
    return parts


def asks(message: Message) -> bool:
    """Whether a person says it to the model."""
    if message.type != "user" or returns(message):
        return False
    first = next(iter(_parts(message.content)), Part())
    return bool(first.text) and _INJECTED.match(bytes(first.text)) is None


def returns(message: Message) -> bool:
    """Whether it holds the results of tools, which then need not be taken from the answer before."""
    return message.type == "user" and any(part.function_response for part in _parts(message.content))
