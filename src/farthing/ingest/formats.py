"""Which reader knows a file: every module of `farthing.traces` that has a `FORMAT` is asked, surest first.

Readers are imported when the first file is looked at, in the process that reads it.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from xxhash import xxh3_128

import farthing
from farthing.errors import RecordError
from farthing.traces.source import Format, Match, Sample

READERS = "farthing.traces"

# UTF-16 (which begins UTF-32 too): what some shells on Windows write when output is redirected.
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")

_UNKNOWN = "not a trace format known here; leave it out, or see `farthing formats`"
_BINARY = "binary content that is no trace known here; leave it out"
_WIDE = "UTF-16 text; make it UTF-8 (iconv -f UTF-16 -t UTF-8)"


@cache
def installed(package: str) -> tuple[Format, ...]:
    """Return the formats of all modules in a package, in the order in which they are asked."""
    places = importlib.import_module(package).__path__
    modules = (importlib.import_module(f"{package}.{module.name}") for module in pkgutil.iter_modules(places))
    formats = [module.FORMAT for module in modules if isinstance(getattr(module, "FORMAT", None), Format)]
    return tuple(sorted(formats, key=lambda known: (known.priority, known.name)))


def recognise(sample: Sample, package: str) -> tuple[Format, Match]:
    """Return the first format that claims the file, and as what. Raises RecordError where none does."""
    if _is_wide(sample.head):
        raise RecordError(_WIDE)
    for known in installed(package):
        match = known.recognise(sample)
        if match is not Match.NO:
            return known, match
    raise RecordError(_BINARY if b"\0" in sample.head else _UNKNOWN)


@cache
def stamp(package: str) -> bytes:
    """Return the digest of all code that decides what a file's spans are: a part made by other code is stale.

    Reading the code takes 2 ms and forgets nothing; asking every reader for its version means importing
    them all on a run that has nothing to read.
    """
    digest = xxh3_128(farthing.__version__.encode())
    for file in _deciding(package):
        digest.update(file.read_bytes())
    return digest.digest()


def _deciding(package: str) -> Iterator[Path]:
    ours = Path(farthing.__file__).parent
    for folder in (ours, ours / "wire", ours / "traces", ours / "ingest"):
        yield from sorted(folder.glob("*.py"))
    if package != READERS:
        for place in importlib.import_module(package).__path__:
            yield from sorted(Path(place).glob("*.py"))


def _is_wide(head: bytes) -> bool:
    """Tell whether text is in two-byte units, by its mark or by a brace that has a zero byte beside it."""
    return head.startswith(_WIDE_MARKS) or head[:2] in (b"{\0", b"\0{", b"[\0", b"\0[")
