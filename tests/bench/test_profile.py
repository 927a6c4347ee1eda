"""The bench itself, on small corpora and with a stand-in for farthing that knows the truth."""

import shlex
import sys
from pathlib import Path

import pytest

from bench.measure import CommandError, Rounds, Run, interleaved
from bench.profile import Bench, Sizes, compressed, long_session, size_independence, whole_profile

SMALL, USUAL = "full-context-0.002gb", "full-context-0.004gb"
STAND_IN = """
import json, os, sys
from pathlib import Path

def main(verb, traces, *options):
    told = json.loads((Path(traces).parent / "truth.json").read_text())["totals"]
    cache = Path(os.environ["FARTHING_CACHE_DIR"])
    with open(os.environ["SEEN"], "a") as seen:
        print(Path(traces).parent.name, "warm" if cache.exists() else "cold", file=seen)
    cache.mkdir(parents=True, exist_ok=True)
    told["steps"] += int(os.environ.get("WRONG", 0))
    assert verb == "profile" and options[:3] == ("--format", "json", "-o")
    if "SILENT" not in os.environ:
        Path(options[3]).write_text(json.dumps({"schema": 1, "totals": told, "sessions": []}))

main(*sys.argv[1:])
"""


def took(cpu_s: float, peak_mb: float = 20) -> Run:
    return Run(cpu_s=cpu_s, wall_s=cpu_s, peak_mb=peak_mb, output=b"")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    stand_in = tmp_path / "stand_in.py"
    stand_in.write_text(STAND_IN)
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    return Bench(
        command=shlex.split(f"{sys.executable} {stand_in}"),
        sizes=Sizes(full_context_gb=(0.002, 0.004), usual_gb=0.004, long_steps=20),
        folder=tmp_path / "corpora",
        scratch=tmp_path / "scratch",
    )


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "corpora").mkdir()


def test_goals_follow_from_cpu_memory_and_true_sizes(bench: Bench) -> None:
    long, small, usual = (bench.corpus(name) for name in ("long-session-20", SMALL, USUAL))
    rounds = Rounds(
        runs={
            f"orjson loop {USUAL}": [took(4)],
            f"farthing profile {USUAL}": [took(0.5 + 3 * usual.gigabytes, peak_mb=110)],
            f"farthing profile {USUAL}.zst": [took(1 + 6 * usual.gigabytes)],
            f"farthing profile {SMALL}": [took(0.5 + 4 * small.gigabytes, peak_mb=100)],
            "farthing profile full-context-0.001gb": [took(0.5)],
            "farthing profile long-session-20": [took((0.5 + 3 * usual.gigabytes) * long.gigabytes)],
        }
    )
    goals = (whole_profile, size_independence, compressed, long_session)
    measured = [row.measured for goal in goals for row in goal(bench).rows(rounds)]
    whole, peak, growth, cost, zst, per_byte = measured
    assert whole == pytest.approx((0.5 + 3 * usual.gigabytes) / 4)
    assert (peak, growth) == (110, 1.1)
    assert cost == pytest.approx(4 / 3)
    assert zst == pytest.approx(2)
    assert per_byte == pytest.approx(usual.gigabytes)


def test_a_first_run_is_cold_and_a_second_is_warm(bench: Bench, tmp_path: Path) -> None:
    given = bench.usual()
    interleaved(bench.again(given), 2, lambda _: None)
    seen = [line.split()[1] for line in (tmp_path / "seen").read_text().splitlines()]
    assert seen == ["cold", "warm", "cold", "warm"]


def test_wrong_totals_are_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRONG", "1")
    given = bench.usual()
    interleaved(bench.first(given), 1, lambda _: None)
    steps = int(given.truth.totals["steps"])
    assert bench.wrong == {f"farthing, {USUAL}: steps: {steps + 1} instead of {steps}"}


def test_a_missing_report_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILENT", "1")
    with pytest.raises(CommandError, match="wrote no report"):
        interleaved(bench.first(bench.usual()), 1, lambda _: None)
