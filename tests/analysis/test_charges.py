import pytest
from hypothesis import given

from farthing.analysis.charges import Band, PriceClass, bands, price
from farthing.session import Session
from farthing.usage import CacheWrite, Charge, Usage
from tests.analysis.scenes import BIG, BIG_RATES, FREE, PRICES, SMALL, Scene, sessions, usage


def test_bands_stand_in_cache_order_and_leave_out_what_is_empty() -> None:
    line = price(Scene().call(None, usage(read=10, hour=3, five=4, plain=2)), PRICES)[0]
    assert bands(line) == [
        Band(0, 10, PriceClass.CACHE_READ, BIG_RATES.cache_read),
        Band(10, 13, PriceClass.CACHE_WRITE_1H, BIG_RATES.cache_write_1h),
        Band(13, 17, PriceClass.CACHE_WRITE_5M, BIG_RATES.cache_write_5m),
        Band(17, 19, PriceClass.UNCACHED, BIG_RATES.input),
    ]
    assert bands(price(Scene().call(None, usage(out=5)), PRICES)[0]) == []


@pytest.mark.parametrize("ttl_s", [None, 1_800])
def test_writes_of_another_life_are_a_class_of_their_own(ttl_s: int | None) -> None:
    counts = Usage(cache_writes=(CacheWrite(ttl_s, 7),))
    line = price(Scene().call(None, counts), PRICES)[0]
    assert bands(line) == [Band(0, 7, PriceClass.CACHE_WRITE_OTHER, BIG_RATES.cache_write_5m)]


def test_without_a_price_nothing_costs_nothing() -> None:
    line = price(Scene().call(None, usage(plain=5, out=5), model=FREE), PRICES)[0]
    assert (line.cost, line.cost_picousd) == (None, 0)
    assert FREE in line.unpriced
    assert [band.rate for band in bands(line)] == [0]


def test_a_server_tool_without_a_price_leaves_the_whole_charge_unpriced() -> None:
    counts = Usage(uncached_input_tokens=5, server_tools=(("web_search", 1),))
    assert price(Scene().call(None, counts), PRICES)[0].cost_picousd == 5 * BIG_RATES.input + 10**10
    assert price(Scene().call(None, counts, model=SMALL), PRICES)[0].cost is None


def test_every_charge_has_its_line() -> None:
    extra = Charge(model=SMALL, usage=usage(plain=3), part="advisor")
    bill = price(Scene().call(None, usage(plain=1), extra=[extra]), PRICES)
    assert [line.charge.model for line in bill] == [BIG, SMALL]


@given(sessions())
def test_bands_cover_the_input_and_cost_what_it_costs(session: Session) -> None:
    for span in session.spans:
        for line in price(span, PRICES):
            laid = bands(line)
            edges = [0, *(band.end for band in laid)]
            assert [band.start for band in laid] == edges[:-1]
            assert edges[-1] == line.charge.usage.input_tokens
            if line.cost is not None:
                charged = sum((band.end - band.start) * band.rate for band in laid)
                assert charged == line.cost_picousd - line.cost.output - line.cost.server_tools
