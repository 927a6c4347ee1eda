import re

from farthing.report.web.waterfall import waterfall
from tests.report.conftest import Recorded
from tests.report.profiles import STEPS, USUAL, step


def test_each_column_says_what_its_call_paid_for_and_sent() -> None:
    body = waterfall("one", STEPS, USUAL.breaks[:1]).body
    assert (
        "<title>step 2: read from the cache $0.00010, written to the cache $0.020, input at the plain price "
        "$0.000030, output $0.00075</title>"
    ) in body
    assert "<title>step 3: system prompt 5.10k, tool results 700</title>" in body
    assert "step 2: text that changes by itself, 40.0k tokens paid again" in body
    assert "one: 3 calls, $0.046." in body


def test_without_a_price_calls_are_shown_in_tokens() -> None:
    body = waterfall("", [step(1, plain=90, unpriced="no price")], ()).body
    assert "What each call paid for, in tokens" in body
    assert "$" not in body


def test_a_session_without_steps_has_no_section() -> None:
    assert waterfall("one", [], ()).body == ""


def test_a_long_session_shares_columns_and_keeps_its_flags() -> None:
    steps = [step(number, read=100 * number, written=50) for number in range(1, 1_601)]
    body = waterfall("one", steps, [row for row in USUAL.breaks if row.session == "one"]).body
    assert "What each call paid for, 10 calls a column, in dollars" in body
    assert "step 1 to 10: " in body
    assert body.count('class="flag"') == 4 + 2  # two charts, each drawn twice, and their keys
    assert "… and 600 more; the terminal report lists all." in body


def test_columns_of_a_recorded_session_are_its_calls(claude_code: Recorded) -> None:
    name = claude_code.profile.sessions[0].id
    body = waterfall(name, claude_code.steps, claude_code.profile.breaks).body
    drawings = re.findall(r"<svg.*?</svg>", body)
    assert [len(re.findall("<g><rect", drawing)) for drawing in drawings] == [len(claude_code.steps)] * 4
