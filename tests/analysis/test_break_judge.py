from msgspec.structs import replace

from farthing.analysis.break_cause import Cause
from farthing.segment import SegmentKind
from farthing.span import Span
from farthing.step import Recorded
from tests.analysis.breaking import IMPLICIT, TOKENS, Talk


def test_what_is_not_sent_again_is_not_lost() -> None:
    talk = Talk()
    talk.call("s k a1 r1 a2 r2 a3 r3")
    talk.call("s k a1 r1 a9 r9", read=0)
    found = talk.only_break()
    assert found.cause is Cause.BRANCHED
    assert found.lost_tokens == 0, "no entry ends where the two contexts part, so none could be read"


def test_an_entry_in_the_shared_front_is_expected_to_be_read() -> None:
    talk = Talk()
    talk.call("s k a1 r1")
    talk.call("s k a1 r1 a2 r2 a3 r3", read=4 * TOKENS)
    talk.call("s k a1 r1 a9 r9", read=0)
    found = talk.only_break()
    assert (found.cause, found.lost_tokens) == (Cause.EVICTED, 4 * TOKENS)


def test_an_entry_that_nobody_has_used_for_its_ttl_is_not_expected() -> None:
    talk = Talk()
    talk.call("s k a1 r1", at_s=0)
    talk.call("s k a1 r1 a2 r2", read=4 * TOKENS, at_s=10)
    talk.call("s k a1 r1 a2 r2 a3 r3", read=6 * TOKENS, at_s=280)
    talk.call("s k a1 r1 a9 r9", read=0, at_s=320)
    assert talk.only_break().cause is Cause.BRANCHED


def test_a_pause_is_no_reason_to_expect_less() -> None:
    talk = Talk()
    talk.call("s k a1 r1", at_s=0)
    talk.call("s k a1 r1 a2 r2 a3 r3", read=4 * TOKENS, at_s=10)
    talk.call("s k a1 r1 a9 r9", read=0, at_s=900)
    found = talk.only_break()
    assert (found.cause, found.lost_tokens) == (Cause.IDLE_GAP, 4 * TOKENS)


def test_moved_blocks_count_as_far_as_they_were_warm() -> None:
    talk = Talk(model=IMPLICIT)
    talk.call("s k a1 r1 a2 r2", wrote=0)
    talk.call("s2 k a1 r1 a2 r2 a3 r3", wrote=0)
    talk.call("s2 k a1 r1 a2 r2 a3 r3", read=7_936, wrote=0)
    found = talk.only_break()
    assert (found.step, found.cause) == (2, Cause.SYSTEM_CHANGED)
    assert 4 * TOKENS <= found.lost_tokens <= 6 * TOKENS
    assert found.changed_tokens >= TOKENS // 2, "the prompt itself is told apart"


def test_a_switch_loses_what_the_other_model_had_warm_and_not_more() -> None:
    talk = Talk()
    talk.call("s k")
    talk.call("s k a1 r1", read=2 * TOKENS, wrote=0)
    talk.call("s k a1 r1 a2 r2", model="claude-opus-4-6")
    found = talk.only_break()
    assert found.cause is Cause.MODEL_CHANGED
    assert 1_500 <= found.lost_tokens <= 2_500, "the second exchange was never cached"


def test_a_switch_without_a_warm_prefix_loses_nothing() -> None:
    talk = Talk()
    talk.call("s k", wrote=0)
    talk.call("s k a1 r1", model="claude-opus-4-6")
    assert talk.breaks() == ()


def test_a_switch_of_calls_that_are_counted_only_goes_by_the_counts() -> None:
    talk = Talk(recorded=Recorded.COUNTS)
    talk.call("s k a1 r1")
    talk.call("s k a1 r1 a2 r2", model="claude-opus-4-6")
    talk.spans = [_without_context(span) for span in talk.spans]
    found = talk.only_break()
    assert (found.cause, found.lost_tokens) == (Cause.MODEL_CHANGED, 6 * TOKENS)


def test_a_marked_prefix_below_the_minimum_is_sent_again_at_full_price() -> None:
    talk = Talk(model="claude-opus-4-6")
    talk.call("s k", wrote=0, marked=[2])
    talk.call("s k a1", wrote=0, marked=[3])
    found = talk.only_break()
    assert (found.cause, found.lost_tokens) == (Cause.BELOW_MINIMUM, 2 * TOKENS)
    assert found.detail == "the marked prefix has 3,000 tokens, the model caches from 4,096"
    assert found.kind is SegmentKind.SYSTEM


def test_a_marked_prefix_above_the_minimum_that_is_not_cached_has_another_reason() -> None:
    talk = Talk(model="claude-opus-4-6")
    talk.call("s k a1 r1 a2", wrote=0, marked=[5])
    talk.call("s k a1 r1 a2 r2", wrote=0, marked=[6])
    assert talk.breaks() == ()


def _without_context(span: Span) -> Span:
    return replace(span, step=replace(span.step, prefix=None))
