"""What a platform recorded of a call's input and output, whole or wrapped, to chains of segments.

The value under `input` may be a list of messages, a request body, a framework's arguments around one, a
plain string, or JSON inside a string; what came back varies as much. This module finds the messages, the
system prompt and the tools in it; `dialects` reads each message.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from farthing.errors import WireError
from farthing.prefix import Chains, Prefix
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.step import Breakpoint, Recorded
from farthing.traces.attributes import unwrapped
from farthing.traces.dialects import (
    answer_blocks,
    is_gemini_tools,
    is_responses_item,
    is_tool_definition,
    message_blocks,
    system_blocks,
    tool_definitions,
)
from farthing.traces.documents import Document
from farthing.traces.finding import Finder, Found
from farthing.traces.source import Note
from farthing.wire import gemini_content
from farthing.wire.fields import ABSENT, is_given, items, members
from farthing.wire.message import BlockMemo
from farthing.wire.openai_content import tool_blocks
from farthing.wire.scan import PLACE_UNKNOWN, Block, Read, Scan, decode, is_string
from farthing.wire.turns import take_turns

_MESSAGES = ("messages", "input", "contents", "prompt", "prompts", "kwargs", "body", "request", "inputs")
_SYSTEM = ("system", "instructions", "system_instruction", "systemInstruction", "systemPrompt")
_TOOLS = ("tools", "functions", "toolDefinitions", "tool_definitions")
_CONFIGS = ("config", "generation_config", "invocation_params", "kwargs", "body", "request")
_ANSWERS = ("choices", "generations", "candidates", "output", "outputs", "response", "result")
_WORDS = ("text", "completion", "output_text", "answer")
_DEEPEST = 4
_ASKS = (SegmentKind.TASK, SegmentKind.USER)
_TOOL_USE = (SegmentKind.TOOL_CALL, SegmentKind.TOOL_RESULT)
_CHECKED = msgspec.json.Decoder(msgspec.Raw)


class Context(NamedTuple):
    """The context of one request and its turn of the conversation, with the kinds of its segments.

    `breakpoints` are None where no cache marker is shown: most instrumentations leave them out.
    """

    prefix: Prefix | None
    turn: int
    kinds: frozenset[SegmentKind]
    breakpoints: tuple[Breakpoint, ...] | None = None

    def recorded_with(self, output: Sequence[Segment]) -> Recorded:
        """Return how much of the request is shown: calls of tools that no schema describes miss those."""
        if self.prefix is None:
            return Recorded.COUNTS
        uses_tools = self.kinds.union(segment.kind for segment in output).intersection(_TOOL_USE)
        return Recorded.DELTA if uses_tools and SegmentKind.TOOLS not in self.kinds else Recorded.FULL


NO_CONTEXT = Context(None, 0, frozenset())


class Contexts:
    """Makes the contexts of one file's calls, sharing what they share. A machine without I/O.

    A request that was cut off in its middle, as length limits of attributes and columns do, has no context;
    its call keeps its counts.
    """

    def __init__(self) -> None:
        self.clipped = 0
        self._chains = Chains()
        self._memo = BlockMemo()
        self._new: list[Block] = []
        self._quotable: dict[tuple[bytes, str], Segment] = {}

    def context(
        self, request: bytes, *, system: bytes = ABSENT, tools: bytes = ABSENT, origin: Document | None = None
    ) -> Context:
        """Return what a request says: its own system prompt and tools, unless they are told beside it.

        With the record known that is its `origin`, the words that it is the first to say can be quoted.
        """
        try:
            return self._context(request, system, tools, origin)
        except WireError:
            self.clipped += 1
            return NO_CONTEXT

    def notes(self) -> Iterator[Note]:
        """Yield what the reader of the report must know; to be asked at the end of the file."""
        if self.clipped:
            yield Note(f"{self.clipped} calls have a request that was cut off: only their counts are used")

    def answer(self, value: bytes) -> tuple[Segment, ...]:
        """Return the blocks of what came back; nothing of a value that is no answer or was cut off."""
        scan = Scan(b"", base=PLACE_UNKNOWN, memo=self._memo)
        for raw in _answers(unwrapped(value), _DEEPEST):
            scan.take("recorded answer", raw, answer_blocks)
        return tuple(scan.segments)

    def _context(self, request: bytes, system: bytes, tools: bytes, origin: Document | None) -> Context:
        value = unwrapped(request)
        if is_given(value) and not is_string(value):
            decode(_CHECKED, value, "recorded request")
        found = _without_tools(_request(value, value))
        self._new.clear()
        head = self._head(
            unwrapped(system if is_given(system) else found.system),
            unwrapped(tools if is_given(tools) else found.tools),
        )
        scan = Scan(found.buffer, base=PLACE_UNKNOWN, memo=self._memo)
        take_turns(scan, found.messages, "recorded message", self._read_message)
        segments = self._placed([*head.segments, *scan.segments], origin)
        if not segments:
            return NO_CONTEXT
        kinds = frozenset(segment.kind for segment in segments)
        later = (Breakpoint(len(head.segments) + mark.depth, mark.ttl_s) for mark in scan.breakpoints)
        marks = (*head.breakpoints, *later)
        return Context(self._chains.of(segments), _turn(scan.segments), kinds, marks or None)

    def _head(self, system: bytes, tools: bytes) -> Scan:
        scan = Scan(b"", base=PLACE_UNKNOWN, memo=self._memo)
        if is_given(tools):
            reader = gemini_content.tool_blocks if is_gemini_tools(tools) else tool_blocks
            scan.take("recorded tools", tool_definitions(tools), self._noting(reader))
        if is_given(system):
            scan.take("recorded system", system, self._noting(system_blocks))
        return scan

    def _read_message(self, raw: bytes, /, *, opening: bool) -> Iterator[Block]:
        return self._noted(message_blocks(raw, opening=opening))

    def _noting(self, read: Read) -> Read:
        return lambda raw: self._noted(read(raw))

    def _noted(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Yield blocks, which no earlier request had, and remember them until their words are found."""
        for block in blocks:
            self._new.append(block)
            yield block

    def _placed(self, segments: list[Segment], origin: Document | None) -> list[Segment]:
        """Return the segments with the places where their words were first found."""
        if origin is not None and origin.is_quotable and self._new:
            self._find(segments, origin)
        quotable = self._quotable
        return [quotable.get((segment.digest, segment.name), segment) for segment in segments]

    def _find(self, segments: list[Segment], origin: Document) -> None:
        finder = Finder(bytes(origin.raw))
        places: dict[bytes, Found] = {}
        for block in self._new:
            found = finder.find(_quotable(block))
            if found is not None:
                places[digest_block(block.kind, block.role, block.content)] = found
        for segment in segments:
            place = places.get(segment.digest)
            if place is not None:
                key = segment.digest, segment.name
                at = origin.offset + place.start
                self._quotable.setdefault(key, replace(segment, offset=at, length=place.length))


def _quotable(block: Block) -> bytes:
    """Return what can be quoted of a block: of a call its arguments, for its name stands apart."""
    return block.content.partition(b"\n")[2] if block.kind is SegmentKind.TOOL_CALL else block.content


class _Asked(NamedTuple):
    """What a request was found to hold; the messages are views of `buffer`."""

    buffer: bytes
    messages: Sequence[bytes]
    system: bytes = ABSENT
    tools: bytes = ABSENT


def _request(value: bytes, buffer: bytes, depth: int = _DEEPEST) -> _Asked:
    if is_string(value):
        return _Asked(buffer, [value])
    said = members(value)
    if not said:
        listed = items(value)
        # LangChain keeps a batch of one: a list with the list of messages in it.
        is_batch = bool(listed) and not is_string(listed[0]) and not members(listed[0])
        return _Asked(buffer, items(listed[0]) if is_batch else listed)
    wrapped = _first(said, _MESSAGES)
    if "role" in said or not is_given(wrapped) or not depth:
        return _Asked(buffer, [value], _first(said, _SYSTEM), _first(said, _TOOLS))
    inner = unwrapped(wrapped)
    found = _request(inner, buffer if inner is wrapped else inner, depth - 1)
    config = members(_first(said, _CONFIGS))
    return found._replace(
        system=_first(said, _SYSTEM) or found.system or _first(config, _SYSTEM),
        tools=_first(said, _TOOLS) or found.tools or _first(config, _TOOLS),
    )


def _without_tools(found: _Asked) -> _Asked:
    """Return the request with the tool schemas that stand behind its messages where they belong."""
    end = len(found.messages)
    while end and is_tool_definition(found.messages[end - 1]):
        end -= 1
    if end == len(found.messages):
        return found
    schemas = (bytes(members(message)["content"]) for message in found.messages[end:])
    return found._replace(messages=found.messages[:end], tools=b"[" + b",".join(schemas) + b"]")


def _answers(value: bytes, depth: int) -> Iterator[bytes]:
    """Yield the messages of an answer: of each choice, generation or candidate; items; or the answer."""
    said = members(value)
    if is_string(value) or "role" in said or "message" in said or "kwargs" in said or "parts" in said:
        yield value
    elif not said:
        for element in items(value) if depth else ():
            yield from _answers(element, depth - 1)
    elif is_responses_item(said):
        yield value
    elif "toolName" in said:
        yield b'{"tool_calls":[' + bytes(value) + b"]}"
    elif is_given(inner := _first(said, _ANSWERS)):
        yield from _answers(unwrapped(inner), depth - 1) if depth else ()
    elif is_string(words := _first(said, _WORDS)):
        yield words
    else:
        content = said.get("content", ABSENT)
        is_wrapper = bool(members(content)) and "type" not in said
        yield content if is_wrapper else value


def _turn(segments: Sequence[Segment]) -> int:
    """Return how often the user has spoken: once for each run of a user's blocks."""
    spoke = [segment.kind in _ASKS and segment.role == "user" for segment in segments]
    return sum(later and not earlier for earlier, later in pairwise([False, *spoke]))


def _first(said: Mapping[str, bytes], names: Sequence[str]) -> bytes:
    return next((said[name] for name in names if name in said and is_given(said[name])), ABSENT)
