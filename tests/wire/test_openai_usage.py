import pytest

from farthing.errors import WireError
from farthing.usage import CacheWrite, Usage
from farthing.wire.openai_usage import EXCLUSIVE, INCLUSIVE, count, tier


def told(**usage: object) -> tuple[Usage, str]:
    found = count(usage)
    assert found is not None
    return found


def test_cached_and_written_tokens_are_part_of_a_chat_prompt() -> None:
    usage, rule = told(
        prompt_tokens=1000,
        completion_tokens=50,
        total_tokens=1050,
        prompt_tokens_details={"cached_tokens": 600, "cache_write_tokens": 300, "audio_tokens": 7},
        completion_tokens_details={"reasoning_tokens": 20, "rejected_prediction_tokens": 5},
    )
    assert usage == Usage(
        uncached_input_tokens=100,
        cache_read_input_tokens=600,
        cache_writes=(CacheWrite(None, 300),),
        output_tokens=50,
        reasoning_tokens=20,
    )
    assert rule == INCLUSIVE


def test_responses_names_the_lifetime_of_what_it_wrote() -> None:
    usage, _ = told(
        input_tokens=1000,
        output_tokens=50,
        input_tokens_details={
            "cached_tokens": 100,
            "cache_write_tokens": 500,
            "cache_write_tokens_details": {"ttl_30m_tokens": 300, "ttl_12h_tokens": 150},
        },
    )
    assert usage.cache_writes == (CacheWrite(43_200, 150), CacheWrite(1_800, 300), CacheWrite(None, 50))
    assert usage.uncached_input_tokens == 400


@pytest.mark.parametrize(
    "spelling",
    [
        {"prompt_cache_hit_tokens": 36_928, "prompt_cache_miss_tokens": 267},
        {"prompt_cache_hit_tokens": 36_928, "prompt_tokens_details": {"cached_tokens": 36_928}},
        {"cached_tokens": 36_928},
        {"cache_read_input_tokens": 36_928, "cache_creation_input_tokens": 0},
    ],
)
def test_other_servers_name_cached_tokens_otherwise(spelling: dict[str, object]) -> None:
    usage, rule = told(prompt_tokens=37_195, completion_tokens=84, total_tokens=37_279, **spelling)
    assert (usage.uncached_input_tokens, usage.cache_read_input_tokens) == (267, 36_928)
    assert rule == INCLUSIVE


def test_litellm_brings_the_lifetimes_of_anthropic() -> None:
    details = {
        "cached_tokens": 40,
        "cache_creation_tokens": 30,
        "cache_creation_token_details": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    }
    usage, _ = told(prompt_tokens=100, completion_tokens=5, prompt_tokens_details=details)
    assert usage.cache_writes == (CacheWrite(3_600, 20), CacheWrite(300, 10))
    assert usage.uncached_input_tokens == 30


def test_an_engines_own_counter_is_no_discount() -> None:
    usage, _ = told(prompt_tokens=77, completion_tokens=12, total_tokens=89, num_cached_tokens=76)
    assert (usage.uncached_input_tokens, usage.cache_read_input_tokens) == (77, 0)


@pytest.mark.parametrize(
    ("prompt", "total"),
    [(5, 2_271), (5, 105), (3_000, 5_261), (5, None)],
    ids=["more cached than prompt", "a total blind to the cache", "only so the total adds up", "no total"],
)
def test_cached_tokens_beside_the_prompt_are_seen_when_certain(prompt: int, total: int | None) -> None:
    details = {"cached_tokens": 2_161}
    usage, rule = told(
        prompt_tokens=prompt, completion_tokens=100, total_tokens=total, prompt_tokens_details=details
    )
    assert (usage.uncached_input_tokens, usage.cache_read_input_tokens) == (prompt, 2_161)
    assert rule == EXCLUSIVE


def test_tokens_that_openrouter_counts_as_read_and_written_are_read() -> None:
    details = {"cached_tokens": 2_161, "cache_write_tokens": 2_161}
    usage, rule = told(
        prompt_tokens=2_168, completion_tokens=100, total_tokens=2_268, prompt_tokens_details=details
    )
    assert usage == Usage(uncached_input_tokens=7, cache_read_input_tokens=2_161, output_tokens=100)
    assert rule == INCLUSIVE


def test_reasoning_beside_the_completion_is_output_too() -> None:
    details = {"reasoning_tokens": 340}
    usage, _ = told(
        prompt_tokens=12, completion_tokens=2, total_tokens=354, completion_tokens_details=details
    )
    assert (usage.output_tokens, usage.reasoning_tokens) == (342, 340)


def test_more_reasoning_than_completion_is_no_proof_where_the_total_says_otherwise() -> None:
    details = {"reasoning_tokens": 11}
    usage, _ = told(
        prompt_tokens=43, completion_tokens=10, total_tokens=53, completion_tokens_details=details
    )
    assert (usage.output_tokens, usage.reasoning_tokens) == (10, 10)


def test_searches_are_counted_where_a_gateway_reports_them() -> None:
    usage, _ = told(
        prompt_tokens=8_174, completion_tokens=30, server_tool_use_details={"web_search_requests": 2}
    )
    assert usage.server_tools == (("web_search", 2),)


@pytest.mark.parametrize("usage", [{}, {"prompt_tokens": None}, {"prompt_tokens": "12"}, {"total_tokens": 9}])
def test_no_counts_are_no_usage(usage: dict[str, object]) -> None:
    assert count(usage) is None


def test_a_data_frames_whole_floats_are_counts() -> None:
    assert told(prompt_tokens=12.0, completion_tokens=3.0)[0].input_tokens == 12


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -5, "completion_tokens": 1},
        {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": -1}},
    ],
)
def test_a_negative_count_is_an_error(usage: dict[str, object]) -> None:
    with pytest.raises(WireError, match="the usage counts -"):
        count(usage)


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        *(("default", ""), ("auto", ""), ("on_demand", ""), ("standard", ""), (None, ""), (3, "")),
        *(("flex", "flex"), ("priority", "priority"), ("ultrafast", "ultrafast")),
    ],
)
def test_the_standard_tier_has_no_name(reported: object, expected: str) -> None:
    assert tier(reported) == expected
