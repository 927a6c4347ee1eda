from msgspec.structs import replace

from farthing.report.web import findings
from tests.report.profiles import NOTHING, ONE_SESSION, UNPRICED, USUAL


def test_breaks_show_cause_mend_and_what_stands_there() -> None:
    body = findings.breaks(USUAL).body
    assert "text that changes by itself" in body
    assert "move the changing value out of the system prompt" in body
    assert "“It is 12:04:31 on Monday”" in body
    assert "No broken prefixes, though they look it: last exchange replaced 4 ×" in body
    assert findings.breaks(NOTHING).body == ""


def test_many_breaks_fold_behind_the_first() -> None:
    many = replace(USUAL, breaks=USUAL.breaks * 5)
    assert "<summary>4 more</summary>" in findings.breaks(many).body
    assert "more</summary>" not in findings.breaks(USUAL).body


def test_steps_say_what_looks_mechanical() -> None:
    body = findings.signatures(USUAL).body
    assert "looks mechanical: 97% are a call to Read alone" in body
    assert findings.signatures(NOTHING).body == ""


def test_sessions_show_how_concentrated_the_cost_is() -> None:
    body = findings.sessions(USUAL).body
    assert "part of the sessions, dearest first" in body
    assert body.count("<tr>") == 1 + 10 + 2
    assert "<h3>Loops</h3>" in body


def test_one_session_has_no_curve_and_one_without_a_price_no_dollars() -> None:
    assert "svg" not in findings.sessions(ONE_SESSION).body
    assert "$" not in findings.sessions(UNPRICED).body
    assert findings.sessions(UNPRICED).title == "The largest sessions"


def test_a_lever_carries_its_mend_and_its_assumption() -> None:
    body = findings.levers(USUAL).body
    assert "<b>$1.10</b><small>11% of the bill</small>" in body
    assert "Mend: move the changing value out of the system prompt." in body
    assert "Assumed: what was sent before could have been read again." in body
    assert findings.levers(NOTHING).body == ""
