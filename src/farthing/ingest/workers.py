"""Runs a function over many arguments on all cores, and survives what kills a worker.

The pool is our own because a worker that dies must take only its own task with it, and we must know
which that was: concurrent.futures gives up the whole pool and cannot say. Small work runs here,
without a process at all.

A function is called with an argument and a function that tells news while it goes on. Everything is
sent by pickle, so functions are top-level or `partial`s of such. Forking is by far the cheapest start
but safe only from a process with one thread; elsewhere a fork server or a fresh interpreter is used.
"""

import gc
import multiprocessing
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import Enum
from multiprocessing.connection import Connection, wait
from pathlib import Path
from traceback import format_exc
from typing import TYPE_CHECKING, Generic, NamedTuple, Self, TypeVar, cast

if TYPE_CHECKING:
    from multiprocessing.context import ForkContext, ForkServerContext, SpawnContext

    Pipe = Connection[tuple[bytes, object], tuple[object, object]]

Argument = TypeVar("Argument")
News = TypeVar("News")
Result = TypeVar("Result")
Function = Callable[[Argument, Callable[[News], None]], Result]


class Said(NamedTuple, Generic[Argument, News]):
    """What a function told before it was done."""

    argument: Argument
    news: News


class Done(NamedTuple, Generic[Argument, Result]):
    argument: Argument
    result: Result


class Died(NamedTuple, Generic[Argument]):
    """The process that worked on this argument ended; `exit_code` is minus the signal, if one did it."""

    argument: Argument
    exit_code: int


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def relaxed_collector() -> Iterator[None]:
    """Look for cycles seldom: a trace makes many objects and no cycle, and looking is half of the cost."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def run_here(
    function: Function[Argument, News, Result], todo: deque[Argument]
) -> Iterator[Said[Argument, News] | Done[Argument, Result]]:
    """Do as `Workers.run` does, in this process; news come when the function is done."""
    while todo:
        argument = todo.popleft()
        news: list[News] = []
        with relaxed_collector():
            result = function(argument, news.append)
        yield from (Said(argument, item) for item in news)
        yield Done(argument, result)


class Workers:
    """Up to `number` processes, started when there is work and ended with the `with` block."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._idle: list[_Worker] = []
        self._busy: dict[_Worker, None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, those still at work at once: on an interrupt nobody waits for them."""
        for worker in self._busy:
            worker.process.terminate()
        for worker in (*self._idle, *self._busy):
            worker.end()
        self._idle, self._busy = [], {}

    def run(
        self, function: Function[Argument, News, Result], todo: deque[Argument]
    ) -> Iterator[Said[Argument, News] | Done[Argument, Result] | Died[Argument]]:
        """Call `function` with all of `todo`, to which the caller may add meanwhile; yield as it comes.

        What the function raises is raised here.
        """
        code = pickle.dumps(function)
        given: dict[_Worker, Argument] = {}
        while todo or self._busy:
            while todo and len(self._busy) < self.number:
                worker = self._idle.pop() if self._idle else _Worker([other.pipe for other in self._busy])
                given[worker] = todo.popleft()
                worker.give(code, given[worker])
                self._busy[worker] = None
            for worker in _ready(self._busy):
                yield self._heard(worker, given[worker])

    def _heard(
        self, worker: "_Worker", argument: Argument
    ) -> Said[Argument, News] | Done[Argument, Result] | Died[Argument]:
        try:
            kind, value = worker.hear()
        except (EOFError, OSError):
            del self._busy[worker]
            return Died(argument, worker.end())
        if kind is _Kind.NEWS:
            return Said(argument, cast("News", value))
        del self._busy[worker]
        self._idle.append(worker)
        if kind is _Kind.ERROR:
            raise RuntimeError(f"in a worker process:\n{value}")
        return Done(argument, cast("Result", value))


class _Kind(Enum):
    NEWS = "news"
    RESULT = "result"
    ERROR = "error"


class _Worker:
    """One process and our end of the pipe to it.

    A forked process inherits our ends of all pipes, `others` too, and must close them: otherwise no
    worker would see its pipe end when this process closes it, or dies.
    """

    def __init__(self, others: Sequence["Pipe"]) -> None:
        context = _context(sys.platform)
        self.pipe, theirs = context.Pipe()
        inherited = [*others, self.pipe] if context.get_start_method() == "fork" else []
        self.process = context.Process(target=_work, args=(theirs, inherited), daemon=True)
        self.process.start()
        theirs.close()
        self._code = b""

    def give(self, code: bytes, argument: object) -> None:
        """Send a task; the function's code only where it is another than the last time."""
        self.pipe.send((b"" if code is self._code else code, argument))
        self._code = code

    def hear(self) -> tuple[_Kind, object]:
        """Return what came. Raises EOFError or OSError where the process has ended."""
        kind, value = self.pipe.recv()
        return kind, value

    def end(self) -> int:
        """Close the pipe, at which an idle process ends, and return the exit code."""
        self.pipe.close()
        self.process.join()
        return self.process.exitcode or 0


def _ready(workers: Collection[_Worker]) -> list[_Worker]:
    ready = wait([worker.pipe for worker in workers])
    return [worker for worker in workers if worker.pipe in ready]


def _context(platform: str) -> "ForkContext | ForkServerContext | SpawnContext":
    if platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1:
        return multiprocessing.get_context("fork")
    if platform == "win32":
        return multiprocessing.get_context("spawn")
    return multiprocessing.get_context("forkserver")


def _work(
    pipe: "Connection[tuple[_Kind, object], tuple[bytes, object]]", inherited: Sequence["Pipe"]
) -> None:
    """Do what comes through the pipe until it is closed; an interrupt is for the main process to handle."""
    for other in inherited:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    function: Function[object, object, object] = _nothing
    with suppress(EOFError, OSError), relaxed_collector():  # the main process has closed the pipe, or gone
        while True:
            code, argument = pipe.recv()
            function = pickle.loads(code) if code else function  # noqa: S301 - from the main process alone
            pipe.send(_answer(function, argument, lambda news: pipe.send((_Kind.NEWS, news))))


def _answer(
    function: Function[object, object, object], argument: object, tell: Callable[[object], None]
) -> tuple[_Kind, object]:
    try:
        return _Kind.RESULT, function(argument, tell)
    except Exception:  # noqa: BLE001 - raised again in the main process
        return _Kind.ERROR, format_exc()


def _nothing(argument: object, tell: Callable[[object], None]) -> object:
    raise AssertionError(f"a task without a function: {argument!r}, {tell!r}")
