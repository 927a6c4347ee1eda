"""A span is one model call as observed: the step, what was billed, what came back, and when."""

from enum import StrEnum

from msgspec import Struct

from farthing.segment import Segment
from farthing.step import Step
from farthing.usage import Charge


class Purpose(StrEnum):
    """Why a call was made; only `primary` answers the agent's own request for the first time."""

    PRIMARY = "primary"
    FALLBACK = "fallback"
    HEDGE = "hedge"
    SHADOW = "shadow"
    KEEP_ALIVE = "keep_alive"
    WRAP_UP = "wrap_up"


class Output(StrEnum):
    """Whether the output count can be believed.

    `placeholder`: written at the start of the stream and never brought up to date, as some Claude
    Code versions do. `missing`: the source has no count.
    """

    FINAL = "final"
    PLACEHOLDER = "placeholder"
    MISSING = "missing"


class Span(Struct, frozen=True, kw_only=True):
    """One observed call.

    `response_id` is the provider's id of the answer: two spans with the same one are one call.
    `replayed` marks a copy that a source knows to be one (resume, fork, sub-agent replay): it
    loses against any other. `charges` is empty where nothing was billed or no usage is recorded
    (`usage_recorded` tells the two apart). `usage_rule` names the rule that decided how cached
    tokens are counted. `offset` is the record's place in its (decompressed) source.
    `attributes` are the trace's own labels: user, key, feature, tags.
    `reported_cost_picousd` is what the source says the call cost; it is shown, never summed.
    """

    step: Step
    charges: tuple[Charge, ...] = ()
    usage_recorded: bool = True
    output_count: Output = Output.FINAL
    response_id: str = ""
    replayed: bool = False
    call: int = 1
    purpose: Purpose = Purpose.PRIMARY
    output: tuple[Segment, ...] = ()
    ended_ns: int | None = None
    first_token_ns: int | None = None
    finish: str = ""
    error: str = ""
    usage_rule: str = ""
    offset: int = -1
    reported_cost_picousd: int | None = None
    attributes: tuple[tuple[str, str], ...] = ()
