"""Measuring commands fairly on a shared machine: CPU-seconds of whole process trees, in interleaved rounds.

Wall time on a busy machine says little, so CPU-seconds (user and system) are compared. Slow spells come and
go within minutes, so commands take turns (A B C, A B C, …), and a ratio is the median of the rounds' ratios.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Subjects = Mapping[str, Callable[[], "Run"]]


class CommandError(Exception):
    """A measured command failed; the message has its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One finished command. `peak_mb` is the resident memory of its tree's largest process, in 10^6 bytes."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    output: bytes


def run(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, successes: Sequence[int] = (0,)
) -> Run:
    """Return what `command` took, with its standard output. Raises CommandError for any other exit status.

    wait4 counts the command and those of its descendants that were waited for; a daemon is not seen. On Linux
    a new process inherits the peak memory of the one that starts it, so the bench stays smaller than
    what it measures: it lets another process make the corpora. Bytecode is written and kept, as pip does on
    installation: compiling every module anew is no part of what a user pays.
    """
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as words:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=words,
            env={**given, **(environment or {})},
        )
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        words.seek(0)
        if process.returncode not in successes:
            said = words.read()[-2_000:].decode(errors="replace").strip()
            raise CommandError(f"`{' '.join(command)}` ended with status {process.returncode}: {said}")
        cpu_s, peak_mb = used.ru_utime + used.ru_stime, used.ru_maxrss * 1_024 / 1e6
        return Run(cpu_s=cpu_s, wall_s=wall_s, peak_mb=peak_mb, output=output.read())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """The runs of each command, one a round."""

    runs: Mapping[str, Sequence[Run]]

    def cpu_s(self, name: str) -> float:
        return median(each.cpu_s for each in self.runs[name])

    def wall_s(self, name: str) -> float:
        return median(each.wall_s for each in self.runs[name])

    def peak_mb(self, name: str) -> float:
        return max(each.peak_mb for each in self.runs[name])

    def ratio(self, name: str, to: str) -> float:
        """Return the median over the rounds of CPU(name) ÷ CPU(to)."""
        pairs = zip(self.runs[name], self.runs[to], strict=True)
        return median(one.cpu_s / other.cpu_s for one, other in pairs)


def interleaved(subjects: Subjects, rounds: int, progress: Callable[[str], None]) -> Rounds:
    """Run all commands once a round, in their order."""
    runs: dict[str, list[Run]] = {name: [] for name in subjects}
    for number in range(1, rounds + 1):
        for name, subject in subjects.items():
            progress(f"round {number} of {rounds}: {name}")
            runs[name].append(subject())
    return Rounds(runs=runs)
