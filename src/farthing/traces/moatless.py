"""moatless-tools' `trajectory.json`: one coding session a file, every request in full, nothing dated.

A node of the search tree holds the calls that made it, each with its whole `input` and the raw
Anthropic message:

- `build_action` is the agent. The prompt stands once, at `agent.system_prompt`, without the cache marker
  that it is sent with. Of the tools only the names stand, at the node's `possible_actions`: as
  segments without a size they tell when the list changed, which loses the whole cache.
- `execute_action` is a code search with a context of its own: a sub-agent that answers once. The same
  call stands again under the node's `observation` and `output`; these two copies are left out.

The bill is the message's own usage: cached tokens apart, cache writes without their TTL. The node's
`usage` beside it is not: its cost takes writes at the price of plain input and reads for free.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError, WireError
from farthing.money import PICOUSD_PER_USD
from farthing.prefix import Chains
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.span import Output, Span
from farthing.step import Breakpoint, Recorded, Step
from farthing.traces.source import Dropped, Format, Item, Match, Note, Sample, Skipped, Source
from farthing.usage import FIVE_MINUTES_S
from farthing.wire import anthropic
from farthing.wire.fields import ABSENT, is_given
from farthing.wire.message import BlockMemo, Request, Response
from farthing.wire.scan import decode, place_of

_SIGNS = (b'"max_iterations"', b'"node_id"', b'"completions"')
_AGENT = "build_action"
_NO_PROMPT = Raw(b"null")
_USAGE_RULE = "cached tokens stand beside the input count, as Anthropic counts"


def recognise(sample: Sample) -> Match:
    found = sample.name.endswith(".json") and all(sign in sample.head for sign in _SIGNS)
    return Match.LEAD if found else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield the calls in the order of the nodes, which is the order in which they were made."""
    try:
        trajectory, document = decode(_TRAJECTORY, source.document(), "trajectory")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    session = _Session(trajectory, document)
    for raw in trajectory.nodes:
        yield from session.take(raw)
    yield from session.rest()


class _Usage(Struct):
    completion_cost: Decimal | None = None


class _Completion(Struct):
    """One call; a failed one may lack its answer."""

    model: str = ""
    input: list[Raw] = []
    response: Raw = ABSENT
    usage: _Usage | None = None


class _Result(Struct):
    """What a node's action came to: it repeats the call that was made on the way."""

    execution_completion: Raw = ABSENT


class _Node(Struct):
    node_id: int
    parent_id: int | None = None
    completions: dict[str, _Completion | None] = {}
    observation: _Result | None = None
    output: _Result | None = None
    possible_actions: list[str] | None = None


class _Settings(Struct):
    max_tokens: int | None = None


class _Agent(Struct, frozen=True):
    system_prompt: Raw = _NO_PROMPT
    completion: _Settings | None = None


class _Metadata(Struct):
    evaluation_name: str = ""
    instance_id: str = ""


class _Trajectory(Struct):
    nodes: list[Raw]
    agent: _Agent = _Agent()
    metadata: _Metadata | None = None


_TRAJECTORY = msgspec.json.Decoder(_Trajectory)
_NODE = msgspec.json.Decoder(_Node)


class _Session:
    """What is known of one file so far. A machine without I/O."""

    def __init__(self, trajectory: _Trajectory, document: bytes) -> None:
        metadata = trajectory.metadata or _Metadata()
        self._name = "/".join(filter(None, (metadata.evaluation_name, metadata.instance_id)))
        self._agent = trajectory.agent
        self._document = document
        self._chains = Chains()
        self._memo = BlockMemo()
        self._copies = 0
        self._unseen = 0

    def take(self, raw: bytes) -> Iterator[Item]:
        """Yield the calls of one node."""
        offset = place_of(raw, self._document).start
        try:
            node = _NODE.decode(raw)
            calls = [
                (name, call) for name, call in node.completions.items() if call and is_given(call.response)
            ]
            yield from [self._span(name, call, node, offset=offset) for name, call in calls]
        except (WireError, msgspec.DecodeError):
            yield Skipped(offset, "the node's calls do not follow the format")
            return
        self._copies += sum(bool(one and one.execution_completion) for one in (node.observation, node.output))
        self._unseen += not calls and node.parent_id is not None

    def rest(self) -> Iterator[Item]:
        """Yield how much was left out, and what the file does not hold."""
        if self._copies:
            yield Dropped("copies of execute_action under `observation` and `output`", self._copies)
        if self._unseen:
            yield Note(f"failed attempts that were billed and are not recorded: at least {self._unseen}")

    def _span(self, name: str, call: _Completion, node: _Node, *, offset: int) -> Span:
        is_agent = name == _AGENT
        request = self._request(call, system=self._agent.system_prompt if is_agent else _NO_PROMPT)
        tools = tuple(map(_tool, node.possible_actions or ())) if is_agent else ()
        answer = anthropic.answer(call.response)
        if not is_agent:
            self._unseen += _corrections(request.segments)
        step = Step(
            model=request.model,
            session=self._name,
            agent="" if is_agent else f"{name}-{node.node_id}",
            agent_label="" if is_agent else name,
            turn=1,
            provider="anthropic",
            prefix=self._chains.of((*tools, *request.segments)),
            recorded=Recorded.FULL,
            breakpoints=_behind(
                tools, (*_on_prompt(answer), *request.breakpoints) if is_agent else request.breakpoints
            ),
            max_output_tokens=request.max_output_tokens,
        )
        return Span(
            step=step,
            charges=answer.charges,
            usage_recorded=answer.usage_recorded,
            output_count=Output.FINAL if answer.usage_recorded else Output.MISSING,
            response_id=answer.response_id,
            output=answer.output,
            finish=answer.finish,
            usage_rule=_USAGE_RULE,
            offset=offset,
            reported_cost_picousd=_cost(call.usage),
        )

    def _request(self, call: _Completion, *, system: Raw) -> Request:
        settings = self._agent.completion or _Settings()
        body = anthropic.Body(
            messages=call.input, system=system, model=call.model, max_tokens=settings.max_tokens
        )
        return anthropic.request(body, anthropic.read(body, self._document, self._memo))


def _tool(name: str) -> Segment:
    return Segment(SegmentKind.TOOLS, "", name, digest_block(SegmentKind.TOOLS, "", name.encode()), 0)


def _behind(tools: Sequence[Segment], breakpoints: Sequence[Breakpoint]) -> tuple[Breakpoint, ...]:
    return tuple(Breakpoint(len(tools) + point.depth, point.ttl_s) for point in breakpoints)


def _on_prompt(answer: Response) -> tuple[Breakpoint, ...]:
    """Return the marker on the prompt, where anything was cached.

    moatless/completion/anthropic.py (2024-12) keeps one of four for it, and a session's first
    call, whose messages are unmarked, writes both: 3,981 to 3,987 tokens.
    """
    cached = any(
        charge.usage.cache_read_input_tokens or charge.usage.cache_writes for charge in answer.charges
    )
    return (Breakpoint(1, FIVE_MINUTES_S),) if cached else ()


def _corrections(segments: Iterable[Segment]) -> int:
    """Return how many earlier answers a one-shot request holds: calls of which only the last is kept."""
    return sum(role == "assistant" for role, _ in groupby(segment.role for segment in segments))


def _cost(usage: _Usage | None) -> int | None:
    if usage is None or usage.completion_cost is None:
        return None
    return int((usage.completion_cost * PICOUSD_PER_USD).to_integral_value())


FORMAT = Format(
    name="moatless",
    title="moatless-tools trajectory",
    recognise=recognise,
    read=read,
    priority=20,
)
