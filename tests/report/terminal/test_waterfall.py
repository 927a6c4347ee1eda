from farthing.report.steps import told
from farthing.report.terminal.layout import Sheet
from farthing.report.terminal.waterfall import opening, steps
from tests.report.profiles import STEPS, USUAL, step


def test_each_step_shows_what_it_sent_and_what_broke() -> None:
    lines = steps(told(STEPS, USUAL.breaks[:1]), Sheet())[2:]
    assert [line[:96] for line in lines if "Read" in line or "Bash" in line] == [
        "     1                    4.01k  ████████        4.00k     10      50  $0.0168  Read result 4.00",
        "     2  Explore    6 s    5.11k  ███████████     5.00k     10      50  $0.0209  Bash result 5.00",
        "     3             6 s    5.80k  ░░░░░░░░░░░█      700             50  $0.0086  Read result 700,",
    ]
    assert lines[3:5] == [
        "      ! text that changes by itself, 40.0k tokens paid again. A date or time in it changes. From",
        "      token 1,200 on, at the system prompt",
    ]


def test_the_opening_sums_up() -> None:
    assert opening("one", told(STEPS), Sheet()) == [
        "Session one: 3 calls, $0.046, 1 sub-agent; the longest context has 5.80k tokens.",
        "In the bars ░ was read from the cache and █ was not.",
    ]


def test_a_step_without_a_price_says_why() -> None:
    lines = steps(told([step(1, plain=90, unpriced="no price for 'x'")]), Sheet())
    assert "no price" in lines[3]
    assert lines[4] == "      ! no price for 'x'"


def test_a_session_without_steps_is_a_heading() -> None:
    assert len(steps([], Sheet())) == 2
    assert opening("", [], Sheet())[0] == "Session: 0 calls, $0.00; the longest context has 0 tokens."
