from hypothesis import given
from hypothesis import strategies as st

from farthing.traces.langfuse_usage import DISJOINT, WITHIN, billed
from farthing.usage import Usage, cache_writes

COUNT = st.integers(0, 10_000)


def usage(**buckets: int) -> Usage:
    found = billed({name.replace("__", "."): count for name, count in buckets.items()}, model="m")
    assert found is not None
    return found.charges[0].usage


def test_buckets_of_every_sender() -> None:
    assert usage(input=5, output=2, input_cache_read=3, output_reasoning=4, total=14) == Usage(
        uncached_input_tokens=5, cache_read_input_tokens=3, output_tokens=6, reasoning_tokens=4
    )
    assert usage(input=5, output=2, input_cache_creation_5m=3, input_cache_creation_1h=4) == Usage(
        uncached_input_tokens=5, cache_writes=cache_writes(five_minutes=3, one_hour=4), output_tokens=2
    )
    assert usage(input=5, output=2, cache_creation_input_tokens=3, cache_read_input_tokens=9) == Usage(
        uncached_input_tokens=5,
        cache_read_input_tokens=9,
        cache_writes=cache_writes(unknown=3),
        output_tokens=2,
    )
    assert usage(prompt_tokens=5, completion_tokens=2, input_audio_tokens=1, output_audio_tokens=1) == Usage(
        uncached_input_tokens=6, output_tokens=3
    )
    assert usage(output=29, input=85, total=114, prompt_details__cache_read=0) == Usage(
        uncached_input_tokens=85, output_tokens=29
    )


def test_nothing_counted_is_no_usage() -> None:
    assert billed({}, model="m") is None
    assert billed({"input": 0, "output": 0, "total": 0}, model="m") is None


@given(given=COUNT, produced=COUNT, cached=COUNT, reasoning=COUNT)
def test_the_total_tells_whether_buckets_are_parts(
    given: int, produced: int, cached: int, reasoning: int
) -> None:
    buckets = {
        "input": given,
        "output": produced,
        "input_cached_tokens": cached,
        "output_reasoning": reasoning,
    }
    disjoint = billed({**buckets, "total": sum(buckets.values())}, model="m")
    if disjoint is not None:
        told = disjoint.charges[0].usage
        assert told.input_tokens + told.output_tokens == sum(buckets.values())
    within = billed({**buckets, "total": given + produced}, model="m")
    if within is not None and cached + reasoning and cached <= given and reasoning <= produced:
        told = within.charges[0].usage
        assert (within.rule, told.input_tokens, told.output_tokens) == (WITHIN, given, produced)
        assert disjoint is not None
        assert disjoint.rule == DISJOINT
