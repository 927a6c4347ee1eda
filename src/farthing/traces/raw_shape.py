"""Where a log keeps a request and its answer: looked for once, then decoded straight from each line.

Everybody's own log of model calls has another shape: `request` and `response`, `req` and `res`, `kwargs`, an
HTTP exchange with its `body` inside, a body as JSON text, all of it some levels deeper. `sniff` walks
one record and knows the bodies by their content, not by their names; what stands beside them (URL,
headers, times, session) goes by name. `Columns` then decodes just these places, so that a line of
50 KB is gone through once and nothing of it is built but what is used.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

import msgspec
from msgspec import NODEFAULT, Raw, Struct, defstruct, field

from farthing.wire.fields import ABSENT, members, string
from farthing.wire.recognise import Recognised, WireFormat, of_request, of_response, of_url
from farthing.wire.scan import is_string

Path = tuple[str, ...]

ABSENT_VALUE = -1
"""The number among a record's values of what its shape does not have."""

_DEEPEST = 5
_LOOKED_AT_MOST = 400
_LISTS_OF_EVENTS = ("events", "chunks", "stream", "body", "response")
_TEXT_OPENS = ("{", "[", "data:", "event:", ":")

# What stands beside a body, by the names that logs give it, the surest first.
_BESIDE_REQUEST: Mapping[str, tuple[str, ...]] = {
    "url": ("url", "uri", "request_url", "endpoint", "path"),
    "method": ("method", "request_method"),
    "asked": ("headers", "request_headers", "requestHeaders"),
    "at": (
        *("started_at", "start_time", "startTime", "startedDateTime", "request_timestamp", "requested_at"),
        *("request_time", "sent_at", "created_at", "createdAt", "timestamp", "time", "ts"),
    ),
    "session": ("session_id", "sessionId", "session", "conversation_id", "conversationId", "thread_id"),
    "cost": ("cost_usd", "response_cost", "total_cost", "cost"),
}
_BESIDE_RESPONSE: Mapping[str, tuple[str, ...]] = {
    "status": ("status_code", "statusCode", "response_status", "status"),
    "answered": ("response_headers", "responseHeaders", "headers"),
    "ended": (
        *("ended_at", "end_time", "endTime", "completed_at", "finished_at", "response_timestamp"),
        *("timestamp", "logged_at"),
    ),
}
_CONVERSATIONS = {"messages", "contents"}
_ANSWER_NAMES = ("response", "res", "reply", "result", "output")
_ANSWERS = frozenset({"output", "completion", "answer", "usage"})
_LABELS = ("user", "user_id", "userId", "key", "team", "project", "feature", "environment", "app", "tag")


class Shape(NamedTuple):
    """The places of one log's records. `answered` is None where a record has no answer.

    `is_text` says that the request stands there as JSON in a string. `facts` and `labels` are the places of
    what stands around the bodies, by what it is.
    """

    wire: WireFormat
    asked: Path
    is_text: bool
    answered: Path | None
    facts: tuple[tuple[str, Path], ...]
    labels: tuple[tuple[str, Path], ...]


def sniff(record: bytes) -> Shape | None:
    """Return the shape of a record; None if no request of a model call is found in it."""
    walk = _Walk(record)
    if walk.asked is None or walk.is_loose:
        return None
    facts = dict(walk.beside(walk.asked, _BESIDE_REQUEST))
    if walk.answered is not None:
        facts |= walk.beside(walk.answered, _BESIDE_RESPONSE, taken=facts.values())
    by_url = of_url(walk.text(facts["url"])) if "url" in facts else None
    wire = by_url if isinstance(by_url, WireFormat) else walk.wire
    labels = walk.beside(walk.asked, {name: (name,) for name in _LABELS}, taken=facts.values())
    return Shape(wire, walk.asked, walk.is_text, walk.answered, tuple(facts.items()), tuple(labels))


def url_of(record: bytes) -> str:
    """Return the URL that a record without a request names at its top or in an object there."""
    top = members(record)
    inner = (members(value) for value in top.values() if not is_string(value))
    urls = (string(given[name]) for given in (top, *inner) for name in ("url", "uri") if name in given)
    return next(filter(None, urls), "")


class Columns:
    """Decodes certain places of a record and nothing else.

    `places` gives each its type. A place of a struct type must be there; absent ones of other types come as
    None or as an empty `Raw`. Behind the values stands a None, for what a shape does not have.
    """

    def __init__(self, places: Mapping[Path, type]) -> None:
        kind, reached = _record_type(places)
        self._decoder = msgspec.json.Decoder(kind)
        self._values = _getter([reached[path] for path in places])

    def read(self, record: bytes) -> tuple[object, ...]:
        """Return the values in the order of `places`.

        Raises msgspec.DecodeError for what is no JSON, and its kind ValidationError for another shape.
        """
        decoded = self._decoder.decode(record)
        try:
            return (*self._values(decoded), None)
        except AttributeError:
            raise msgspec.ValidationError("a record with less in it") from None


class _Walk:
    """Goes through one record, level by level, until both bodies are found."""

    def __init__(self, record: bytes) -> None:
        self.asked: Path | None = None
        self.is_text = False
        self.answered: Path | None = None
        self.wire = WireFormat.OPENAI_CHAT
        self._objects: dict[Path, Mapping[str, bytes]] = {}
        self._walk(record)

    def _walk(self, record: bytes) -> None:
        waiting = deque[tuple[Path, bytes]]([((), record)])
        for _ in range(_LOOKED_AT_MOST):
            if not waiting or (self.asked is not None and self.answered is not None):
                break
            path, raw = waiting.popleft()
            if self._takes(path, raw) and path:
                continue
            inner = self._objects[path] = members(raw)
            if len(path) < _DEEPEST:
                waiting += [((*path, name), value) for name, value in inner.items() if _may_hold(name, value)]
        if self.answered is None:
            self._guess_answer(record)

    def _guess_answer(self, record: bytes) -> None:
        """Take the record itself for the answer, or what is called one: errors follow no format."""
        told = of_response(record)
        named = [name for name in _ANSWER_NAMES if members(self._objects.get((), {}).get(name, ABSENT))]
        if isinstance(told, WireFormat):
            self.answered, self.wire = (), told
        elif named and self.asked != ():
            has_body = "body" in self._objects.get((named[0],), {})
            self.answered = (named[0], "body") if has_body else (named[0],)

    def beside(
        self, body: Path, names: Mapping[str, tuple[str, ...]], *, taken: Collection[Path] = ()
    ) -> Iterator[tuple[str, Path]]:
        """Yield what stands around a body by one of these names, the nearest first."""
        for fact, spellings in names.items():
            around = (body[:depth] for depth in range(max(len(body) - 1, 0), -1, -1))
            places = (
                (*place, name) for place in around for name in spellings if name in self._objects[place]
            )
            found = next((place for place in places if place != body and place not in taken), None)
            if found is not None:
                yield fact, found

    @property
    def is_loose(self) -> bool:
        """Whether it only looks like a request: the answer stands beside its members, in no format."""
        return self.asked == () and self.answered is None and not _ANSWERS.isdisjoint(self._objects[()])

    def _leads_to_body(self, path: Path) -> bool:
        return path in ((self.asked or ())[: len(path)], (self.answered or ())[: len(path)])

    def _has(self, path: Path) -> bool:
        return path[-1] in self._objects[path[:-1]]

    def text(self, path: Path) -> str:
        return string(self._objects[path[:-1]][path[-1]])

    def _takes(self, path: Path, raw: bytes) -> bool:
        """Tell whether this is one of the bodies, and remember where it stands."""
        body = string(raw).encode() if is_string(raw) else bytes(raw)
        said = of_response(body)
        if self.asked is None and (asked := _request_format(body, said)):
            self.asked, self.is_text = path, is_string(raw)
            self.wire = self.wire if self.answered is not None else asked
            return True
        if self.answered is None and path and isinstance(said, WireFormat):
            self.answered, self.wire = path, said
            return True
        return False


def _request_format(body: bytes, said: Recognised) -> WireFormat | None:
    """Return the format of a request body.

    An `input` makes one only beside a model: tools have inputs too, and answers repeat what they were asked.
    """
    told = of_request(body)
    if not isinstance(told, WireFormat):
        return None
    given = members(body).keys()
    if given & _CONVERSATIONS:
        return told
    return None if isinstance(said, WireFormat) or "model" not in given else told


def _may_hold(name: str, raw: bytes) -> bool:
    """Tell whether a body may be in a value: an object, JSON or a stream as text, a list of events."""
    if is_string(raw):
        return string(raw).lstrip().startswith(_TEXT_OPENS)
    opening = bytes(memoryview(raw)[:1])
    return opening == b"{" or (opening == b"[" and name in _LISTS_OF_EVENTS)


def _record_type(places: Mapping[Path, type]) -> tuple[type[Struct], Mapping[Path, str]]:
    """Return a struct that has these places and no others, and how each is reached in it ("m0.m2")."""
    below: dict[str, dict[Path, type]] = {}
    for (name, *rest), kind in places.items():
        below.setdefault(name, {})[tuple(rest)] = kind
    fields: list[tuple[str, object, object]] = []
    reached: dict[Path, str] = {}
    for number, (name, inner) in enumerate(below.items()):
        member = f"m{number}"
        if () in inner:
            fields.append((member, inner[()], _absent(inner[()])))
            reached[(name,)] = member
        else:
            kind, inside = _record_type(inner)
            fields.append((member, *_nested(kind, needed=any(map(_is_needed, inner.values())))))
            reached |= {(name, *path): f"{member}.{place}" for path, place in inside.items()}
    rename = {f"m{number}": name for number, name in enumerate(below)}
    return defstruct("Record", fields, rename=rename, kw_only=True), reached


def _getter(attributes: Sequence[str]) -> Callable[[object], tuple[object, ...]]:
    if len(attributes) > 1:
        return attrgetter(*attributes)
    return lambda decoded: tuple(attrgetter(attribute)(decoded) for attribute in attributes)


def _is_needed(kind: type) -> bool:
    return issubclass(kind, Struct)


def _nested(kind: type[Struct], *, needed: bool) -> tuple[object, object]:
    return (kind, NODEFAULT) if needed else (kind | None, field(default_factory=kind))


def _absent(kind: type) -> object:
    """Return what stands for a member that is not there; a body must be."""
    if _is_needed(kind):
        return NODEFAULT
    return ABSENT if kind is Raw else None
