"""Gemini's tools, contents and parts as blocks, in requests and answers alike.

A part says what it is by the member it has. Google takes both spellings of a name (functionCall,
function_call), and so is it here. A `thoughtSignature` is a sealed thought beside the part that carries
it: a block of its own, so that the words of a part digest alike with and without it.
"""

from collections.abc import Iterator, Mapping

from farthing.segment import SegmentKind
from farthing.wire.fields import ABSENT, is_given, items, members, string
from farthing.wire.scan import Block, compact, is_string, text, text_of

CODE_EXECUTION = "code_execution"

_OWN_TOOLS = (
    (SegmentKind.TOOL_CALL, "toolCall", "args"),
    (SegmentKind.TOOL_RESULT, "toolResponse", "response"),
)

_NO_ARGUMENTS = b"{}"  # Google leaves out what its SDK sends back as an empty object
_MEDIA = ("inlineData", "fileData")
# Google answers with the plain alphabet; its SDK sends the same bytes back in the URL-safe one (recorded).
_ONE_BASE64 = bytes.maketrans(b"-_", b"+/")


def tool_blocks(tools: bytes) -> Iterator[Block]:
    """Yield one block for each function declaration, and one for each tool of Google's own."""
    for tool in items(tools):
        for kind, raw in named(tool).items():
            if kind == "functionDeclarations":
                for declaration in items(raw):
                    name = string(members(declaration).get("name", ABSENT))
                    yield Block(declaration, SegmentKind.TOOLS, "", compact(declaration), name)
            elif is_given(raw):
                yield Block(raw, SegmentKind.TOOLS, "", text(f"{kind}\n") + compact(raw), kind)


def system_blocks(instruction: bytes) -> Iterator[Block]:
    """Yield the blocks of a system instruction: a content, or (older clients) a string."""
    if is_string(instruction):
        yield Block(instruction, SegmentKind.SYSTEM, "system", text_of(instruction))
    for part in items(members(instruction).get("parts", ABSENT)):
        for block in part_blocks(part, "system"):
            is_text = block.kind is SegmentKind.USER
            yield block._replace(kind=SegmentKind.SYSTEM) if is_text else block


def content_blocks(raw: bytes, *, opening: bool) -> Iterator[Block]:
    """Yield the blocks of one content; in the opening, the first user text is the task."""
    content = members(raw)
    role = string(content.get("role", ABSENT)) or "user"
    for part in items(content.get("parts", ABSENT)):
        for block in part_blocks(part, role):
            is_task = opening and block.kind is SegmentKind.USER
            opening = opening and not is_task
            yield block._replace(kind=SegmentKind.TASK) if is_task else block


def part_blocks(raw: bytes, role: str) -> Iterator[Block]:
    """Yield the block of a part and, where it carries one, its sealed thought. Empty text is none."""
    part = named(raw)
    block = _block(raw, part, role)
    if block.content:
        yield block
    signature = part.get("thoughtSignature", ABSENT)
    if string(signature):
        yield Block(signature, SegmentKind.REASONING, role, text_of(signature).translate(_ONE_BASE64))


def call_content(name: str, arguments: bytes) -> bytes:
    """Return what is digested of a function call; its id is not rendered."""
    return text(name) + b"\n" + arguments


def named(raw: bytes) -> Mapping[str, bytes]:
    """Return an object's members under the names that Google writes itself."""
    return {_camel(name): value for name, value in members(raw).items()}


def _block(raw: bytes, part: Mapping[str, bytes], role: str) -> Block:
    if "functionCall" in part:
        call = named(part["functionCall"])
        name = string(call.get("name", ABSENT))
        arguments = b"" if "willContinue" in call else compact(call.get("args", _NO_ARGUMENTS))
        return Block(raw, SegmentKind.TOOL_CALL, role, call_content(name, arguments), name)
    if "functionResponse" in part:
        return _result(raw, part["functionResponse"])
    for kind, member, inner in _OWN_TOOLS:
        if member in part:
            tool = named(part[member])
            name = string(tool.get("toolType", ABSENT)).lower()
            return Block(raw, kind, role, call_content(name, compact(tool.get(inner, _NO_ARGUMENTS))), name)
    if "executableCode" in part:
        return Block(raw, SegmentKind.TOOL_CALL, role, compact(part["executableCode"]), CODE_EXECUTION)
    if "codeExecutionResult" in part:
        return Block(raw, SegmentKind.TOOL_RESULT, role, compact(part["codeExecutionResult"]), CODE_EXECUTION)
    return _said(raw, part, role)


def _result(raw: bytes, response: bytes) -> Block:
    """Return a function's result: what it returned, and the media that came with it."""
    result = members(response)
    content = b"\n".join(compact(result[name]) for name in ("response", "parts") if name in result)
    return Block(raw, SegmentKind.TOOL_RESULT, "tool", content, string(result.get("name", ABSENT)))


def _said(raw: bytes, part: Mapping[str, bytes], role: str) -> Block:
    said = SegmentKind.ASSISTANT if role == "model" else SegmentKind.USER
    if is_string(part.get("text", ABSENT)):
        is_thought = bytes(part.get("thought", ABSENT)) == b"true"
        return Block(raw, SegmentKind.REASONING if is_thought else said, role, text_of(part["text"]))
    if "thoughtSignature" in part and len(part) == 1:
        return Block(raw, SegmentKind.REASONING, role, b"")
    kind = SegmentKind.MEDIA if any(member in part for member in _MEDIA) else said
    return Block(raw, kind, role, compact(raw))


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.title, rest)) if rest else name
