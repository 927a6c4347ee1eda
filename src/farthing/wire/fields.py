"""Members of a body whose type a client may get wrong, read without ever failing.

Formats are read for what they cost, not checked for what they should be: a member of an odd type is
an absent one, and the provider will say so itself. `Raw` values are bytes to the type checker.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from xxhash import xxh3_128_hexdigest

from farthing.errors import WireError
from farthing.wire.scan import compact, is_string

ABSENT = msgspec.Raw()
"""The default of an optional member that is kept as bytes."""

_NULL = b"null"
_SESSION_KEYS = ("session_id", "sessionId", "conversation_id", "thread_id", "litellm_session_id")
_LONGEST_SETTING = 200

_raws = msgspec.json.Decoder(list[msgspec.Raw])
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)


def is_given(raw: bytes) -> bool:
    """Tell whether a member is there and not null."""
    return len(raw) > 0 and not (len(raw) == len(_NULL) and bytes(raw) == _NULL)


def items(raw: bytes) -> Sequence[bytes]:
    """Return the elements of an array; of anything else that is given, the thing itself."""
    if not is_given(raw):
        return []
    try:
        return _raws.decode(raw)
    except msgspec.DecodeError:
        return [raw]


def members(raw: bytes) -> Mapping[str, bytes]:
    """Return the members of an object; nothing of anything else."""
    try:
        return _members.decode(raw)
    except msgspec.DecodeError:
        return {}


def string(raw: bytes) -> str:
    """Return the text of a JSON string; "" of anything else."""
    return _text.decode(raw) if is_string(raw) else ""


def inside(name: str, raw: bytes, *keys: str) -> Iterator[tuple[str, bytes]]:
    """Yield the members `keys` of an object as ("name.key", bytes), for `settings`."""
    found = members(raw)
    yield from ((f"{name}.{key}", found[key]) for key in keys if key in found)


def session_named(field: str, labels: bytes) -> tuple[str, str] | None:
    """Return the session that the client's own labels name, as (field.key, value)."""
    named = members(labels)
    for key in _SESSION_KEYS:
        if value := string(named.get(key, ABSENT)):
            return f"{field}.{key}", value
    return None


def count(value: object) -> int | None:
    """Return a whole number that is not negative; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None


def failure(raw: bytes) -> str:
    """Return what a program tells an error by: its code, status or type; never the words of its message."""
    told = members(raw)
    names = [told[name] for name in ("code", "status", "type") if name in told]
    words = [string(name) for name in names if is_string(name)]
    return next(filter(None, words), "") or next(
        (bytes(name).decode() for name in names if is_given(name)), "error"
    )


def tokens(of: Mapping[str, object], *names: str) -> int | None:
    """Return the count that stands under the first of `names`; None where there is none.

    Exports by way of data frames write whole floats. Raises WireError for a negative count.
    """
    number = next((of[name] for name in names if of.get(name) is not None), None)
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    if number < 0:
        raise WireError(f"the usage counts {number} {names[0]}", mend="a count cannot be negative")
    return number


def settings(given: Iterable[tuple[str, bytes]]) -> tuple[tuple[str, str], ...]:
    """Return the members that are given, sorted, as text that is equal when they are.

    A long value (a schema) is named by its digest.
    """
    return tuple(sorted((name, _setting(raw)) for name, raw in given if is_given(raw)))


def _setting(raw: bytes) -> str:
    if is_string(raw):
        return string(raw)
    if len(raw) > _LONGEST_SETTING:
        return f"xxh3:{xxh3_128_hexdigest(raw)}"
    return compact(raw).decode()
