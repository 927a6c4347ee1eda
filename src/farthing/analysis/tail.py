"""The tail: how much of the spend a few sessions cause, and which they are.

Averages hide it: an agent's bill is made by the sessions that run away. All costs are kept, a number
a session, so that shares are exact.
"""

from collections.abc import Iterable
from heapq import nlargest
from itertools import chain
from typing import NamedTuple

from msgspec import Struct

_DEAREST = 10


class SessionCost(NamedTuple):
    """One session; `unpriced_steps` are not in its cost."""

    session: str
    steps: int
    cost_picousd: int
    unpriced_steps: int = 0


class Tail(Struct, frozen=True):
    """What sessions cost each, in no order, and the dearest ones, dearest first."""

    costs_picousd: tuple[int, ...]
    dearest: tuple[SessionCost, ...]

    def top(self, percent: int) -> "Top":
        """Return the dearest `percent` of the sessions, at least one if there are any."""
        count = -(-len(self.costs_picousd) * percent // 100)
        return Top(count, sum(nlargest(count, self.costs_picousd)), sum(self.costs_picousd))


class Top(NamedTuple):
    """The dearest `sessions` and their part of the whole."""

    sessions: int
    cost_picousd: int
    whole_picousd: int

    @property
    def share(self) -> float:
        return self.cost_picousd / self.whole_picousd if self.whole_picousd else 0.0


def tail(sessions: Iterable[SessionCost]) -> Tail:
    """Return the tail of these sessions."""
    found = tuple(sessions)
    return Tail(tuple(each.cost_picousd for each in found), _dearest(found))


def merged(parts: Iterable[Tail]) -> Tail:
    """Return the tail over parts of a corpus; their order does not matter."""
    found = tuple(parts)
    costs = tuple(chain.from_iterable(part.costs_picousd for part in found))
    return Tail(costs, _dearest(chain.from_iterable(part.dearest for part in found)))


def _dearest(sessions: Iterable[SessionCost]) -> tuple[SessionCost, ...]:
    return tuple(nlargest(_DEAREST, sessions, key=lambda each: (each.cost_picousd, each.steps, each.session)))
