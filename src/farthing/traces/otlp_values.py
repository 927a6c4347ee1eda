"""OTLP's typed attribute values as plain JSON.

`{"stringValue": …}` and its kin say the type of every value; int64 are strings (`"intValue": "12"`), and
lists and objects nest the wrapping. Taken off, a value is the JSON that every other export has.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Raw, Struct

from farthing.wire.fields import ABSENT, is_given


class Value(Struct, rename="camel"):
    """One attribute value; exactly one member is given. Bytes are base64, and are content to nobody here."""

    string_value: Raw = ABSENT
    int_value: Raw = ABSENT
    bool_value: Raw = ABSENT
    double_value: Raw = ABSENT
    array_value: "Values | None" = None
    kvlist_value: "Members | None" = None


class Values(Struct):
    values: list[Value] | None = None


class KeyValue(Struct):
    key: str = ""
    value: Value | None = None


class Members(Struct):
    values: list[KeyValue] | None = None


def plain_members(attributes: Iterable[KeyValue] | None) -> dict[str, bytes]:
    """Return attributes by name, as plain JSON."""
    return {each.key: plain(each.value) for each in attributes or () if each.value is not None}


def plain(value: Value) -> bytes:
    """Return a value as plain JSON; an empty one is null."""
    if value.array_value is not None:
        return b"[" + b",".join(map(plain, value.array_value.values or ())) + b"]"
    if value.kvlist_value is not None:
        members = plain_members(value.kvlist_value.values)
        return b"{" + b",".join(_quoted(name) + b":" + bytes(raw) for name, raw in members.items()) + b"}"
    simple = (value.string_value, value.int_value, value.bool_value, value.double_value)
    return next(filter(is_given, simple), Raw(b"null"))


def instant(nanoseconds: int | str | None) -> int | None:
    """Return an instant; None for one that is missing, zero, or no number."""
    try:
        return int(nanoseconds or 0) or None
    except ValueError:
        return None


def _quoted(name: str) -> bytes:
    return msgspec.json.encode(name)
