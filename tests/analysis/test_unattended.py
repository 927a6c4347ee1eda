from hypothesis import given
from hypothesis import strategies as st

from farthing.analysis.unattended import Unattended, merged, unattended
from tests.analysis.breaking import Talk


def of(talk: Talk) -> Unattended:
    return unattended(talk.session, talk.changes, talk.bills)


def whole(talk: Talk) -> int:
    return sum(line.cost_picousd for bill in talk.bills for line in bill)


def test_a_session_with_nothing_but_a_task_is_unattended() -> None:
    talk = Talk()
    talk.call("s k")
    talk.call("s kHelp", agent="helper")
    talk.call("s k a1 r1", read=2_000)
    assert of(talk) == Unattended(1, 1, whole(talk))


def test_a_session_in_which_a_user_speaks_again_is_not() -> None:
    talk = Talk()
    talk.call("s k")
    talk.call("s k a1 u1", read=2_000)
    assert of(talk) == Unattended(1, 0, 0)


def test_a_session_without_recorded_messages_is_not() -> None:
    talk = Talk()
    talk.call("s")
    assert of(talk) == Unattended(1, 0, 0)


def test_what_is_at_another_tier_already_is_left_out() -> None:
    talk = Talk()
    talk.call("s k")
    talk.call("s k a1 r1", read=2_000, tier="batch")
    assert of(talk).cost_picousd == sum(line.cost_picousd for line in talk.bills[0])


_parts = st.lists(st.builds(Unattended, *[st.integers(0, 9)] * 3), max_size=5)


@given(_parts, st.integers(0, 5))
def test_sums_do_not_depend_on_the_split(parts: list[Unattended], cut: int) -> None:
    assert merged([merged(parts[:cut]), merged(parts[cut:])]) == merged(parts)
