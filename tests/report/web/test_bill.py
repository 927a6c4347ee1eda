from msgspec.structs import replace

from farthing.analysis.profile import Projection
from farthing.report.web.bill import bill, projection
from tests.report.profiles import NOTHING, ONE_SESSION, UNPRICED, UNRECORDED, USUAL


def test_cards_say_what_it_cost_and_what_the_figure_lacks() -> None:
    body = bill(USUAL).body
    assert "<b>$10.00</b><span>at least, for 480 calls in 24 sessions</span>" in body
    assert "<b>3.0 ×</b><span>is what twice the steps cost</span>" in body
    assert "<b>$1.25</b><span>a success; 8 of 20 sessions succeeded</span>" in body
    assert "At least, because 7 calls have no final output count. With estimates for them: $10.40." in body
    assert "At least" not in bill(ONE_SESSION).body


def test_a_bar_shows_what_tokens_were_billed_as() -> None:
    assert 'class="read" style="width:85.71%"' in bill(USUAL).body
    assert "written to the cache: 80.0k" in bill(USUAL).body


def test_the_rate_of_the_traces_is_a_card_and_one_asked_for_a_section() -> None:
    seen = Projection(sessions_per_day=2.0, basis="observed", per_day_usd="1", per_month_usd="25.5")
    observed = replace(USUAL, projection=seen)
    assert (
        "<b>$25.50</b><span>a month at the rate of these traces, 2 sessions a day</span>"
        in bill(observed).body
    )
    assert projection(observed).body == ""
    assert projection(USUAL).title == "In production, at 200 sessions a day"
    assert "<b>$2,530</b><span>a month; 95% interval $1,820 to $3,650</span>" in projection(USUAL).body


def test_without_a_price_no_dollar_is_shown() -> None:
    assert "$" not in bill(UNPRICED).body
    assert projection(UNPRICED).body == ""
    assert "$" not in bill(UNRECORDED).body
    assert bill(NOTHING).body == ""
