"""Instants as traces write them, as integer nanoseconds since the epoch; None for what is no instant.

A trace's clock is never worth losing a record for: a missing or impossible time is simply not known.
"""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST_S = 1e8  # what is smaller counts from some start of its own
# Below which size a number counts which unit, in microseconds: seconds up to the year 5138, and so on.
_UNITS = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1), (1e20, 0.001))


def from_iso(text: str | None) -> int | None:
    """Return the instant that `text` ("2026-11-24T01:02:03.456Z") writes; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND * 1_000


def from_seconds(seconds: float | None) -> int | None:
    """Return the instant that Python's `time.time()` writes."""
    return None if seconds is None else from_ms(seconds * 1_000)


def from_ms(milliseconds: float | None) -> int | None:
    """Return the instant that JavaScript's `Date.now()` writes."""
    if milliseconds is None or not -(10**15) < milliseconds < 10**15:
        return None
    return round(milliseconds * 1_000) * 1_000


def from_http(date: str | None) -> int | None:
    """Return the instant of a `Date` header ("Thu, 04 Jun 2026 22:02:44 GMT")."""
    try:
        moment = datetime.strptime(date or "", "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None
    return (moment - _EPOCH) // _MICROSECOND * 1_000


def from_any(value: object) -> int | None:
    """Return the instant that a log's `timestamp` is, whatever it is written in: its size tells the unit."""
    if isinstance(value, str):
        return from_iso(value) or from_http(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    for most, microseconds in _UNITS:
        if value < most:
            return None if value < _EARLIEST_S else round(value * microseconds) * 1_000
    return None
