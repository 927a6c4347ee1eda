from msgspec.structs import replace

from farthing.report.steps import Bill, told
from tests.report.conftest import Recorded
from tests.report.profiles import STEPS, USUAL, step


def test_shares_stand_together_by_what_they_were_billed_as() -> None:
    first, second, _ = told(STEPS)
    assert first.tokens == Bill(read=0, written=4_000, plain=10, output=50)
    assert first.tokens.input == 4_010
    assert second.picousd == Bill(
        read=100 * 10**6, written=20_000 * 10**6, plain=30 * 10**6, output=750 * 10**6, other=0
    )
    assert second.cost_picousd == sum(second.picousd)


def test_what_was_new_is_listed_largest_first_and_like_things_together() -> None:
    call = step(1, written=900, plain=4)
    twice = replace(call, new=call.new * 2)
    assert told([call])[0].news == "Read result 900, user message 4"
    assert told([twice])[0].news == "2 × Read result 1.80k, 2 × user message 8"
    assert told([call])[0].made == "Read call 50"


def test_a_pause_lasts_from_the_end_of_the_call_before() -> None:
    untimed = replace(STEPS[1], at_ns=None, ended_ns=None)
    backwards = replace(STEPS[2], at_ns=0)
    assert [each.waited_s for each in told(STEPS)] == [None, 6.0, 6.0]
    assert [each.waited_s for each in told([STEPS[0], untimed, STEPS[2]])] == [None, None, None]
    assert told([STEPS[0], backwards])[1].waited_s == 0.0


def test_a_step_knows_its_breaks() -> None:
    found = told(STEPS, [row for row in USUAL.breaks if row.session == "one"])
    assert [len(each.breaks) for each in found] == [0, 1, 0]


def test_steps_of_a_recorded_session_sum_to_its_cost(claude_code: Recorded) -> None:
    found = told(claude_code.steps)
    dearest = claude_code.profile.sessions[0]
    assert len(found) == dearest.steps
    assert sum(each.tokens.input for each in found) == dearest.input_tokens
    assert all(each.cost_picousd == sum(each.picousd) for each in found)
