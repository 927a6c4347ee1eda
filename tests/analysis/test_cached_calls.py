from msgspec.structs import replace

from farthing.analysis.cached_calls import CachedCall, cached_calls, prepare, request_of
from farthing.engine.prefix_cache import PrefixCache
from farthing.segment import Level
from farthing.step import Recorded
from tests.analysis.cached_scenes import SECOND, SYSTEM, TASK, CachedScene, answer, result
from tests.analysis.scenes import usage


def calls(scene: CachedScene) -> list[CachedCall]:
    return list(cached_calls(scene.session()))


def one_call(**changes: str | tuple[tuple[str, str], ...]) -> CachedCall:
    scene = CachedScene()
    scene.send([SYSTEM, TASK], usage(other=1_500), marked=[1, 2])
    span = scene.spans[0]
    scene.spans[0] = replace(span, step=replace(span.step, **changes))
    return calls(scene)[0]


def test_calls_that_can_use_no_cache_are_left_out() -> None:
    scene = CachedScene()
    scene.send([SYSTEM, TASK], usage(plain=1_500), marked=[])
    scene.send([SYSTEM, TASK], usage(plain=1_500), model="deepseek-chat")
    scene.send([SYSTEM, TASK], usage(plain=1_500), model="nobody-knows-it")

    assert [call.step for call in calls(scene)] == [2]


def test_a_call_without_a_time_follows_the_one_before_and_a_late_clock_moves_all_of_it() -> None:
    scene = CachedScene()
    scene.send([SYSTEM, TASK], usage(other=1_500), marked=[1, 2])
    scene.send([SYSTEM, TASK, answer("a")], usage(read=1_500, other=90), marked=[1, 3])
    first, second = (request_of(call, late_ns=SECOND) for call in calls(scene))

    assert first.at_ns == first.began_ns == SECOND
    assert second.at_ns > first.at_ns


def test_a_cache_is_bound_to_its_owner_and_a_level_to_its_parameters() -> None:
    plain = request_of(one_call()).scope
    other_owner = request_of(one_call(account="another")).scope
    faster = request_of(one_call(parameters=(("speed", "fast"),))).scope
    forced = request_of(one_call(parameters=(("tool_choice", "any"),))).scope

    assert len({plain.of(Level.SYSTEM), other_owner.of(Level.SYSTEM), faster.of(Level.SYSTEM)}) == 3
    assert forced.of(Level.SYSTEM) == plain.of(Level.SYSTEM)
    assert forced.of(Level.MESSAGES) != plain.of(Level.MESSAGES)


def test_before_a_first_call_is_judged_what_it_read_of_an_unrecorded_level_is_warm() -> None:
    scene = CachedScene()
    scene.send([TASK], usage(read=9_000, other=5_000), recorded=Recorded.DELTA)
    (call,) = calls(scene)
    cache, request = PrefixCache(call.rules), request_of(call)
    assert cache.split(request).cache_read_input_tokens == 0

    prepare(cache, call, request)

    assert call.is_inferred
    assert cache.split(request).cache_read_input_tokens == 9_000


def test_before_a_call_is_judged_those_missing_in_front_of_it_are_made() -> None:
    scene = CachedScene()
    scene.send([SYSTEM, TASK], usage(other=1_500), marked=[1, 2])
    retried = [SYSTEM, TASK, answer("a"), result("r"), answer("b"), result("s")]
    scene.send(retried, usage(read=1_790, other=300), marked=[1, 4, 6])
    call = calls(scene)[1]
    cache, request = PrefixCache(call.rules), request_of(call)

    prepare(cache, call, request)

    hit = cache.split(request).hit
    assert hit is not None
    assert hit.segment == retried[3]
