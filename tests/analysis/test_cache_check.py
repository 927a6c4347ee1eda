from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from farthing.analysis.cache_check import Checked, Verdict, check, score
from farthing.engine.prefix_cache import Refresh
from farthing.segment import SegmentKind
from farthing.session import Session
from farthing.span import Span
from farthing.step import Recorded
from farthing.traces import moatless
from tests.analysis.cached_scenes import MINUTE, SECOND, SYSTEM, TASK, CachedScene, answer, result
from tests.analysis.scenes import block, usage
from tests.traces.sums import items_of, spans_of
from tests.truth.files import files

HERE = Path(__file__).parents[1] / "data" / "moatless-tools"
FIRST = [SYSTEM, TASK]
SECOND_CALL = [*FIRST, answer("a"), result("r")]
THIRD_CALL = [*SECOND_CALL, answer("b"), result("s")]


def verdicts(scene: CachedScene) -> list[Verdict]:
    return [each.verdict for each in check([scene.session()])]


def growing(*, times: Sequence[int] | None = None) -> CachedScene:
    """Return a scene of two calls as a provider would bill them."""
    scene = CachedScene()
    at = times or (None, None)
    scene.send(FIRST, usage(other=1_500, plain=4), marked=[1, 2], at=at[0])
    scene.send(SECOND_CALL, usage(read=1_500, other=300, plain=4), marked=[1, 2, 4], at=at[1])
    return scene


def test_what_a_provider_bills_by_its_rules_is_foretold() -> None:
    checked = check([growing().session()])

    assert [(each.predicted_read, each.predicted_write) for each in checked] == [(0, 1_500), (1_500, 300)]
    assert {each.verdict for each in checked} == {Verdict.RIGHT}


def test_nothing_left_of_a_session_without_times_shows_a_gap_and_the_clock_goes_on_from_there() -> None:
    scene = growing()
    scene.send(THIRD_CALL, usage(other=2_100, plain=4), marked=[1, 4, 6])
    back = [*SECOND_CALL, answer("c"), result("t")]
    scene.send(back, usage(read=1_800, other=300, plain=4), marked=[1, 4, 6])

    assert verdicts(scene) == [Verdict.RIGHT, Verdict.RIGHT, Verdict.EXPIRED, Verdict.RIGHT]


def test_an_entry_that_is_lost_within_its_time_was_evicted() -> None:
    scene = growing(times=(0, MINUTE))
    scene.send(THIRD_CALL, usage(read=1_500, other=600, plain=4), marked=[1, 4, 6], at=2 * MINUTE)

    assert verdicts(scene)[2] is Verdict.EVICTED


def test_an_entry_that_is_read_after_its_time_outlived_it() -> None:
    scene = growing(times=(0, MINUTE))
    scene.send(THIRD_CALL, usage(read=1_800, other=300, plain=4), marked=[1, 4, 6], at=10 * MINUTE)

    assert verdicts(scene)[2] is Verdict.OUTLIVED


def test_a_first_call_that_reads_was_helped_by_calls_that_are_not_recorded() -> None:
    scene = CachedScene()
    scene.send(FIRST, usage(read=1_500, plain=4), marked=[1, 2])

    assert verdicts(scene) == [Verdict.NOT_RECORDED]


def test_a_call_of_which_only_the_answer_is_left_has_written_what_is_read() -> None:
    scene = CachedScene()
    scene.send(FIRST, usage(other=1_500, plain=4), marked=[1, 2])
    scene.send(THIRD_CALL, usage(read=1_790, other=300, plain=4), marked=[1, 2, 4, 6])

    checked = check([scene.session()])[1]

    assert checked.verdict is Verdict.RIGHT
    assert checked.predicted_read > 1_700


def test_a_read_that_ends_where_nothing_ever_did_is_unexplained() -> None:
    scene = growing()
    scene.send(THIRD_CALL, usage(read=1_650, other=450, plain=4), marked=[1, 4, 6])

    assert verdicts(scene)[2] is Verdict.UNEXPLAINED


def test_the_call_that_shows_an_unrecorded_level_is_not_scored() -> None:
    scene = CachedScene()
    grown = [TASK, answer("a"), result("r")]
    scene.send([TASK], usage(read=9_000, other=5_000), recorded=Recorded.DELTA, at=0)
    scene.send(grown, usage(read=14_000, other=300), recorded=Recorded.DELTA, at=SECOND)
    checked = check([scene.session()])

    assert [each.verdict for each in checked] == [Verdict.INFERRED, Verdict.RIGHT]
    assert score(checked).calls == 1


def test_below_the_minimum_nothing_is_read_or_written() -> None:
    scene = CachedScene()
    scene.send([block("short", SegmentKind.TASK)], usage(plain=40), marked=[1])
    scene.send([block("short", SegmentKind.TASK), answer("a")], usage(plain=90), marked=[2])

    assert verdicts(scene) == [Verdict.RIGHT, Verdict.RIGHT]


def test_sessions_with_times_share_one_cache_and_one_clock() -> None:
    one, other = CachedScene(), CachedScene()
    one.send(FIRST, usage(other=1_500), marked=[1, 2], at=0)
    other.send(FIRST, usage(read=1_500), marked=[1, 2], at=MINUTE)
    late = CachedScene()
    late.send(FIRST, usage(other=1_500), marked=[1, 2], at=7 * MINUTE)

    checked = check([late.session("late"), other.session("other"), one.session("one")])

    assert [(each.session, each.verdict) for each in checked] == [
        ("one", Verdict.RIGHT),
        ("other", Verdict.RIGHT),
        ("late", Verdict.RIGHT),
    ]


def test_the_score_counts_hits_and_misses_and_takes_the_median() -> None:
    def one(read: int, predicted: int, verdict: Verdict) -> Checked:
        return Checked(
            session="s",
            step=1,
            input_tokens=1_000,
            reported_read=read,
            reported_write=1_000 - read,
            predicted_read=predicted,
            predicted_write=1_000 - predicted,
            verdict=verdict,
        )

    found = score(
        [
            one(900, 900, Verdict.RIGHT),
            one(0, 900, Verdict.EXPIRED),
            one(500, 600, Verdict.UNEXPLAINED),
            one(7, 0, Verdict.INFERRED),
        ]
    )

    assert (found.calls, found.reported_read, found.predicted_read) == (3, 1_400, 2_400)
    assert (found.reported_write, found.predicted_write) == (1_600, 600)
    assert found.median_error_share == 0.1
    assert found.hit_miss_agreement == 2 / 3
    assert found.verdicts[Verdict.INFERRED] == 1


def of_paths(paths: Sequence[Path]) -> list[Session]:
    sessions: dict[str, list[Span]] = {}
    for path in paths:
        for span in spans_of(items_of(moatless.FORMAT, path)):
            sessions.setdefault(span.step.session, []).append(span)
    return [Session(id=name, spans=tuple(spans)) for name, spans in sessions.items()]


def test_two_recorded_sessions_are_foretold_call_by_call() -> None:
    checked = check(of_paths(sorted(HERE.glob("*.zst"))))

    assert {each.verdict for each in checked} == {Verdict.RIGHT, Verdict.INFERRED}
    assert score(checked).calls >= 10


@pytest.mark.parametrize("refresh", list(Refresh))
def test_the_recorded_corpus_is_foretold(recorded: Callable[[str], Path], refresh: Refresh) -> None:
    checked = check(of_paths(files(recorded("moatless-tools"), "*.zst")), refresh=refresh)
    everything = score(checked)
    dated = score([each for each in checked if each.verdict is not Verdict.EXPIRED])

    assert abs(dated.predicted_read / dated.reported_read - 1) <= 0.02
    assert abs(dated.predicted_write / dated.reported_write - 1) <= 0.02
    assert everything.median_error_share <= 0.01
    unexplained = everything.verdicts[Verdict.UNEXPLAINED] / everything.calls
    assert everything.hit_miss_agreement - unexplained >= 0.96
