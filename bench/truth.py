"""What a made corpus is known to hold: its bill, counted as it is written, named as in farthing's report.

The bench reports no speed for wrong totals, so each corpus carries `truth.json` beside its traces.
Nothing here imports farthing: the rates are the provider's list prices, written out once more.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

# Picodollars per token = USD per million tokens x 1,000,000, in the order of TOKEN_CLASSES. List prices of
# October 2026 as in genai-prices 0.2.3 (read 2026-11-23); neither model has a long-context tier.
OPUS = "claude-opus-4-8"
HAIKU = "claude-haiku-4-5-20251001"
TOKEN_CLASSES = (
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
    "output_tokens",
)
_PICODOLLARS = {
    OPUS: (5_000_000, 500_000, 6_250_000, 10_000_000, 25_000_000),
    HAIKU: (1_000_000, 100_000, 1_250_000, 2_000_000, 5_000_000),
}
PICODOLLARS_PER_DOLLAR = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The bill of one model call, in disjoint token classes."""

    model: str
    uncached: int
    read: int
    write_5m: int
    write_1h: int
    output: int

    @property
    def counts(self) -> tuple[int, ...]:
        return (self.uncached, self.read, self.write_5m, self.write_1h, self.output)

    @property
    def picodollars(self) -> int:
        return sum(rate * count for rate, count in zip(_PICODOLLARS[self.model], self.counts, strict=True))

    def usage(self, *, output: int | None = None) -> dict[str, object]:
        """Return the provider's usage object; `output` replaces the final count, as in streamed parts."""
        return {
            "input_tokens": self.uncached,
            "cache_creation_input_tokens": self.write_5m + self.write_1h,
            "cache_read_input_tokens": self.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.write_5m,
                "ephemeral_1h_input_tokens": self.write_1h,
            },
            "output_tokens": self.output if output is None else output,
            "service_tier": "standard",
        }


@dataclass(slots=True)
class Tally:
    """The running count of a corpus being written."""

    sessions: int = 0
    steps: int = 0
    picodollars: int = 0
    files: int = 0
    lines: int = 0
    bytes: int = 0
    duplicates: int = 0
    tokens: Counter[str] = field(default_factory=Counter)

    def add(self, spent: Spent) -> None:
        self.steps += 1
        self.picodollars += spent.picodollars
        self.tokens.update(dict(zip(TOKEN_CLASSES, spent.counts, strict=True)))

    def truth(self) -> "Truth":
        tokens = {name: self.tokens[name] for name in TOKEN_CLASSES}
        cost = Decimal(self.picodollars) / PICODOLLARS_PER_DOLLAR
        totals: dict[str, int | str] = {
            "sessions": self.sessions,
            "steps": self.steps,
            **tokens,
            "cost_usd": f"{cost:f}",
        }
        return Truth(
            totals=totals, files=self.files, lines=self.lines, bytes=self.bytes, duplicates=self.duplicates
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A finished count. `duplicates` are calls written once more in another place, beyond the `steps`."""

    totals: dict[str, int | str]
    files: int
    lines: int
    bytes: int
    duplicates: int

    def save(self, path: Path) -> None:
        fields = {name: getattr(self, name) for name in self.__slots__}
        path.write_text(json.dumps(fields, indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Truth":
        return cls(**json.loads(path.read_text()))

    def differences(self, totals: dict[str, object]) -> list[str]:
        """Return one line for each total that is not what was written; money is compared as a number."""
        return [
            f"{name}: {totals.get(name)} instead of {known}"
            for name, known in self.totals.items()
            if not _equal(totals.get(name), known)
        ]


def _equal(told: object, known: int | str) -> bool:
    return told is not None and Decimal(str(told)) == Decimal(known)
