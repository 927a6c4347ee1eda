"""What messages of Claude Code say, block by block, as segments; and whom they set to work.

A tool's result is named by the call that it answers, and a sub-agent by the call that started it, so a
file is read in its order and calls are remembered.
"""

import msgspec
from xxhash import xxh3_64_intdigest

from farthing.segment import Segment, SegmentKind
from farthing.traces.claude_code_record import BLOCKS, DELEGATIONS, TEXTS, Block
from farthing.traces.quoted import quoted
from farthing.traces.source import Line
from farthing.wire.scan import is_string

_APART = ("text", "image", "document")
_DELEGATES = ("Task", "Agent")


class Content:
    """Reads the blocks of one file's messages. A machine without I/O."""

    def __init__(self) -> None:
        self._tools: dict[str, str] = {}
        self._delegated: dict[str | int, str] = {}

    def segments(self, blocks: list[Block], role: str, text: SegmentKind, line: Line) -> list[Segment]:
        """Return one segment for each block of a message in `line`; its plain text is of the kind `text`."""
        segments: list[Segment] = []
        for block in blocks:
            kind, content, name = block.kind(text), bytes(block.said), ""
            if kind is SegmentKind.TOOL_CALL:
                name = self._tools[block.id or ""] = block.name or ""
                if name in _DELEGATES:
                    self._delegate(block.id or "", content)
            elif block.tool_use_id:
                name = self._tools.get(block.tool_use_id, "")
            segments.append(quoted(kind, role, content, line, name=name))
        return segments

    def delegated_to(self, blocks: list[Block], *, call_id: str) -> str:
        """Return whom a call set to work, "" if none did; it is known by its id or its prompt, `blocks`."""
        by_prompt = self._delegated.get(xxh3_64_intdigest(blocks[0].said)) if blocks else None
        return self._delegated.get(call_id) or by_prompt or ""

    def _delegate(self, call_id: str, arguments: bytes) -> None:
        """Remember whom a call sets to work, by its id and by the prompt that the sub-agent begins with."""
        try:
            delegation = DELEGATIONS.decode(arguments)
        except msgspec.DecodeError:
            return
        label = delegation.subagent_type or delegation.description or ""
        self._delegated[call_id] = label
        self._delegated[xxh3_64_intdigest(delegation.prompt)] = label


def blocks_of(content: str | list[Block] | None, line: bytes) -> list[Block]:
    """Return the blocks of a content that was decoded from `line`; a string is one block of text."""
    if isinstance(content, list):
        for block in content:
            if block.tool_use_id:
                return [inner for block in content for inner in _inner(block)]
        return content
    # A string is looked up again as bytes: prompts are few, and only here is the kind of content known.
    return [] if content is None else [Block(type="text", text=TEXTS.decode(line).message.content)]


def _inner(result: Block) -> list[Block]:
    """Return a block; of a tool's result its pictures apart: their bytes say nothing about their tokens."""
    if not result.tool_use_id or is_string(result.content):
        return [result]
    try:
        inner = BLOCKS.decode(result.content)
    except msgspec.DecodeError:
        return [result]
    if not inner or any(block.type not in _APART for block in inner):
        return [result]
    for block in inner:
        block.tool_use_id = result.tool_use_id
    return inner
