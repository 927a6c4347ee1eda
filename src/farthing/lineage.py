"""Lineage finds the sessions that nobody named: a request continues the one whose history it carries.

A machine without I/O or clock: `place` takes the steps of a trace in time order and says of each
which session it belongs to. Three rules, the first that fits, and none looks across accounts:

1. The deepest context on the step's chain that ends an earlier request: the session grew.
2. The deepest earlier history node behind the opening: the last exchange was replaced, or the
   agent went back.
3. The same opening (the user's first turn): history was compacted, cut or rewritten from the front.

Losing history must never buy a new allowance: hence rule 3, and hence `task_key` (account and
opening), which outlives the session. A request with nothing but the opening starts a new session
once the old one has moved on, as a rerun does, and still has the same `task_key`. Runs of one task
that go in step cannot be told apart until they part.

Each link is walked when it is new and not again, so a session of thousands of steps stays linear.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice, takewhile

from msgspec import Struct
from xxhash import xxh3_128_digest

from farthing.prefix import Prefix
from farthing.segment import Level, SegmentKind
from farthing.step import Step

# How far behind a shared history node a rerun may be that has just reached it. A step adds 2 to 8
# links; the bound keeps the cost of a step constant.
_RERUN_REACH = 16


class Continuation(StrEnum):
    """How a step hangs on what came before it.

    `started`: nothing of it is known. `grew`: an earlier context with more behind it. `repeated`:
    the same context once more. `replaced`: it leaves the history at an earlier node. `rewrote`:
    only the opening is left of it. `delegated`: a sub-agent that a session announced.
    """

    STARTED = "started"
    GREW = "grew"
    REPEATED = "repeated"
    REPLACED = "replaced"
    REWROTE = "rewrote"
    DELEGATED = "delegated"


class Placed(Struct, frozen=True):
    """Where a step belongs; `agent` is "" for the session's own agent. Allowances go by `task_key`."""

    session: str
    agent: str
    continues: Continuation
    task_key: bytes


class Lineage:
    """Places steps into sessions; ids follow from account, opening and order alone."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}

    def expect(self, *, account: str, session: str, task: bytes) -> None:
        """Announce a sub-agent: an open tool call of `session` carries the text whose digest is `task`."""
        self._account(account).expected[task] = session

    def place(self, step: Step) -> Placed:
        """Return the session of `step`, which must have a prefix, and remember its context."""
        assert step.prefix is not None, "a step without context has no lineage"
        account = self._account(step.account)
        fresh, known = account.news(step.prefix)
        run, continues = account.continued(fresh, known) or account.reopened(step.account, step.prefix)
        account.remember(run, step.prefix, fresh)
        return Placed(run.session, run.agent, continues, run.task_key)

    def _account(self, name: str) -> "_Account":
        return self._accounts.setdefault(name, _Account())


def opening(prefix: Prefix) -> list[Prefix]:
    """Return the links of the user's first turn, front to back; tool results are no part of it.

    A conversation that opens otherwise (with an assistant's greeting) has its first message as its
    opening, and a context without messages its last link.
    """
    messages = [link for link in _climb(prefix) if link.segment.level is Level.MESSAGES]
    messages.reverse()
    turn: list[Prefix] = []
    for link in messages:
        if link.segment.role != "user" or link.segment.kind is SegmentKind.TOOL_RESULT:
            break
        turn.append(link)
    return turn or messages[:1] or [prefix]


class _Run:
    """One conversation so far: its latest context and how deep its opening reaches in that.

    `latest` is the number of its latest step among those of its account.
    """

    __slots__ = ("agent", "end", "latest", "moved_on", "opening_depth", "session", "task_key")

    def __init__(self, session: str, agent: str, task_key: bytes, end: Prefix) -> None:
        self.session, self.agent, self.task_key, self.end = session, agent, task_key, end
        self.opening_depth = end.depth
        self.moved_on = False
        self.latest = 0


class _Account:
    """What is known of one credential: `ends` and `nodes` map the digest of a context to its run."""

    def __init__(self) -> None:
        self.ends: dict[bytes, _Run] = {}
        self.nodes: dict[bytes, _Run] = {}
        self.runs: dict[bytes, list[_Run]] = {}
        self.expected: dict[bytes, str] = {}
        self.steps = 0

    def news(self, tip: Prefix) -> tuple[list[Prefix], Prefix | None]:
        """Return the links behind the deepest known context, deepest first, and that context."""
        fresh: list[Prefix] = []
        for link in _climb(tip):
            if link.digest in self.ends or link.digest in self.nodes:
                return fresh, link
            fresh.append(link)
        return fresh, None

    def continued(self, fresh: list[Prefix], known: Prefix | None) -> tuple[_Run, Continuation] | None:
        """Return the run whose end or history the step carries, by rules 1 and 2."""
        if known is None:
            return None
        run = self.ends.get(known.digest)
        if run and fresh:
            return run, Continuation.GREW
        rerun = self._rerun_behind(known)
        if rerun and (run is None or rerun.latest > run.latest):
            return rerun, Continuation.GREW
        return (run, Continuation.REPEATED) if run else (self.nodes[known.digest], Continuation.REPLACED)

    def reopened(self, account: str, prefix: Prefix) -> tuple[_Run, Continuation]:
        """Return the run with the same opening by rule 3, or a new one."""
        turn = opening(prefix)
        task_key = xxh3_128_digest(account.encode() + b"\0" + b"".join(link.segment.digest for link in turn))
        runs = self.runs.setdefault(task_key, [])
        only_opening = turn[-1] is prefix
        if runs and not (only_opening and runs[-1].moved_on):
            run = _nearest(runs, prefix)
            run.opening_depth = turn[-1].depth
            return run, Continuation.REPEATED if only_opening else Continuation.REWROTE
        run, continues = self._start(turn, task_key, number=len(runs) + 1)
        runs.append(run)
        return run, continues

    def remember(self, run: _Run, tip: Prefix, fresh: list[Prefix]) -> None:
        """Note that `run` now ends at `tip`; what it has behind its opening is history from here on."""
        if self.ends.get(run.end.digest) is run:
            del self.ends[run.end.digest]
        self.steps += 1
        run.end, run.latest = tip, self.steps
        run.moved_on = run.moved_on or tip.depth > run.opening_depth
        if tip.segment.level is Level.MESSAGES:
            self.ends[tip.digest] = run
        for link in takewhile(lambda link: link.depth > run.opening_depth, fresh):
            self.nodes[link.digest] = run

    def _start(self, turn: list[Prefix], task_key: bytes, *, number: int) -> tuple[_Run, Continuation]:
        name = task_key.hex()[:16] + (f"-{number}" if number > 1 else "")
        parents = (self.expected.get(link.segment.digest) for link in turn)
        if parent := next(filter(None, parents), None):
            return _Run(parent, name, task_key, turn[-1]), Continuation.DELEGATED
        return _Run(name, "", task_key, turn[-1]), Continuation.STARTED

    def _rerun_behind(self, known: Prefix) -> _Run | None:
        runs = (self.ends.get(link.digest) for link in islice(_climb(known.parent), _RERUN_REACH))
        return next(filter(None, runs), None)


def _nearest(runs: list[_Run], prefix: Prefix) -> _Run:
    """Return the run that this context most likely rewrites: the longest that is shorter, else the latest."""
    shorter = [run for run in runs if run.end.depth < prefix.depth]
    return max(shorter, key=lambda run: run.end.depth) if shorter else runs[-1]


def _climb(prefix: Prefix | None) -> Iterator[Prefix]:
    while prefix is not None:
        yield prefix
        prefix = prefix.parent
