"""Everything farthing raises, in one tree; the class says whose fault it is.

    FarthingError
      InputError        the user's file, flag or environment: mend it and call again
        PolicyError     a policy or price file, with the line and the key
      WireError         a peer's bytes break the format they claim to be
      RecordError       one record of a trace cannot be used; the rest still can
      StoreError        our own disk or store: nothing half-written stays

Expected outcomes (a refused call, an unpriced model) are values, never exceptions. A
message is a fact, then a way out; what a program needs to act on is carried as data.
"""


class FarthingError(Exception):
    """A fact and a way out: `str(error)` reads "fact; mend" on one line."""

    def __init__(self, fact: str, *, mend: str = "") -> None:
        super().__init__(f"{fact}; {mend}" if mend else fact)
        self.fact = fact
        self.mend = mend


class InputError(FarthingError):
    """What the user gave cannot be used; `where` names the file, line or flag."""

    def __init__(self, fact: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(f"{where}: {fact}" if where else fact, mend=mend)
        self.where = where


class PolicyError(InputError):
    """A policy or price file has an unknown key or an impossible value."""


class WireError(FarthingError):
    """Bytes from a client or provider do not follow the format; `offset` is where, if known."""

    def __init__(self, fact: str, *, offset: int | None = None, mend: str = "") -> None:
        super().__init__(fact if offset is None else f"{fact} at byte {offset}", mend=mend)
        self.offset = offset


class RecordError(FarthingError):
    """One record of a trace is unusable; readers turn it into a `Skipped` and go on."""


class StoreError(FarthingError):
    """Our disk or store failed us; `path` is what we could not read or write."""

    def __init__(self, fact: str, *, path: str, mend: str = "") -> None:
        super().__init__(f"{path}: {fact}", mend=mend)
        self.path = path
