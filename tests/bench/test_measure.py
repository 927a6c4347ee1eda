"""Measured commands: what is counted, what is refused, how rounds become ratios."""

import sys

import pytest

from bench.measure import CommandError, Rounds, Run, interleaved, run
from bench.table import Row, as_markdown


def took(cpu_s: float, peak_mb: float = 20) -> Run:
    return Run(cpu_s=cpu_s, wall_s=cpu_s, peak_mb=peak_mb, output=b"")


def test_a_run_has_the_output_and_the_memory_of_its_largest_process() -> None:
    child = "print(len(bytearray(150_000_000)))"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    done = run([sys.executable, "-c", parent])
    assert done.output == b"150000000\n"
    assert done.peak_mb > 150
    assert done.cpu_s > 0


def test_the_environment_is_added_to() -> None:
    asked = "import os; print(os.environ['FARTHING_CACHE_DIR'], 'PATH' in os.environ)"
    done = run([sys.executable, "-c", asked], environment={"FARTHING_CACHE_DIR": "here"})
    assert done.output == b"here True\n"


def test_a_failing_command_is_told_with_its_last_words() -> None:
    with pytest.raises(CommandError, match="ended with status 3: no such trace"):
        run([sys.executable, "-c", "import sys; print('no such trace', file=sys.stderr); sys.exit(3)"])


def test_a_status_can_be_a_success() -> None:
    assert run([sys.executable, "-c", "raise SystemExit(1)"], successes=(0, 1)).output == b""


def test_commands_take_turns() -> None:
    turns: list[str] = []

    def subject(name: str) -> Run:
        turns.append(name)
        return took(len(turns))

    rounds = interleaved({"a": lambda: subject("a"), "b": lambda: subject("b")}, 2, lambda _: None)
    assert turns == ["a", "b", "a", "b"]
    assert [each.cpu_s for each in rounds.runs["b"]] == [2, 4]


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    rounds = Rounds(runs={"a": [took(2), took(30), took(3)], "b": [took(1), took(10), took(3)]})
    assert rounds.ratio("a", to="b") == 2
    assert rounds.cpu_s("a") == 3


def test_memory_is_the_most_of_all_rounds() -> None:
    assert Rounds(runs={"a": [took(1, peak_mb=20), took(1, peak_mb=90)]}).peak_mb("a") == 90


@pytest.mark.parametrize(("measured", "met"), [(1.2, True), (1.21, False), (None, None)])
def test_a_goal_is_met_up_to_its_limit(measured: float | None, met: bool | None) -> None:
    assert Row(what="x", at_most=1.2, measured=measured).met is met


def test_the_table_says_what_was_not_measured_and_what_was_wrong() -> None:
    row = Row(what="store ÷ peer", at_most=2, measured=None, note="npm is not installed")
    table = as_markdown([row], Rounds(runs={"a": [took(1)]}), ["a: steps: 1 instead of 2"])
    assert "| store ÷ peer | 2.00 × | not measured (npm is not installed) | – |" in table
    assert table.startswith("WRONG TOTALS, so speed does not count: a: steps: 1 instead of 2\n")
