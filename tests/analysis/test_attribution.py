from collections import Counter, defaultdict

from hypothesis import given
from msgspec.structs import replace

from farthing.analysis.attribution import Attribution, Part, attribute
from farthing.analysis.births import Change, births, primary
from farthing.analysis.charges import PriceClass, price
from farthing.analysis.path import Piece
from farthing.prices.card import Unpriced
from farthing.segment import SegmentKind
from farthing.session import Session
from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S, Charge, Usage
from tests.analysis.scenes import PRICES, sessions

Sums = Counter[tuple[Part, PriceClass]]


def attributed(session: Session) -> Attribution:
    return attribute(session, births(session), [price(span, PRICES) for span in session.spans])


def sums(attribution: Attribution) -> tuple[Sums, Sums]:
    tokens, costs = Sums(), Sums()
    for part, amount in attribution.amounts():
        tokens[part, amount.price_class] += amount.tokens
        costs[part, amount.price_class] += amount.cost_picousd
    return +tokens, +costs


def classes_of(counts: Usage) -> list[PriceClass]:
    """Return the price class of each input token, one by one, in cache order."""
    by_ttl = {ONE_HOUR_S: PriceClass.CACHE_WRITE_1H, FIVE_MINUTES_S: PriceClass.CACHE_WRITE_5M}
    found = [PriceClass.CACHE_READ] * counts.cache_read_input_tokens
    for write in counts.cache_writes:
        found += [by_ttl.get(write.ttl_s or 0, PriceClass.CACHE_WRITE_OTHER)] * write.tokens
    return found + [PriceClass.UNCACHED] * counts.uncached_input_tokens


def literal(session: Session, changes: list[Change]) -> tuple[Sums, Sums, dict[bytes, int]]:
    """Attribute the input of the agents' own requests token by token, call by call, as the words say it."""
    tokens, costs = Sums(), Sums()
    lifetimes: dict[bytes, int] = defaultdict(int)
    paths: dict[int, list[Piece]] = defaultdict(list)
    for span, change in zip(session.spans, changes, strict=True):
        charge = primary(span)
        if charge is None or change.path < 0:
            continue
        path = paths[change.path] = [*paths[change.path][: change.kept], *change.pieces]
        owners = [at for at, piece in enumerate(path) for _ in range(piece.tokens)]
        billed = Counter(zip(owners, classes_of(charge.usage), strict=True))
        for (at, price_class), count in billed.items():
            piece, cost = path[at], count * rate_of(charge, price_class, span.step.at_ns)
            key = Part(piece.kind, piece.kind, piece.name, charge.model), price_class
            tokens[key] += count
            costs[key] += cost
            if piece.segment is not None:
                lifetimes[piece.segment.digest] += cost
    return +tokens, +costs, lifetimes


def rate_of(charge: Charge, price_class: PriceClass, at_ns: int | None) -> int:
    rates = PRICES.rates(charge, at_ns=at_ns)
    if isinstance(rates, Unpriced):
        return 0
    return {
        PriceClass.UNCACHED: rates.input,
        PriceClass.CACHE_READ: rates.cache_read,
        PriceClass.CACHE_WRITE_5M: rates.cache_write_5m,
        PriceClass.CACHE_WRITE_1H: rates.cache_write_1h,
        PriceClass.CACHE_WRITE_OTHER: rates.cache_write_5m,
    }[price_class]


@given(sessions())
def test_the_parts_sum_to_what_the_provider_counted_and_billed(session: Session) -> None:
    tokens, costs = sums(attributed(session))
    bills = [line for span in session.spans for line in price(span, PRICES)]
    counted: Counter[PriceClass] = Counter()
    for line in bills:
        counted.update(classes_of(line.charge.usage))
        counted[PriceClass.OUTPUT] += line.charge.usage.output_tokens
    by_class: Counter[PriceClass] = Counter()
    for (_, price_class), count in tokens.items():
        by_class[price_class] += count
    assert by_class == +counted
    assert costs.total() == sum(line.cost_picousd for line in bills)


@given(sessions())
def test_each_part_gets_what_a_literal_walk_over_all_tokens_gives_it(session: Session) -> None:
    session = Session(
        id=session.id,
        spans=tuple(replace(span, charges=span.charges[:1], output=()) for span in session.spans),
    )
    changes = births(session)
    found = attributed(session)
    tokens, costs, lifetimes = literal(session, changes)
    found_tokens, found_costs = sums(found)
    inputs = {key for key in found_tokens if key[0].kind is not SegmentKind.OUTPUT}
    extra = {key for key in inputs if key[0].name == "compaction"}
    assert {key: found_tokens[key] for key in inputs - extra} == tokens
    assert {key: found_costs[key] for key in inputs - extra if found_costs[key]} == costs
    ranked = sorted(filter(None, lifetimes.values()), reverse=True)[:5]
    assert [life.cost_picousd for life in found.dearest if life.cost_picousd] == ranked


@given(sessions())
def test_what_was_born_is_part_of_what_was_sent(session: Session) -> None:
    found = attributed(session)
    tokens, _ = sums(found)
    for part, born in found.parts.items():
        assert born.tokens <= sum(count for (owner, _), count in tokens.items() if owner == part)
