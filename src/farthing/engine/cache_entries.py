"""What a prefix cache remembers: marked entries one by one, and paths of blocks run by run.

Both know only instants; what a link, a marker or an account is stays with `PrefixCache`.
"""

_NS_PER_S = 1_000_000_000


class Entry:
    """One cached prefix: its TTL runs from the start of the request that wrote or last read it."""

    __slots__ = ("_ttl_ns", "_usable_ns", "expires_ns")

    def __init__(self, ttl_s: int, at_ns: int, began_ns: int) -> None:
        self._ttl_ns = ttl_s * _NS_PER_S
        self.expires_ns = at_ns + self._ttl_ns
        self._usable_ns = began_ns

    def warm(self, at_ns: int) -> bool:
        return self._usable_ns <= at_ns <= self.expires_ns

    def use(self, at_ns: int) -> None:
        self.expires_ns = max(self.expires_ns, at_ns + self._ttl_ns)


class Run:
    """Links that grew from one another and are used together; a branch starts a run of its own.

    Using a run uses the path to it. Uses are kept as (depth, instant), deepest and oldest first: a use
    makes every shallower one before it pointless, so the list is nearly always of length one.
    """

    __slots__ = ("_uses", "branch_depth", "parent", "tip_depth", "usable_ns")

    def __init__(self, *, parent: "Run | None", branch_depth: int, usable_ns: int) -> None:
        self.parent = parent
        self.branch_depth = branch_depth
        self.usable_ns = usable_ns
        self.tip_depth = branch_depth
        self._uses: list[tuple[int, int]] = []

    def use(self, *, depth: int, at_ns: int) -> None:
        """Note a use down to `depth`, here and on the way here."""
        run: Run | None = self
        while run is not None:
            run.note(depth, at_ns)
            depth, run = min(depth, run.branch_depth), run.parent

    def note(self, depth: int, at_ns: int) -> None:
        self.tip_depth = max(self.tip_depth, depth)
        while self._uses and self._uses[-1][0] <= depth:
            self._uses.pop()
        self._uses.append((depth, at_ns))

    @property
    def last_used_ns(self) -> int:
        return max((at_ns for _, at_ns in self._uses), default=0)

    def used_ns(self, depth: int) -> int:
        """Return when a link at `depth` was last used."""
        return next((at_ns for until, at_ns in reversed(self._uses) if until >= depth), 0)
