"""A bench's rows, as Markdown for people and JSON for scripts: the goal, the measure, whether it is met."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from bench.measure import Rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One goal. `measured` is None where it could not be measured, and the note says why."""

    what: str
    at_most: float
    measured: float | None
    unit: str = "×"
    note: str = ""

    @property
    def met(self) -> bool | None:
        return None if self.measured is None else self.measured <= self.at_most

    def markdown(self, day: str) -> str:
        verdict = {True: "yes", False: "**no**", None: "–"}[self.met]
        measured = "not measured" if self.measured is None else self._amount(self.measured)
        told = f"{measured} ({self.note})" if self.note else measured
        return f"| {self.what} | {self._amount(self.at_most)} | {told} | {verdict} | {day} |"

    def _amount(self, number: float) -> str:
        return f"{number:.0f} MB" if self.unit == "MB" else f"{number:.2f} {self.unit}"


def as_markdown(rows: Sequence[Row], rounds: Rounds, wrong: Sequence[str]) -> str:
    """Return the goals, then the commands behind them with their medians."""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    commands = [
        f"| {name} | {rounds.cpu_s(name):.2f} | {rounds.wall_s(name):.2f} | {rounds.peak_mb(name):.0f} |"
        for name in rounds.runs
    ]
    lines = [
        *(f"WRONG TOTALS, so speed does not count: {line}" for line in wrong),
        "| what | at most | measured | met | date |",
        "|---|---|---|---|---|",
        *(row.markdown(day) for row in rows),
        "",
        f"{_machine()}; medians of {_count(rounds)} rounds; peak: the largest process in any round.",
        "",
        "| command | CPU s | wall s | peak MB |",
        "|---|---|---|---|",
        *commands,
    ]
    return "\n".join(lines)


def as_json(rows: Sequence[Row], rounds: Rounds, wrong: Sequence[str]) -> str:
    runs = {
        name: [{"cpu_s": run.cpu_s, "wall_s": run.wall_s, "peak_mb": run.peak_mb} for run in each]
        for name, each in rounds.runs.items()
    }
    found = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "rows": [{**asdict(row), "met": row.met} for row in rows],
        "runs": runs,
        "wrong_totals": list(wrong),
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _count(rounds: Rounds) -> int:
    return len(next(iter(rounds.runs.values())))


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}"
