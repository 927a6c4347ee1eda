import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.analysis.births import NOT_RECORDED, births
from farthing.analysis.weighed import Weighed, weigh
from farthing.prefix import Prefix, links
from farthing.segment import SegmentKind
from farthing.session import Session
from farthing.step import Recorded
from tests.analysis.cached_scenes import CLAUDE, SYSTEM, TASK, CachedScene, answer, of_model, result
from tests.analysis.scenes import block, sessions, usage


def weighed(scene: CachedScene) -> list[Weighed]:
    session = scene.session()
    return [each for each in weigh(session, births(session)) if each is not None]


def ends(prefix: Prefix) -> list[int | None]:
    return [link.tokens_end for link in links(prefix)]


def test_the_last_marker_ends_where_reads_and_writes_do_and_the_rest_lies_behind_it() -> None:
    scene = CachedScene()
    scene.send([SYSTEM, TASK], usage(other=1_500, plain=4), marked=[1, 2])
    scene.send(
        [SYSTEM, TASK, answer("a"), result("r")], usage(read=1_500, other=300, plain=500), marked=[1, 2, 3]
    )

    first, second = weighed(scene)

    assert first.prefix.tokens_end == 1_500
    assert ends(second.prefix)[1:] == [1_500, 1_800, 2_300]
    assert [marker.link.depth for marker in second.markers] == [1, 2, 3]


def test_what_a_call_read_measures_a_link_for_the_calls_behind_it_only() -> None:
    scene = CachedScene()
    scene.send([SYSTEM, TASK, answer("a"), result("r")], usage(other=1_500), marked=[1, 2, 4])
    believed = ends(weighed(scene)[0].prefix)[1]
    assert believed is not None
    read = believed + 40
    for retry in "bc":
        context = [SYSTEM, TASK, answer(retry), result(retry)]
        scene.send(context, usage(read=read, other=1_500 - read), marked=[1, 2, 4])

    first, second, third = (ends(each.prefix)[1] for each in weighed(scene))

    assert first == believed
    assert second != read
    assert third == read


def test_an_answer_without_a_call_tells_of_a_call_that_is_not_recorded() -> None:
    scene = CachedScene()
    scene.send([SYSTEM, TASK], usage(other=1_500), marked=[1, 2])
    retried = [SYSTEM, TASK, answer("a"), result("r")]
    scene.send([*retried, answer("b"), result("s")], usage(read=1_900, other=400), marked=[1, 2, 4, 6])

    first, second = weighed(scene)

    assert first.unseen == ()
    assert [context.depth for context in second.unseen] == [4]


def test_the_history_behind_changed_tools_was_answered_by_recorded_calls() -> None:
    first_tool, second_tool = (block(name, SegmentKind.TOOLS, name) for name in ("read", "write"))
    history = [SYSTEM, TASK, answer("a"), result("r")]
    scene = CachedScene()
    scene.send([first_tool, SYSTEM, TASK], usage(other=1_500), marked=[2, 3])
    scene.send([first_tool, *history], usage(read=1_500, other=400), marked=[2, 5])
    scene.send([second_tool, *history, answer("b"), result("s")], usage(other=2_300), marked=[2, 7])

    assert weighed(scene)[2].unseen == ()


def test_what_is_not_recorded_in_front_is_one_link_which_the_first_read_divides() -> None:
    scene = CachedScene()
    scene.send([TASK], usage(read=9_000, other=5_000, plain=3), recorded=Recorded.DELTA)
    scene.send(
        [TASK, answer("a"), result("r")], usage(read=14_000, other=500, plain=3), recorded=Recorded.DELTA
    )

    first, second = weighed(scene)

    assert ends(first.prefix)[0] == 9_000
    assert first.prefix.tokens_end == 14_000
    assert first.head is not None
    assert second.head is None
    assert second.prefix.tokens_end == 14_500
    assert second.assumed
    assert second.markers[-1].link is second.prefix


def test_where_markers_are_not_recorded_the_last_one_stood_where_the_last_write_ended() -> None:
    scene = CachedScene()
    scene.send([TASK], usage(other=9_000), recorded=Recorded.DELTA)
    more = [TASK, answer("a"), result("r"), block("said later " * 500)]
    scene.send(more, usage(read=9_000, other=300, plain=1_200), recorded=Recorded.DELTA)

    marker = weighed(scene)[1].markers[-1]

    assert marker.link.segment == more[2]
    assert marker.link.tokens_end == 9_300


def test_sessions_share_a_front_that_neither_records_but_not_what_only_counts_tell() -> None:
    fronts = []
    for name in ("one", "two"):
        scene = CachedScene()
        scene.send([TASK], usage(other=9_000), recorded=Recorded.DELTA)
        session = scene.session(name)
        (each,) = weigh(session, births(session))
        assert each is not None
        fronts.append(links(each.prefix)[0].digest)
    counted = []
    for name in ("one", "two"):
        scene = CachedScene()
        scene.call(None, usage(plain=9_000), model=CLAUDE)
        session = scene.session(name)
        (each,) = weigh(session, births(session))
        assert each is not None
        counted.append(each.prefix.digest)

    assert fronts[0] == fronts[1]
    assert counted[0] != counted[1]


@pytest.mark.parametrize("model", [CLAUDE, "deepseek-chat", "nobody-knows-it"])
@given(drawn=st.data())
def test_ends_rise_to_at_most_the_reported_input_and_all_that_was_sent_is_there(
    model: str, drawn: st.DataObject
) -> None:
    session: Session = of_model(drawn.draw(sessions()), model)
    for span, each in zip(session.spans, weigh(session, births(session)), strict=True):
        if each is None:
            continue
        counts = [end or 0 for end in ends(each.prefix)]
        assert counts == sorted(counts)
        assert counts[-1] <= span.charges[0].usage.input_tokens
        sent = [link.segment for link in links(span.step.prefix)]
        shown = [link.segment for link in links(each.prefix) if link.segment.name != NOT_RECORDED]
        assert not sent or shown[-len(sent) :] == sent
        assert all(marker.link in links(each.prefix) for marker in each.markers)
