"""One session in full, step by step: what each call sent, in which price class, what was new, what came out.

Made on demand for the session that is asked for. The mix of kinds that a path holds is kept up to
date as it changes, so a step costs what it changed and what it did not find in the cache.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from farthing.analysis.births import Change, births, primary
from farthing.analysis.charges import Band, PriceClass, Priced, bands, price
from farthing.analysis.path import Piece
from farthing.prices.book import PriceBook
from farthing.segment import Segment, SegmentKind
from farthing.session import Session
from farthing.span import Span


class Share(Struct, frozen=True):
    """The tokens of one kind that a call sent in one price class, and what they cost."""

    kind: SegmentKind
    price_class: PriceClass
    tokens: int
    cost_picousd: int


class Item(Struct, frozen=True):
    """A block that a call sent for the first time or made; `segment` is None for a remainder."""

    kind: SegmentKind
    name: str
    tokens: int
    segment: Segment | None


class WaterfallStep(Struct, frozen=True, kw_only=True):
    """One call; `step` counts from 1.

    `input` holds the shares of its own request in cache order, `extra_picousd` what other lines of its
    bill cost. `dropped_tokens` were sent by the call before and are not sent by this one.
    """

    step: int
    turn: int
    agent: str
    model: str
    at_ns: int | None
    ended_ns: int | None
    conversation: int
    input: tuple[Share, ...]
    new: tuple[Item, ...]
    dropped_tokens: int
    output: tuple[Item, ...]
    output_tokens: int
    output_picousd: int
    extra_picousd: int
    cost_picousd: int
    unpriced: str
    finish: str


def waterfall(session: Session, prices: PriceBook) -> list[WaterfallStep]:
    """Return every call of the session; the shares of each sum to its reported input."""
    mixes: defaultdict[int, _Mix] = defaultdict(_Mix)
    steps = []
    for number, (span, change) in enumerate(zip(session.spans, births(session), strict=True), start=1):
        bill = price(span, prices)
        own = primary(span)
        line = next((line for line in bill if line.charge is own), None)
        shares: tuple[Share, ...] = ()
        if line is not None and change.path >= 0:
            mix = mixes[change.path]
            mix.change(change)
            shares = tuple(mix.shares(bands(line)))
        steps.append(_step(number, span, change, bill, line, shares))
    return steps


def _step(
    number: int,
    span: Span,
    change: Change,
    bill: Sequence[Priced],
    own: Priced | None,
    shares: tuple[Share, ...],
) -> WaterfallStep:
    cost = sum(line.cost_picousd for line in bill)
    return WaterfallStep(
        step=number,
        turn=span.step.turn,
        agent=span.step.agent_label or span.step.agent,
        model=own.charge.model if own is not None else span.step.model,
        at_ns=span.step.at_ns,
        ended_ns=span.ended_ns,
        conversation=change.conversation,
        input=shares,
        new=tuple(
            Item(piece.kind, piece.name, piece.tokens, piece.segment)
            for piece in change.pieces
            if piece.fresh
        ),
        dropped_tokens=change.dropped_tokens,
        output=tuple(
            Item(segment.kind, segment.name, tokens, segment)
            for segment, tokens in zip(span.output, change.output_tokens, strict=False)
        ),
        output_tokens=own.charge.usage.output_tokens if own is not None else 0,
        output_picousd=own.cost.output if own is not None and own.cost is not None else 0,
        extra_picousd=cost - (own.cost_picousd if own is not None else 0),
        cost_picousd=cost,
        unpriced="; ".join(sorted({line.unpriced for line in bill if line.unpriced})),
        finish=span.finish,
    )


class _Mix:
    """The pieces of one path, and how many tokens each kind has in it."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._kinds: Counter[SegmentKind] = Counter()

    def change(self, change: Change) -> None:
        for piece in self._pieces[change.kept :]:
            self._kinds[piece.kind] -= piece.tokens
        del self._pieces[change.kept :]
        for piece in change.pieces:
            self._kinds[piece.kind] += piece.tokens
        self._pieces += change.pieces

    def shares(self, laid: Sequence[Band]) -> Iterator[Share]:
        """Yield the shares of one call: behind the first band piece by piece, and in it all that is left."""
        left = self._kinds.copy()
        behind: list[list[Share]] = []
        pieces = reversed(self._pieces)
        kind, tokens = SegmentKind.REMAINDER, 0
        for band in reversed(laid[1:]):
            mix: Counter[SegmentKind] = Counter()
            missing = band.end - band.start
            while missing:
                if not tokens:
                    piece = next(pieces)
                    kind, tokens = piece.kind, piece.tokens
                taken = min(tokens, missing)
                mix[kind] += taken
                tokens -= taken
                missing -= taken
            left -= mix
            behind.append(_shares(mix, band))
        for band in laid[:1]:
            yield from _shares(left, band)
        for shares in reversed(behind):
            yield from shares


def _shares(mix: Counter[SegmentKind], band: Band) -> list[Share]:
    return [
        Share(kind, band.price_class, mix[kind], mix[kind] * band.rate) for kind in SegmentKind if mix[kind]
    ]
