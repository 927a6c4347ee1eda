"""AWS event stream frames out of chunks, both checksums checked; and frames of our own.

A frame is: total length, header length, CRC-32 of these two (4 bytes each, big endian);
headers; payload; CRC-32 of all before it (smithy.io, "Amazon Event Stream Specification",
read 2026-11). Bedrock uses only string headers (`:event-type`, `:message-type`,
`:exception-type`, `:content-type`); the other types are stepped over, so that a new header
never breaks a stream.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

from farthing.errors import WireError

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_LENGTH = struct.Struct(">H")
_SMALLEST = _PRELUDE.size + _CRC.size
# The specification allows 16 MB of payload and 128 KB of headers: nobody shall wait for more.
_LARGEST = 24 * 1024 * 1024

_BYTES, _STRING = 6, 7
_FIXED_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


class Frame(NamedTuple):
    """One message: its string headers as sorted pairs, and its payload."""

    headers: tuple[tuple[str, str], ...]
    payload: bytes

    def header(self, name: str) -> str:
        """Return the value of a header, "" where the frame has none of this name."""
        return next((value for key, value in self.headers if key == name), "")


class FrameStream:
    """Collects chunks and gives back whole frames. A machine without I/O."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._taken = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing of an unfinished frame is waiting."""
        return not self._pending

    def feed(self, chunk: bytes) -> list[Frame]:
        """Return the frames that `chunk` completes. Raises WireError where lengths or checksums are wrong."""
        self._pending += chunk
        frames: list[Frame] = []
        while (size := _size(self._pending, self._taken)) and size <= len(self._pending):
            frames.append(_frame(bytes(self._pending[:size]), self._taken))
            del self._pending[:size]
            self._taken += size
        return frames


def encode(headers: Iterable[tuple[str, str]], payload: bytes) -> bytes:
    """Return one frame with these string headers."""
    packed = b"".join(_packed(name, value) for name, value in headers)
    lengths = struct.pack(">II", _SMALLEST + len(packed) + len(payload), len(packed))
    head = lengths + _CRC.pack(crc32(lengths))
    return head + packed + payload + _CRC.pack(crc32(head + packed + payload))


def _packed(name: str, value: str) -> bytes:
    label, text = name.encode(), value.encode()
    return bytes((len(label),)) + label + bytes((_STRING,)) + _LENGTH.pack(len(text)) + text


def _size(pending: bytearray, at: int) -> int:
    """Return the length of the frame that `pending` begins; 0 while its prelude is not yet whole."""
    if len(pending) < _PRELUDE.size:
        return 0
    size, headers_size, checksum = _PRELUDE.unpack_from(pending)
    if crc32(pending[: _PRELUDE.size - _CRC.size]) != checksum:
        raise WireError("an event stream frame's prelude has a wrong checksum", offset=at)
    if not _SMALLEST + headers_size <= size <= _LARGEST:
        raise WireError("an event stream frame has an impossible length", offset=at)
    return int(size)


def _frame(raw: bytes, at: int) -> Frame:
    if crc32(raw[: -_CRC.size]) != _CRC.unpack_from(raw, len(raw) - _CRC.size)[0]:
        raise WireError("an event stream frame has a wrong checksum", offset=at)
    headers_end = _PRELUDE.size + _PRELUDE.unpack_from(raw)[1]
    try:
        headers = _headers(raw[_PRELUDE.size : headers_end])
    except (IndexError, KeyError, struct.error):
        raise WireError("an event stream frame has malformed headers", offset=at) from None
    return Frame(headers, raw[headers_end : -_CRC.size])


def _headers(raw: bytes) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(raw):
        name_end = at + 1 + raw[at]
        name, kind = raw[at + 1 : name_end], raw[name_end]
        at = name_end + 1
        if kind in (_BYTES, _STRING):
            value_end = at + _LENGTH.size + _LENGTH.unpack_from(raw, at)[0]
            if kind == _STRING:
                text = raw[at + _LENGTH.size : value_end]
                found.append((name.decode("utf-8", "replace"), text.decode("utf-8", "replace")))
            at = value_end
        else:
            at += _FIXED_SIZES[kind]
    return tuple(sorted(found))
