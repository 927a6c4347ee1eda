"""A call's bill as bands of price along its context: what was read, what was written, what was neither.

A provider's cache holds a prefix, so the price of a token follows from where it stands: first come
the tokens that were read, then the written ones, longest life first, then the rest (Anthropic,
prompt caching page, 2026-08; the others bill a cached prefix likewise). Nothing is spread pro rata.
"""

from enum import IntEnum

from msgspec import Struct

from farthing.prices.book import PriceBook
from farthing.prices.card import Cost, Rates, Unpriced, cost
from farthing.span import Span
from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S, Charge


class PriceClass(IntEnum):
    """What a token is billed as; a row of counts is indexed by it."""

    UNCACHED = 0
    CACHE_READ = 1
    CACHE_WRITE_5M = 2
    CACHE_WRITE_1H = 3
    CACHE_WRITE_OTHER = 4
    OUTPUT = 5
    SERVER_TOOLS = 6


class Band(Struct, frozen=True, gc=False):
    """Tokens from `start` to `end` of a context, billed alike; `rate` in picodollars, 0 if unknown."""

    start: int
    end: int
    price_class: PriceClass
    rate: int


class Priced(Struct, frozen=True):
    """A charge and what it cost; without a price `rates` and `cost` are None, and `unpriced` says why."""

    charge: Charge
    rates: Rates | None = None
    cost: Cost | None = None
    cost_picousd: int = 0
    unpriced: str = ""


def price(span: Span, prices: PriceBook) -> tuple[Priced, ...]:
    """Return the lines of this call's bill in the order of its charges."""
    return tuple([_priced(charge, span, prices) for charge in span.charges])


def bands(line: Priced) -> list[Band]:
    """Return the bands of this charge's input in cache order, empty ones left out; they end at its count."""
    usage, rates, found = line.charge.usage, line.rates or _NO_RATES, list[Band]()
    end = usage.cache_read_input_tokens
    if end:
        found.append(Band(0, end, _READ, rates.cache_read))
    for write in usage.cache_writes:
        start, end = end, end + write.tokens
        written = _WRITES.get(write.ttl_s, PriceClass.CACHE_WRITE_OTHER)
        found.append(Band(start, end, written, rates.cache_write(write.ttl_s) or 0))
    plain = usage.uncached_input_tokens
    if plain:
        found.append(Band(end, end + plain, _UNCACHED, rates.input))
    return found


_READ, _UNCACHED = PriceClass.CACHE_READ, PriceClass.UNCACHED
_NO_RATES = Rates(input=0, output=0, cache_read=0, cache_write_5m=0, cache_write_1h=0)
_WRITES: dict[int | None, PriceClass] = {
    FIVE_MINUTES_S: PriceClass.CACHE_WRITE_5M,
    ONE_HOUR_S: PriceClass.CACHE_WRITE_1H,
}


def _priced(charge: Charge, span: Span, prices: PriceBook) -> Priced:
    rates = prices.rates(charge, provider=span.step.provider, at_ns=span.step.at_ns)
    if isinstance(rates, Unpriced):
        return Priced(charge, unpriced=rates.reason)
    found = cost(charge.usage, rates, model=charge.model)
    if isinstance(found, Unpriced):
        return Priced(charge, unpriced=found.reason)
    return Priced(charge, rates, found, found.total)
