"""A file's content in blocks of 256 KB, decompressed by what the file is, not by what it is called.

Larger blocks cost page faults, smaller ones calls. Memory stays bounded whatever a file claims to
contain. A compressed file that breaks off gives what could be read, then raises RecordError.
"""

from collections.abc import Iterator
from enum import StrEnum
from mmap import ACCESS_READ, mmap
from typing import BinaryIO

import zstandard
from isal import igzip_lib

from farthing.errors import RecordError

BLOCK = 256 * 1024
_READ = 64 * 1024

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # after a byte from 0x50 to 0x5f
_ZSTD_WINDOW_MOST = 2**27  # what `zstd --long=27` writes, as log shippers like to
_ZSTD_RLE = 1

_MEND = "what came before is read; copy the file again, or let its writer finish"


class Compression(StrEnum):
    NONE = ""
    GZIP = "gzip"
    ZSTD = "zstd"


def compression(head: bytes) -> Compression:
    """Return how a file that begins with `head` is compressed."""
    if head.startswith(_GZIP_MAGIC):
        return Compression.GZIP
    if head.startswith(_ZSTD_MAGIC) or (head[1:4] == _ZSTD_SKIPPABLE and 0x50 <= head[0] <= 0x5F):
        return Compression.ZSTD
    return Compression.NONE


def blocks(file: BinaryIO, *, start: int = 0) -> Iterator[bytes]:
    """Yield the decompressed content of `file`; `start` is for plain files, elsewhere it must be 0."""
    kind = compression(file.read(4))
    file.seek(start)
    if kind is Compression.GZIP:
        return _gzip(file)
    if kind is Compression.ZSTD:
        return _zstd(file)
    return iter(lambda: file.read(BLOCK), b"")


def _gzip(file: BinaryIO) -> Iterator[bytes]:
    """Yield the content of all members, one after the other; what stands behind them is ignored."""
    data = file.read(_READ)
    while data.startswith(_GZIP_MAGIC):
        member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        while not member.eof:
            yield _inflated(member, data)
            wants_more = member.needs_input and not member.eof
            data = file.read(_READ) if wants_more else b""
            if wants_more and not data:
                raise RecordError("the gzip data breaks off", mend=_MEND)
        data = member.unused_data or file.read(_READ)


def _inflated(member: igzip_lib.IgzipDecompressor, data: bytes) -> bytes:
    try:
        return member.decompress(data, BLOCK)
    except igzip_lib.IsalError as error:  # type: ignore[misc] # isal's stubs call the class an instance
        raise RecordError(f"the gzip data is damaged ({error})", mend=_MEND) from error


def _zstd(file: BinaryIO) -> Iterator[bytes]:
    """Yield the content of all frames, one after the other."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_MOST)
    try:
        with decompressor.stream_reader(file, read_across_frames=True, closefd=False) as reader:
            while block := reader.read(BLOCK):
                yield block
        complete = _is_complete(file)
    except zstandard.ZstdError as error:
        raise RecordError(f"the zstd data is damaged ({error})", mend=_MEND) from error
    if not complete:
        raise RecordError("the zstd data breaks off", mend=_MEND)


def _is_complete(file: BinaryIO) -> bool:
    """Tell whether the last frame has its last block: zstandard itself ends a cut stream without a word.

    Follows the frame format (RFC 8878, section 3.1) from block to block, without decompressing.
    """
    with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        place = 0
        while 0 <= place < len(data):
            place = _frame_end(data, place)
        return place == len(data)


def _frame_end(data: mmap, start: int) -> int:
    """Return where the frame ends, or -1 if the data ends first."""
    head = data[start : start + 18]
    if len(head) < 6:
        return -1
    if head[1:4] == _ZSTD_SKIPPABLE:
        return start + 8 + int.from_bytes(head[4:8], "little")
    place = start + zstandard.frame_header_size(head)
    last = False
    while not last:
        block = int.from_bytes(data[place : place + 3], "little")
        if place + 3 > len(data):
            return -1
        last = bool(block & 1)
        place += 3 + (1 if (block >> 1) & 3 == _ZSTD_RLE else block >> 3)
    return place + 4 * (head[4] >> 2 & 1)
