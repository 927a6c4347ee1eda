"""The goals of speed and memory of `farthing profile`, measured: `python -m bench.profile`.

Each goal is one function: the corpora it needs, the commands it times, and how its rows follow. The commands
of all goals take turns in one interleaved run, and goals are ratios of CPU-seconds, so that the table says
the same on a slow machine. Speed counts only with right totals: every report of farthing, and ccusage's, is
compared with what its corpus is known to hold.
"""

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench import ccusage as peer
from bench import floor
from bench.corpora import Corpus, corpus, home_of
from bench.measure import CommandError, Rounds, Run, Subjects, interleaved, run
from bench.table import Row, as_json, as_markdown

_ROOT = Path(__file__).parent.parent
_FINDING = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """The commands behind a goal by name (equal names run once a round), and its rows from their runs."""

    subjects: Subjects
    rows: Callable[[Rounds], Sequence[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured: full-context corpora in GB, smallest first; the usual one carries the ratios."""

    full_context_gb: Sequence[float]
    usual_gb: float
    long_steps: int


SMALL = Sizes(full_context_gb=(0.05, 0.2), usual_gb=0.2, long_steps=600)
USUAL = Sizes(full_context_gb=(0.2, 1), usual_gb=1, long_steps=3_000)
LARGE = Sizes(full_context_gb=(0.2, 1, 10), usual_gb=1, long_steps=3_000)


class _Report(msgspec.Struct):
    """What is read of farthing's report: not the sessions, so that this process stays small (see `run`)."""

    totals: dict[str, object]


@dataclass(slots=True)
class Bench:
    """The command under test, where corpora and scratch files live, and the wrong totals found on the way."""

    command: Sequence[str]
    sizes: Sizes
    folder: Path
    scratch: Path
    wrong: set[str] = field(default_factory=set)

    def corpus(self, name: str) -> Corpus:
        """Return a corpus; another process makes it if it is missing, so that this one stays small."""
        if not home_of(name, self.folder).exists():
            command = [sys.executable, "-m", "bench.corpora", name, "--dir", str(self.folder)]
            subprocess.run(command, cwd=_ROOT, check=True)
        return corpus(name, self.folder)

    def full_context(self, gigabytes: float, packing: str = "") -> Corpus:
        return self.corpus(f"full-context-{gigabytes:g}gb{packing}")

    def usual(self) -> Corpus:
        return self.full_context(self.sizes.usual_gb)

    def store(self) -> Corpus:
        return self.corpus("claude-code-200mb")

    def first(self, given: Corpus) -> Subjects:
        """Profile as a new user does: nothing is cached, and the cache is written."""

        def subject() -> Run:
            shutil.rmtree(self._cache(given), ignore_errors=True)
            return self._profile(given)

        return {_first(given): subject}

    def again(self, given: Corpus) -> Subjects:
        """Profile twice: the second run finds the cache that the first has written."""
        return {**self.first(given), _again(given): lambda: self._profile(given)}

    def _profile(self, given: Corpus) -> Run:
        report = self.scratch / "report.json"
        report.unlink(missing_ok=True)
        command = [*self.command, "profile", str(given.traces), "--format", "json", "-o", str(report)]
        environment = {"FARTHING_CACHE_DIR": str(self._cache(given))}
        done = run(command, environment=environment, successes=(0, _FINDING))
        if not report.exists():
            raise CommandError(f"`{' '.join(command)}` wrote no report; run it by hand to see why")
        totals = msgspec.json.decode(report.read_bytes(), type=_Report).totals
        self.wrong.update(f"farthing, {given.name}: {line}" for line in given.truth.differences(totals))
        return done

    def _cache(self, given: Corpus) -> Path:
        return self.scratch / "cache" / given.name


def whole_profile(bench: Bench) -> Experiment:
    given = bench.usual()

    def rows(rounds: Rounds) -> list[Row]:
        measured = rounds.ratio(_first(given), _loop(given))
        what = (
            f"whole profile of full-context JSONL ({bench.sizes.usual_gb:g} GB) ÷ `orjson.loads` of each line"
        )
        return [Row(what=what, at_most=1.0, measured=measured)]

    return Experiment(subjects={**_orjson(given), **bench.first(given)}, rows=rows)


def size_independence(bench: Bench) -> Experiment:
    """Compare sizes. Start-up is taken off the CPU time: in 0.2 GB it would hide what a GB costs."""
    tiny = bench.full_context(0.001)
    given = [bench.full_context(size) for size in bench.sizes.full_context_gb]
    span = f"{bench.sizes.full_context_gb[0]:g} to {bench.sizes.full_context_gb[-1]:g} GB"

    def rows(rounds: Rounds) -> list[Row]:
        peaks = [rounds.peak_mb(_first(each)) for each in given]
        start_s = rounds.cpu_s(_first(tiny))
        cost = [(rounds.cpu_s(_first(each)) - start_s) / each.gigabytes for each in given]
        note = f"{', '.join(f'{each:.2f}' for each in cost)} s/GB after {start_s:.2f} s to start"
        return [
            Row(what="peak memory of the largest process", at_most=300, measured=max(peaks), unit="MB"),
            Row(what=f"peak memory, {span}, most ÷ least", at_most=1.1, measured=max(peaks) / min(peaks)),
            Row(
                what=f"CPU a GB, {span}, most ÷ least",
                at_most=1.15,
                measured=max(cost) / min(cost),
                note=note,
            ),
        ]

    return Experiment(subjects=_joined(bench.first(each) for each in [tiny, *given]), rows=rows)


def claude_code_store(bench: Bench) -> Experiment:
    given = bench.store()
    what = f"Claude Code store of {given.truth.bytes / 1e6:.0f} MB ÷ ccusage {peer.VERSION} (native)"
    try:
        rival = peer.ccusage(bench.folder / f"ccusage-{peer.VERSION}", _progress)
    except peer.UnavailableError as reason:
        missing = Row(what=what, at_most=2.0, measured=None, note=str(reason))
        return Experiment(subjects=bench.first(given), rows=lambda _: [missing])

    def ask_ccusage() -> Run:
        done = rival.daily(given.traces)
        bench.wrong.update(peer.differences(given.truth, done))
        return done

    name = f"ccusage {given.name}"
    return Experiment(
        subjects={name: ask_ccusage, **bench.first(given)},
        rows=lambda rounds: [Row(what=what, at_most=2.0, measured=rounds.ratio(_first(given), name))],
    )


def compressed(bench: Bench) -> Experiment:
    plain, packed = bench.usual(), bench.full_context(bench.sizes.usual_gb, ".zst")

    def rows(rounds: Rounds) -> list[Row]:
        return [
            Row(what="`.zst` ÷ plain", at_most=1.25, measured=rounds.ratio(_first(packed), _first(plain)))
        ]

    return Experiment(subjects={**bench.first(plain), **bench.first(packed)}, rows=rows)


def long_session(bench: Bench) -> Experiment:
    long, average = bench.corpus(f"long-session-{bench.sizes.long_steps}"), bench.usual()

    def rows(rounds: Rounds) -> list[Row]:
        what = f"one session of {bench.sizes.long_steps:,} steps ({_shape(long)}) ÷ average sessions, a byte"
        per_byte = rounds.ratio(_first(long), _first(average)) * average.gigabytes / long.gigabytes
        return [Row(what=what, at_most=1.2, measured=per_byte)]

    return Experiment(subjects={**bench.first(average), **bench.first(long)}, rows=rows)


def second_run(bench: Bench) -> Experiment:
    given = [bench.store(), bench.usual()]

    def rows(rounds: Rounds) -> list[Row]:
        ratios = [rounds.ratio(_again(each), _first(each)) for each in given]
        return [
            Row(what=f"second run ÷ first, {each.name}", at_most=0.2, measured=ratio)
            for each, ratio in zip(given, ratios, strict=True)
        ]

    return Experiment(subjects=_joined(bench.again(each) for each in given), rows=rows)


def awkward_input(bench: Bench) -> Experiment:
    """Measure what is rare and large; the growing session against orjson, for its blocks are many, small."""
    small, large = bench.corpus("small-files-100000"), bench.corpus("large-file-700mb")
    growing, average = bench.corpus("growing-session-3000"), bench.usual()

    def rows(rounds: Rounds) -> list[Row]:
        against = {each.name: rounds.ratio(_first(each), _loop(each)) for each in (growing, average)}
        what = f"3,000 steps never compacted ({_shape(growing)}) ÷ average sessions, each ÷ orjson"
        return [
            *(
                Row(
                    what=f"peak memory, {each.name}",
                    at_most=300,
                    measured=rounds.peak_mb(_first(each)),
                    unit="MB",
                )
                for each in (small, large, growing)
            ),
            Row(what=what, at_most=1.2, measured=against[growing.name] / against[average.name]),
        ]

    loops = _joined(_orjson(each) for each in (growing, average))
    profiles = _joined(bench.first(each) for each in (small, large, growing, average))
    return Experiment(subjects={**loops, **profiles}, rows=rows)


GOALS: Mapping[str, Callable[[Bench], Experiment]] = {
    "whole": whole_profile,
    "sizes": size_independence,
    "store": claude_code_store,
    "zst": compressed,
    "long": long_session,
    "again": second_run,
    "awkward": awkward_input,
}
# The awkward inputs take 5 GB of disk.
_BY_DEFAULT = [name for name in GOALS if name != "awkward"]


def main() -> int:
    arguments = _arguments()
    arguments.dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="farthing-bench-") as scratch:
        bench = Bench(
            command=shlex.split(arguments.command),
            sizes=arguments.sizes,
            folder=arguments.dir.resolve(),
            scratch=Path(scratch),
        )
        try:
            experiments = [GOALS[name](bench) for name in arguments.goal or _BY_DEFAULT]
            rounds = interleaved(_joined(each.subjects for each in experiments), arguments.rounds, _progress)
        except (CommandError, subprocess.CalledProcessError) as failure:
            print(failure, file=sys.stderr)
            return 2
    rows = [row for each in experiments for row in each.rows(rounds)]
    print(as_markdown(rows, rounds, sorted(bench.wrong)))
    if arguments.json:
        arguments.json.write_text(as_json(rows, rounds, sorted(bench.wrong)))
    return 1 if bench.wrong or any(row.met is False for row in rows) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.profile", description=(__doc__ or "").partition("\n")[0]
    )
    folder = Path(tempfile.gettempdir()) / "farthing-bench"
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--small", dest="sizes", action="store_const", const=SMALL, help="0.2 GB at most")
    size.add_argument("--large", dest="sizes", action="store_const", const=LARGE, help="10 GB at most")
    parser.add_argument("--goal", action="append", choices=GOALS, help="measure only this; may be repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--dir", type=Path, default=folder, help="where corpora are kept for the next run [%(default)s]"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the rows and every single run there as well"
    )
    parser.add_argument(
        "--command", default=f"{shlex.quote(sys.executable)} -m farthing", help="the farthing to measure"
    )
    parser.set_defaults(sizes=USUAL)
    return parser.parse_args()


def _orjson(given: Corpus) -> Subjects:
    (lines,) = given.traces.iterdir()
    # -P: this folder must not shadow the standard library's `profile`.
    command = [sys.executable, "-P", floor.__file__, str(lines)]
    return {_loop(given): lambda: run(command)}


def _shape(given: Corpus) -> str:
    return f"{given.gigabytes:.1f} GB, {given.truth.bytes / given.truth.lines / 1e3:,.0f} KB a record"


def _joined(groups: Iterable[Subjects]) -> Subjects:
    return {name: subject for group in groups for name, subject in group.items()}


def _first(given: Corpus) -> str:
    return f"farthing profile {given.name}"


def _again(given: Corpus) -> str:
    return f"farthing profile {given.name} again"


def _loop(given: Corpus) -> str:
    return f"orjson loop {given.name}"


def _progress(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
