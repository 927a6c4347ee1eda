"""What is structurally visible of a step: who calls, what the call answers, what it may use, what came out.

A signature is known before the call and a shape after it. Both look at kinds, names, digests and
counts, never at the words of a prompt: steps with one signature do the same job in the agent's
loop, whatever they are about, so evidence about some of them holds for the others.
"""

from enum import StrEnum
from typing import NamedTuple

from xxhash import xxh3_64_hexdigest

from farthing.prefix import Prefix
from farthing.segment import Segment, SegmentKind
from farthing.span import Span
from farthing.step import Step

MIXED = "mixed"
SCHEMA = "schema"
TEXT = "text"

_PICTURED = (SegmentKind.MEDIA, SegmentKind.SUMMARY)
_WORDS = {SegmentKind.TASK: "task", SegmentKind.USER: "user"}
# Blocks of one message that are looked at. More of them answer nothing that these do not.
_REACH = 64


class Signature(NamedTuple):
    """`answers` is "task", "user", "tool_result:NAME" or "mixed"; "" where the context is not recorded.

    `tools` stands for the set of tools on offer, whatever their order: eight hexadecimal digits, ""
    where none are offered or recorded. `output_schema` tells that the answer must follow a schema.
    """

    agent_label: str
    answers: str
    tools: str
    output_schema: bool


class Size(StrEnum):
    """How much came out, in tokens, at most."""

    TINY = "up to 64"
    SMALL = "up to 256"
    MEDIUM = "up to 1,024"
    LARGE = "above 1,024"


class Shape(NamedTuple):
    """`form` is "text", "tool_call:NAME" (however many calls), "schema" or "mixed"; "" if unseen."""

    form: str
    size: Size


class Signatures:
    """Tells the signature of each step of a session; a step costs its new links. A machine without I/O."""

    def __init__(self) -> None:
        self._offers: dict[bytes, str] = {}

    def of(self, step: Step) -> Signature:
        return Signature(
            step.agent_label, answered(step.prefix), self._tools(step.prefix), step.output_schema
        )

    def _tools(self, tip: Prefix | None) -> str:
        """Return what stands for the tools in front of a context; contexts met before end the climb."""
        if tip is None:
            return ""
        link: Prefix | None = tip
        offers = self._offers
        while link is not None and link.digest not in offers and link.segment.kind is not SegmentKind.TOOLS:
            link = link.parent
        if link is not None and link.digest not in offers:
            offers[link.digest] = _digest_of_set(link)
        offers[tip.digest] = offers[link.digest] if link is not None else ""
        return offers[tip.digest]


def answered(tip: Prefix | None) -> str:
    """Return what the newest message of a context is; a summary or a picture alone counts as the user's."""
    said: set[str] = set()
    link, left = tip, _REACH
    while link is not None and left and link.segment.role not in ("assistant", "system", ""):
        said.add(_part(link.segment))
        link, left = link.parent, left - 1
    words = said - {"user"} if "task" in said else said
    return words.pop() if len(words) == 1 else MIXED if words else ""


def shape(span: Span, *, output_tokens: int) -> Shape:
    """Return what came out of a call; reasoning is how it came about and does not count."""
    return Shape(form(span), size_of(output_tokens))


def form(span: Span) -> str:
    """Return the form of what came out."""
    tools = {segment.name for segment in span.output if segment.kind is SegmentKind.TOOL_CALL}
    is_told = any(segment.kind is SegmentKind.ASSISTANT for segment in span.output)
    if len(tools) > 1 or (tools and is_told):
        return MIXED
    if tools:
        return f"tool_call:{tools.pop()}"
    if not is_told:
        return ""
    return SCHEMA if span.step.output_schema else TEXT


def size_of(output_tokens: int) -> Size:
    if output_tokens <= 64:
        return Size.TINY
    if output_tokens <= 256:
        return Size.SMALL
    return Size.MEDIUM if output_tokens <= 1_024 else Size.LARGE


def _part(segment: Segment) -> str:
    if segment.kind is SegmentKind.TOOL_RESULT:
        return f"tool_result:{segment.name}"
    return "user" if segment.kind in _PICTURED else _WORDS.get(segment.kind, "user")


def _digest_of_set(last_tool: Prefix) -> str:
    digests = []
    link: Prefix | None = last_tool
    while link is not None:
        digests.append(link.segment.digest)
        link = link.parent
    return xxh3_64_hexdigest(b"".join(sorted(digests)))[:8]
