"""Claude Code's sessions, its sub-agents, and the stream of `claude -p --output-format stream-json`.

A line is one record of a tree (`parentUuid`); it holds what is new, so contexts are rebuilt (see
`tree`). The system prompt and the tools are never written. One answer is several lines with one
`message.id`, one for each content block: their blocks are the answer, the largest output count is
the final one (lines are written while the answer streams), and the first line's parent tells the context.

Left out: results repeated under `toolUseResult`, answers that the program wrote itself
(`<synthetic>`), and sub-agents' usage that a parent repeats. Sizes and digests are those of a block's
JSON as written.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Raw

from farthing.errors import RecordError, WireError
from farthing.segment import SegmentKind
from farthing.traces.claude_code_call import Call
from farthing.traces.claude_code_content import Content, blocks_of
from farthing.traces.claude_code_record import (
    ATTACHMENTS,
    METAS,
    RECORDS,
    SIGNS,
    STUBS,
    Attachment,
    Block,
    Kept,
    Message,
    Record,
)
from farthing.traces.source import Dropped, Format, Item, Line, Match, Sample, Skipped, Source
from farthing.traces.tree import Place, Said, Tree
from farthing.wire.scan import decode

_SESSION_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_READ = ("assistant", "user", "system", "attachment")

# Attachments that only the program itself and its screen see. What a hook prints reaches the model at two
# events alone (code.claude.com, hooks, 2026-10).
_SILENT = frozenset(
    {"already_read_file", "command_permissions", "edited_image_file", "goal_status", "structured_output"}
    | {"hook_cancelled", "hook_error_during_execution", "hook_non_blocking_error", "hook_permission_decision"}
    | {"hook_system_message"}
)
_SPEAKING_HOOKS = ("SessionStart", "UserPromptSubmit")

# Before a compaction was marked, its summary was known by how it begins.
_SUMMARY_BEGINS = b'"This session is being continued from a previous conversation'

# What a user did in the program itself: sent along with the next question, but asking nothing. Commands that
# do ask something begin with <command-message>.
_ASIDE_BEGINS = (b'"<bash-', b'"<local-command-', b'"<command-name>')

# What a first line holds that is too long for recognition to see its end.
_CUT_SIGNS = (re.compile(rb'"sessionId"\s*:\s*"'), re.compile(rb'"parentUuid"\s*:'))
_LINES_ASKED = 40


def recognise(sample: Sample) -> Match:
    """Lead: a session or a sub-agent's conversation. Member: what is known about a sub-agent, beside it."""
    path = PurePosixPath(sample.name)
    if path.name.startswith("agent-") and path.name.endswith(".meta.json"):
        return Match.MEMBER
    lines = sample.head.split(b"\n")
    cut = b"" if sample.whole else lines.pop()
    if any(_is_ours(line) for line in lines[:_LINES_ASKED]):
        return Match.LEAD
    is_cut_record = not lines and all(sign.search(cut) for sign in _CUT_SIGNS)
    return Match.LEAD if is_cut_record else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield each call when the next one of its agent begins, and what could not be read."""
    log = _Log(own_session=_own_session(source.name), agent_label=_agent_label(source))
    for line in source.lines():
        item = log.take(line)
        if item is not None:
            yield item
    yield from log.rest()


class _Here(NamedTuple):
    """A record, where it hangs in the tree, and the line that its content is a view of.

    A thread is one agent's own conversation: "" for the session's, else an id.
    """

    record: Record
    key: str
    thread: str
    place: Place
    line: Line

    @property
    def heard(self) -> str:
        return self.record.timestamp or ""


class _Log:
    """What is known of one file so far. A machine without I/O."""

    def __init__(self, *, own_session: str, agent_label: str) -> None:
        self._own_session = own_session
        self._agent_label = agent_label
        self._tree = Tree()
        self._tips: dict[str, Place] = {}
        self._open: dict[str, Call] = {}
        self._closed: set[str] = set()
        self._repeated_records = 0
        self._repeated_answers = 0
        self._content = Content()
        self._labels: dict[str, str] = {}
        self._sidechains: dict[str, str] = {}
        self._kept: dict[str, Kept] = {}
        self._attributes: dict[tuple[str | None, ...], tuple[tuple[str, str], ...]] = {}

    def take(self, line: Line) -> Item | None:
        """Add one record; return the call that it shows to be over, or why it cannot be used."""
        try:
            record, data = decode(RECORDS, line.data, "record")
            if record.uuid is None and record.message is None:
                return None
            return self._add(record, line if data is line.data else Line(line.offset, data))
        except WireError as error:
            return self._pass_over(line, str(error))
        except msgspec.DecodeError:
            return self._pass_over(line, "the attachment does not follow the format")

    def rest(self) -> Iterator[Item]:
        """Yield the calls that are still open, and how much was left out."""
        for call in sorted(self._open.values(), key=lambda call: call.offset):
            item = self._close(call)
            if item is not None:
                yield item
        if self._repeated_records:
            yield Dropped("records that stand twice in one file (uuid)", self._repeated_records)
        if self._repeated_answers:
            yield Dropped("answers that stand twice in one file (message.id)", self._repeated_answers)

    def _add(self, record: Record, line: Line) -> Item | None:
        key = record.uuid or str(line.offset)
        if self._tree.find(key) is not None:
            self._repeated_records += 1
            return None
        thread = self._thread(record)
        here = _Here(record, key, thread, self._place(record, thread), line)
        message, over = record.message, None
        if record.type == "assistant" and message is not None and not _is_made_up(record, message):
            over, place = self._answer(here, message)
        elif record.type == "user" and message is not None:
            place = self._said(here, message)
        elif record.type == "system":
            place = self._system(here)
        elif record.type == "attachment":
            place = self._attachment(here)
        else:
            place = self._tree.put(key, here.place)
        kept = self._kept.pop(key, None) if self._kept else None
        self._tips[thread] = place if kept is None else self._tree.graft(kept.records, place)
        return over

    def _answer(self, here: _Here, message: Message) -> tuple[Item | None, Place]:
        over = None
        key = message.id or here.key
        call = self._open.get(here.thread)
        if call is None or call.key != key:
            over = self._close(call)
            call = self._open[here.thread] = self._begin(here, key)
        call.take(message, here.record.timestamp)
        blocks = blocks_of(message.content, here.line.data)
        call.place.exchange.answer += self._content.segments(
            blocks, "assistant", SegmentKind.ASSISTANT, here.line
        )
        return over, self._tree.put(here.key, call.place)

    def _begin(self, here: _Here, key: str) -> Call:
        return Call(
            first=here.record,
            key=key,
            place=Place(self._tree.request(here.place), 0),
            thread=here.thread,
            label=self._labels.get(here.thread, ""),
            asked=here.place.exchange.heard or here.heard,
            offset=here.line.offset,
        )

    def _close(self, call: Call | None) -> Item | None:
        if call is None:
            return None
        if call.key in self._closed:
            self._repeated_answers += 1
            return None
        self._closed.add(call.key)
        return call.span(own_session=self._own_session, attributes=self._attributes_of(call.first))

    def _said(self, here: _Here, message: Message) -> Place:
        blocks = blocks_of(message.content, here.line.data)
        if here.thread and here.thread not in self._labels:
            started_by = self._content.delegated_to(blocks, call_id=here.thread)
            self._labels[here.thread] = started_by or self._agent_label
        result = any(block.tool_use_id for block in blocks)
        text = SegmentKind.USER if result else _kind_of_text(here, blocks)
        asks = not result and text is not SegmentKind.SUMMARY and not _is_aside(here.record, blocks)
        segments = self._content.segments(blocks, "user", text, here.line)
        return self._tree.say(here.key, here.place, Said(segments, result, asks), heard=here.heard)

    def _system(self, here: _Here) -> Place:
        record = here.record
        if record.subtype == "compact_boundary":
            kept = record.compact_metadata.kept if record.compact_metadata else None
            if kept is not None:
                self._kept[kept.anchor_uuid] = kept
            return self._tree.put(here.key, self._tree.root(turn=here.place.exchange.next_turn))
        if record.subtype == "local_command" and record.content:
            return self._slip_in(here, record.content, asks=False)
        return self._tree.put(here.key, here.place)

    def _attachment(self, here: _Here) -> Place:
        attachment = ATTACHMENTS.decode(here.record.attachment or b"{}")
        if _is_silent(attachment):
            return self._tree.put(here.key, here.place)
        raw = attachment.prompt or attachment.content or here.record.attachment
        return self._slip_in(here, raw, asks=attachment.type == "queued_command")

    def _slip_in(self, here: _Here, raw: Raw, *, asks: bool) -> Place:
        segments = self._content.segments([Block(type="text", text=raw)], "user", SegmentKind.USER, here.line)
        return self._tree.say(here.key, here.place, Said(segments, asks=asks), heard=here.heard)

    def _thread(self, record: Record) -> str:
        named = record.agent_id or record.calling_tool_use_id
        if named or not record.is_sidechain:
            return named or ""
        # Before version 2, sub-agents stood in their parent's file, and only the root told one from another.
        key = record.uuid or ""
        root = self._sidechains[key] = self._sidechains.get(record.parent_uuid or "", key)
        return root

    def _place(self, record: Record, thread: str) -> Place:
        """Return where a record hangs: behind its parent, or behind its thread if that is unknown."""
        parent = record.parent_uuid
        if parent is not None and parent is not UNSET:
            known = self._tree.find(parent)
            if known is not None:
                return known
        tip = self._tips.get(thread)
        if tip is None:
            return self._tree.root()
        return self._tree.root(turn=tip.exchange.next_turn) if parent is None else tip

    def _attributes_of(self, record: Record) -> tuple[tuple[str, str], ...]:
        key = (record.git_branch, record.cwd, record.version)
        known = self._attributes.get(key)
        if known is None:
            named = zip(("git_branch", "project", "version"), key, strict=True)
            known = self._attributes[key] = tuple((name, value) for name, value in named if value)
        return known

    def _pass_over(self, line: Line, reason: str) -> Skipped | None:
        """Return why a record is not used; what hangs behind it still finds its place.

        A record of a kind that is not read may have any shape, and is no loss.
        """
        try:
            stub = STUBS.decode(line.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Skipped(line.offset, reason)
        parent = self._tree.find(stub.parent_uuid) if isinstance(stub.parent_uuid, str) else None
        if stub.uuid is not None and parent is not None:
            self._tree.put(stub.uuid, parent)
        return Skipped(line.offset, reason) if stub.type in _READ else None


def _is_ours(line: bytes) -> bool:
    try:
        return SIGNS.decode(line).is_ours
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _is_made_up(record: Record, message: Message) -> bool:
    """Whether the program wrote the answer itself: an error, or a note that no request was made."""
    return bool(record.is_api_error_message) or message.model == "<synthetic>"


def _is_silent(attachment: Attachment) -> bool:
    if attachment.type == "hook_success":
        return attachment.hook_event not in _SPEAKING_HOOKS or len(attachment.content) <= len('""')
    return attachment.type in _SILENT or not attachment.type


def _kind_of_text(here: _Here, blocks: list[Block]) -> SegmentKind:
    if here.record.is_compact_summary or _begins(blocks, _SUMMARY_BEGINS):
        return SegmentKind.SUMMARY
    is_first = here.place.exchange.next_turn == 0 and not _is_aside(here.record, blocks)
    return SegmentKind.TASK if is_first else SegmentKind.USER


def _is_aside(record: Record, blocks: list[Block]) -> bool:
    """Whether a user's text asks nothing of the model."""
    return bool(record.is_meta) or _begins(blocks, *_ASIDE_BEGINS)


def _begins(blocks: list[Block], *beginnings: bytes) -> bool:
    return bool(blocks) and bytes(blocks[0].said).startswith(beginnings)


def _own_session(name: str) -> str:
    """Return the session that a path names: a session's file, or the folder of its sub-agents; else ""."""
    path = PurePosixPath(name)
    named = (part for part in (path.stem, *reversed(path.parent.parts)) if _SESSION_ID.fullmatch(part))
    return next(named, "")


def _agent_label(source: Source) -> str:
    """Return what the file beside a sub-agent's says of it: its type, else its task."""
    stem = PurePosixPath(source.name).stem
    meta = source.beside(f"{stem}.meta.json") if stem.startswith("agent-") else None
    if meta is None:
        return ""
    try:
        known = METAS.decode(meta.document())
    except (RecordError, msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return known.agent_type or known.description or ""


FORMAT = Format(name="claude-code", title="Claude Code sessions", recognise=recognise, read=read, priority=20)
