from hypothesis import given
from hypothesis import strategies as st

from farthing.analysis.ruler import Ruler


def ruler(*tokens: int) -> Ruler:
    made = Ruler()
    for each in tokens:
        made.push(each)
    return made


def test_links_in_front_of_a_pin_keep_their_proportions_and_those_behind_it_their_lengths() -> None:
    made = ruler(10, 30, 5, 7)
    made.pin(1, 80)

    assert made.ends == [20, 80, 85, 92]


def test_between_two_pins_links_share_the_distance() -> None:
    made = ruler(10, 10, 10, 10)
    made.pin(0, 100)
    made.pin(3, 400)
    made.pin(2, 300)

    assert made.ends == [100, 200, 300, 400]


def test_the_first_pin_of_a_link_holds_and_no_pin_passes_another() -> None:
    made = ruler(10, 10, 10)
    made.pin(1, 50)
    made.pin(1, 70)
    made.pin(0, 60)
    made.pin(2, 40)

    assert made.ends == [50, 50, 50]


def test_a_shorter_context_releases_the_pins_beyond_it() -> None:
    made = ruler(10, 10, 10)
    made.pin(0, 20)
    made.pin(2, 90)
    made.release(beyond=60)
    made.pin(2, 60)

    assert made.ends[0] == 20
    assert made.ends[2] == 60


def test_a_link_is_found_by_its_end_exactly_or_as_the_nearest() -> None:
    made = ruler(10, 10, 10)

    assert made.at(20) == 1
    assert made.at(21) is None
    assert [made.nearest(tokens) for tokens in (0, 14, 16, 99)] == [0, 0, 1, 2]


actions = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 50), st.just(0)),
        st.tuples(st.just("pin"), st.integers(0, 9), st.integers(0, 400)),
        st.tuples(st.just("cut"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("release"), st.integers(0, 300), st.just(0)),
    ),
    max_size=30,
)


@given(actions)
def test_ends_never_fall_and_what_has_not_moved_is_as_it_was(plan: list[tuple[str, int, int]]) -> None:
    made = Ruler()
    for what, one, other in plan:
        before, made.moved = list(made.ends), len(made)
        if what == "push":
            made.push(one)
        elif what == "pin" and one < len(made):
            made.pin(one, other)
        elif what == "cut":
            made.cut(one)
        elif what == "release":
            made.release(beyond=one)
        assert made.ends == sorted(made.ends)
        assert made.ends[: made.moved] == before[: made.moved]
