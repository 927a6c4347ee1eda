"""The attributes of one span: JSON values, asked for by meaning under any of the names it may have.

Values stay JSON until they are asked for, so a prompt that nobody wants is never unescaped.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import msgspec

from farthing.errors import RecordError
from farthing.money import PICOUSD_PER_USD
from farthing.traces.attribute_names import LABELS, NOT_LABELS, OWN_LABELS, SESSION, Names
from farthing.wire.fields import ABSENT, is_given, string
from farthing.wire.scan import is_string

_LONGEST_LABEL = 200
# Words may open with a bracket too.
_IS_JSON = re.compile(rb'\s*(?:"|\{\s*["}]|\[\s*[\[{"\]])')
_ANY = msgspec.json.Decoder(msgspec.Raw)
_KNOWN = frozenset({*SESSION, *(name for names in LABELS.values() for name in names)})


class Attributes:
    """The attributes of one span: values are JSON, asked for by any of their names."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, bytes]) -> None:
        self._values = values

    def __bool__(self) -> bool:
        return bool(self._values)

    def has(self, *meanings: Names) -> bool:
        """Tell whether any of the meanings is given, under any of its names."""
        return any(name in self._values for names in meanings for name in names)

    def mentions(self, *words: str) -> bool:
        """Tell whether one of the words stands in any attribute's name."""
        return any(word in name for name in self._values for word in words)

    def raw(self, names: Names) -> bytes:
        """Return the first value that is given; ABSENT without one."""
        for name in names:
            value = self._values.get(name)
            if value is not None and is_given(value):
                return value
        return ABSENT

    def text(self, names: Names) -> str:
        """Return a value as words: a string's content, the first word of a list, else its JSON."""
        raw = unwrapped(self.raw(names))
        if is_string(raw):
            return string(raw)
        said = bytes(raw).decode()
        return _first_word(raw) if said.startswith("[") else said

    def count(self, names: Names) -> int | None:
        """Return a token count, written as a number or (int64 in JSON) as digits; None without one.

        Raises RecordError on a negative one.
        """
        for name in names:
            number = _whole(self._values.get(name, ABSENT))
            if number is not None and number < 0:
                raise RecordError(f"{name} is {number}", mend="a count cannot be negative")
            if number is not None:
                return number
        return None

    def decimal(self, names: Names) -> Decimal | None:
        """Return a number that need not be whole."""
        return _decimal(self.raw(names))

    def picousd(self, names: Names) -> int | None:
        """Return an amount of US dollars."""
        usd = self.decimal(names)
        return None if usd is None or usd < 0 else int((usd * PICOUSD_PER_USD).to_integral_value())

    def document(self, names: Names) -> bytes:
        """Return a value as a JSON document: itself, or what its string holds where that is JSON."""
        return unwrapped(self.raw(names))

    def tree(self, prefixes: Names) -> bytes:
        """Return attributes with an index in their name (`llm.tools.0.…`) as the JSON list they stand for."""
        for prefix in prefixes:
            members = [
                (name[len(prefix) + 1 :], value)
                for name, value in self._values.items()
                if name.startswith(f"{prefix}.")
            ]
            indexed = [(path, value) for path, value in members if path[:1].isdigit()]
            if indexed:
                return nested(indexed)
        return ABSENT

    def labels(self) -> tuple[tuple[str, str], ...]:
        """Return what a report can group by: known labels, and those that an application set itself."""
        own = {
            name.removeprefix(prefix): self.text((name,))
            for prefix in OWN_LABELS
            for name in self._values
            if name.startswith(prefix) and name not in _KNOWN and not name.startswith(NOT_LABELS)
        }
        found = own | {label: self.text(names) for label, names in LABELS.items()}
        return tuple(
            sorted((name, value) for name, value in found.items() if 0 < len(value) <= _LONGEST_LABEL)
        )

    def joined(self, more: Mapping[str, bytes]) -> "Attributes":
        """Return these attributes and `more`, which do not take the place of what is given."""
        return Attributes({**more, **self._values})


def quoted(text: str) -> bytes:
    """Return text as a JSON string."""
    return msgspec.json.encode(text)


def unwrapped(raw: bytes) -> bytes:
    """Return what a JSON string holds where that is meant as JSON, however often wrapped; else `raw`.

    What begins as JSON does and was cut off is returned all the same: its reader must say so.
    """
    while is_string(raw):
        held = string(raw).encode()
        if not _IS_JSON.match(held) or (held.lstrip().startswith(b'"') and not _is_whole(held)):
            break
        raw = held.strip()
    return raw


def _is_whole(held: bytes) -> bool:
    try:
        _ANY.decode(held)
    except msgspec.DecodeError:
        return False
    return True


def nested(paths: list[tuple[str, bytes]]) -> bytes:
    """Return dotted paths ("0.message.role") as the JSON value that they stand for; numbers are positions."""
    root: _Node = {}
    for path, value in paths:
        *parents, last = path.split(".")
        node = root
        for name in parents:
            child = node.setdefault(name, {})
            if not isinstance(child, dict):
                break
            node = child
        else:
            node.setdefault(last, msgspec.Raw(value))
    return msgspec.json.encode(_listed(root))


_Node: TypeAlias = dict[str, "_Node | msgspec.Raw"]
_Tree: TypeAlias = "list[_Tree] | dict[str, _Tree] | msgspec.Raw"


def _listed(node: "_Node | msgspec.Raw") -> _Tree:
    if not isinstance(node, dict):
        return node
    if node and all(name.isdecimal() for name in node):
        return [_listed(node[name]) for name in sorted(node, key=int)]
    return {name: _listed(child) for name, child in node.items()}


_FIRST = msgspec.json.Decoder(list[msgspec.Raw])


def _first_word(raw: bytes) -> str:
    """Return the first string of a list, such as the first of several finish reasons."""
    try:
        members = _FIRST.decode(raw)
    except msgspec.DecodeError:
        return ""
    return next((string(member) for member in members if is_string(member)), "")


def _whole(raw: bytes) -> int | None:
    number = _decimal(raw)
    return int(number) if number is not None and number == number.to_integral_value() else None


def _decimal(raw: bytes) -> Decimal | None:
    written = string(raw) if is_string(raw) else bytes(raw).decode()
    try:
        number = Decimal(written)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
