"""Rate cards: dates, hours, long context, and what a call cost by price class."""

from hypothesis import given
from hypothesis import strategies as st

from farthing.prices.card import Card, Cost, LongContext, Rates, Unpriced, cost
from farthing.usage import CacheWrite, Usage, cache_writes

RATES = Rates(input=10, output=50, cache_read=1, cache_write_5m=12, cache_write_1h=20)
HOUR_NS = 3_600 * 10**9
counts = st.integers(0, 10**7)


@given(counts, counts, counts, counts, counts, counts)
def test_the_parts_of_a_cost_are_tokens_times_rates_and_sum_to_the_total(
    plain: int, read: int, short: int, long: int, unknown: int, output: int
) -> None:
    usage = Usage(
        uncached_input_tokens=plain,
        cache_read_input_tokens=read,
        cache_writes=cache_writes(five_minutes=short, one_hour=long, unknown=unknown),
        output_tokens=output,
    )
    found = cost(usage, RATES)
    assert found == Cost(
        uncached=plain * 10,
        cache_read=read,
        cache_write_5m=short * 12,
        cache_write_1h=long * 20,
        cache_write_other=unknown * 12,
        output=output * 50,
    )
    assert found.total == plain * 10 + read + short * 12 + long * 20 + unknown * 12 + output * 50


def test_what_has_no_rate_is_named_and_never_free() -> None:
    lasting = Usage(cache_writes=(CacheWrite(43_200, 1),))
    assert cost(lasting, RATES, model="m") == Unpriced("m", "no price for cache writes of 43200 s")
    searched = Usage(server_tools=(("web_search", 2),))
    assert cost(searched, RATES, model="m") == Unpriced("m", "no price for the server tool web_search")


def test_the_whole_request_decides_about_long_context() -> None:
    dear = RATES.scaled(2, 1)
    card = Card(rates=RATES, long_context=(LongContext(200_000, dear),))
    assert card.rates_for(200_000) is RATES
    assert card.rates_for(200_001) is dear


def test_a_card_holds_from_its_date_and_in_its_hours() -> None:
    night = Card(rates=RATES, from_ns=48 * HOUR_NS, daily_s=(3_600, 7_200))
    held = [hour for hour in range(96) if night.applies(hour * HOUR_NS)]
    assert held == [49, 73]


def test_scaled_rates_are_rounded_half_up() -> None:
    assert Rates(input=3, output=5, cache_read=1, cache_write_5m=2, cache_write_1h=4).scaled(1, 2) == Rates(
        input=2, output=3, cache_read=1, cache_write_5m=1, cache_write_1h=2
    )
