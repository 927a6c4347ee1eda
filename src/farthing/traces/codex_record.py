"""The shapes of Codex CLI's records, as far as they are read, and the arithmetic of its counters."""

import re

import msgspec
from msgspec import Raw, Struct

from farthing.wire import openai_usage
from farthing.wire.fields import ABSENT, count, is_given, items, members, string
from farthing.wire.openai_usage import Counted

# What Codex itself says in the user's name: <environment_context>, <turn_aborted>, … and the project's rules.
_INJECTED = re.compile(r"\s*(?:<[a-z_]+[> ]|# AGENTS\.md instructions)")


class Counters(Struct):
    """Token counts of a response or their running total; the input includes cached tokens."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0

    def since(self, before: "Counters") -> "Counters | None":
        """Return the increase from `before`; None where a count went down."""
        names = self.__struct_fields__
        increases = [getattr(self, name) - getattr(before, name) for name in names]
        return None if min(increases) < 0 else Counters(*increases)

    def counted(self) -> Counted:
        """Return the disjoint counts. Raises WireError on a negative count."""
        counted = openai_usage.count(
            {
                "input_tokens": self.input_tokens,
                "output_tokens": self.output_tokens,
                "input_tokens_details": {
                    "cached_tokens": self.cached_input_tokens,
                    "cache_write_tokens": self.cache_write_input_tokens,
                },
                "output_tokens_details": {"reasoning_tokens": self.reasoning_output_tokens},
            }
        )
        assert counted is not None, "both counts are given"
        return counted


class TokenInfo(Struct):
    total_token_usage: Counters | None = None
    last_token_usage: Counters | None = None


class Event(Struct):
    """One of many kinds of event; what is read of two of them."""

    type: str = ""
    info: Raw = ABSENT
    num_turns: object = None

    @property
    def told(self) -> TokenInfo | None:
        """The counts of a `token_count`; None where it tells only the rate limits."""
        return INFOS.decode(self.info) if self.type == "token_count" and is_given(self.info) else None

    @property
    def turns_taken_back(self) -> int:
        """How many questions a person took back, with all that followed."""
        taken_back = count(self.num_turns) if self.type == "thread_rolled_back" else None
        return taken_back or 0


class UsageRecord(Struct):
    """What one response used, told once, by the provider's id."""

    usage: Counters
    response_id: str = ""
    thread_id: str = ""
    session_id: str = ""


class Git(Struct):
    branch: str | None = None


class SessionMeta(Struct):
    """Which thread a file holds. `session_id` is the root thread's, of which others are sub-agents."""

    id: str
    session_id: str | None = None
    cwd: str | None = None
    cli_version: str | None = None
    git: Git | None = None
    model_provider: str | None = None
    forked_from_id: str | None = None
    parent_thread_id: str | None = None
    subagent_history_start_ordinal: int | None = None
    source: Raw = ABSENT
    base_instructions: Raw = ABSENT
    instructions: Raw = ABSENT
    dynamic_tools: Raw = ABSENT

    @property
    def _spawn(self) -> bytes:
        return members(members(self.source).get("subagent", ABSENT)).get("thread_spawn", ABSENT)

    @property
    def parent(self) -> str:
        """The thread that started this one, "" for a session's own."""
        spawned_by = string(members(self._spawn).get("parent_thread_id", ABSENT))
        return self.parent_thread_id or spawned_by

    @property
    def is_sub_agent(self) -> bool:
        return bool(self.parent) or "subagent" in members(self.source)

    @property
    def label(self) -> str:
        """The kind of sub-agent: its role, its name, or the program's own ("review")."""
        spawn = members(self._spawn)
        named = (string(spawn.get(key, ABSENT)) for key in ("agent_role", "agent_nickname"))
        return next(filter(None, named), "") or string(members(self.source).get("subagent", ABSENT))

    @property
    def system(self) -> bytes:
        """The system prompt as a JSON string; absent in older versions."""
        text = members(self.base_instructions).get("text", self.base_instructions)
        return text if string(text) else self.instructions if string(self.instructions) else ABSENT

    @property
    def tools(self) -> list[tuple[str, bytes]]:
        """The tools that a client added, by name; Codex's own are nowhere."""
        return [(string(members(raw).get("name", ABSENT)), raw) for raw in items(self.dynamic_tools)]


class TurnContext(Struct):
    model: str | None = None
    effort: str | None = None
    cwd: str | None = None


class Compacted(Struct):
    """A compaction: what the history is from now on, or at least how it is summed up."""

    message: Raw = ABSENT
    replacement_history: Raw = ABSENT

    @property
    def history(self) -> list[bytes]:
        return list(items(self.replacement_history))

    def sums_up(self, item: "ResponseItem") -> bool:
        """Whether an item of the history is the summary: Codex sends it as a user's words."""
        return item.role == "user" and bool(self.message) and item.text.endswith(string(self.message))


class _Part(Struct):
    text: str | None = None


class ResponseItem(Struct):
    """What decides whose words an item holds."""

    type: str = ""
    role: str | None = None
    content: Raw = ABSENT

    @property
    def is_answer(self) -> bool:
        """Whether the model wrote it."""
        if self.type == "message":
            return self.role == "assistant"
        return self.type == "reasoning" or self.type.endswith("_call")

    @property
    def asks(self) -> bool:
        """Whether a person says it to the model."""
        return self.type == "message" and self.role == "user" and not _INJECTED.match(self.text)

    @property
    def text(self) -> str:
        """The first text of a message."""
        try:
            parts = _PARTS.decode(self.content)
        except msgspec.DecodeError:
            return string(self.content)
        return next((part.text for part in parts if part.text), "")


class Record(Struct):
    timestamp: str | None = None
    type: str = ""
    payload: Raw = ABSENT
    ordinal: int | None = None


_PARTS = msgspec.json.Decoder(list[_Part])
RECORDS = msgspec.json.Decoder(Record)
ITEMS = msgspec.json.Decoder(ResponseItem)
METAS = msgspec.json.Decoder(SessionMeta)
CONTEXTS = msgspec.json.Decoder(TurnContext)
EVENTS = msgspec.json.Decoder(Event)
INFOS = msgspec.json.Decoder(TokenInfo)
USAGES = msgspec.json.Decoder(UsageRecord)
COMPACTIONS = msgspec.json.Decoder(Compacted)
