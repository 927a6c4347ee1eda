"""Server-sent events out of chunks, in whatever pieces the network delivers them.

Follows the WHATWG standard (html.spec.whatwg.org, "Server-sent events", read 2026-09): lines end with
CR, LF or CRLF, several `data` lines are joined with LF, a line that starts with a colon is a
comment, an unknown field is ignored. In one thing it is kinder: `close` also gives an event
that the stream did not finish with an empty line, because recordings lose their last
newline. Whoever decodes the data sees whether it is whole.
"""

import re
from typing import NamedTuple

# The atomic groups keep a CRLF from being taken for a CR and an LF, which would be an empty line.
_BREAK = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event. `raw` is its bytes as sent, with the empty line that ends it; joined, they are the stream.

    `name` is "" where the stream gives none. `data` is None where there is no data line: a comment.
    """

    name: str
    data: bytes | None
    raw: bytes


class EventStream:
    """Collects chunks and gives back whole events. A machine without I/O."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._has_cr = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that `chunk` completes."""
        self._has_cr = self._has_cr or b"\r" in chunk
        if not self._pending:
            events, start = self._events(chunk, 0)
            self._pending += chunk[start:]
        else:
            searched = max(0, len(self._pending) - 3)
            self._pending += chunk
            events, start = self._events(self._pending, searched)
            del self._pending[:start]
        return events

    def close(self) -> list[Event]:
        """Return what was still open when the stream ended, as one event."""
        rest = bytes(self._pending)
        self._pending.clear()
        return [event(rest)] if rest else []

    def _events(self, buffer: bytes | bytearray, searched: int) -> tuple[list[Event], int]:
        """Return the whole events in `buffer` and where they end; the first `searched` bytes have no end."""
        found: list[Event] = []
        start = 0
        while end := self._end(buffer, max(start, searched)):
            found.append(event(bytes(buffer[start:end])))
            start = end
        return found, start

    def _end(self, buffer: bytes | bytearray, start: int) -> int:
        """Return where the event ends that is open at `start`; 0 if it is not yet whole."""
        if self._has_cr:
            match = _BREAK.search(buffer, start)
            return match.end() if match else 0
        end = buffer.find(b"\n\n", start)
        return end + 2 if end >= 0 else 0


def event(raw: bytes) -> Event:
    """Return the event that these lines make up."""
    name = b""
    data: list[bytes] = []
    for line in raw.removeprefix(_BOM).splitlines():
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return Event(name.decode("utf-8", "replace"), b"\n".join(data) if data else None, raw)
