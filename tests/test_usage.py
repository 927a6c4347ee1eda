"""Usage: disjoint parts, totals as sums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S, CacheWrite, Usage, cache_writes

counts = st.integers(0, 10**9)


@given(counts, counts, counts, counts, counts)
def test_input_is_the_sum_of_its_parts(plain: int, read: int, short: int, long: int, unknown: int) -> None:
    writes = cache_writes(five_minutes=short, one_hour=long, unknown=unknown)
    usage = Usage(uncached_input_tokens=plain, cache_read_input_tokens=read, cache_writes=writes)
    assert usage.input_tokens == plain + read + short + long + unknown
    assert usage.written_for(FIVE_MINUTES_S) == short
    assert usage.written_for(ONE_HOUR_S) == long
    assert usage.written_for(None) == unknown


def test_writes_stand_in_billing_order_and_empty_ones_are_left_out() -> None:
    assert cache_writes(five_minutes=2, one_hour=1) == (
        CacheWrite(ONE_HOUR_S, 1),
        CacheWrite(FIVE_MINUTES_S, 2),
    )
    assert cache_writes() == ()


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Usage(uncached_input_tokens=-1),
        lambda: Usage(cache_read_input_tokens=-1),
        lambda: Usage(output_tokens=-1),
        lambda: Usage(cache_writes=(CacheWrite(300, -1),)),
    ],
)
def test_a_negative_count_cannot_be_built(bad: object) -> None:
    assert callable(bad)
    with pytest.raises(ValueError, match="negative"):
        bad()
