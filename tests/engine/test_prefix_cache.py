"""The provider's own examples, word for word, then properties."""

from hypothesis import given
from hypothesis import strategies as st

from farthing.engine.cache_rules import GEMINI_CREATED, UNKNOWN, rules_for
from farthing.engine.prefix_cache import Marker, PrefixCache, Refresh, Request, Scope, Split
from farthing.prefix import Prefix, extend, links
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S, CacheWrite

SECOND = 10**9
MINUTE = 60 * SECOND
SCOPE = Scope(b"t", b"s", b"m")
OTHER = Scope(b"t", b"s", b"other")
CLAUDE = rules_for("anthropic", "claude-sonnet-4-5")


def chain(texts: list[str], *, tokens: int = 1_000, kind: SegmentKind = SegmentKind.USER) -> Prefix:
    prefix: Prefix | None = None
    for number, text in enumerate(texts, start=1):
        content = text.encode()
        segment = Segment(kind, "user", "", digest_block(kind, "user", content), len(content))
        prefix = extend(prefix, segment, tokens_end=number * tokens)
    assert prefix is not None
    return prefix


def blocks(count: int) -> list[str]:
    return [f"block {number}" for number in range(count)]


def call(
    cache: PrefixCache,
    prefix: Prefix,
    *,
    at: int,
    marks: dict[int, int] | None = None,
    scope: Scope = SCOPE,
    began: int | None = None,
) -> Split:
    path = links(prefix)
    request = Request(
        scope=scope,
        prefix=prefix,
        input_tokens=prefix.tokens_end or 0,
        at_ns=at,
        began_ns=at if began is None else began,
        markers=[Marker(path[depth - 1], ttl_s) for depth, ttl_s in sorted((marks or {}).items())],
    )
    split = cache.split(request)
    cache.record(request, split)
    return split


def test_without_markers_nothing_is_read_or_written() -> None:
    cache = PrefixCache(CLAUDE)
    for at in (0, SECOND):
        split = call(cache, chain(blocks(3)), at=at)
        assert (split.cache_read_input_tokens, split.cache_writes, split.uncached_input_tokens) == (
            0,
            (),
            3_000,
        )


def test_a_marked_prefix_is_written_once_then_read_and_extended() -> None:
    cache = PrefixCache(CLAUDE)
    first = call(cache, chain(blocks(3)), at=0, marks={3: FIVE_MINUTES_S})
    assert first.cache_writes == (CacheWrite(FIVE_MINUTES_S, 3_000),)
    second = call(cache, chain(blocks(5)), at=MINUTE, marks={5: FIVE_MINUTES_S})
    assert second.cache_read_input_tokens == 3_000
    assert second.cache_writes == (CacheWrite(FIVE_MINUTES_S, 2_000),)


def test_below_the_minimum_nothing_is_cached_and_nothing_is_said() -> None:
    cache = PrefixCache(CLAUDE)
    for at in (0, SECOND):
        split = call(cache, chain(blocks(2), tokens=400), at=at, marks={2: FIVE_MINUTES_S})
        assert split.uncached_input_tokens == 800


def test_the_pages_example_of_the_look_back_an_entry_at_15_and_a_marker_at_35_miss() -> None:
    cache = PrefixCache(CLAUDE)
    call(cache, chain(blocks(15)), at=0, marks={15: FIVE_MINUTES_S})
    assert call(cache, chain(blocks(35)), at=SECOND, marks={35: FIVE_MINUTES_S}).hit is None
    cache = PrefixCache(CLAUDE)
    call(cache, chain(blocks(15)), at=0, marks={15: FIVE_MINUTES_S})
    found = call(cache, chain(blocks(34)), at=SECOND, marks={34: FIVE_MINUTES_S})
    assert found.cache_read_input_tokens == 15_000


def test_an_earlier_marker_starts_a_look_back_of_its_own() -> None:
    cache = PrefixCache(CLAUDE)
    call(cache, chain(blocks(15)), at=0, marks={15: FIVE_MINUTES_S})
    split = call(cache, chain(blocks(60)), at=SECOND, marks={15: FIVE_MINUTES_S, 60: FIVE_MINUTES_S})
    assert split.cache_read_input_tokens == 15_000
    assert split.cache_creation_input_tokens == 45_000


def test_mixed_ttls_are_billed_by_the_highest_hit_the_last_one_hour_marker_and_the_last_marker() -> None:
    cache = PrefixCache(CLAUDE)
    call(cache, chain(blocks(2)), at=0, marks={2: ONE_HOUR_S})
    split = call(cache, chain(blocks(9)), at=SECOND, marks={5: ONE_HOUR_S, 8: FIVE_MINUTES_S})
    assert split.cache_read_input_tokens == 2_000
    assert split.cache_writes == (CacheWrite(ONE_HOUR_S, 3_000), CacheWrite(FIVE_MINUTES_S, 3_000))
    assert split.uncached_input_tokens == 1_000


def test_an_entry_lives_from_the_start_of_the_request_that_last_used_it() -> None:
    cache = PrefixCache(CLAUDE)
    marks = {3: FIVE_MINUTES_S}
    call(cache, chain(blocks(3)), at=0, marks=marks, began=30 * SECOND)
    assert call(cache, chain(blocks(3)), at=5 * MINUTE, marks=marks).hit is not None
    assert call(cache, chain(blocks(3)), at=10 * MINUTE, marks=marks).hit is not None
    assert call(cache, chain(blocks(3)), at=15 * MINUTE + 1, marks=marks).hit is None


def test_an_entry_is_usable_only_once_its_answer_has_begun() -> None:
    cache = PrefixCache(CLAUDE)
    marks = {3: FIVE_MINUTES_S}
    call(cache, chain(blocks(3)), at=0, marks=marks, began=2 * SECOND)
    assert call(cache, chain(blocks(3)), at=SECOND, marks=marks, began=3 * SECOND).hit is None
    assert call(cache, chain(blocks(3)), at=4 * SECOND, marks=marks).hit is not None


def test_another_parameter_of_the_messages_level_loses_the_messages() -> None:
    cache = PrefixCache(CLAUDE)
    call(cache, chain(blocks(3)), at=0, marks={3: FIVE_MINUTES_S})
    assert call(cache, chain(blocks(3)), at=SECOND, marks={3: FIVE_MINUTES_S}, scope=OTHER).hit is None


def test_a_hit_refreshes_only_itself_unless_told_otherwise() -> None:
    for refresh, warm in ((Refresh.HIT, False), (Refresh.MARKERS, True), (Refresh.ANCESTORS, True)):
        cache = PrefixCache(CLAUDE, refresh=refresh)
        both = {2: FIVE_MINUTES_S, 4: FIVE_MINUTES_S}
        call(cache, chain(blocks(4)), at=0, marks=both)
        call(cache, chain(blocks(4)), at=4 * MINUTE, marks=both)
        late = call(cache, chain([*blocks(2), "another"]), at=8 * MINUTE, marks={3: FIVE_MINUTES_S})
        assert (late.hit is not None) is warm


def test_openai_reads_whole_steps_of_128_above_1024() -> None:
    cache = PrefixCache(rules_for("openai", "gpt-4.1"))
    call(cache, chain(blocks(2), tokens=700), at=0)
    split = call(cache, chain(blocks(3), tokens=700), at=SECOND)
    assert split.cache_read_input_tokens == 1_400 // 128 * 128
    cache = PrefixCache(rules_for("openai", "gpt-4.1"))
    call(cache, chain(blocks(2), tokens=500), at=0)
    assert call(cache, chain(blocks(3), tokens=500), at=SECOND).hit is None


def test_from_gpt_5_6_the_end_of_the_latest_message_is_an_entry_by_itself() -> None:
    cache = PrefixCache(rules_for("openai", "gpt-5.6-sol"))
    first = call(cache, chain(blocks(2)), at=0)
    assert first.cache_writes == (CacheWrite(1_800, 2_000),)
    second = call(cache, chain(blocks(4)), at=29 * MINUTE)
    assert (second.cache_read_input_tokens, second.cache_creation_input_tokens) == (2_000, 2_000)


def test_a_branch_reads_what_it_shares_and_what_was_left_behind_grows_cold() -> None:
    cache = PrefixCache(rules_for("openai", "gpt-4.1"))
    trunk = blocks(4)
    call(cache, chain([*trunk, "left"]), at=0)
    for minute in range(2, 30, 2):
        assert call(cache, chain([*trunk, "right"]), at=minute * MINUTE).cache_read_input_tokens >= 3_900
    back = call(cache, chain([*trunk, "left", "more"]), at=31 * MINUTE)
    assert back.cache_read_input_tokens == 4_000 // 128 * 128


def test_deepseek_keeps_what_the_model_wrote() -> None:
    rules = rules_for("deepseek", "deepseek-chat")
    cache = PrefixCache(rules)
    base = chain(blocks(1), tokens=640)
    call(cache, base, at=0)
    content = b"answer"
    kind = SegmentKind.ASSISTANT
    answer = Segment(kind, "assistant", "", digest_block(kind, "assistant", content), 6)
    grown = extend(base, answer, tokens_end=1_280)
    assert call(cache, grown, at=SECOND).cache_read_input_tokens == 1_280


def test_an_unknown_provider_promises_nothing() -> None:
    assert rules_for("somebody", "some-model") is UNKNOWN
    cache = PrefixCache(UNKNOWN)
    for at in (0, SECOND):
        assert call(cache, chain(blocks(9)), at=at, marks={9: FIVE_MINUTES_S}).uncached_input_tokens == 9_000


models = st.sampled_from(["claude-sonnet-4-5", "gpt-4.1", "gpt-5.6-sol", "deepseek-chat", "gemini-2.5-pro"])
steps = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abc"), min_size=1, max_size=8),
        st.integers(0, 20 * 60),
        st.sets(st.integers(1, 8), max_size=4),
    ),
    max_size=12,
)


@given(models, steps)
def test_the_parts_always_sum_to_the_input_and_only_what_was_sent_before_is_read(
    model: str, plan: list[tuple[list[str], int, set[int]]]
) -> None:
    cache = PrefixCache(rules_for("", model))
    at = 0
    sent: set[bytes] = set()
    for texts, gap_s, marks in plan:
        at += gap_s * SECOND
        prefix = chain(list(texts), tokens=1_500)
        split = call(cache, prefix, at=at, marks={m: FIVE_MINUTES_S for m in marks if m <= len(texts)})
        whole = (
            split.cache_read_input_tokens + split.cache_creation_input_tokens + split.uncached_input_tokens
        )
        assert whole == prefix.tokens_end
        assert split.hit is None or split.hit.digest in sent
        sent |= {link.digest for link in links(prefix)}


def test_explicit_breakpoints_stand_beside_the_automatic_one_or_alone() -> None:
    rules = rules_for("openai", "gpt-5.6-sol")
    for automatic, written in ((True, 6_000), (False, 2_000)):
        cache = PrefixCache(rules)
        prefix = chain(blocks(6))
        request = Request(
            scope=SCOPE,
            prefix=prefix,
            input_tokens=6_000,
            at_ns=0,
            began_ns=0,
            markers=(Marker(links(prefix)[1], 1_800),),
            automatic=automatic,
        )
        assert cache.split(request).cache_creation_input_tokens == written


def test_of_too_many_markers_the_latest_count() -> None:
    cache = PrefixCache(CLAUDE)
    five = dict.fromkeys((1, 3, 5, 7, 9), FIVE_MINUTES_S)
    call(cache, chain(blocks(9)), at=0, marks={9: FIVE_MINUTES_S})
    call(cache, chain(blocks(9)), at=0, marks=five)
    other = chain([*blocks(1), "another"])
    assert call(cache, other, at=SECOND, marks={2: FIVE_MINUTES_S}).hit is None


def test_openai_keeps_what_the_model_wrote() -> None:
    cache = PrefixCache(rules_for("openai", "gpt-5.1-codex"))
    base = chain(blocks(2))
    call(cache, base, at=0)
    kind = SegmentKind.ASSISTANT
    answer = Segment(kind, "assistant", "", digest_block(kind, "assistant", b"answer"), 6)
    grown = extend(base, answer, tokens_end=2_560)
    assert call(cache, grown, at=SECOND).cache_read_input_tokens == 2_560


def test_a_created_gemini_cache_is_read_as_a_whole() -> None:
    cache = PrefixCache(GEMINI_CREATED)
    call(cache, chain(blocks(4)), at=0, marks={4: ONE_HOUR_S})
    assert call(cache, chain(blocks(6)), at=50 * MINUTE, marks={4: ONE_HOUR_S}).hit is not None
    assert call(cache, chain(blocks(6)), at=51 * MINUTE, marks={6: ONE_HOUR_S}).hit is None


long_steps = st.lists(
    st.tuples(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5), st.integers(0, 15 * 60)),
    min_size=20,
    max_size=60,
)


@given(models, long_steps)
def test_forgetting_what_is_dead_changes_no_answer(model: str, plan: list[tuple[list[str], int]]) -> None:
    rules = rules_for("", model)
    keeps, forgets = PrefixCache(rules), PrefixCache(rules, tidy_from=1)
    at = 0
    for texts, gap_s in plan:
        at += gap_s * SECOND
        marks = {len(texts): FIVE_MINUTES_S}
        prefix = chain(texts, tokens=1_500)
        assert call(keeps, prefix, at=at, marks=marks) == call(forgets, prefix, at=at, marks=marks)
