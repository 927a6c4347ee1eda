"""Plants breaks in real sessions and counts which are found, which are invented, and which are named right.

    ./dev bench seeded_breaks [--each 12] [--data ../shared/data] [--missed]

Each real session is sent through a literal cache (`literal_cache`) once as it was and once with a plant
(`planted`); a break is real where the second reading falls short of the first. Requests are parsed and
judged by farthing as a trace of full requests would be. Goals: recall ≥ 95 %, precision ≥ 95 %, cause
right ≥ 90 %. Exit 1 if one is missed.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from msgspec.structs import replace

from bench.literal_cache import AnthropicCache, BlockCache, Counts
from bench.planted import Ask, Plant, Where, plants
from bench.real_talks import Talk, anthropic, openai, talks
from farthing.analysis.births import births
from farthing.analysis.break_cause import Cause
from farthing.analysis.breaks import Break, find
from farthing.analysis.charges import price
from farthing.analysis.volatile import named
from farthing.prefix import Chains
from farthing.prices.book import ModelRef, PriceBook
from farthing.prices.card import Card, Rates
from farthing.segment import Segment
from farthing.session import Session
from farthing.span import Span
from farthing.step import Recorded, Step
from farthing.usage import Charge, Usage, cache_writes
from farthing.wire import anthropic as anthropic_wire
from farthing.wire import openai_chat as openai_wire
from farthing.wire.message import BlockMemo, Request

RECALL, PRECISION, NAMED = 0.95, 0.95, 0.90
_NS_PER_S = 1_000_000_000
_REAL_TOKENS = 256
_ANSWER_BEGINS_S = 2.0
_MOST_GAP_S = 200.0
_OUTPUT_TOKENS = 200
_MODELS = {"anthropic": "claude-sonnet-4-5", "openai": "gpt-5.1", "deepseek": "deepseek-chat"}
_RATES = Rates(
    input=3_000_000, output=15_000_000, cache_read=300_000, cache_write_5m=3_750_000, cache_write_1h=6_000_000
)


@dataclass(frozen=True, slots=True)
class Trial:
    """One session with one plant; steps count from 0, -1 is a call that is none of the session's own.

    A break was `due` at some steps. At those where it cost enough to matter the session is `broken`.
    """

    plant: Plant
    talk: str
    provider: str
    due: frozenset[int]
    broken: frozenset[int]
    found: tuple[Break, ...]
    steps: int


def main() -> int:
    asked = _arguments()
    trials = list(_trials(talks(asked.data, asked.each), asked.only))
    score = Score(trials)
    print(score.table())
    if asked.missed:
        print("\n".join(score.missed()))
    return 0 if score.is_met else 1


def _trials(sessions: list[Talk], only: str) -> Iterator[Trial]:
    for plant in plants():
        if only not in plant.name:
            continue
        for number, talk in enumerate(sessions):
            for provider in sorted(plant.providers):
                yield trial(plant, talk, provider, number)


def trial(plant: Plant, talk: Talk, provider: str, number: int) -> Trial:
    where = _where(talk, plant, provider, number)
    clean = _billed(list(_asks(talk, provider)), provider)
    asks = [_planted(ask, step, plant, where) for step, ask in enumerate(_asks(talk, provider))]
    numbers: list[int] = list(range(len(asks)))
    if plant.aside is not None:
        for step in (where.step, where.step + 2):
            at = numbers.index(step)
            asks.insert(at, plant.aside(asks[at]))
            numbers.insert(at, -1)
    billed = _billed(asks, provider)
    due = frozenset(step for step in numbers if plant.due(step, where))
    broken = {
        step
        for step, (_, counts) in zip(numbers, billed, strict=True)
        if step in due and clean[step][1].read - counts.read > _REAL_TOKENS
    }
    found = [
        replace(each, step=numbers[each.step - 1]) for each in _found(billed, provider) if each.cause.is_break
    ]
    return Trial(plant, talk.name, provider, due, frozenset(broken), tuple(found), len(asks))


def _asks(talk: Talk, provider: str) -> Iterator[Ask]:
    """Yield the requests of a session, on a clock without long pauses: those are planted."""
    at_s, last_s = 1_790_000_000.0, None
    for at in talk.steps:
        heard_s = talk.messages[at - 1].at_s
        if last_s is not None:
            at_s += min(max(heard_s - last_s, 5.0), _MOST_GAP_S)
        last_s = heard_s
        yield Ask(
            model=_MODELS[provider],
            system=talk.system,
            tools=talk.tools,
            messages=talk.messages[:at],
            at_s=at_s,
            began_s=at_s + _ANSWER_BEGINS_S,
            settings={},
        )


def _where(talk: Talk, plant: Plant, provider: str, number: int) -> Where:
    """Return a step in the later half, where there is history to lose; what moves moves from the start."""
    random = Random(f"{plant.name} {provider} {number}")
    steps = talk.steps
    at = random.randrange(len(steps) // 2, len(steps) - 2)
    step = 1 if plant.from_start else at
    before = list(_asks(talk, provider))[step - 1].at_s
    return Where(step, steps[step], (steps[max(step - 2, 0)], steps[step - 1]), before, random)


def _planted(ask: Ask, step: int, plant: Plant, where: Where) -> Ask:
    """Apply the plant; a moving value stands in the requests before the first break too."""
    return plant.change(ask, step, where) if plant.from_start or step >= where.step else ask


def _billed(asks: list[Ask], provider: str) -> list[tuple[Ask, Counts]]:
    cache = _cache(provider)
    billed = []
    for ask in asks:
        if ask.forgotten:
            cache.forget()
        billed.append((ask, cache.call({**_body(ask, provider)}, at_s=ask.at_s, began_s=ask.began_s)))
    return billed


def _cache(provider: str) -> AnthropicCache | BlockCache:
    if provider == "anthropic":
        return AnthropicCache()
    if provider == "openai":
        return BlockCache(unit=128, minimum=1_024, ttl_s=600)
    return BlockCache(unit=64, minimum=64, ttl_s=86_400, shortfall=0.1)


def _body(ask: Ask, provider: str) -> dict[str, object]:
    render = anthropic if provider == "anthropic" else openai
    return {"model": ask.model, **render(ask.system, ask.tools, ask.messages), **ask.settings}


def _found(billed: list[tuple[Ask, Counts]], provider: str) -> tuple[Break, ...]:
    """Return the breaks that farthing reports for these requests and counts."""
    wire = anthropic_wire if provider == "anthropic" else openai_wire
    source, memo, chains, spans = bytearray(), BlockMemo(), Chains(), []
    for ask, counts in billed:
        body = json.dumps(_body(ask, provider)).encode()
        request = wire.parse(body, memo, base=len(source))
        source += body
        spans.append(_span(ask, counts, provider, request, chains))
    session = Session(id="planted", spans=tuple(spans))
    book = _book({ask.model for ask, _ in billed}, provider)
    changes = births(session)
    breaks = find(session, changes, [price(span, book) for span in spans]).breaks

    def texts(segment: Segment) -> bytes | None:
        return bytes(source[segment.offset : segment.offset + segment.length])

    return named(breaks, texts)


def _span(ask: Ask, counts: Counts, provider: str, request: Request, chains: Chains) -> Span:
    usage = Usage(
        uncached_input_tokens=counts.uncached,
        cache_read_input_tokens=counts.read,
        cache_writes=cache_writes(five_minutes=counts.written),
        output_tokens=_OUTPUT_TOKENS,
    )
    step = Step(
        model=ask.model,
        session="planted",
        agent=ask.agent,
        at_ns=int(ask.at_s * _NS_PER_S),
        provider=provider,
        prefix=chains.of(request.segments),
        recorded=Recorded.FULL,
        parameters=request.parameters,
        breakpoints=request.breakpoints,
    )
    began_ns = int(ask.began_s * _NS_PER_S)
    return Span(step=step, charges=(Charge(model=ask.model, usage=usage),), first_token_ns=began_ns)


def _book(models: set[str], provider: str) -> PriceBook:
    cards = {(ModelRef(provider, model), ""): (Card(rates=_RATES),) for model in models}
    return PriceBook(cards=cards, today_ns=0)


class Score:
    """Counts over all trials: a break is found where one is reported at its step."""

    def __init__(self, trials: list[Trial]) -> None:
        self._trials = trials
        self._matrix: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.real = self.found = self.named = self.invented = 0
        for trial in trials:
            self._count(trial)

    @property
    def recall(self) -> float:
        return self.found / max(self.real, 1)

    @property
    def precision(self) -> float:
        return self.found / max(self.found + self.invented, 1)

    @property
    def right(self) -> float:
        return self.named / max(self.found, 1)

    @property
    def is_met(self) -> bool:
        return self.recall >= RECALL and self.precision >= PRECISION and self.right >= NAMED

    def table(self) -> str:
        shown = [cause.value for cause in Cause if any(cause.value in row for row in self._matrix.values())]
        columns = ["broken", *shown, "not found", "invented"]
        lines = [f"| planted | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
        for plant, row in self._matrix.items():
            lines.append(f"| {plant} | {' | '.join(str(row[column] or '') for column in columns)} |")
        steps = sum(trial.steps for trial in self._trials)
        return "\n".join(
            [
                *lines,
                "",
                f"{len(self._trials):,} sessions, {steps:,} steps, {self.real:,} breaks",
                f"recall {self.recall:.3f} (goal {RECALL})",
                f"precision {self.precision:.3f} (goal {PRECISION})",
                f"cause right {self.right:.3f} (goal {NAMED})",
            ]
        )

    def missed(self) -> Iterator[str]:
        """Yield what went wrong, one line each."""
        for trial in self._trials:
            found = {each.step: each for each in trial.found}
            for step in sorted({*trial.broken, *(found.keys() - trial.due)}):
                each = found.get(step)
                if each is None or step not in trial.broken or each.cause.value not in trial.plant.causes:
                    told = f"{each.cause}: {each.detail}, {each.lost_tokens}" if each else "not found"
                    is_real = "broken" if step in trial.broken else "whole"
                    yield f"{trial.plant.name} | {trial.provider} {trial.talk} step {step} {is_real} | {told}"

    def _count(self, trial: Trial) -> None:
        row, found = self._matrix[trial.plant.name], {each.step: each for each in trial.found}
        row["broken"] += len(trial.broken)
        self.real += len(trial.broken)
        for step in trial.broken:
            each = found.get(step)
            row[each.cause.value if each else "not found"] += 1
            self.found += each is not None
            self.named += each is not None and each.cause.value in trial.plant.causes
        invented = sum(each.step not in trial.due for each in trial.found)
        row["invented"] += invented
        self.invented += invented


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Seeded cache breaks: recall, precision, causes.")
    parser.add_argument("--each", type=int, default=12, help="sessions of each corpus")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--only", default="", help="plants whose name contains this")
    parser.add_argument("--missed", action="store_true", help="list what was missed, invented or misnamed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
