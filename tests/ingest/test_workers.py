"""Work is shared out, and a worker's end costs its own task only."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable
from functools import partial

import pytest

from farthing.ingest.workers import Died, Done, Said, Workers, cores, run_here

Tell = Callable[[str], None]


def half(number: int, tell: Tell) -> tuple[int, int]:
    tell(f"halving {number}")
    return number // 2, os.getpid()


def add(summand: int, number: int, tell: Tell) -> int:
    tell("adding")
    return summand + number


def fatal_if_odd(number: int, tell: Tell) -> int:
    tell("still alive")
    if number % 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def failing(number: int, tell: Tell) -> int:
    tell("about to fail")
    raise LookupError(f"no {number}")


def test_all_is_done_in_other_processes_with_news_before_results() -> None:
    with Workers(2) as workers:
        heard = list(workers.run(half, deque(range(20))))
    done = [item for item in heard if isinstance(item, Done)]
    assert sorted((item.argument, item.result[0]) for item in done) == [(n, n // 2) for n in range(20)]
    pids = {item.result[1] for item in done}
    assert os.getpid() not in pids
    assert len(pids) <= 2
    assert sorted(item.news for item in heard if isinstance(item, Said)) == sorted(
        f"halving {n}" for n in range(20)
    )
    assert heard.index(Said(7, "halving 7")) < next(
        i for i, item in enumerate(heard) if item in done and item.argument == 7
    )


def test_work_may_be_added_meanwhile() -> None:
    todo = deque([40])
    with Workers(2) as workers:
        results = []
        for item in workers.run(half, todo):
            if isinstance(item, Done):
                results.append(item.result[0])
                todo.extend([item.result[0]] if item.result[0] > 2 else [])
    assert results == [20, 10, 5, 2]


def test_the_same_processes_take_other_functions() -> None:
    with Workers(1) as workers:
        first = [item.result for item in workers.run(half, deque([8])) if isinstance(item, Done)]
        again = [item.result for item in workers.run(partial(add, 5), deque([8])) if isinstance(item, Done)]
    assert first[0][0] == 4
    assert again == [13]


def test_a_worker_that_is_killed_is_named_and_the_rest_goes_on() -> None:
    with Workers(2) as workers:
        heard = list(workers.run(fatal_if_odd, deque(range(6))))
    assert sorted(item.result for item in heard if isinstance(item, Done)) == [0, 2, 4]
    assert sorted(item for item in heard if isinstance(item, Died)) == [
        Died(n, -signal.SIGKILL) for n in (1, 3, 5)
    ]


def test_what_the_function_raises_is_raised_with_its_traceback() -> None:
    with Workers(1) as workers, pytest.raises(RuntimeError, match=r"in failing\n.*\nLookupError: no 3"):
        list(workers.run(failing, deque([3])))


def wait_for_ever(_: int, tell: Tell) -> None:
    tell("waiting")
    threading.Event().wait()


def test_leaving_ends_workers_that_are_busy() -> None:
    with Workers(2) as workers:
        heard = next(workers.run(wait_for_ever, deque([1, 2])))
    assert isinstance(heard, Said)


def test_it_works_beside_other_threads() -> None:
    """With a thread running, forking is unsafe and another way to start is taken."""
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with Workers(2) as workers:
            done = [
                item.result for item in workers.run(partial(add, 1), deque([1, 2])) if isinstance(item, Done)
            ]
    finally:
        stop.set()
        thread.join()
    assert sorted(done) == [2, 3]


def test_small_work_is_done_here() -> None:
    heard = list(run_here(half, deque([4])))
    assert heard == [Said(4, "halving 4"), Done(4, (2, os.getpid()))]


def test_there_is_a_core() -> None:
    assert cores() >= 1
