"""The shapes of Claude Code's records, as far as they are read; whatever else a record holds is passed over.

Versions differ in what they write, so every member may be missing. What is long stays `Raw`, a view of
the line's own bytes: a tool's result is checked, hashed and measured, and never built.
"""

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from farthing.segment import SegmentKind
from farthing.wire.anthropic_usage import Counts
from farthing.wire.fields import ABSENT

# Records that are no part of the conversation.
_ASIDES = frozenset(
    {"queue-operation", "last-prompt", "mode", "permission-mode", "ai-title", "custom-title", "cost-state"}
)


class Block(Struct):
    """One content block of a message, of any type."""

    type: str = ""
    text: Raw = ABSENT
    input: Raw = ABSENT
    content: Raw = ABSENT
    thinking: Raw = ABSENT
    signature: Raw = ABSENT
    data: Raw = ABSENT
    source: Raw = ABSENT
    id: str | None = None
    name: str | None = None
    tool_use_id: str | None = None

    @property
    def said(self) -> bytes:
        """The JSON of what the model sees of the block; each type of block has one such member."""
        if self.signature:
            # Newer versions leave the thinking empty; the signature holds what is sent back, encrypted.
            return self.thinking if len(self.thinking) > len('""') else self.signature
        return self.text or self.input or self.content or self.thinking or self.data or self.source

    def kind(self, text: SegmentKind) -> SegmentKind:
        """Return what the block is; plain text that no tool returned is of the kind `text`."""
        kind = self.type
        if kind == "text":
            return SegmentKind.TOOL_RESULT if self.tool_use_id else text
        if kind.endswith("tool_use"):
            return SegmentKind.TOOL_CALL
        if kind.endswith("tool_result"):
            return SegmentKind.TOOL_RESULT
        if kind.endswith("thinking"):
            return SegmentKind.REASONING
        return SegmentKind.MEDIA if self.source else text


class Message(Struct):
    id: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    content: str | list[Block] | None = None
    usage: Counts | None = None


class Kept(Struct, rename="camel"):
    """Messages that a compaction kept, and the record behind which they hang from then on."""

    anchor_uuid: str = ""
    uuids: tuple[str, ...] = ()
    all_uuids: tuple[str, ...] = ()
    head_uuid: str = ""
    tail_uuid: str = ""

    @property
    def records(self) -> tuple[str, ...]:
        return self.all_uuids or self.uuids or (self.head_uuid, self.tail_uuid)


class Compaction(Struct, rename="camel"):
    preserved_messages: Kept | None = None
    preserved_segment: Kept | None = None

    @property
    def kept(self) -> Kept | None:
        return self.preserved_messages or self.preserved_segment


class Attachment(Struct, rename="camel"):
    """What the program slips into the conversation: a hook's output, a file, a prompt typed meanwhile."""

    type: str = ""
    hook_event: str | None = None
    content: Raw = ABSENT
    prompt: Raw = ABSENT


class Record(Struct, rename="camel"):
    """One line. `stream_session_id` and `calling_tool_use_id` are of `--output-format stream-json` only."""

    type: str = ""
    subtype: str | None = None
    uuid: str | None = None
    parent_uuid: str | UnsetType | None = UNSET
    session_id: str | None = None
    stream_session_id: str | None = msgspec.field(default=None, name="session_id")
    timestamp: str | None = None
    message: Message | None = None
    is_sidechain: bool | None = None
    agent_id: str | None = None
    attribution_agent: str | None = None
    calling_tool_use_id: str | None = msgspec.field(default=None, name="parent_tool_use_id")
    is_meta: bool | None = None
    is_compact_summary: bool | None = None
    is_api_error_message: bool | None = None
    forked_from: Raw = ABSENT
    compact_metadata: Compaction | None = None
    attachment: Raw = ABSENT
    content: Raw = ABSENT
    cwd: str | None = None
    git_branch: str | None = None
    version: str | None = None


class SignedMessage(Struct):
    parts: Raw = ABSENT


class Sign(Struct, rename="camel"):
    """What tells that a line is one of ours.

    Qwen Code writes records with the same envelope, but messages with `parts`.
    """

    type: str = ""
    subtype: str | None = None
    session_id: str | None = None
    parent_uuid: str | UnsetType | None = UNSET
    leaf_uuid: str | None = None
    message: SignedMessage | None = None
    stream_session_id: str | None = msgspec.field(default=None, name="session_id")
    calling_tool_use_id: str | UnsetType | None = msgspec.field(default=UNSET, name="parent_tool_use_id")

    @property
    def is_ours(self) -> bool:
        if self.message is not None and self.message.parts:
            return False
        in_session = self.session_id is not None and (self.parent_uuid is not UNSET or self.type in _ASIDES)
        in_stream = self.stream_session_id is not None and (
            self.calling_tool_use_id is not UNSET or (self.type, self.subtype) == ("system", "init")
        )
        return in_session or in_stream or (self.type == "summary" and self.leaf_uuid is not None)


class TextMessage(Struct):
    content: Raw = ABSENT


class TextRecord(Struct):
    """A record whose content is a string, as bytes."""

    message: TextMessage


class Stub(Struct, rename="camel"):
    """What is read of a record of an odd shape: enough to go on with the conversation behind it."""

    type: str = ""
    uuid: str | None = None
    parent_uuid: str | UnsetType | None = UNSET


class Delegation(Struct):
    """The arguments of a call that starts a sub-agent."""

    subagent_type: str | None = None
    description: str | None = None
    prompt: Raw = ABSENT


class Meta(Struct, rename="camel"):
    """`agent-….meta.json`, beside a sub-agent's file."""

    agent_type: str | None = None
    description: str | None = None


RECORDS = msgspec.json.Decoder(Record)
SIGNS = msgspec.json.Decoder(Sign)
STUBS = msgspec.json.Decoder(Stub)
ATTACHMENTS = msgspec.json.Decoder(Attachment)
DELEGATIONS = msgspec.json.Decoder(Delegation)
METAS = msgspec.json.Decoder(Meta)
BLOCKS = msgspec.json.Decoder(list[Block])
TEXTS = msgspec.json.Decoder(TextRecord)
