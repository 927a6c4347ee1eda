import pytest
from msgspec.structs import replace

from farthing.analysis.break_cause import Cause
from farthing.span import Span
from farthing.step import Recorded
from tests.analysis.breaking import FORGETS_THINKING, ONE_HOUR_S, TOKENS, Talk

GONE = "the provider lost it, or asked another machine"
NO_TIMES = "nothing visible changed; without times, expired and evicted look alike"
TOO_EARLY = "sent before the call before it had begun to answer"


def lost(first: dict[str, object], second: dict[str, object], *, talk: Talk | None = None) -> Talk:
    """Return a conversation whose second call reads nothing of what the first has written."""
    written = talk or Talk()
    written.call("tRead s k", **first)  # type: ignore[arg-type]
    written.call("tRead s k a1 r1", **{"read": 0, **second})  # type: ignore[arg-type]
    return written


@pytest.mark.parametrize(
    ("first", "second", "cause", "detail"),
    [
        ({}, {}, Cause.EVICTED, f"nothing visible changed in 10 s: {GONE}"),
        ({"at_s": 0}, {"at_s": 301}, Cause.IDLE_GAP, "5 min 1 s idle, cached for 5 min"),
        ({"at_s": 0}, {"at_s": 9_000}, Cause.IDLE_GAP, "2 h idle, cached for 5 min"),
        (
            {"at_s": 0, "ttl_s": ONE_HOUR_S},
            {"at_s": 600},
            Cause.EVICTED,
            f"nothing visible changed in 10 min: {GONE}",
        ),
        (
            {"at_s": 0, "ttl_s": ONE_HOUR_S},
            {"at_s": 3_700},
            Cause.IDLE_GAP,
            "61 min idle, cached for 60 min",
        ),
        (
            {"at_s": None},
            {"at_s": None},
            Cause.UNKNOWN,
            NO_TIMES,
        ),
        ({"at_s": 50}, {"at_s": 40}, Cause.UNKNOWN, NO_TIMES),
        (
            {"parameters": (("tool_choice", "auto"),)},
            {"parameters": (("effort", "high"),)},
            Cause.PARAMETERS_CHANGED,
            "effort: not set → high; tool_choice: auto → not set",
        ),
        (
            {"parameters": (("output_format", "0123"),)},
            {"parameters": (("output_format", "4567"),)},
            Cause.PARAMETERS_CHANGED,
            "output_format",
        ),
        ({"tier": "standard"}, {"tier": "fast"}, Cause.PARAMETERS_CHANGED, "tier: standard → fast"),
        ({"tier": ""}, {"tier": "default"}, Cause.EVICTED, f"nothing visible changed in 10 s: {GONE}"),
        (
            {"marked": [3]},
            {"marked": []},
            Cause.PARAMETERS_CHANGED,
            "cache_control: this call carries no marker",
        ),
        ({}, {"account": "other"}, Cause.MODEL_CHANGED, "the same model under another account or provider"),
        ({"at_s": 0, "ended_s": 30}, {"at_s": 5}, Cause.PARALLEL, TOO_EARLY),
    ],
)
def test_a_loss_behind_which_nothing_differs_is_explained_by_what_is_known(
    first: dict[str, object], second: dict[str, object], cause: Cause, detail: str
) -> None:
    found = lost(first, second).only_break()
    assert (found.cause, found.detail) == (cause, detail)


def test_a_source_that_does_not_show_all_leaves_it_unknown() -> None:
    found = lost({}, {}, talk=Talk(recorded=Recorded.DELTA)).only_break()
    assert found.cause is Cause.UNKNOWN
    assert "not even its front was read" in found.detail


def test_a_source_that_does_not_show_all_says_where_a_user_spoke() -> None:
    talk = Talk(recorded=Recorded.DELTA)
    talk.call("k")
    talk.call("k a1 u1", read=0)
    assert "a user spoke" in talk.only_break().detail


def test_a_first_image_moves_the_messages_to_another_cache() -> None:
    talk = Talk()
    talk.call("tRead s k")
    talk.call("tRead s k a1 m1", read=2 * TOKENS)
    talk.call("tRead s k a1 m1 a2 m2", read=5 * TOKENS)
    found = talk.only_break()
    assert (found.step, found.cause) == (2, Cause.PARAMETERS_CHANGED)
    assert found.detail.startswith("images")


def test_a_first_thought_shows_that_thinking_was_switched_on_where_parameters_are_not_recorded() -> None:
    talk = Talk(recorded=Recorded.DELTA)
    talk.call("k", output="a1")
    talk.call("k a1 r1", read=0, output="h2 a2")
    found = talk.only_break()
    assert (found.cause, found.detail) == (
        Cause.PARAMETERS_CHANGED,
        "thinking: the first answer that has any",
    )


@pytest.mark.parametrize(
    ("model", "cause"),
    [(FORGETS_THINKING, Cause.HISTORY_EDITED), ("claude-sonnet-4-6", Cause.EVICTED)],
)
def test_only_older_models_drop_thinking_where_a_user_speaks(model: str, cause: Cause) -> None:
    talk = Talk(model=model)
    talk.call("s k", output="h1 c1")
    talk.call("s k h1 c1 r1", read=2 * TOKENS, output="a2")
    talk.call("s k h1 c1 r1 a2 u2", read=2 * TOKENS)
    assert talk.only_break().cause is cause


def test_an_entry_behind_twenty_positions_is_out_of_reach_of_the_last_marker() -> None:
    exchange = " ".join(f"a{number} u{number}" for number in range(11))
    talk = Talk()
    talk.call("s k", marked=[2])
    talk.call(f"s k {exchange}", read=0, marked=[24])
    found = talk.only_break()
    assert (found.cause, found.cause.is_break) == (Cause.OUT_OF_REACH, False)


def test_an_entry_within_twenty_positions_of_a_marker_was_evicted() -> None:
    exchange = " ".join(f"a{number} u{number}" for number in range(11))
    talk = Talk()
    talk.call("s k", marked=[2])
    talk.call(f"s k {exchange}", read=0, marked=[10, 24])
    assert talk.only_break().cause is Cause.EVICTED


def test_a_run_of_tool_blocks_is_one_position() -> None:
    calls = " ".join(f"cRead.{number}" for number in range(15))
    results = " ".join(f"rRead.{number}" for number in range(15))
    talk = Talk()
    talk.call("s k", marked=[2])
    talk.call(f"s k {calls} {results}", read=0, marked=[32])
    assert talk.only_break().cause is Cause.EVICTED


def test_blocks_that_count_less_all_at_once_were_cleared_by_the_provider() -> None:
    talk = Talk()
    talk.call("s k a1 r1 a2 r2 a3 r3")
    talk.call("s k a1 r1 a2 r2 a3 r3 a4", read=2 * TOKENS, wrote=2 * TOKENS)
    talk.spans[-1] = _counted(talk.spans[-1])
    found = talk.only_break()
    assert found.cause is Cause.HISTORY_EDITED
    assert found.detail.startswith("the provider counts the same blocks lower")


def _counted(span: Span) -> Span:
    """Return the call with only what was read and written as its input."""
    charge = span.charges[0]
    return replace(span, charges=(replace(charge, usage=replace(charge.usage, uncached_input_tokens=0)),))
