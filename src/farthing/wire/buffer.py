"""Decodes bodies into views of their own memory, mends what cannot be decoded, and says where a view stands.

A place is the distance between two addresses, so it is exact whatever the whitespace, and a block
that occurs twice is never mistaken for its twin. Searching for the bytes would be: `"user"` is
a role before it is a content.
"""

import ctypes
import re
from typing import TypeVar

import msgspec

from farthing.errors import WireError
from farthing.wire.message import Place

T = TypeVar("T")

_BYTE = re.compile(r"\(byte (\d+)\)")
# One whole escape at a time, so that `\\ud800` (a backslash, then letters) is not taken for a surrogate.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def decode(decoder: "msgspec.json.Decoder[T]", body: bytes, what: str) -> tuple[T, bytes]:
    """Return what `body` holds and the buffer that its `Raw` parts are views of: `body`, or it mended.

    Raises WireError with `what` ("request body") where the bytes are not of the format.
    """
    try:
        return decoder.decode(body), body
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        mended = mend(body)
        if mended is None:
            raise wire_error(error, what) from None
    try:
        return decoder.decode(mended), mended
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise wire_error(error, what) from None


def mend(body: bytes) -> bytes | None:
    """Return `body` with lone surrogates (`\\ud83d`) as `\\ufffd`; None if it has none.

    JavaScript writes them where a program cut a string inside an emoji; msgspec refuses the whole
    document. The replacement is as long, so places stay true.
    """
    plain = bytes(body)
    mended = _ESCAPE.sub(lambda found: b"\\ufffd" if found["lone"] else found[0], plain)
    return None if mended == plain else mended


def place_of(raw: bytes, within: bytes) -> Place:
    """Return where `raw`, decoded from `within` or from a part of it, stands there."""
    start = address(raw) - address(within)
    assert 0 <= start <= len(within) - len(raw), "a Raw of another buffer"
    return Place(start, start + len(raw))


def wire_error(error: Exception, what: str) -> WireError:
    """Say what is wrong by type and place; never quote the bytes, which may be a prompt."""
    found = _BYTE.search(str(error))
    kind = "does not follow the format" if isinstance(error, msgspec.ValidationError) else "is not valid JSON"
    return WireError(f"the {what} {kind}", offset=int(found[1]) if found else None)


class _Buffer(ctypes.Structure):
    """CPython's Py_buffer, part of its stable ABI since 3.11 (docs.python.org/3/c-api/buffer.html)."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_void_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = (ctypes.py_object, ctypes.POINTER(_Buffer), ctypes.c_int)
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes = (ctypes.POINTER(_Buffer),)
_release_buffer.restype = None


# CPython keeps the content of a bytes object behind its head, ended by one zero.
_HEAD_OF_BYTES = bytes.__basicsize__ - 1


def address(buffer: bytes) -> int:
    """Return where in memory the buffer begins; the caller keeps it alive while the number is used."""
    if type(buffer) is bytes:
        return id(buffer) + _HEAD_OF_BYTES
    view = _Buffer()
    _get_buffer(buffer, view, 0)
    address: int = view.buf or 0
    _release_buffer(view)
    return address
