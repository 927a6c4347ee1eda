"""Files come as blocks, whatever compressed them and wherever they break off."""

import gzip
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
import zstandard

from farthing.errors import RecordError
from farthing.ingest.blocks import BLOCK, Compression, blocks, compression

TEXT = b"".join(
    b'{"n": %d, "noise": "%s"}\n' % (n, Random(n).randbytes(40).hex().encode()) for n in range(20_000)
)


def read(path: Path) -> bytes:
    with path.open("rb") as file:
        return b"".join(blocks(file))


def read_broken(path: Path) -> tuple[bytes, str]:
    """Return what came before the break, and what was said of it."""
    given: list[bytes] = []
    with path.open("rb") as file, pytest.raises(RecordError) as caught:
        given.extend(blocks(file))
    return b"".join(given), str(caught.value)


def frames(*contents: bytes, level: int = 3) -> bytes:
    return b"".join(
        zstandard.ZstdCompressor(level=level, write_checksum=True).compress(part) for part in contents
    )


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        gzip.compress(TEXT, mtime=0),
        gzip.compress(TEXT[:99], mtime=0) + gzip.compress(b"", mtime=0) + gzip.compress(TEXT[99:], mtime=0),
        gzip.compress(TEXT, mtime=0) + b"\0" * 512,
        frames(TEXT),
        frames(TEXT[:99], b"", TEXT[99:]),
        b"\x5a\x2a\x4d\x18\x03\0\0\0abc" + frames(TEXT),
        zstandard.ZstdCompressor(write_content_size=False).compress(TEXT),
    ],
    ids=["plain", "gzip", "members", "padded", "zstd", "frames", "skippable", "unsized"],
)
def test_the_content_comes_whole_in_bounded_blocks(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with path.open("rb") as file:
        given = list(blocks(file))
    assert b"".join(given) == TEXT
    assert max(map(len, given)) <= BLOCK


def test_a_plain_file_is_read_from_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(TEXT)
    with path.open("rb") as file:
        assert b"".join(blocks(file, start=1_000)) == TEXT[1_000:]


def test_a_window_of_128_megabytes_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "long.zst"
    wide = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True, write_content_size=False)
    path.write_bytes(zstandard.ZstdCompressor(compression_params=wide).compress(TEXT))
    assert read(path) == TEXT


@pytest.mark.parametrize("name", ["gzip", "zstd"])
@pytest.mark.parametrize("keep", [0.001, 0.5, 0.999])
def test_a_file_that_breaks_off_gives_what_is_there(tmp_path: Path, name: str, keep: float) -> None:
    data = {"gzip": gzip.compress(TEXT, mtime=0), "zstd": frames(TEXT)}[name]
    path = tmp_path / "cut"
    path.write_bytes(data[: int(len(data) * keep)])
    given, said = read_broken(path)
    assert TEXT.startswith(given)
    assert len(given) >= len(TEXT) * keep - 2 * BLOCK
    assert said.startswith(f"the {name} data breaks off; ")


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_damaged_file_gives_what_came_before(tmp_path: Path, name: str) -> None:
    noise = Random(1).randbytes(2_000_000)
    data = bytearray({"gzip": gzip.compress(noise, mtime=0), "zstd": frames(noise)}[name])
    data[-9:] = b"rubbish!!"
    path = tmp_path / "damaged"
    path.write_bytes(data)
    given, said = read_broken(path)
    assert noise.startswith(given)
    assert len(given) >= 1_000_000
    assert f"the {name} data" in said


def test_no_cut_of_a_zstd_file_passes_for_whole(tmp_path: Path) -> None:
    first, second = frames(TEXT[:3_000]), frames(b"a" * 300_000, level=19)
    path = tmp_path / "cut"
    for cut in range(4, len(first + second)):
        path.write_bytes((first + second)[:cut])
        if cut != len(first):
            given, _ = read_broken(path)
            assert (TEXT[:3_000] + b"a" * 300_000).startswith(given)


def test_compression_is_known_by_the_first_bytes() -> None:
    assert compression(gzip.compress(b"", mtime=0)) is Compression.GZIP
    assert compression(frames(b"")) is Compression.ZSTD
    assert compression(b'{"a"') is Compression.NONE
    assert compression(b"") is Compression.NONE
    assert list(blocks(BytesIO(b""))) == []
