from hypothesis import assume, given
from hypothesis import strategies as st

from farthing.traces.counts import Ballot, Billed, Counts, Producer, Settled, written
from farthing.usage import CacheWrite, Charge, Usage, cache_writes
from farthing.wire.openai_usage import EXCLUSIVE, INCLUSIVE

SOMEBODY = Producer("somebody", "1", "openai", "m")
BEDROCK = Producer("opentelemetry.instrumentation.bedrock", "0.62", "aws", "m")
SDK_5 = Producer("ai", "", "anthropic.messages", "m")
GEMINI = Producer("somebody", "1", "openrouter", "google/gemini-2.5-flash")
COUNT = st.integers(0, 5_000)


def counts(
    given: int, produced: int = 1, /, *, read: int = 0, wrote: int = 0, by: Producer = SOMEBODY, **more: int
) -> Counts:
    return Counts(
        producer=by,
        input_tokens=given,
        output_tokens=produced,
        cache_read_input_tokens=read,
        cache_writes=written(total=wrote),
        total_tokens=more.get("total"),
        reasoning_tokens=more.get("reasoning", 0),
    )


def settle(told: Counts | Billed, *others: Counts) -> Settled:
    ballot = Ballot()
    for each in (told, *others):
        ballot.cast(each)
    return ballot.settle(told, model="m", tier="")


def usage(told: Counts, *others: Counts) -> Usage:
    return settle(told, *others).charges[0].usage


def test_the_convention_is_that_cached_tokens_are_included() -> None:
    assert settle(counts(100, 5, read=80)) == Settled(
        (
            Charge(
                model="m", usage=Usage(uncached_input_tokens=20, cache_read_input_tokens=80, output_tokens=5)
            ),
        ),
        INCLUSIVE,
    )


def test_more_cached_than_input_is_certain() -> None:
    told = settle(counts(100, read=80, wrote=30))
    assert (told.charges[0].usage.input_tokens, told.rule) == (210, EXCLUSIVE)


def test_a_total_that_adds_up_only_so_is_certain() -> None:
    assert usage(counts(100, 5, read=80, total=185)).uncached_input_tokens == 100
    assert usage(counts(100, 5, read=80, total=105)).uncached_input_tokens == 20


def test_a_known_producer_is_believed_where_nothing_shows() -> None:
    for producer in (BEDROCK, SDK_5):
        told = settle(counts(100, read=80, by=producer))
        assert told.charges[0].usage.uncached_input_tokens == 100
        assert "instrumentation" in told.rule
    parted = Counts(producer=SDK_5, input_tokens=100, cache_read_input_tokens=80, parted=True)
    assert usage(parted).uncached_input_tokens == 20


def test_other_calls_of_the_same_producer_and_model_decide() -> None:
    shown = counts(10, read=1_000)
    unclear = counts(100, read=80)
    told = settle(unclear, shown)
    assert told.charges[0].usage.uncached_input_tokens == 100
    assert "other calls" in told.rule
    elsewhere = counts(10, read=1_000, by=SOMEBODY._replace(model="another"))
    assert usage(unclear, elsewhere).uncached_input_tokens == 20


def test_one_odd_call_among_many_does_not_decide() -> None:
    odd = counts(10, read=1_000)
    assert usage(counts(100, read=80), odd, *[counts(100, read=90)] * 20).uncached_input_tokens == 20
    assert usage(odd, *[counts(100, read=90)] * 20).uncached_input_tokens == 10


def test_gemini_by_openrouter_tells_the_same_tokens_twice() -> None:
    recorded = counts(2_168, 22, read=2_161, wrote=2_161, total=2_190, by=GEMINI)
    assert settle(recorded) == Settled(
        (
            Charge(
                model="m",
                usage=Usage(uncached_input_tokens=7, cache_read_input_tokens=2_161, output_tokens=22),
            ),
        ),
        INCLUSIVE,
    )


def test_reasoning_stands_beside_the_output_where_the_numbers_say_so() -> None:
    assert usage(counts(12, 2, reasoning=340, total=354)).output_tokens == 342
    assert usage(counts(12, 2, reasoning=340)).output_tokens == 342
    assert usage(counts(12, 20, reasoning=15, total=32)) == Usage(
        uncached_input_tokens=12, output_tokens=20, reasoning_tokens=15
    )


def test_a_providers_own_usage_is_not_settled() -> None:
    own = (
        Charge(model="a", usage=Usage(uncached_input_tokens=3)),
        Charge(model="b", usage=Usage(), part="advisor"),
    )
    assert settle(Billed(own)).charges == own
    assert settle(Billed(own, "because")).rule == "because"


def test_writes_whose_lifetime_is_told_in_part() -> None:
    assert written(total=10, one_hour=4) == (CacheWrite(3_600, 4), CacheWrite(None, 6))
    assert written(total=4, five_minutes=4, one_hour=4) == cache_writes(five_minutes=4, one_hour=4)
    assert written(total=0) == ()


@given(given=COUNT, produced=COUNT, read=COUNT, wrote=COUNT, reasoning=COUNT, total=st.none() | COUNT)
def test_parts_are_never_negative_and_hold_what_was_told(
    given: int, produced: int, read: int, wrote: int, reasoning: int, total: int | None
) -> None:
    told = Counts(
        producer=SOMEBODY,
        input_tokens=given,
        output_tokens=produced,
        cache_read_input_tokens=read,
        cache_writes=written(total=wrote),
        reasoning_tokens=reasoning,
        total_tokens=total,
    )
    found = usage(told)
    assert found.input_tokens in {given, given + read + wrote}
    assert found.cache_read_input_tokens == read
    assert found.cache_creation_input_tokens == wrote
    assert found.output_tokens in {produced, produced + reasoning}


@given(uncached=COUNT, read=COUNT, wrote=COUNT, produced=COUNT)
def test_both_conventions_come_to_the_same_where_the_numbers_can_tell(
    uncached: int, read: int, wrote: int, produced: int
) -> None:
    assume(read + wrote > 0)
    total = uncached + read + wrote + produced
    apart = usage(counts(uncached, produced, read=read, wrote=wrote, total=total))
    within = usage(counts(uncached + read + wrote, produced, read=read, wrote=wrote, total=total))
    assert apart == within
