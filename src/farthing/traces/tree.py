"""A conversation kept as a tree: every record names the one before it, and the context of a request follows.

Coding agents write what is new, never what is sent. Where a request hangs in the tree says what it
held: everything on the way to the root. Two things keep the way from being a plain list of parents:

- An answer is written as several records, and tools that run in parallel hang their results on
  different ones of them. So an `Exchange` holds one answer *and* all that was said after it: the
  next request re-sends the whole exchange, whichever of its records it names as its parent.
- A user who goes back and asks again hangs a second question on a record that was continued
  already. That opens a branch, which keeps what came before it and the results of its tools.

An exchange's links are made when a request first needs them, so a tree costs what was said once.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from farthing.prefix import Chains, Prefix
from farthing.segment import Segment


class Said(NamedTuple):
    """One record after an answer.

    `result` marks results of the answer's tools, which no branch may lose; `asks` a question to the model.
    """

    segments: Sequence[Segment]
    result: bool = False
    asks: bool = False


class Exchange:
    """One answer and what was said after it, up to the next request.

    `before` is the context of the answer's own request, `heard` the newest instant of what was said, as
    text. `turn` counts the questions up to the answer.
    """

    __slots__ = ("answer", "before", "heard", "said", "turn", "used")

    def __init__(self, before: Prefix | None, turn: int) -> None:
        self.before = before
        self.turn = turn
        self.answer: list[Segment] = []
        self.said: list[Said] = []
        self.heard = ""
        self.used = False

    @property
    def next_turn(self) -> int:
        """The turn of the request that this exchange leads to; questions in a row are one turn."""
        return self.turn + any(said.asks for said in self.said)


class Place(NamedTuple):
    """Where a record hangs: behind the first `after` records that were said after the exchange's answer."""

    exchange: Exchange
    after: int


class Tree:
    """Grows from records and tells contexts. A machine without I/O: it keeps segments, never text."""

    def __init__(self) -> None:
        self._chains = Chains()
        self._places: dict[str, Place] = {}

    def find(self, record: str) -> Place | None:
        """Return where the record `record` hangs; None if no such record was put into the tree."""
        return self._places.get(record)

    def root(self, *, turn: int = 0) -> Place:
        """Return a place behind `turn` questions and no text: a compaction forgets nothing else."""
        return Place(Exchange(None, turn), 0)

    def put(self, record: str, place: Place) -> Place:
        """Let the record hang at `place`, adding nothing to the context."""
        self._places[record] = place
        return place

    def say(self, record: str, place: Place, said: Said, *, heard: str) -> Place:
        """Hang what a user or a tool said behind `place` and return where it is now."""
        exchange = place.exchange
        if not said.result and _continued(place):
            exchange = self._branch(place)
        exchange.said.append(said)
        exchange.heard = max(exchange.heard, heard)
        return self.put(record, Place(exchange, len(exchange.said)))

    def request(self, place: Place) -> Exchange:
        """Return the new exchange of a request that hangs at `place`; its answer is still to come."""
        exchange = place.exchange
        before = self._chain(exchange, _heard_at(place) if exchange.used else exchange.said)
        exchange.used = True
        return Exchange(before, exchange.next_turn)

    def graft(self, records: Iterable[str], place: Place) -> Place:
        """Hang copies of `records` behind `place`, as a compaction does with messages that it keeps."""
        taken: set[int] = set()
        for record in records:
            old = self._places.get(record)
            if old is None:
                continue
            if old.after:
                place = self.say(record, place, old.exchange.said[old.after - 1], heard="")
            elif id(old.exchange) not in taken:
                taken.add(id(old.exchange))
                place = self.say(record, place, Said(old.exchange.answer), heard="")
            self.put(record, place)
        return place

    def _branch(self, place: Place) -> Exchange:
        heard = _heard_at(place)
        turn = place.exchange.turn + any(said.asks for said in heard)
        return Exchange(self._chain(place.exchange, heard), turn)

    def _chain(self, exchange: Exchange, heard: Iterable[Said]) -> Prefix | None:
        prefix = self._chains.of(exchange.answer, parent=exchange.before)
        for said in heard:
            prefix = self._chains.of(said.segments, parent=prefix)
        return prefix


def _continued(place: Place) -> bool:
    """Whether something other than a tool's result hangs behind `place` already."""
    exchange = place.exchange
    return exchange.used or any(not said.result for said in exchange.said[place.after :])


def _heard_at(place: Place) -> list[Said]:
    said = place.exchange.said
    return said[: place.after] + [later for later in said[place.after :] if later.result]
