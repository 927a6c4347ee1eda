"""A step is one model call about to be made: what every door hands to the engine.

`step.at_ns` is now. Ids come from the door or from the source, never from here.
"""

from enum import StrEnum

from msgspec import Struct

from farthing.prefix import Prefix


class Recorded(StrEnum):
    """How much of the request the source shows; it bounds what may be concluded from it.

    `full`: the whole request. `delta`: rebuilt from what was added, without system prompt or
    tool schemas. `counts`: token counts only.
    """

    FULL = "full"
    DELTA = "delta"
    COUNTS = "counts"


class Breakpoint(Struct, frozen=True):
    """A cache marker behind the link at `depth` of the chain; `ttl_s` as asked for."""

    depth: int
    ttl_s: int


class Step(Struct, frozen=True, kw_only=True):
    """One model call: who makes it, when, of which model, with which context.

    `session` is "" where nobody names it (lineage infers one). `agent` is "" for the session's
    own agent, else the id of a sub-agent inside it; `agent_label` is the kind of sub-agent for
    people. `account` is a digest of the credential or workspace: caches never cross it.
    `parameters` are the fields besides the context that decide whether a cached prefix is usable
    ("thinking", "tool_choice", "effort", "speed"), as sorted (name, value) pairs.
    """

    model: str
    session: str = ""
    agent: str = ""
    agent_label: str = ""
    turn: int = 0
    at_ns: int | None = None
    provider: str = ""
    account: str = ""
    prefix: Prefix | None = None
    recorded: Recorded = Recorded.COUNTS
    parameters: tuple[tuple[str, str], ...] = ()
    breakpoints: tuple[Breakpoint, ...] | None = None
    max_output_tokens: int | None = None
    output_schema: bool = False
