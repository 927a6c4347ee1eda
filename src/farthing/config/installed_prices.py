"""The installed genai-prices data as our cards, one for every stretch of dates and hours.

The data's own rules choose among its conditional prices; we ask it at each border and keep the
answers, so that a card means what the data means (tests compare the two at random instants).
Importing this module imports genai-prices, a third of a second: `prices.py` does it late.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from itertools import pairwise

import msgspec
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from farthing.money import PICOUSD_PER_USD, parse_rate, parse_usd
from farthing.prices.book import ModelRef
from farthing.prices.card import Card, LongContext, Rates
from farthing.prices.overlay import DATED_RATES, TIER_RULES, TOOL_FEES, DatedRates

_NS_PER_S = 1_000_000_000
_SECONDS_PER_DAY = 86_400
_PRICE_CONTEXTS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "batch": ({"processing": "batch"},),
    "flex": ({"service_tier": "flex"},),
    "priority": ({"service_tier": "priority"}, {"service_tier": "fast"}),
    "fast": ({"speed": "fast"}, {"service_tier": "fast"}),
}

_Price = Decimal | TieredPrices


def installed_cards(ref: ModelRef) -> dict[str, tuple[Card, ...]]:
    """Return the model's cards by tier; empty if the data does not know the model."""
    found = _find_model(ref)
    if found is None:
        return {}
    provider, model = found
    own = [_overlay_card(row) for row in DATED_RATES if row.model == ref.model.rpartition("/")[2]]
    standard = (*_dated_cards(model, {}), *own)
    cards = {"": standard}
    for rule in TIER_RULES:
        if rule.provider == provider.id:
            cards[rule.tier] = tuple(
                _scaled(card, rule.numerator, rule.denominator, rule.source) for card in standard
            )
    for tier, contexts in _PRICE_CONTEXTS.items():
        offered = (context for context in contexts if _has_variant(model, context))
        if tier not in cards and (context := next(offered, None)) is not None:
            cards[tier] = _dated_cards(model, context)
    fees = tuple(
        (fee.tool, parse_usd(fee.per_thousand) // 1_000)
        for fee in TOOL_FEES
        if fee.provider == provider.id and ref.model.startswith(fee.model)
    )
    return {tier: tuple(_with_fees(card, fees) for card in dated) for tier, dated in cards.items() if dated}


def _overlay_card(row: DatedRates) -> Card:
    plain = parse_rate(row.input)
    rates = Rates(
        input=plain,
        output=parse_rate(row.output),
        cache_read=parse_rate(row.cache_read),
        cache_write_5m=plain,
        cache_write_1h=plain,
    )
    return Card(rates=rates, from_ns=_midnight_ns(row.starts), source=row.source)


def _find_model(ref: ModelRef) -> tuple[Provider, ModelInfo] | None:
    """Ask the seller that the trace names, then the maker in a router's "maker/model", and nobody else.

    Another seller's price would be a guess; without any seller the name alone decides.
    """
    snapshot = get_snapshot()
    maker, slash, bare = ref.model.rpartition("/")
    asked: list[tuple[str, str | None]] = [(ref.model, ref.provider)] if ref.provider else []
    if slash:
        asked += [(bare, maker), (bare.replace(".", "-"), maker)]
    elif not ref.provider:
        asked.append((ref.model, None))
    for model, provider in asked:
        with suppress(LookupError):
            return snapshot.find_provider_model(model, None, provider, None)
    return None


def _has_variant(model: ModelInfo, context: Mapping[str, str]) -> bool:
    return any(dict(variant.when) == dict(context) for variant in model.price_variants or ())


def _dated_cards(model: ModelInfo, context: Mapping[str, str]) -> tuple[Card, ...]:
    """Return a card for every stretch of dates and hours in which the data's prices are constant."""
    cards: list[Card] = []
    for start in (None, *_start_dates(model)):
        for daily_s in _daily_windows(model):
            moment = datetime.combine(start or date(2000, 1, 1), _clock(daily_s[0]), tzinfo=UTC)
            card = _card(model, model.get_prices(moment, dict(context) or None), start, daily_s)
            if card is not None:
                cards.append(card)
    return tuple(cards)


def _constraints(model: ModelInfo) -> list[object]:
    conditional = [] if not isinstance(model.prices, list) else [price.constraint for price in model.prices]
    return [*conditional, *(variant.constraint for variant in model.price_variants or ())]


def _start_dates(model: ModelInfo) -> list[date]:
    found = _constraints(model)
    return sorted({each.start_date for each in found if isinstance(each, StartDateConstraint)})


def _daily_windows(model: ModelInfo) -> list[tuple[int, int]]:
    edges = {0, _SECONDS_PER_DAY}
    for each in _constraints(model):
        if isinstance(each, TimeOfDateConstraint):
            edges |= {_second_of_day(each.start_time), _second_of_day(each.end_time)}
    ordered = sorted(edges)
    return list(pairwise(ordered))


def _card(model: ModelInfo, prices: ModelPrice, start: date | None, daily_s: tuple[int, int]) -> Card | None:
    if prices.input_mtok is None or prices.output_mtok is None:
        return None
    thresholds = sorted({start for unit in _token_prices(prices) for start in _thresholds(unit)})
    return Card(
        rates=_rates(prices, 0),
        long_context=tuple(LongContext(above, _rates(prices, above + 1)) for above in thresholds),
        from_ns=None if start is None else _midnight_ns(start),
        daily_s=None if daily_s == (0, _SECONDS_PER_DAY) else daily_s,
        source=f"genai-prices {version('genai-prices')}, {model.id}",
    )


def _token_prices(prices: ModelPrice) -> tuple[_Price | None, ...]:
    return prices.input_mtok, prices.output_mtok, prices.cache_read_mtok, prices.cache_write_mtok


def _thresholds(price: _Price | None) -> list[int]:
    return [tier.start for tier in price.tiers] if isinstance(price, TieredPrices) else []


def _rates(prices: ModelPrice, input_tokens: int) -> Rates:
    """A class without a price of its own costs what input costs; 1-hour writes cost what writes cost."""
    plain = _at(prices.input_mtok, input_tokens) or 0
    write = _at(prices.cache_write_mtok, input_tokens)
    one_hour = _at(prices.cache_write_1h_mtok, input_tokens)
    read = _at(prices.cache_read_mtok, input_tokens)
    searches = prices.web_searches_kcount
    return Rates(
        input=plain,
        output=_at(prices.output_mtok, input_tokens) or 0,
        cache_read=plain if read is None else read,
        cache_write_5m=plain if write is None else write,
        cache_write_1h=one_hour if one_hour is not None else plain if write is None else write,
        server_tools=() if searches is None else (("web_search", _per_request(searches)),),
    )


def _at(price: _Price | None, input_tokens: int) -> int | None:
    if price is None:
        return None
    if not isinstance(price, TieredPrices):
        return parse_rate(price)
    passed = [tier.price for tier in price.tiers if input_tokens > tier.start]
    return parse_rate(passed[-1] if passed else price.base)


def _per_request(per_thousand: _Price) -> int:
    amount = per_thousand.base if isinstance(per_thousand, TieredPrices) else per_thousand
    return int(amount * PICOUSD_PER_USD) // 1_000


def _scaled(card: Card, numerator: int, denominator: int, source: str) -> Card:
    def scale(rates: Rates) -> Rates:
        return rates.scaled(numerator, denominator)

    return msgspec.structs.replace(
        card,
        rates=scale(card.rates),
        long_context=tuple(LongContext(each.above_tokens, scale(each.rates)) for each in card.long_context),
        source=source,
    )


def _with_fees(card: Card, fees: tuple[tuple[str, int], ...]) -> Card:
    """Return the card with the fees that it lacks; the data's own win."""

    def add(rates: Rates) -> Rates:
        return msgspec.structs.replace(
            rates, server_tools=tuple((dict(fees) | dict(rates.server_tools)).items())
        )

    return msgspec.structs.replace(
        card,
        rates=add(card.rates),
        long_context=tuple(LongContext(each.above_tokens, add(each.rates)) for each in card.long_context),
    )


def _midnight_ns(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * _NS_PER_S


def _second_of_day(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _clock(second: int) -> time:
    return time(second // 3600, second // 60 % 60, second % 60)
