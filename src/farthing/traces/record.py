"""A platform's record, read by the names of its members: camelCase or snake_case, JSON or JSON in a string.

Exports of one platform differ in spelling: its API, its blob storage and its SDK each have their own. So a
record is a mapping, and a reader asks for a member under all its names.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from farthing.errors import RecordError
from farthing.money import PICOUSD_PER_USD
from farthing.traces import instant
from farthing.traces.attributes import unwrapped
from farthing.wire.fields import ABSENT, is_given, items, members, string
from farthing.wire.scan import is_string


class Record:
    """One JSON object; names are given in the order in which they are tried."""

    __slots__ = ("_members",)

    def __init__(self, found: Mapping[str, bytes]) -> None:
        self._members = found

    @classmethod
    def of(cls, raw: bytes) -> "Record":
        """Return the object that `raw` is or holds in a string; an empty record of anything else."""
        return cls(members(unwrapped(raw)))

    def __bool__(self) -> bool:
        return bool(self._members)

    @property
    def members(self) -> Mapping[str, bytes]:
        return self._members

    def has(self, *names: str) -> bool:
        return any(name in self._members for name in names)

    def raw(self, *names: str) -> bytes:
        """Return the first member that is given; ABSENT without one."""
        return next(
            (self._members[name] for name in names if is_given(self._members.get(name, ABSENT))), ABSENT
        )

    def value(self, *names: str) -> bytes:
        """Return a member as a JSON value, out of the string that it may be kept in."""
        return unwrapped(self.raw(*names))

    def inner(self, *names: str) -> "Record":
        return Record.of(self.raw(*names))

    def objects(self, *names: str) -> list["Record"]:
        """Return the objects of a list."""
        return [Record.of(raw) for raw in items(self.value(*names))]

    def words(self, *names: str) -> list[str]:
        """Return the strings of a list."""
        return [string(raw) for raw in items(self.value(*names)) if is_string(raw)]

    def text(self, *names: str) -> str:
        """Return a member as words: the content of a string, else its JSON."""
        raw = self.raw(*names)
        return string(raw) if is_string(raw) else bytes(raw).decode()

    def count(self, *names: str) -> int | None:
        """Return a token count, None without one. Raises RecordError for a negative one."""
        number = self.decimal(*names)
        if number is None or number != number.to_integral_value():
            return None
        if number < 0:
            raise RecordError(f"{names[0]} is {number}", mend="a count cannot be negative")
        return int(number)

    def counts(self) -> dict[str, int]:
        """Return every member that is a count."""
        found = {name: self.count(name) for name in self._members}
        return {name: number for name, number in found.items() if number is not None}

    def decimal(self, *names: str) -> Decimal | None:
        try:
            number = Decimal(self.text(*names))
        except InvalidOperation:
            return None
        return number if number.is_finite() else None

    def picousd(self, *names: str) -> int | None:
        usd = self.decimal(*names)
        return None if usd is None or usd < 0 else int((usd * PICOUSD_PER_USD).to_integral_value())

    def at_ns(self, *names: str) -> int | None:
        """Return an instant: ISO text, or seconds, milliseconds or more of the epoch, told by their size."""
        return instant_ns(self.text(*names))


def instant_ns(told: str) -> int | None:
    """Return an instant that is told as ISO text or as a number of the epoch."""
    try:
        number = Decimal(told)
    except InvalidOperation:
        return instant.from_iso(told)
    if not number.is_finite() or number <= 0:
        return None
    for scale, per_ns in ((Decimal(10**11), 10**9), (Decimal(10**14), 10**6), (Decimal(10**17), 10**3)):
        if number < scale:
            return int(number * per_ns)
    return int(number)
