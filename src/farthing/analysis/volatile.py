"""Tells text that changes by itself (a date, an id, a counter) from text that somebody has changed.

Two versions of a block are compared around their volatile tokens: if nothing else differs, the block
is the same text with a moving value in it, and moving that value behind the stable text mends the
prefix. Texts are asked for only where a break may turn on them.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from farthing.analysis.break_cause import Cause
from farthing.analysis.breaks import Break
from farthing.segment import Segment, SegmentKind

# How many breaks of one session at one place have their texts read; the others go with them.
_READ_MOST = 3
_CHANGED_MOST_BYTES = 65_536
_MAY_BE_VOLATILE = (Cause.SYSTEM_CHANGED, Cause.TOOLS_CHANGED, Cause.HISTORY_EDITED)

_TOKEN = re.compile(
    rb"""
    (?P<uuid>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})
  | (?P<time>\d{4}[-/]\d\d?[-/]\d\d?(?:t\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)?(?:z|[+-]\d\d:?\d\d)?)?(?![0-9a-z])
      | \d\d?[./]\d\d?[./]\d{2,4}(?![0-9a-z])
      | \d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?:z|[+-]\d\d:?\d\d)?(?:\s?[ap]\.?m\b\.?)?
      | \b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b | \b(?:mon|tue|wed|thu|fri|sat|sun)\b
      | \b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b
      | \b(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b
      | \b[ap]m\b)
  | (?P<id>\b(?=[a-z_-]{0,40}\d)[0-9a-z_-]{8,} | \b[0-9a-f]{8,}\b)
  | (?P<number>\d+(?:[.,]\d+)*)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WORDS = {"uuid": "a UUID", "time": "a date or time", "id": "an identifier", "number": "a number"}
_INSIDE_TOKEN = re.compile(rb"[0-9A-Za-z_:.,/+-]")
_MARKER = re.compile(rb',?\s{0,9}"cache_control"\s{0,9}:\s{0,9}\{[^{}]{0,99}\}')


class Texts(Protocol):
    """How the edge finds a block's bytes again; None where it cannot."""

    def __call__(self, segment: Segment) -> bytes | None: ...


class Difference(NamedTuple):
    """What kinds of volatile tokens are all that differs ("a date or time"), and the first byte that does."""

    words: str
    at: int


def named(breaks: Sequence[Break], texts: Texts) -> tuple[Break, ...]:
    """Return the breaks of a session, those by volatile text called so."""
    asked: defaultdict[tuple[object, ...], _Asked] = defaultdict(_Asked)
    return tuple(_named(found, asked, texts) if _may_be_volatile(found) else found for found in breaks)


def difference(old: bytes, new: bytes) -> Difference | None:
    """Return in what two versions of a block differ if that is volatile tokens alone; else None."""
    old, new = _MARKER.sub(b"", old), _MARKER.sub(b"", new)
    if old == new:
        return None
    start = _shared_front(old, new)
    was, now = _changed_part(old, new, start)
    if not was or not now or max(len(was), len(now)) > _CHANGED_MOST_BYTES:
        return None
    tokens, new_tokens = list(_TOKEN.finditer(was)), list(_TOKEN.finditer(now))
    if _around(tokens, was) != _around(new_tokens, now):
        return None
    pairs = zip(tokens, new_tokens, strict=True)
    kinds = {token.lastgroup or "" for token, other in pairs if token[0] != other[0]}
    return Difference(" and ".join(_WORDS[kind] for kind in _WORDS if kind in kinds), start)


class _Asked:
    """What the texts of one place in a context have said so far."""

    def __init__(self) -> None:
        self.read = 0
        self.volatile = ""
        self.remark = ""

    def learn(self, found: Break, texts: Texts) -> None:
        old = texts(found.old) if found.old else None
        new = texts(found.new) if found.new else None
        if old is None or new is None:
            return
        told = difference(old, new)
        self.volatile = told.words if told else ""
        self.remark = "only the order of its keys differs" if _is_reordered(old, new) else ""


def _may_be_volatile(found: Break) -> bool:
    old, new = found.old, found.new
    if old is None or new is None or (old.kind, old.name) != (new.kind, new.name):
        return False
    is_opening = found.cause is Cause.RETRIED and new.kind is SegmentKind.TASK
    return is_opening or found.cause in _MAY_BE_VOLATILE


def _named(found: Break, asked: "dict[tuple[object, ...], _Asked]", texts: Texts) -> Break:
    place = asked[found.cause, found.kind, found.name, found.depth, found.agent]
    if place.read < _READ_MOST:
        place.read += 1
        place.learn(found, texts)
    if place.volatile:
        return _by_volatile_text(found, f"{place.volatile} in it changes")
    return replace(found, detail=f"{found.detail}; {place.remark}") if place.remark else found


def _by_volatile_text(found: Break, detail: str) -> Break:
    """Return the break with the block itself among what is lost: but for the moving value it is the same."""
    cost = None
    if found.cost_picousd is not None and found.changed_cost_picousd is not None:
        cost = found.cost_picousd + found.changed_cost_picousd
    lost = found.lost_tokens + found.changed_tokens
    return replace(found, cause=Cause.VOLATILE_TEXT, detail=detail, lost_tokens=lost, cost_picousd=cost)


def _around(tokens: Sequence[re.Match[bytes]], text: bytes) -> list[bytes]:
    """Return the text around its volatile tokens."""
    starts = [0, *(token.end() for token in tokens)]
    ends = [*(token.start() for token in tokens), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _is_reordered(old: bytes, new: bytes) -> bool:
    """Whether two JSON values differ in the order of their keys alone."""
    try:
        return bool(msgspec.json.decode(old) == msgspec.json.decode(new))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _shared_front(old: bytes, new: bytes) -> int:
    """Return how many bytes two texts begin with alike."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _changed_part(old: bytes, new: bytes, start: int) -> tuple[bytes, bytes]:
    """Return what lies between the shared front, `start` bytes, and the shared back, in whole tokens."""
    back = _shared_front(old[start:][::-1], new[start:][::-1])
    while start and _INSIDE_TOKEN.match(old, start - 1):
        start -= 1
    while back and _INSIDE_TOKEN.match(old, len(old) - back):
        back -= 1
    return old[start : len(old) - back], new[start : len(new) - back]
