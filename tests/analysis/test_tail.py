from hypothesis import given
from hypothesis import strategies as st

from farthing.analysis.tail import SessionCost, merged, tail

costs = st.lists(st.integers(0, 10**15), max_size=300)


def of(amounts: list[int]) -> list[SessionCost]:
    return [SessionCost(f"s{at}", 1, amount) for at, amount in enumerate(amounts)]


def test_the_dearest_hundredth_of_two_hundred_sessions_is_two() -> None:
    top = tail(of([1] * 198 + [100, 102])).top(1)
    assert (top.sessions, top.cost_picousd, top.whole_picousd) == (2, 202, 400)
    assert top.share == 0.505


def test_a_part_of_a_session_is_a_session() -> None:
    assert tail(of([3, 1])).top(1).sessions == 1
    assert tail(of([3, 1])).top(1).share == 0.75


def test_no_sessions_have_no_tail() -> None:
    top = tail([]).top(5)
    assert (top.sessions, top.share) == (0, 0.0)


def test_free_sessions_have_no_share() -> None:
    assert tail(of([0, 0])).top(5).share == 0.0


def test_the_ten_dearest_are_kept() -> None:
    found = tail(of(list(range(30)))).dearest
    assert [each.cost_picousd for each in found] == list(range(29, 19, -1))


@given(costs, st.integers(0, 300))
def test_sums_do_not_depend_on_the_split(amounts: list[int], cut: int) -> None:
    rows = of(amounts)
    whole, parts = tail(rows), merged([tail(rows[cut:]), tail(rows[:cut])])
    assert (parts.dearest, parts.top(1), parts.top(5)) == (whole.dearest, whole.top(1), whole.top(5))


@given(costs)
def test_more_sessions_have_a_larger_share(amounts: list[int]) -> None:
    found = tail(of(amounts))
    assert 0 <= found.top(1).share <= found.top(5).share <= found.top(100).share <= 1
