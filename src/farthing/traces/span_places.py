"""Whose a call is: the session and the agent, told from the spans around it.

A session is what the spans name: the nearest one around the call, or any in its trace. Where none does, it
is the trace, unless the call stands alone at the root of its own trace: of such calls lineage finds the
sessions. An agent that another one called is a sub-agent, and its calls are spend of the outermost
session, even if it has a conversation of its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from farthing.span import Output, Span
from farthing.traces.counts import Ballot
from farthing.traces.source import Item
from farthing.traces.span_tree import Call, Key, Kind, Observed, SpanTree


def items_of(tree: SpanTree) -> Iterator[Item]:
    """Yield the calls of a file's spans with their sessions and charges, and what was left out."""
    calls = tree.calls()
    ballot = Ballot()
    for call in calls:
        if call.seen.told is not None:
            ballot.cast(call.seen.told)
    places = _Places(tree.spans, calls)
    for call in calls:
        yield _span(call, ballot, places.of(call))
    yield from tree.dropped()


class _Place(NamedTuple):
    session: str
    agent: str
    label: str
    labels: tuple[tuple[str, str], ...]


class _MainAgent(NamedTuple):
    """The agent of a trace that no other agent called: how deep its calls are among agents, and its name."""

    depth: int
    name: str


class _Places:
    def __init__(self, spans: Mapping[Key, Observed], calls: Iterable[Call]) -> None:
        self._spans = spans
        self._named: dict[str, str] = {}
        self._main: dict[str, _MainAgent] = {}
        for seen in spans.values():
            if seen.session:
                self._named.setdefault(seen.trace, seen.session)
        for call in calls:
            agents = [seen for seen in self._around(call.seen) if seen.kind is Kind.AGENT]
            known = self._main.get(call.seen.trace)
            if agents and (known is None or len(agents) < known.depth):
                self._main[call.seen.trace] = _MainAgent(len(agents), agents[0].name)

    def of(self, call: Call) -> _Place:
        around = self._around(call.seen)
        agent, label = self._agent(around)
        sessions = [seen.session for seen in around if seen.session]
        nearest, outermost = (sessions[0], sessions[-1]) if sessions else ("", "")
        named = outermost if agent else nearest
        session = named or self._named.get(call.seen.trace, "") or _unnamed(call)
        labels = {name: value for seen in reversed(around) for name, value in seen.labels}
        return _Place(session, agent, label, tuple(sorted(labels.items())))

    def _agent(self, around: list[Observed]) -> tuple[str, str]:
        """Return the id and the kind of the sub-agent around a call; "" for the session's own agent.

        Several agents may take turns under one root. The first to call a model is the session's own.
        """
        agents = [seen for seen in around if seen.kind is Kind.AGENT]
        main = self._main.get(around[0].trace)
        if main is None or not agents:
            return "", ""
        if len(agents) > main.depth:
            return agents[0].id, agents[0].name
        return ("", "") if agents[0].name == main.name else (agents[0].name, agents[0].name)

    def _around(self, seen: Observed) -> list[Observed]:
        """Return a span and those around it, innermost first."""
        around = [seen]
        while (parent := self._spans.get((seen.trace, around[-1].parent))) is not None:
            around.append(parent)
        return around


def _unnamed(call: Call) -> str:
    is_alone = not call.seen.parent and call.span.step.prefix is not None
    return "" if is_alone else call.seen.trace


def _span(call: Call, ballot: Ballot, place: _Place) -> Span:
    span, seen = call.span, call.seen
    step = replace(span.step, session=place.session, agent=place.agent, agent_label=place.label)
    named = span.response_id or "/".join(seen.key)
    span = replace(span, step=step, response_id=named, attributes=place.labels)
    if seen.told is None:
        return replace(span, usage_recorded=False, output_count=Output.MISSING)
    charges, rule = ballot.settle(seen.told, model=seen.model or step.model, tier=seen.tier)
    return replace(span, charges=charges, usage_rule=rule)
