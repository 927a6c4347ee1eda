from msgspec.structs import replace

from farthing.report.verdict import addressed, at_least, has_cost, part_of, verdict
from tests.report.conftest import Recorded
from tests.report.profiles import NOTHING, ONE_SESSION, UNPRICED, UNRECORDED, USUAL


def test_it_says_what_it_cost_where_it_goes_and_what_could_be_done() -> None:
    first, second = verdict(USUAL)
    assert first == (
        "480 calls in 24 sessions cost at least $10.00, and 62% of that paid for input that had been sent "
        "before."
    )
    assert second == (
        "The largest part is tool results ($4.50, 45%), mostly those of Read; the lever that addresses most "
        "is the order of the prompt ($1.10, 11%): text that changes by itself breaks the prefix: 400,000 "
        "tokens paid again."
    )


def test_one_session_is_no_sessions() -> None:
    assert verdict(ONE_SESSION)[0].startswith("1 call in 1 session cost $10.00, and")


def test_without_a_price_it_counts_tokens_and_claims_no_cost() -> None:
    first, second = verdict(UNPRICED)
    assert first == (
        "480 calls in 24 sessions used 1.05M tokens. What they cost is not known: no price is known for the "
        "models."
    )
    assert second == "The largest part is tool results (39% of the tokens)."


def test_without_usage_it_says_that_nothing_can_be_told() -> None:
    assert verdict(UNRECORDED) == (
        "9 calls in 2 sessions.",
        "The traces record no usage, so neither tokens nor cost can be told.",
    )


def test_without_traces_and_without_calls() -> None:
    assert verdict(NOTHING) == ("No traces were found.", "")
    assert verdict(replace(NOTHING, sources=USUAL.sources)) == ("No model call was found in 3 files.", "")


def test_models_that_cost_nothing_are_not_models_without_a_price() -> None:
    free = replace(UNPRICED, totals=replace(UNPRICED.totals, unpriced_steps=0))
    assert verdict(free)[0] == "480 calls in 24 sessions used 1.05M tokens, at a price of nothing."


def test_a_lever_for_crumbs_is_not_worth_a_word() -> None:
    crumb = replace(USUAL.levers[0], spend_usd="0.1")
    assert "lever" not in verdict(replace(USUAL, levers=(crumb,)))[1]
    assert verdict(replace(USUAL, levers=(), segments=()))[1] == ""


def test_input_that_was_sent_once_is_not_spoken_of() -> None:
    first, _ = verdict(replace(USUAL, resent=replace(USUAL.resent, cost_share=0.001)))
    assert first == "480 calls in 24 sessions cost at least $10.00."


def test_parts_of_the_bill() -> None:
    assert has_cost(USUAL)
    assert not has_cost(UNPRICED)
    assert at_least(USUAL) == "at least "
    assert at_least(ONE_SESSION) == ""
    assert addressed(USUAL.levers[0], USUAL) == 0.11
    assert part_of("5", USUAL) == 0.5
    assert part_of("5", UNPRICED) is None


def test_of_recorded_traces(claude_code: Recorded) -> None:
    first, second = verdict(claude_code.profile)
    assert first.startswith("484 calls in 30 sessions cost at least $15.95, and ")
    assert second.startswith("The largest part is ")
