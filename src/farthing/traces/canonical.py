"""farthing's own Parquet, as `farthing import` writes it: any traces in one shape, without their content.

Five tables in one folder. `links` is the long table of segments: each is a link behind its parent, so a
context is the way from a step's `link` to the root, and what a step costs is what is new in it.
Copies are gone and sessions named already, so this is read as it stands.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct, ValidationError, convert

from farthing.errors import RecordError
from farthing.prefix import Prefix, extend
from farthing.segment import Segment, SegmentKind
from farthing.span import Output, Purpose, Span
from farthing.step import Breakpoint, Recorded, Step
from farthing.traces.source import Format, Item, Match, Outcome, Sample, Skipped, Source
from farthing.usage import CacheWrite, Charge, Usage

STEPS, LINKS, CHARGES, OUTPUTS, SESSIONS = "steps", "links", "charges", "outputs", "sessions"
TABLES = (STEPS, LINKS, CHARGES, OUTPUTS, SESSIONS)
VERSION_COLUMN = "farthing_version"

Row = TypeVar("Row", bound=Struct)


class Named(Struct, frozen=True):
    """A name and its value."""

    name: str
    value: str


class Mark(Struct, frozen=True):
    """A cache marker behind the link at this depth of the context."""

    depth: int
    ttl_s: int


class Written(Struct, frozen=True):
    """Tokens written to the cache; `ttl_s` None where the source does not say for how long."""

    ttl_s: int | None
    tokens: int


class Requested(Struct, frozen=True):
    """Requests of a server tool that are billed one by one."""

    tool: str
    requests: int


class StepRow(Struct, frozen=True, kw_only=True):
    """A call. `link` is the end of its context, None where none is recorded."""

    farthing_version: int = 1
    step_id: int
    session: str
    link: int | None
    model: str
    agent: str
    agent_label: str
    turn: int
    at_ns: int | None
    ended_ns: int | None
    first_token_ns: int | None
    provider: str
    account: str
    recorded: Recorded
    parameters: tuple[Named, ...]
    breakpoints: tuple[Mark, ...] | None
    max_output_tokens: int | None
    output_schema: bool
    usage_recorded: bool
    output_count: Output
    response_id: str
    call: int
    purpose: Purpose
    finish: str
    error: str
    usage_rule: str
    reported_cost_picousd: int | None
    attributes: tuple[Named, ...]


class LinkRow(Struct, frozen=True, kw_only=True):
    """A segment behind its parent; links stand after their parents."""

    link: int
    parent: int | None
    kind: SegmentKind
    role: str
    name: str
    digest: bytes
    size: int


class OutputRow(Struct, frozen=True, kw_only=True):
    """A block of an answer."""

    step_id: int
    kind: SegmentKind
    role: str
    name: str
    digest: bytes
    size: int


class ChargeRow(Struct, frozen=True, kw_only=True):
    """One line of a call's bill."""

    step_id: int
    model: str
    tier: str
    part: str
    uncached_input_tokens: int
    cache_read_input_tokens: int
    cache_writes: tuple[Written, ...]
    output_tokens: int
    reasoning_tokens: int
    server_tools: tuple[Requested, ...]


class SessionRow(Struct, frozen=True, kw_only=True):
    """How a session ended, where anybody recorded it."""

    session: str
    success: bool | None
    score: str


def recognise(sample: Sample) -> Match:
    """The table of steps leads; the others are read with it."""
    if VERSION_COLUMN in sample.columns:
        return Match.LEAD
    name = sample.name.rpartition("/")[2].removesuffix(".parquet")
    is_ours = name in TABLES and f"{STEPS}.parquet" in sample.neighbours
    return Match.MEMBER if is_ours and ({"link", "step_id", "session"} & set(sample.columns)) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield every call, then every session's outcome."""
    try:
        links = _links(_rows(source, LINKS, LinkRow))
        charges: dict[int, list[Charge]] = defaultdict(list)
        for charge in _rows(source, CHARGES, ChargeRow):
            charges[charge.step_id].append(_charge(charge))
        outputs: dict[int, list[Segment]] = defaultdict(list)
        for output in _rows(source, OUTPUTS, OutputRow):
            outputs[output.step_id].append(_segment(output))
        for row in source.table():
            step = convert(row, StepRow, strict=False)
            yield _span(step, links, charges[step.step_id], outputs[step.step_id])
        for ended in _rows(source, SESSIONS, SessionRow):
            if ended.success is not None:
                yield Outcome(session=ended.session, success=ended.success, score=ended.score)
    except (RecordError, ValidationError, KeyError) as error:
        yield Skipped(0, f"the tables do not belong together ({error}); import the traces again")


def step_row(step_id: int, session: str, span: Span, *, link: int | None) -> StepRow:
    """Return a call as a row; `session` is the one it was found to belong to."""
    step = span.step
    marks = step.breakpoints
    return StepRow(
        step_id=step_id,
        session=session,
        link=link,
        model=step.model,
        agent=step.agent,
        agent_label=step.agent_label,
        turn=step.turn,
        at_ns=step.at_ns,
        ended_ns=span.ended_ns,
        first_token_ns=span.first_token_ns,
        provider=step.provider,
        account=step.account,
        recorded=step.recorded,
        parameters=tuple(Named(name, value) for name, value in step.parameters),
        breakpoints=None if marks is None else tuple(Mark(mark.depth, mark.ttl_s) for mark in marks),
        max_output_tokens=step.max_output_tokens,
        output_schema=step.output_schema,
        usage_recorded=span.usage_recorded,
        output_count=span.output_count,
        response_id=span.response_id,
        call=span.call,
        purpose=span.purpose,
        finish=span.finish,
        error=span.error,
        usage_rule=span.usage_rule,
        reported_cost_picousd=span.reported_cost_picousd,
        attributes=tuple(Named(name, value) for name, value in span.attributes),
    )


def link_row(number: int, parent: int | None, segment: Segment) -> LinkRow:
    return LinkRow(
        link=number,
        parent=parent,
        kind=segment.kind,
        role=segment.role,
        name=segment.name,
        digest=segment.digest,
        size=segment.size,
    )


def output_row(step_id: int, segment: Segment) -> OutputRow:
    return OutputRow(
        step_id=step_id,
        kind=segment.kind,
        role=segment.role,
        name=segment.name,
        digest=segment.digest,
        size=segment.size,
    )


def charge_row(step_id: int, charge: Charge) -> ChargeRow:
    usage = charge.usage
    return ChargeRow(
        step_id=step_id,
        model=charge.model,
        tier=charge.tier,
        part=charge.part,
        uncached_input_tokens=usage.uncached_input_tokens,
        cache_read_input_tokens=usage.cache_read_input_tokens,
        cache_writes=tuple(Written(write.ttl_s, write.tokens) for write in usage.cache_writes),
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        server_tools=tuple(Requested(tool, requests) for tool, requests in usage.server_tools),
    )


def _rows(source: Source, table: str, kind: type[Row]) -> Iterator[Row]:
    beside = source.beside(f"{table}.parquet")
    if beside is None:
        raise RecordError(f"{table}.parquet is missing")
    for row in beside.table():
        yield convert(row, kind, strict=False)


def _links(rows: Iterable[LinkRow]) -> dict[int, Prefix]:
    found: dict[int, Prefix] = {}
    for row in rows:
        parent = None if row.parent is None else found[row.parent]
        found[row.link] = extend(parent, _segment(row))
    return found


def _segment(row: LinkRow | OutputRow) -> Segment:
    return Segment(row.kind, row.role, row.name, row.digest, row.size)


def _charge(row: ChargeRow) -> Charge:
    usage = Usage(
        uncached_input_tokens=row.uncached_input_tokens,
        cache_read_input_tokens=row.cache_read_input_tokens,
        cache_writes=tuple(CacheWrite(write.ttl_s, write.tokens) for write in row.cache_writes),
        output_tokens=row.output_tokens,
        reasoning_tokens=row.reasoning_tokens,
        server_tools=tuple((used.tool, used.requests) for used in row.server_tools),
    )
    return Charge(model=row.model, usage=usage, tier=row.tier, part=row.part)


def _span(
    row: StepRow, links: Mapping[int, Prefix], charges: Sequence[Charge], output: Sequence[Segment]
) -> Span:
    marks = row.breakpoints
    step = Step(
        model=row.model,
        session=row.session,
        agent=row.agent,
        agent_label=row.agent_label,
        turn=row.turn,
        at_ns=row.at_ns,
        provider=row.provider,
        account=row.account,
        prefix=None if row.link is None else links[row.link],
        recorded=row.recorded,
        parameters=tuple((each.name, each.value) for each in row.parameters),
        breakpoints=None if marks is None else tuple(Breakpoint(mark.depth, mark.ttl_s) for mark in marks),
        max_output_tokens=row.max_output_tokens,
        output_schema=row.output_schema,
    )
    return Span(
        step=step,
        charges=tuple(charges),
        usage_recorded=row.usage_recorded,
        output_count=row.output_count,
        response_id=row.response_id,
        call=row.call,
        purpose=row.purpose,
        output=tuple(output),
        ended_ns=row.ended_ns,
        first_token_ns=row.first_token_ns,
        finish=row.finish,
        error=row.error,
        usage_rule=row.usage_rule,
        reported_cost_picousd=row.reported_cost_picousd,
        attributes=tuple((each.name, each.value) for each in row.attributes),
    )


FORMAT = Format(
    name="farthing",
    title="farthing's own Parquet",
    recognise=recognise,
    read=read,
    priority=5,
)
