import pytest

from farthing.analysis.break_cause import Cause
from farthing.segment import SegmentKind
from tests.analysis.breaking import IMPLICIT, TOKENS, Talk

GROWN = "tRead tEdit tBash s k a1 r1 a2 r2 a3 r3"


def after(context: str, *, read: int = 0, model: str = "", at_s: float = 100) -> Talk:
    """Return a conversation that sends `context` after GROWN was cached whole."""
    talk = Talk(model=model) if model else Talk()
    talk.call(GROWN, at_s=90)
    talk.call(context, read=read, at_s=at_s)
    return talk


@pytest.mark.parametrize(
    ("context", "cause", "detail", "kind"),
    [
        (
            "tEdit tRead tBash s k a1 r1 a2 r2 a3 r3 a4 r4",
            Cause.TOOLS_REORDERED,
            "the same tools in another order",
            SegmentKind.TOOLS,
        ),
        (
            "tRead tEdit.2 tBash s k a1 r1 a2 r2 a3 r3 a4 r4",
            Cause.TOOLS_CHANGED,
            "schema changed of Edit",
            SegmentKind.TOOLS,
        ),
        (
            "tRead tEdit tBash tAsk s k a1 r1 a2 r2 a3 r3 a4 r4",
            Cause.TOOLS_CHANGED,
            "added Ask",
            SegmentKind.TOOLS,
        ),
        ("tRead tEdit s k a1 r1 a2 r2 a3 r3 a4 r4", Cause.TOOLS_CHANGED, "removed Bash", SegmentKind.TOOLS),
        (
            "tRead tEdit tBash s2 k a1 r1 a2 r2 a3 r3 a4 r4",
            Cause.SYSTEM_CHANGED,
            "edited",
            SegmentKind.SYSTEM,
        ),
        (
            "tRead tEdit tBash s k a1 rCut a2 r2 a3 r3 a4 r4",
            Cause.HISTORY_EDITED,
            "edited",
            SegmentKind.TOOL_RESULT,
        ),
        (
            "tRead tEdit tBash s k a2 r2 a3 r3 a4 r4",
            Cause.HISTORY_EDITED,
            "2 blocks dropped",
            SegmentKind.ASSISTANT,
        ),
        (
            "tRead tEdit tBash s k uNew a1 r1 a2 r2 a3 r3 a4 r4",
            Cause.HISTORY_EDITED,
            "1 block inserted",
            SegmentKind.USER,
        ),
    ],
)
def test_the_first_block_that_differs_tells_the_cause(
    context: str, cause: Cause, detail: str, kind: SegmentKind
) -> None:
    found = after(context).only_break()
    assert (found.cause, found.detail, found.kind) == (cause, detail, kind)
    assert found.lost_tokens >= 4 * TOKENS


def test_many_tools_are_counted_not_listed() -> None:
    more = " ".join(f"tNew{number}" for number in range(5))
    found = after(f"tRead tEdit tBash {more} s k a1 r1 a2 r2 a3 r3 a4 r4").only_break()
    assert found.detail == "added New0, New1, New2 and 2 more"
    assert found.name == "New0"


def test_a_changed_schema_comes_in_its_two_versions() -> None:
    found = after("tRead tEdit.2 tBash s k a1 r1 a2 r2 a3 r3 a4 r4").only_break()
    assert found.old is not None
    assert found.new is not None
    assert found.old.name == found.new.name == found.name == "Edit"
    assert found.old.digest != found.new.digest


def test_a_pause_beyond_the_ttl_is_cause_enough_whatever_else_changed() -> None:
    found = after("tRead tEdit tBash s2 k a1 r1 a2 r2 a3 r3 a4 r4", at_s=90 + 301).only_break()
    assert (found.cause, found.detail) == (Cause.IDLE_GAP, "5 min 1 s idle, cached for 5 min")


@pytest.mark.parametrize("model", ["", IMPLICIT])
def test_a_replaced_last_exchange_is_retried_and_no_break(model: str) -> None:
    found = after(
        "tRead tEdit tBash s k a1 r1 a2 r2 a3Again r3Again a4 r4", read=9 * TOKENS, model=model
    ).only_break()
    assert (found.cause, found.cause.is_break) == (Cause.RETRIED, False)
    assert found.lost_tokens == 0


def test_a_last_exchange_that_is_moved_is_retried_and_its_tokens_are_lost() -> None:
    found = after("tRead tEdit tBash s k a1 r1 a2 r2 a4 r4 a3 r3", read=9 * TOKENS).only_break()
    assert found.cause is Cause.RETRIED
    assert 1_500 <= found.lost_tokens <= 2_500


def test_going_back_loses_nothing() -> None:
    found = after("tRead tEdit tBash s k a1 r1 a9 r9", read=7 * TOKENS).only_break()
    assert (found.cause, found.lost_tokens) == (Cause.BRANCHED, 0)
    assert not found.cause.is_break


def test_a_marked_summary_is_a_compaction() -> None:
    found = after("tRead tEdit tBash s z a3 r3 a4 r4", read=4 * TOKENS).only_break()
    assert (found.cause, found.cause.is_break) == (Cause.COMPACTION, True)
    assert found.detail.endswith("tokens of history gave way to a summary")
    assert 1_500 <= found.lost_tokens <= 2_500, "the exchange that was kept is sent again"


def test_a_history_that_shrinks_to_half_behind_a_users_text_is_a_compaction() -> None:
    assert after("tRead tEdit tBash s k uSummary", read=5 * TOKENS).only_break().cause is Cause.COMPACTION


def test_a_new_system_prompt_in_a_short_conversation_is_seen_by_the_prompt_itself() -> None:
    talk = Talk()
    talk.call("s")
    talk.call("s2 k")
    talk.call("s3 k a1 r1", read=0)
    causes = [found.cause for found in talk.breaks()]
    assert causes == [Cause.SYSTEM_CHANGED]
