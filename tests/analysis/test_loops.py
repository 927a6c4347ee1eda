from hypothesis import given, settings
from hypothesis import strategies as st

from farthing.analysis.births import births
from farthing.analysis.charges import price
from farthing.analysis.loops import Loop, find, merged, summed
from farthing.session import Session
from tests.analysis.breaking import UNPRICED, Talk
from tests.analysis.scenes import PRICES as SCENE_PRICES
from tests.analysis.scenes import sessions


def polling(times: int, *, answers: str = "rWait", model: str = "", agent: str = "") -> Talk:
    """Return a talk that calls Wait again and again, each time with the same result."""
    talk = Talk(model=model) if model else Talk()
    context = "s k"
    for _ in range(times):
        talk.call(context, output="cWait", agent=agent)
        context += f" cWait {answers}"
    talk.call(context, output="a1", agent=agent)
    return talk


def loops(talk: Talk) -> tuple[Loop, ...]:
    return find(talk.session, talk.changes, talk.bills)


def test_three_equal_calls_with_equal_results_are_a_loop() -> None:
    talk = polling(4)
    (loop,) = loops(talk)
    assert (loop.tool, loop.count, loop.first_step, loop.last_step) == ("Wait", 4, 1, 4)
    asked_again = [line.cost_picousd for bill in talk.bills[1:4] for line in bill]
    assert loop.wasted_picousd == sum(asked_again)


def test_two_are_none() -> None:
    assert loops(polling(2)) == ()


def test_other_arguments_or_other_results_make_none() -> None:
    talk = Talk()
    context = "s k"
    for number in range(4):
        talk.call(context, output="cWait")
        context += f" cWait rWait.{number}"
    talk.call(context)
    for number in range(4):
        talk.call(context, output=f"cRead.{number}")
        context += f" cRead.{number} rRead"
    talk.call(context)
    assert loops(talk) == ()


def test_a_call_among_others_is_charged_with_its_share() -> None:
    talk = Talk()
    context = "s k"
    for number in range(3):
        talk.call(context, output=f"cWait cRead.{number}")
        context += f" cWait cRead.{number} rWait rRead.{number}"
    talk.call(context)
    (loop,) = loops(talk)
    assert loop.wasted_picousd == sum(line.cost_picousd // 2 for bill in talk.bills[1:3] for line in bill)


def test_a_result_that_never_came_is_not_counted() -> None:
    talk = polling(3)
    talk.spans.pop()
    assert loops(talk) == ()


def test_without_a_price_the_waste_is_not_known() -> None:
    (loop,) = loops(polling(3, model=UNPRICED))
    assert loop.wasted_picousd is None
    assert summed([loop]).unpriced == 1


def test_each_agent_runs_in_its_own_circle() -> None:
    talk = polling(3)
    talk.spans += polling(3, agent="helper").spans
    assert [(loop.agent, loop.count) for loop in loops(talk)] == [("", 3), ("helper", 3)]


_loops = st.builds(
    Loop,
    session=st.sampled_from("ab"),
    agent=st.just(""),
    tool=st.just("Wait"),
    count=st.integers(3, 9),
    first_step=st.just(1),
    last_step=st.just(9),
    wasted_picousd=st.none() | st.integers(0, 9),
)


@given(st.lists(_loops, max_size=9), st.integers(0, 9))
def test_sums_do_not_depend_on_the_split(found: list[Loop], cut: int) -> None:
    assert merged([summed(found[:cut]), summed(found[cut:])]) == summed(found)


@settings(max_examples=50)
@given(sessions())
def test_a_loop_wastes_no_more_than_was_spent(session: Session) -> None:
    bills = [price(span, SCENE_PRICES) for span in session.spans]
    spent = sum(line.cost_picousd for bill in bills for line in bill)
    assert sum(loop.wasted_picousd or 0 for loop in find(session, births(session), bills)) <= spent
