"""The shapes of opencode's sessions, messages and parts, alike in its events, exports and database."""

from decimal import Decimal

import msgspec
from msgspec import Raw, Struct

from farthing.money import PICOUSD_PER_USD
from farthing.usage import Usage, cache_writes
from farthing.wire.fields import ABSENT


class Cache(Struct):
    read: int = 0
    write: int = 0


class Tokens(Struct):
    """A step's counts: input without cached tokens. `total` tells whether reasoning is in the output."""

    input: int = 0
    output: int = 0
    reasoning: int = 0
    total: int | None = None
    cache: Cache = msgspec.field(default_factory=Cache)

    @property
    def usage(self) -> Usage:
        """The disjoint counts. Raises ValueError on a negative count."""
        beside = self.reasoning if self._reasoning_is_beside else 0
        return Usage(
            uncached_input_tokens=self.input,
            cache_read_input_tokens=self.cache.read,
            cache_writes=cache_writes(unknown=self.cache.write),
            output_tokens=self.output + beside,
            reasoning_tokens=self.reasoning,
        )

    @property
    def _reasoning_is_beside(self) -> bool:
        others = self.input + self.output + self.cache.read + self.cache.write
        return self.reasoning > self.output if self.total is None else self.total >= others + self.reasoning


class Time(Struct):
    """Milliseconds; a message has `created` and `completed`, a part `start` and `end`."""

    created: float | None = None
    start: float | None = None
    end: float | None = None


class Model(Struct):
    provider_id: str = msgspec.field(default="", name="providerID")
    model_id: str = msgspec.field(default="", name="modelID")


class Path(Struct):
    cwd: str = ""


class Info(Struct):
    """A message without its parts. `summary` is true on the answer of a compaction, else of another shape."""

    id: str = ""
    role: str = ""
    session_id: str = msgspec.field(default="", name="sessionID")
    provider_id: str = msgspec.field(default="", name="providerID")
    model_id: str = msgspec.field(default="", name="modelID")
    agent: str | None = None
    path: Path | None = None
    time: Time = msgspec.field(default_factory=Time)
    tokens: Tokens | None = None
    cost: Decimal = Decimal(0)
    summary: Raw = ABSENT

    @property
    def is_summary(self) -> bool:
        return bytes(self.summary) == b"true"


class State(Struct):
    """How far a tool's run has got; the last state of a part is the one that counts."""

    status: str = ""
    input: Raw = ABSENT
    output: Raw = ABSENT
    error: Raw = ABSENT
    time: Time | None = None


class Part(Struct):
    """A piece of a message. A `step-finish` closes one model call of it and has its counts."""

    id: str = ""
    type: str = ""
    message_id: str = msgspec.field(default="", name="messageID")
    session_id: str = msgspec.field(default="", name="sessionID")
    text: Raw = ABSENT
    url: Raw = ABSENT
    tool: str = ""
    state: State | None = None
    reason: str | None = None
    tokens: Tokens | None = None
    cost: Decimal | None = None
    time: Time | None = None
    ignored: bool | None = None

    @property
    def cost_picousd(self) -> int | None:
        return None if self.cost is None else round(self.cost * PICOUSD_PER_USD)


class Session(Struct):
    id: str = ""
    parent_id: str | None = msgspec.field(default=None, name="parentID")
    directory: str | None = None
    version: str | None = None


class Properties(Struct):
    """What an event is about: a session or message (`info`), or a part."""

    info: Raw = ABSENT
    part: Raw = ABSENT
    session_id: str = msgspec.field(default="", name="sessionID")
    message_id: str = msgspec.field(default="", name="messageID")


class Event(Struct):
    """An event: `properties` as the server sends it, `part` as `opencode run --format json` prints it.

    Plugins record it inside an object, as `event`.
    """

    type: str = ""
    properties: Raw = ABSENT
    part: Raw = ABSENT
    session_id: str = msgspec.field(default="", name="sessionID")
    event: Raw = ABSENT


class Exported(Struct):
    info: Info
    parts: list[Raw] = []


class Export(Struct):
    """`opencode export`: a session and its messages."""

    info: Session
    messages: list[Exported]


class AskedModel(Struct):
    id: str = ""


class SystemRequest(Struct):
    session_id: str = msgspec.field(default="", name="sessionID")
    model: AskedModel = msgspec.field(default_factory=AskedModel)


class SystemPrompt(Struct):
    system: list[Raw] = []


class ToolName(Struct):
    tool_id: str = msgspec.field(default="", name="toolID")


class ToolDefinition(Struct):
    description: Raw = ABSENT


CALLS = msgspec.json.Decoder(list[Raw])
EVENTS = msgspec.json.Decoder(Event)
PROPERTIES = msgspec.json.Decoder(Properties)
INFOS = msgspec.json.Decoder(Info)
SESSIONS = msgspec.json.Decoder(Session)
PARTS = msgspec.json.Decoder(Part)
EXPORTS = msgspec.json.Decoder(Export)
SYSTEM_REQUESTS = msgspec.json.Decoder(SystemRequest)
SYSTEM_PROMPTS = msgspec.json.Decoder(SystemPrompt)
TOOL_NAMES = msgspec.json.Decoder(ToolName)
TOOL_DEFINITIONS = msgspec.json.Decoder(ToolDefinition)
