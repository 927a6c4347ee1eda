from msgspec.structs import replace

from farthing.report.terminal.bill import bill, projection
from farthing.report.terminal.layout import Sheet
from tests.report.profiles import NOTHING, UNPRICED, UNRECORDED, USUAL


def test_the_bill_names_what_it_lacks_and_each_price_class() -> None:
    assert bill(USUAL, Sheet(width=90))[2:] == [
        "  cost          at least $10.00; $10.40 with estimates for answers without a final count",
        "  lacking       7 calls have no final output count",
        "  read          480 calls in 24 sessions, 2026-03-01",
        "  a session     $0.42 on average; median $0.30, p90 $1.00, p99 $2.50, the dearest $2.50",
        "  a success     $1.25, with what the others cost: 8 of 20 sessions with a known outcome",
        "                succeeded",
        "  input         1.02M tokens: 900k read from the cache, 60.0k written to it for 5 min,",
        "                20.0k written for an hour, 40.0k at the plain price",
        "  output        30.0k tokens",
        "  server tools  $0.25, billed by the request",
        "  sub-agents    $2.00 of the cost (20%), in 6 sessions",
    ]


def test_what_is_not_known_is_not_shown_as_nothing() -> None:
    assert bill(UNRECORDED, Sheet())[2:] == [
        "  cost     not known",
        "  lacking  9 calls without recorded usage are not in the cost",
        "  read     9 calls in 2 sessions, 2026-03-01",
    ]
    assert "  sub-agents  at work, in 6 sessions" in bill(UNPRICED, Sheet())
    assert bill(NOTHING, Sheet()) == []


def test_the_projection_has_an_interval_for_each_period() -> None:
    lines = projection(USUAL, Sheet())
    assert lines[1].startswith("In production, at 200 sessions a day ─")
    assert lines[2:6] == [
        "              cost  95% interval",
        "  a day     $83.33  $60.00 to $120",
        "  a month   $2,530  $1,820 to $3,650",
        "  a year   $30,400  $21,900 to $43,800",
    ]
    assert lines[6].startswith("  Tokens a minute at the peak")


def test_there_is_no_projection_unless_asked_for_and_priced() -> None:
    observed = replace(USUAL, projection=replace(USUAL.projection, basis="observed"))
    assert projection(observed, Sheet()) == []
    assert projection(UNPRICED, Sheet()) == []
