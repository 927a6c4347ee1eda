"""All that is concluded from one session: a pure function of its calls, with a result that merges.

The corpus never has to lie in memory: workers analyse sessions one by one, add each result to an
`Account`, and accounts merge. So a result holds sums and a few dearest items, and no text.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from operator import add

from msgspec import Struct

from farthing.analysis import breaks, loops, signatures, unattended
from farthing.analysis.attribution import Attribution, attribute
from farthing.analysis.births import Change, births, primary
from farthing.analysis.charges import Priced, price
from farthing.analysis.estimates import Estimates
from farthing.analysis.growth import SessionGrowth, session_growth
from farthing.prices.book import PriceBook
from farthing.session import Session
from farthing.span import Span

OWN_AGENT = "(own)"
UNLABELLED = "(none)"

Group = tuple[str, str]


class SessionRow(Struct, frozen=True, kw_only=True):
    """A session in one line.

    `agents` counts its sub-agents and `sub_agent_picousd` is what they spent of its cost;
    `conversations` counts the contexts that grew by themselves; `context_tokens` is the largest input
    of one call. Calls whose usage nobody recorded are among the steps; what they cost is not known.
    """

    id: str
    named: bool
    success: bool | None
    steps: int
    agents: int
    conversations: int
    started_ns: int | None
    ended_ns: int | None
    input_tokens: int
    output_tokens: int
    context_tokens: int
    cost_picousd: int
    sub_agent_picousd: int
    unpriced_steps: int
    unrecorded_steps: int
    estimated_output_steps: int


class Spend(Struct, frozen=True):
    """What some calls used and cost; `unpriced_steps` of them are counted in tokens, not in money."""

    steps: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_picousd: int = 0
    unpriced_steps: int = 0


class SessionResult(Struct, frozen=True, kw_only=True):
    """What one session adds to an account.

    `models` are by (provider, model), and `unpriced` says why some of them have no price; `groups` are
    by (dimension, label). `costs` and `contexts` are of the calls of its main conversation, in order.
    `uses` is spend by signature.
    """

    row: SessionRow
    attribution: Attribution
    models: Mapping[Group, Spend]
    unpriced: Mapping[str, str]
    groups: Mapping[Group, Spend]
    growth: SessionGrowth | None
    costs: Sequence[int]
    contexts: Sequence[int]
    estimates: Estimates
    breaks: breaks.SessionBreaks
    uses: signatures.Uses
    loops: Sequence[loops.Loop]
    unattended: unattended.Unattended


def analyse(
    session: Session, prices: PriceBook, *, by: Sequence[str] = (), floor_picousd: int = 0
) -> SessionResult:
    """Return what the session's calls used, cost and lost.

    `by` names the dimensions of `groups`. A session that cost less than `floor_picousd` is not searched
    for its dearest blocks.
    """
    changes = births(session)
    bills = [price(span, prices) for span in session.spans]
    steps = _Steps(by)
    for span, change, bill in zip(session.spans, changes, bills, strict=True):
        steps.take(span, change, bill)
    main = steps.main_conversation()
    contexts = [steps.contexts[at] for at in main]
    return SessionResult(
        row=steps.row(session),
        attribution=attribute(session, changes, bills, floor_picousd=floor_picousd),
        models=steps.models.spends(),
        unpriced=steps.unpriced,
        groups=steps.groups.spends(),
        growth=session_growth(costs=steps.costs, tokens=steps.tokens, contexts=contexts),
        costs=[steps.costs[at] for at in main],
        contexts=contexts,
        estimates=steps.estimates,
        breaks=breaks.find(session, changes, bills),
        uses=signatures.uses(session, bills),
        loops=loops.find(session, changes, bills),
        unattended=unattended.unattended(session, changes, bills),
    )


def label(span: Span, dimension: str) -> str:
    """Return what a call is called in a dimension: model, agent, provider, tier, or an attribute's name."""
    step, charge = span.step, primary(span)
    match dimension:
        case "model":
            return charge.model if charge is not None else step.model
        case "agent":
            return (step.agent_label or step.agent) if step.agent else OWN_AGENT
        case "provider":
            return step.provider or UNLABELLED
        case "tier":
            return (charge.tier if charge is not None else "") or "standard"
        case _:
            return next((value for name, value in span.attributes if name == dimension), UNLABELLED)


class _Spends:
    """Sums of spend by group."""

    def __init__(self) -> None:
        self._sums: defaultdict[Group, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])

    def add(self, group: Group, spend: Sequence[int]) -> None:
        """Add a spend, as the fields of `Spend` in their order."""
        self._sums[group] = list(map(add, self._sums[group], spend))

    def spends(self) -> dict[Group, Spend]:
        return {group: Spend(*sums) for group, sums in self._sums.items()}


class _Steps:
    """Adds up the calls of one session, in their order."""

    def __init__(self, by: Sequence[str]) -> None:
        self.costs: list[int] = []
        self.tokens: list[int] = []
        self.contexts: list[int] = []
        self.models = _Spends()
        self.groups = _Spends()
        self.unpriced: dict[str, str] = {}
        self.estimates = Estimates()
        self._by = by
        self._conversations: list[int] = []
        self._output_tokens = 0
        self._unpriced_steps = 0
        self._unrecorded_steps = 0

    def take(self, span: Span, change: Change, bill: Sequence[Priced]) -> None:
        own = primary(span)
        input_tokens = output_tokens = cost = unpriced = context = 0
        for line in bill:
            usage, is_own, is_unpriced = line.charge.usage, line.charge is own, line.cost is None
            amounts = (
                int(is_own),
                usage.input_tokens,
                usage.output_tokens,
                line.cost_picousd,
                int(is_unpriced),
            )
            self.models.add((span.step.provider, line.charge.model), amounts)
            input_tokens += amounts[1]
            output_tokens += amounts[2]
            cost += amounts[3]
            if is_unpriced:
                self.unpriced[line.charge.model] = line.unpriced
                unpriced = 1
            if is_own:
                context = amounts[1]
                self.estimates.add(
                    span, change, line.charge, output_rate=line.rates.output if line.rates else 0
                )
        if own is None:
            self.models.add((span.step.provider, span.step.model), (1, 0, 0, 0, 0))
            self._unrecorded_steps += 1
        for dimension in self._by:
            amounts = (1, input_tokens, output_tokens, cost, unpriced)
            self.groups.add((dimension, label(span, dimension)), amounts)
        self.costs.append(cost)
        self.tokens.append(input_tokens + output_tokens)
        self.contexts.append(context)
        self._conversations.append(change.conversation)
        self._output_tokens += output_tokens
        self._unpriced_steps += unpriced

    def main_conversation(self) -> list[int]:
        """Return the indexes of the calls of the longest conversation, none where no input is recorded."""
        counts = Counter(self._conversations)
        del counts[-1]
        if not counts:
            return []
        longest = max(counts, key=counts.__getitem__)
        return [at for at, conversation in enumerate(self._conversations) if conversation == longest]

    def row(self, session: Session) -> SessionRow:
        spans = session.spans
        starts = [span.step.at_ns for span in spans if span.step.at_ns is not None]
        ends = [span.ended_ns for span in spans if span.ended_ns is not None]
        agents = [span.step.agent for span in spans]
        return SessionRow(
            id=session.id,
            named=session.named,
            success=session.success,
            steps=len(spans),
            agents=len(set(agents) - {""}),
            conversations=len(set(self._conversations) - {-1}),
            started_ns=min(starts, default=None),
            ended_ns=max([*starts, *ends], default=None),
            input_tokens=sum(self.tokens) - self._output_tokens,
            output_tokens=self._output_tokens,
            context_tokens=max(self.contexts, default=0),
            cost_picousd=sum(self.costs),
            sub_agent_picousd=sum(cost for cost, agent in zip(self.costs, agents, strict=True) if agent),
            unpriced_steps=self._unpriced_steps,
            unrecorded_steps=self._unrecorded_steps,
            estimated_output_steps=self.estimates.estimated_steps,
        )
