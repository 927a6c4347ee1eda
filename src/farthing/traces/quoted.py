"""Segments of what a line of a trace says, with the place where it can be quoted from.

Sizes and digests are those of the JSON as written: a source of this kind writes each block once, so
nothing has to be equal across spellings, and a tool's result is hashed without being built.
"""

from farthing.segment import Segment, SegmentKind, digest_block
from farthing.traces.source import Line

_BEGIN_BYTES = 64


def quoted(kind: SegmentKind, role: str, content: bytes, line: Line, *, name: str = "") -> Segment:
    """Return the segment of `content`, which stands in `line`; a tool's call is measured with its name."""
    measured = name.encode() + content if kind is SegmentKind.TOOL_CALL else content
    digest = digest_block(kind, role, measured)
    return Segment(kind, role, name, digest, len(measured), _offset(content, line), len(content))


def _offset(content: bytes, line: Line) -> int:
    """Return where the content stands in the source, to be quoted from: any equal bytes will do.

    The first bytes are looked for, not all: `find` takes time by its needle's length to prepare itself.
    """
    start = line.data.find(content[:_BEGIN_BYTES])
    if not line.data.startswith(content, start):
        start = line.data.find(content)
    return line.offset + start if start >= 0 else -1
