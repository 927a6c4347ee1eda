import pytest
from msgspec.structs import replace

from farthing.analysis.profile import Projection
from farthing.report import sentences
from tests.report.profiles import NOTHING, ONE_SESSION, UNPRICED, UNRECORDED, USUAL


def test_the_bill_keeps_estimates_beside_what_was_reported() -> None:
    assert sentences.bill(USUAL) == "at least $10.00; $10.40 with estimates for answers without a final count"
    assert sentences.bill(ONE_SESSION) == "$10.00"
    assert sentences.bill(UNPRICED) == "not known"
    assert sentences.bill(NOTHING) == "nothing"


def test_what_sessions_cost() -> None:
    assert sentences.session_costs(USUAL) == (
        "$0.42 on average; median $0.30, p90 $1.00, p99 $2.50, the dearest $2.50"
    )
    assert sentences.session_costs(ONE_SESSION) == "$0.42"
    assert sentences.success(USUAL) == (
        "$1.25, with what the others cost: 8 of 20 sessions with a known outcome succeeded"
    )
    assert sentences.success(NOTHING) == ""


def test_the_rate_of_the_traces_is_named_only_where_no_other_was_asked_for() -> None:
    observed = Projection(
        sessions_per_day=0.18,
        basis="observed",
        per_month_usd="2.93",
        per_month_low_usd="1.75",
        per_month_high_usd="5.43",
    )
    assert sentences.at_this_rate(replace(USUAL, projection=observed)) == (
        "$2.93 a month (95% interval $1.75 to $5.43), at 0.18 sessions a day as in these traces"
    )
    assert sentences.at_this_rate(USUAL) == ""


@pytest.mark.parametrize(
    ("rate", "words"),
    [(1.0, "1 session a day"), (0.183, "0.18 sessions a day"), (200.0, "200 sessions a day")],
)
def test_sessions_a_day(rate: float, words: str) -> None:
    assert sentences.per_day(Projection(sessions_per_day=rate)) == words


def test_tokens_a_minute_stand_beside_the_limits_to_compare_them_with() -> None:
    assert sentences.limits(USUAL.projection).startswith(
        "Tokens a minute at the peak, taken as 3 × the mean: 50.0k of input that is not read from the cache "
        "(450k with what is) and 12.0k of output."
    )
    assert sentences.limits(Projection()) == ""


def test_input_is_told_by_what_it_was_billed_as() -> None:
    assert sentences.input_by_class(USUAL) == (
        "1.02M tokens: 900k read from the cache, 60.0k written to it for 5 min, 20.0k written for an hour, "
        "40.0k at the plain price"
    )
    assert sentences.input_by_class(NOTHING) == "no tokens"


def test_calls_and_days() -> None:
    assert sentences.calls(USUAL) == "480 calls in 24 sessions"
    assert sentences.days(USUAL) == "2026-03-01"
    later = replace(USUAL.sessions[0], started="2026-03-04T00:00:00Z")
    assert sentences.days(replace(USUAL, sessions=(*USUAL.sessions, later))) == "2026-03-01 to 2026-03-04"
    assert sentences.days(NOTHING) == ""


@pytest.mark.parametrize(
    ("low", "high", "judgement"),
    [
        (1.4, 1.7, "faster than in proportion"),
        (0.4, 0.9, "slower than in proportion"),
        (0.9, 1.2, "in proportion, as far as these sessions tell"),
    ],
)
def test_growth_is_judged_by_its_interval(low: float, high: float, judgement: str) -> None:
    found = replace(USUAL.growth, low=low, high=high)
    assert sentences.growth(found) == (
        f"twice the steps cost 3.0 × as much (exponent 1.58, 95% interval {low:.2f} to {high:.2f}, "
        f"20 sessions): {judgement}"
    )


def test_growth_without_an_interval_or_at_all() -> None:
    few = replace(USUAL.growth, low=None, high=None, sessions=2, basis="tokens")
    assert sentences.growth(few) == (
        "twice the steps take, in tokens, 3.0 × as much (exponent 1.58; 2 sessions, too few for an interval)"
    )
    assert sentences.growth(NOTHING.growth) == "no session is long enough to tell how cost grows"


def test_positions() -> None:
    shown = [sentences.position(row) for row in USUAL.growth.positions]
    assert shown == ["1", "2", "3", "4 to 6", "7 to 10", "11 to 20", "21 on"]


def test_breaks_together_and_one_by_one() -> None:
    assert sentences.breaks(USUAL) == (
        "31 times a call did not read from the cache what had been there: 409k tokens were paid again, for "
        "$1.10 above the price of reading them (11% of the bill)."
    )
    assert sentences.breaks(UNPRICED).endswith("409k tokens were processed again.")
    assert sentences.breaks(NOTHING).startswith("No prefix broke")
    assert [sentences.broken(row) for row in USUAL.breaks] == [
        "A date or time in it changes. From token 1,200 on, at the system prompt",
        "Nothing visible changed in 3 s. From the first token on, at what is not recorded",
    ]


def test_every_cause_that_is_shown_says_how_it_is_mended() -> None:
    assert sentences.mend("volatile_text", USUAL).startswith(
        "move the changing value out of the system prompt"
    )
    assert sentences.mend("evicted", USUAL) == ""


def test_what_only_looks_like_a_break_is_said_to_be_none() -> None:
    assert sentences.no_breaks(USUAL) == (
        "No broken prefixes, though they look it: last exchange replaced 4 × (2.00k tokens)."
    )
    assert sentences.no_breaks(NOTHING) == ""


def test_input_that_was_sent_again() -> None:
    assert sentences.resent(USUAL) == (
        "90% of all input had been sent before; sending it again cost $6.20 (62% of the bill)."
    )
    assert sentences.resent(UNPRICED) == "90% of all input had been sent before."
    assert sentences.resent(NOTHING) == ""


def test_what_steps_answer_and_give() -> None:
    first, second = USUAL.signatures
    assert [sentences.answered(first), sentences.given(first)] == ["a result of Read", "a call of Read"]
    assert [sentences.answered(second), sentences.given(second)] == ["several things", "text and calls"]
    unseen = replace(first, answers="", output="")
    assert [sentences.answered(unseen), sentences.given(unseen)] == ["(not recorded)", "(not recorded)"]


def test_trivial_steps_are_summed_up() -> None:
    assert sentences.trivial(USUAL) == (
        "120 calls of the strongest model look mechanical: $2.40 (24% of the bill)."
    )
    none = replace(USUAL, signatures=USUAL.signatures[1:])
    assert sentences.trivial(none) == "None of these steps looks mechanical by its structure alone."


@pytest.mark.parametrize(
    ("sessions", "words"),
    [
        (2, "The dearest session has 25% of the cost."),
        (24, "The dearest 5% of the sessions have 40% of the cost."),
        (500, "The dearest 5% of the sessions have 40% of the cost, the dearest 1% 25%."),
    ],
)
def test_the_tail_speaks_of_no_less_than_one_session(sessions: int, words: str) -> None:
    assert sentences.tail(replace(USUAL, totals=replace(USUAL.totals, sessions=sessions))) == words


def test_the_tail_of_what_has_no_price_is_not_known() -> None:
    assert sentences.tail(UNPRICED) == ""
    assert sentences.dearest_sessions(UNPRICED) == "The largest sessions"


def test_a_model_without_a_price_says_why_and_how_to_add_one() -> None:
    assert sentences.why_unpriced(USUAL.models[1]) == (
        "no price for the model 'my-model'; --prices FILE adds a price"
    )
    some = replace(USUAL.models[1], steps=12)
    assert sentences.why_unpriced(some).startswith("10 calls: no price")
    assert sentences.why_unpriced(USUAL.models[0]) == ""


def test_an_estimate_carries_its_measured_error() -> None:
    assert [sentences.error(row) for row in USUAL.estimates] == [
        "what new blocks count: half are within 5%, 9 in 10 within 21%, measured on 300 with a known count",
        (
            "what an answer without a final count counts: estimated; how well could not be measured on these "
            "traces"
        ),
    ]


def test_small_ones() -> None:
    assert sentences.capital("a word") == "A word"
    assert sentences.capital("") == ""
    assert sentences.quoted("a word") == "“a word”"
    assert sentences.quoted("") == ""
    assert sentences.between("1", None) == ""
    assert sentences.calls(UNRECORDED) == "9 calls in 2 sessions"
