"""The profile: what `--format json` prints, field by field, and what every other report is made of.

The names are a promise to scripts. Money is a decimal string of US dollars, exact to the picodollar; a
share is a part of one. Nothing here is computed: `conclude.py` fills it from an account.
"""

from typing import Annotated

from msgspec import Meta, Struct

SCHEMA = "farthing.profile/1"

# A string, since a JSON number is a float to most readers, and never "5E-12"; `money.parse_usd` reads it.
Usd = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="US dollars, exact")]


class SkippedRow(Struct, frozen=True):
    """A record that could not be used: where it stands, and why."""

    where: str
    reason: str


class SourceRow(Struct, frozen=True, kw_only=True):
    """One file that was read. `rules` counts the rules by which cached tokens were told from others."""

    path: str
    format: str
    records: int
    steps: int
    duplicates: int
    skipped: tuple[SkippedRow, ...] = ()
    rules: dict[str, int] = {}
    notes: tuple[str, ...] = ()


class TokenRow(Struct, frozen=True, kw_only=True):
    """Tokens by price class."""

    uncached_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_5m_input_tokens: int = 0
    cache_creation_1h_input_tokens: int = 0
    cache_creation_other_input_tokens: int = 0
    output_tokens: int = 0


class Totals(TokenRow, frozen=True, kw_only=True):
    """The whole bill. `cost_usd` is what was reported, at least that: `at_least` says what it lacks."""

    sessions: int
    steps: int
    cost_usd: Usd
    cost_with_estimates_usd: Usd
    server_tools_usd: Usd
    unpriced_steps: int
    unrecorded_steps: int
    estimated_output_steps: int
    at_least: tuple[str, ...]


class PerSession(Struct, frozen=True, kw_only=True):
    """What a session costs. `per_success_usd` divides the cost of all sessions with a known outcome."""

    mean_usd: Usd | None
    p50_usd: Usd | None
    p90_usd: Usd | None
    p99_usd: Usd | None
    max_usd: Usd | None
    mean_low_usd: Usd | None
    mean_high_usd: Usd | None
    outcomes: int
    successes: int
    per_success_usd: Usd | None


class Resent(Struct, frozen=True, kw_only=True):
    """Input that the session had sent before: its share of all input tokens, and of the whole cost."""

    share: float | None
    cost_share: float | None
    tokens: int
    cost_usd: Usd


class PositionRow(Struct, frozen=True, kw_only=True):
    """The steps of a conversation from one position to another; `to_step` None means all later ones."""

    from_step: int
    to_step: int | None
    steps: int
    context_tokens: int
    mean_usd: Usd


class Growth(Struct, frozen=True, kw_only=True):
    """Cost grows with the number of steps to the power of `exponent` (95 % interval from `low` to `high`).

    `basis` is "cost", or "tokens" where nothing has a price. `late_share` is what the last quarter of
    the steps costs: a quarter, if cost did not grow. `next_step_usd` is the mean of the last steps.
    """

    exponent: float | None
    low: float | None
    high: float | None
    basis: str
    sessions: int
    context_exponent: float | None
    context_low: float | None
    context_high: float | None
    late_share: float | None
    first_step_usd: Usd | None
    next_step_usd: Usd | None
    positions: tuple[PositionRow, ...]


class SegmentRow(TokenRow, frozen=True, kw_only=True):
    """A part of the bill: what it is, its blocks, and what it cost over all calls that sent it.

    `kind` is "output" for what came out, and `form` says as what; for input both are the same.
    `new_tokens` were sent for the first time, `resent_tokens` again.
    """

    kind: str
    form: str
    name: str
    blocks: int
    new_tokens: int
    resent_tokens: int
    cost_usd: Usd
    share: float | None


class ModelRow(TokenRow, frozen=True, kw_only=True):
    """A model. `unpriced` says why some of its calls have no price; "" where all have."""

    provider: str
    model: str
    steps: int
    cost_usd: Usd
    share: float | None
    unpriced_steps: int
    unpriced: str


class ToolRow(Struct, frozen=True, kw_only=True):
    """A tool: its schema in every request, its calls (made, then sent again), its results."""

    tool: str
    server: str
    calls: int
    results: int
    result_tokens: int
    schema_usd: Usd
    calls_usd: Usd
    results_usd: Usd
    cost_usd: Usd
    share: float | None


class GroupRow(Struct, frozen=True, kw_only=True):
    """The spend of one label of a dimension that was asked for."""

    dimension: str
    label: str
    steps: int
    input_tokens: int
    output_tokens: int
    cost_usd: Usd
    share: float | None
    unpriced_steps: int


class SignatureRow(Struct, frozen=True, kw_only=True):
    """Steps of one model that do the same job: who calls, what the call answers, with which tools.

    `tools` stands for the set on offer. `output` is the most frequent shape of what came out.
    """

    agent: str
    answers: str
    tools: str
    output_schema: bool
    model: str
    steps: int
    cost_usd: Usd
    share: float | None
    unpriced_steps: int
    output_tokens_p50: int
    output: str
    output_share: float
    tool_share: float
    hint: str


class BreakRow(Struct, frozen=True, kw_only=True):
    """A broken prefix. `cost_usd` is what sending the lost tokens anew cost above reading them.

    `excerpt` is found again when the report is written, in `source` at `offset`; "" without content.
    """

    session: str
    step: int
    agent: str
    model: str
    segment_kind: str
    segment_name: str
    cause: str
    detail: str
    position_tokens: int
    lost_tokens: int
    cost_usd: Usd | None
    excerpt: str = ""
    source: int = -1
    offset: int = -1
    length: int = 0


class CauseRow(Struct, frozen=True, kw_only=True):
    """All that has one cause; `breaks[]` holds the dearest breaks only.

    `is_break` is false for what looks like a broken prefix and is none, such as a replaced last exchange.
    """

    cause: str
    is_break: bool
    count: int
    lost_tokens: int
    cost_usd: Usd
    unpriced: int


class LoopRow(Struct, frozen=True, kw_only=True):
    """The same call with the same arguments and the same result, made again and again in one session.

    `cost_usd` is that of the repeats.
    """

    session: str
    agent: str
    tool: str
    times: int
    first_step: int
    last_step: int
    cost_usd: Usd | None


class Tail(Struct, frozen=True, kw_only=True):
    """How much of the cost the dearest sessions have, and what runs in circles."""

    top1_share: float | None
    top5_share: float | None
    loops: tuple[LoopRow, ...]


class LeverRow(Struct, frozen=True, kw_only=True):
    """A finding, the lever that addresses it, and the spend in question: no saving is claimed.

    The spends of two levers may overlap. `month_usd` is at the observed rate.
    """

    lever: str
    finding: str
    mend: str
    assumption: str
    spend_usd: Usd
    month_usd: Usd | None
    count: int
    unpriced: int


class ShareRow(Struct, frozen=True, kw_only=True):
    """The dearest part of the sessions (a share of their number) has this share of the cost."""

    sessions_share: float
    cost_share: float


class BlockRow(Struct, frozen=True, kw_only=True):
    """One of the dearest single blocks, with what all its sendings cost."""

    session: str
    step: int
    kind: str
    name: str
    tokens: int
    sent_tokens: int
    cost_usd: Usd
    excerpt: str = ""
    source: int = -1
    offset: int = -1
    length: int = 0


class SubAgents(Struct, frozen=True, kw_only=True):
    """What sub-agents spent; they are part of their sessions."""

    sessions: int
    cost_usd: Usd
    share: float | None


class TokensPerMinute(Struct, frozen=True, kw_only=True):
    """What the projected traffic asks of the provider's rate limits at its peak.

    The peak is `peak_factor` times the mean of the day, an assumption. `input` leaves out cache reads,
    which do not count at Anthropic; `input_with_reads` is what counts at OpenAI.
    """

    peak_factor: int
    input: int
    input_with_reads: int
    output: int


class Projection(Struct, frozen=True, kw_only=True):
    """The bill at `sessions_per_day`, with the 95 % interval of the mean session, for each period.

    `low_usd` and `high_usd` belong to `per_day_usd`. All None without sessions per day, or a price.
    `basis` is "asked", or "observed" where the rate is that of the traces.
    """

    sessions_per_day: float | None = None
    basis: str = ""
    per_day_usd: Usd | None = None
    per_month_usd: Usd | None = None
    per_year_usd: Usd | None = None
    low_usd: Usd | None = None
    high_usd: Usd | None = None
    per_month_low_usd: Usd | None = None
    per_month_high_usd: Usd | None = None
    per_year_low_usd: Usd | None = None
    per_year_high_usd: Usd | None = None
    tokens_per_minute: TokensPerMinute | None = None


class ErrorRow(Struct, frozen=True, kw_only=True):
    """The relative error that half, and nine in ten, of the measured estimates stayed within."""

    estimate: str
    measured: int
    p50: float | None
    p90: float | None


class SessionLine(Struct, frozen=True, kw_only=True):
    """One session; `started` is ISO 8601 in UTC, "" where no time is recorded."""

    id: str
    steps: int
    cost_usd: Usd
    named: bool
    success: bool | None
    agents: int
    conversations: int
    started: str
    seconds: float | None
    input_tokens: int
    output_tokens: int
    context_tokens: int
    unpriced_steps: int
    unrecorded_steps: int
    estimated_output_steps: int


class Profile(Struct, frozen=True, kw_only=True):
    """Where the tokens of a corpus go, what they cost, and which lever addresses what."""

    schema: str = SCHEMA
    sources: tuple[SourceRow, ...]
    prices: str
    totals: Totals
    per_session: PerSession
    resent: Resent
    growth: Growth
    segments: tuple[SegmentRow, ...]
    blocks: tuple[BlockRow, ...]
    models: tuple[ModelRow, ...]
    tools: tuple[ToolRow, ...]
    groups: tuple[GroupRow, ...]
    sub_agents: SubAgents
    signatures: tuple[SignatureRow, ...]
    breaks: tuple[BreakRow, ...]
    break_causes: tuple[CauseRow, ...]
    tail: Tail
    concentration: tuple[ShareRow, ...]
    levers: tuple[LeverRow, ...]
    projection: Projection
    estimates: tuple[ErrorRow, ...]
    sessions: tuple[SessionLine, ...]
