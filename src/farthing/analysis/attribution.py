"""Where each token and picodollar of a session went: to which part, in which price class, to which model.

A part is what a token is: the schema of a tool, a result of it, the task, reasoning that came out.
The price class follows from the position in cache order. The tokens and money of all parts sum
to the bill exactly. A block is paid for whenever it is re-sent, so its price is its lifetime's.
"""

from collections.abc import Iterator, Sequence
from heapq import nlargest
from typing import NamedTuple

from msgspec import Struct

from farthing.analysis.births import NOT_RECORDED, Change, primary
from farthing.analysis.charges import Band, PriceClass, Priced, bands
from farthing.analysis.meter import Books, Meter
from farthing.segment import Segment, SegmentKind
from farthing.session import Session
from farthing.span import Span

FURTHER_CHARGE = "further charge"
_DEAREST = 5


class Part(NamedTuple):
    """A part of the bill. `form` is `kind`, but for output: there it is what came out.

    `name` is the tool of schemas, calls and results, and says what a remainder stands for.
    """

    kind: SegmentKind
    form: SegmentKind
    name: str
    model: str


class Born(NamedTuple):
    """The blocks of a part, and the tokens of their first sending; whatever else it took was re-sent."""

    blocks: int
    tokens: int


class Amount(NamedTuple):
    """Tokens of one price class (requests, where server tools are billed), and what they cost."""

    price_class: PriceClass
    tokens: int
    cost_picousd: int


class Life(Struct, frozen=True):
    """A single block's lifetime: what it cost over all calls that sent it. `step` counts calls from 1."""

    segment: Segment
    session: str
    step: int
    tokens: int
    sent_tokens: int
    cost_picousd: int


class Attribution(Struct, frozen=True):
    """The parts of one session's bill with what was born in each, and its dearest single blocks.

    `tokens` are by lane, a price class at one rate, and by the number of the part.
    `resent_picousd` is what input cost that the session had sent before.
    """

    parts: dict[Part, Born]
    lanes: tuple[tuple[PriceClass, int], ...]
    tokens: tuple[dict[int, int], ...]
    resent_picousd: int
    dearest: tuple[Life, ...]

    def amounts(self) -> Iterator[tuple[Part, Amount]]:
        """Yield each part with an amount of it; a price class comes as often as its rate changed."""
        parts = list(self.parts)
        for (price_class, rate), tokens_by_part in zip(self.lanes, self.tokens, strict=True):
            for number, tokens in tokens_by_part.items():
                yield parts[number], Amount(price_class, tokens, tokens * rate)


def attribute(
    session: Session,
    changes: Sequence[Change],
    bills: Sequence[tuple[Priced, ...]],
    *,
    floor_picousd: int = 0,
) -> Attribution:
    """Return where the session's tokens and money went; `changes` and `bills` stand beside its spans.

    The dearest blocks are left out where the whole session cost less than `floor_picousd`.
    """
    total = sum([line.cost_picousd for bill in bills for line in bill])
    machine = _Attribution(follows_blocks=total >= floor_picousd)
    for span, change, bill in zip(session.spans, changes, bills, strict=True):
        own = primary(span)
        for line in bill:
            if line.charge is own:
                machine.own_request(span, change, line)
            else:
                machine.extra_line(line)
    return machine.result(session, changes)


class _Attribution:
    def __init__(self, *, follows_blocks: bool) -> None:
        self._follows_blocks = follows_blocks
        self._books = Books()
        self._meters: dict[int, Meter] = {}
        self._numbers: dict[tuple[SegmentKind, SegmentKind, str, str], int] = {}
        self._born: list[list[int]] = []
        self._resent_picousd = 0

    def own_request(self, span: Span, change: Change, line: Priced) -> None:
        if change.path >= 0:
            self._input(change, line)
        if line.charge.usage.output_tokens:
            self._output(span.output, change.output_tokens, line)
        if line.charge.usage.server_tools:
            self._fees(line)

    def extra_line(self, line: Priced) -> None:
        name = line.charge.part or FURTHER_CHARGE
        for band in bands(line):
            part = self._part(SegmentKind.REMAINDER, SegmentKind.REMAINDER, name, line.charge.model)
            self._once(part, band.price_class, band.rate, band.end - band.start)
        self._made(SegmentKind.OUTPUT, name, line.charge.usage.output_tokens, line)
        self._fees(line)

    def result(self, session: Session, changes: Sequence[Change]) -> Attribution:
        for meter in self._meters.values():
            meter.cut(0)
        return Attribution(
            parts={Part(*part): Born(*self._born[number]) for part, number in self._numbers.items()},
            lanes=tuple(self._books.lanes),
            tokens=tuple(self._books.tokens),
            resent_picousd=self._resent_picousd,
            dearest=_dearest(session, changes, self._books),
        )

    def _input(self, change: Change, line: Priced) -> None:
        meter = self._meters.get(change.path)
        if meter is None:
            meter = Meter(self._books, follows_blocks=self._follows_blocks)
            self._meters[change.path] = meter
        meter.cut(change.kept)
        model, laid, pieces = line.charge.model, bands(line), change.pieces
        parts = [self._part(piece.kind, piece.kind, piece.name, model) for piece in pieces]
        meter.push(pieces, parts)
        meter.bill(laid)
        start = change.kept_tokens
        self._resent_picousd += _cost_between(laid, 0, start)
        for piece, part in zip(pieces, parts, strict=True):
            if piece.fresh:
                born = self._born[part]
                born[0] += 1
                born[1] += piece.tokens
            else:
                self._resent_picousd += _cost_between(laid, start, start + piece.tokens)
            start += piece.tokens

    def _output(self, output: Sequence[Segment], shares: Sequence[int], line: Priced) -> None:
        usage = line.charge.usage
        for segment, tokens in zip(output, shares, strict=True):
            self._made(segment.kind, segment.name, tokens, line)
        unseen = usage.output_tokens - sum(shares)
        if unseen:
            shown = any(segment.kind is SegmentKind.REASONING for segment in output)
            reasoned = 0 if shown else min(unseen, usage.reasoning_tokens)
            self._made(SegmentKind.REASONING, "", reasoned, line)
            self._made(SegmentKind.OUTPUT, NOT_RECORDED, unseen - reasoned, line)

    def _made(self, form: SegmentKind, name: str, tokens: int, line: Priced) -> None:
        if tokens:
            part = self._part(SegmentKind.OUTPUT, form, name, line.charge.model)
            self._once(part, PriceClass.OUTPUT, line.rates.output if line.rates else 0, tokens)

    def _fees(self, line: Priced) -> None:
        for tool, requests in line.charge.usage.server_tools:
            rate = dict(line.rates.server_tools).get(tool, 0) if line.rates else 0
            part = self._part(SegmentKind.OUTPUT, SegmentKind.OUTPUT, f"fee: {tool}", line.charge.model)
            self._books.tokens[self._books.lane(PriceClass.SERVER_TOOLS, rate)][part] += requests
            self._born[part][0] += requests

    def _part(self, kind: SegmentKind, form: SegmentKind, name: str, model: str) -> int:
        number = self._numbers.get((kind, form, name, model))
        if number is None:
            number = self._numbers[kind, form, name, model] = len(self._born)
            self._born.append([0, 0])
        return number

    def _once(self, part: int, price_class: PriceClass, rate: int, tokens: int) -> None:
        """Count tokens that are sent or made this once."""
        self._books.tokens[self._books.lane(price_class, rate)][part] += tokens
        born = self._born[part]
        born[0] += 1
        born[1] += tokens


def _cost_between(laid: Sequence[Band], start: int, end: int) -> int:
    """Return what the tokens from `start` to `end` cost once."""
    cost = 0
    for band in laid:
        if band.start >= end:
            break
        if start < band.end:
            cost += (min(end, band.end) - max(start, band.start)) * band.rate
    return cost


def _dearest(session: Session, changes: Sequence[Change], books: Books) -> tuple[Life, ...]:
    costs = books.cost_picousd
    rank = {digest: at for at, digest in enumerate(nlargest(_DEAREST, costs, key=costs.__getitem__))}
    found: dict[int, Life] = {}
    for step, change in enumerate(changes, start=1) if rank else ():
        for piece in change.pieces:
            segment = piece.segment
            if segment is not None and piece.fresh and segment.digest in rank:
                sent, cost = books.sent_tokens[segment.digest], costs[segment.digest]
                found[rank.pop(segment.digest)] = Life(segment, session.id, step, piece.tokens, sent, cost)
    return tuple(found[at] for at in sorted(found))
