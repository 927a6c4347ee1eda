"""A segment is one content block of a request, in the order in which providers cache.

Providers render tools, then system, then messages, and cache a prefix of that. A segment is
the smallest piece whose cost farthing follows. Its digest decides whether two requests share
it, so the rule is fixed here once:

- `cache_control` and other cache markers are left out: they move from step to step while the
  model sees the same tokens.
- A plain string and a list of one text block digest alike: providers render them alike.
- The rest is the block's bytes as sent: key order inside a tool call does reach the cache.
- Role and kind are in the digest, because the same words in another role are other tokens.
"""

from enum import StrEnum

from msgspec import Struct
from xxhash import xxh3_128_digest


class SegmentKind(StrEnum):
    """What a block is; `remainder` is input that the provider counted and the source does not show."""

    TOOLS = "tools"
    SYSTEM = "system"
    TASK = "task"
    USER = "user"
    ASSISTANT = "assistant"
    REASONING = "reasoning"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    MEDIA = "media"
    SUMMARY = "summary"
    REMAINDER = "remainder"
    OUTPUT = "output"


class Level(StrEnum):
    """The three levels of a provider's prefix; losing one loses all later ones."""

    TOOLS = "tools"
    SYSTEM = "system"
    MESSAGES = "messages"


class Segment(Struct, frozen=True):
    """One block: what it is, whose it is, how big, and where its bytes stand in the source.

    `name` is the tool for tool schemas, calls and results, else "". `size` is in bytes without
    markers. `offset` and `length` find the content again where it was first seen, in the
    (decompressed) source that ingest numbers `source`, so that no text is kept in memory; -1 where
    that is not known.
    """

    kind: SegmentKind
    role: str
    name: str
    digest: bytes
    size: int
    offset: int = -1
    length: int = 0
    source: int = -1

    @property
    def level(self) -> Level:
        if self.kind is SegmentKind.TOOLS:
            return Level.TOOLS
        return Level.SYSTEM if self.kind is SegmentKind.SYSTEM else Level.MESSAGES


def digest_block(kind: SegmentKind, role: str, content: bytes) -> bytes:
    """Return the 16-byte digest of a block's marker-free content (xxh3-128: fast, not for hostile input)."""
    return xxh3_128_digest(f"{kind}\0{role}\0".encode() + content)
