"""The account of any number of sessions: sums that workers fill one by one, and that merge.

Adding results and merging accounts gives the same whatever the order and the split, so a corpus
may be spread over workers as it comes. What stays of a session is one row; the rest is sums.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest

from msgspec import Struct

from farthing.analysis import breaks, loops, signatures, unattended
from farthing.analysis.attribution import Attribution, Life, Part
from farthing.analysis.charges import PriceClass
from farthing.analysis.estimates import Estimates
from farthing.analysis.growth import Curve, SessionGrowth
from farthing.analysis.session import Group, SessionResult, SessionRow, Spend

_DEAREST = 20
_PENDING_MOST = 256


class PartSums:
    """What one part of the bill took: rows by price class, its blocks, and the tokens of their births."""

    __slots__ = ("blocks", "born_tokens", "cost_picousd", "tokens")

    def __init__(self) -> None:
        self.tokens = [0] * len(PriceClass)
        self.cost_picousd = [0] * len(PriceClass)
        self.blocks = 0
        self.born_tokens = 0

    def merge(self, other: "PartSums") -> None:
        for at in range(len(PriceClass)):
            self.tokens[at] += other.tokens[at]
            self.cost_picousd[at] += other.cost_picousd[at]
        self.blocks += other.blocks
        self.born_tokens += other.born_tokens


class Findings(Struct, frozen=True):
    """What was found wrong, in sums: broken prefixes, loops, and where a lever may reach."""

    breaks: breaks.BreakSums
    uses: signatures.Uses
    loops: loops.LoopSums
    unattended: unattended.Unattended


class Account:
    """Sums over sessions. A machine without I/O."""

    def __init__(self) -> None:
        self.rows: list[SessionRow] = []
        self.parts: defaultdict[Part, PartSums] = defaultdict(PartSums)
        self.models: dict[Group, Spend] = {}
        self.unpriced: dict[str, str] = {}
        self.groups: dict[Group, Spend] = {}
        self.growths: list[tuple[str, SessionGrowth]] = []
        self.curve = Curve()
        self.estimates = Estimates()
        self.resent_picousd = 0
        self.dearest: list[Life] = []
        self._findings: list[Findings] = []
        self._pending: list[SessionResult] = []

    @property
    def findings(self) -> Findings:
        """What was found wrong in all sessions."""
        self.settle()
        return self._findings[0]

    def settle(self) -> None:
        """Turn what is pending into sums: an account that is to be sent is ten times smaller after it."""
        found = [*self._findings, _found(self._pending)]
        self._pending, self._findings = [], [_merged(found)]

    @property
    def floor_picousd(self) -> int:
        """What a session must cost at least for a block of it to be among the dearest."""
        return self.dearest[-1].cost_picousd if len(self.dearest) == _DEAREST else 0

    def add(self, result: SessionResult) -> None:
        """Take in the result of one session."""
        self.rows.append(result.row)
        self._add_parts(result.attribution)
        _add_spends(self.models, result.models)
        _add_spends(self.groups, result.groups)
        _add_reasons(self.unpriced, result.unpriced)
        if result.growth is not None:
            self.growths.append((result.row.id, result.growth))
        self.curve.add(result.contexts, result.costs)
        self.estimates.merge(result.estimates)
        self._keep_dearest(result.attribution.dearest)
        self._pending.append(result)
        if len(self._pending) == _PENDING_MOST:
            self._findings.append(_found(self._pending))
            self._pending = []

    def merge(self, other: "Account") -> None:
        """Take in what another account has; it is as if its sessions had been added here."""
        self.rows += other.rows
        for part, sums in other.parts.items():
            self.parts[part].merge(sums)
        _add_spends(self.models, other.models)
        _add_spends(self.groups, other.groups)
        _add_reasons(self.unpriced, other.unpriced)
        self.growths += other.growths
        self.curve.merge(other.curve)
        self.estimates.merge(other.estimates)
        self.resent_picousd += other.resent_picousd
        self._keep_dearest(other.dearest)
        self._findings.append(other.findings)

    def _add_parts(self, attribution: Attribution) -> None:
        self.resent_picousd += attribution.resent_picousd
        parts = [self.parts[part] for part in attribution.parts]
        for sums, born in zip(parts, attribution.parts.values(), strict=True):
            sums.blocks += born.blocks
            sums.born_tokens += born.tokens
        for (price_class, rate), tokens_by_part in zip(attribution.lanes, attribution.tokens, strict=True):
            for number, tokens in tokens_by_part.items():
                parts[number].tokens[price_class] += tokens
                parts[number].cost_picousd[price_class] += tokens * rate

    def _keep_dearest(self, lives: Iterable[Life]) -> None:
        """Keep the dearest blocks; of equal ones those of the first session by id, in any order of adding."""
        both = [*self.dearest, *lives]
        self.dearest = nsmallest(
            _DEAREST, both, key=lambda life: (-life.cost_picousd, life.session, life.step)
        )


def _found(results: Sequence[SessionResult]) -> Findings:
    return Findings(
        breaks.summed(result.breaks for result in results),
        signatures.merged(result.uses for result in results),
        loops.summed(loop for result in results for loop in result.loops),
        unattended.merged(result.unattended for result in results),
    )


def _merged(parts: Sequence[Findings]) -> Findings:
    return Findings(
        breaks.merged(part.breaks for part in parts),
        signatures.merged(part.uses for part in parts),
        loops.merged(part.loops for part in parts),
        unattended.merged(part.unattended for part in parts),
    )


def _add_spends(sums: dict[Group, Spend], more: Mapping[Group, Spend]) -> None:
    for group, spend in more.items():
        before = sums.get(group)
        sums[group] = spend if before is None else _both(before, spend)


def _add_reasons(reasons: dict[str, str], more: Mapping[str, str]) -> None:
    for model, reason in more.items():
        reasons[model] = min(reason, reasons.get(model, reason))


def _both(one: Spend, other: Spend) -> Spend:
    return Spend(
        one.steps + other.steps,
        one.input_tokens + other.input_tokens,
        one.output_tokens + other.output_tokens,
        one.cost_picousd + other.cost_picousd,
        one.unpriced_steps + other.unpriced_steps,
    )
