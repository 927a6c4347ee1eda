"""Judges the prefix cache model against what providers reported, on every recorded corpus with cached counts.

    ./dev bench cache_model [--data ../shared/data] [--refresh hit|markers|ancestors] [--differences CORPUS]

Each recorded call is put to the model (`farthing.analysis.cache_check`), and what it says was read and
written is compared with the usage in the record. Targets hold for moatless-tools, which records whole
requests with their markers: reads and writes within 2 %, median error per call ≤ 1 %, hit or miss right in
≥ 96 % of the calls, where a difference that the record does not explain counts as wrong. Totals leave out
the calls that show a gap of unknown length, for that corpus has no times; the table has them in. The
machine itself must make 20,000 calls/s. Exit 1 if a target is missed.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from farthing.analysis.cache_check import Checked, Score, Verdict, check, score
from farthing.analysis.cached_calls import cached_calls, request_of
from farthing.engine.cache_rules import rules_for
from farthing.engine.prefix_cache import PrefixCache, Refresh, Request
from farthing.ingest.intake import Options, ingest
from farthing.ingest.sessions import sessions
from farthing.session import Session

JUDGED = "moatless-tools"
CORPORA = (
    JUDGED,
    "mini-swe-agent-deepseek",
    "claude-code-sessions",
    "pi-coding-agent-sessions",
    "codex-rollouts",
    "openhands-sdk-llm-logs",
    "langsmith-sdk-runs",
    "vercel-ai-harness",
    "pydantic-ai-cassettes",
    "openllmetry-cassettes",
    "otel-python-contrib-cassettes",
)
TOTALS, MEDIAN, HIT_OR_MISS, CALLS_PER_S = 0.02, 0.01, 0.96, 20_000


def main() -> int:
    asked = _arguments()
    corpora = {name: _sessions(asked.data / name) for name in CORPORA if (asked.data / name).exists()}
    if JUDGED not in corpora:
        print(f"{asked.data / JUDGED} is not there; name the folder of recorded traces with --data")
        return 2
    if asked.differences:
        _print_differences(check(corpora[asked.differences], refresh=asked.refresh))
        return 0
    checks = {name: check(found, refresh=asked.refresh) for name, found in corpora.items()}
    print(f"{datetime.now(UTC):%Y-%m-%d}, refresh: {asked.refresh}\n")
    print(_table({name: score(found) for name, found in checks.items()}))
    missed = [*_missed(checks[JUDGED]), *_slow(corpora[JUDGED])]
    print("\n".join(["", *missed] if missed else ["", "all targets are met"]))
    return 1 if missed else 0


def _sessions(folder: Path) -> list[Session]:
    with ingest([str(folder)], Options(workers=1)) as intake:
        return [session for shard in intake.shards() for session in sessions(shard)]


def _table(scores: dict[str, Score]) -> str:
    head = ("corpus", "calls", "reads", "", "writes", "", "median", "hit/miss", "right", "otherwise")
    return _markdown([head, *(_row(name, each) for name, each in scores.items() if each.calls)])


def _row(name: str, each: Score) -> tuple[str, ...]:
    others = sorted(each.verdicts.items(), key=lambda item: -item[1])
    return (
        name,
        f"{each.calls:,}",
        f"{each.reported_read:,}",
        _off(each.predicted_read, each.reported_read),
        f"{each.reported_write:,}",
        _off(each.predicted_write, each.reported_write),
        f"{each.median_error_share:.2%}",
        f"{each.hit_miss_agreement:.1%}",
        f"{each.verdicts.get(Verdict.RIGHT, 0):,}",
        ", ".join(f"{count:,} {verdict}" for verdict, count in others if verdict is not Verdict.RIGHT),
    )


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *others = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *others])


def _off(predicted: int, reported: int) -> str:
    return f"{predicted / reported - 1:+.2%}" if reported else "–"


def _missed(checked: Sequence[Checked]) -> list[str]:
    """Print the figures of the judged corpus, and return the targets that it missed."""
    everything = score(checked)
    dated = score([each for each in checked if each.verdict is not Verdict.EXPIRED])
    unexplained = everything.verdicts.get(Verdict.UNEXPLAINED, 0)
    right = everything.hit_miss_agreement - unexplained / everything.calls
    figures = (
        ("reads", abs(dated.predicted_read / dated.reported_read - 1), TOTALS),
        ("writes", abs(dated.predicted_write / dated.reported_write - 1), TOTALS),
        ("median error", everything.median_error_share, MEDIAN),
        ("hit or miss wrong, or unexplained", 1 - right, 1 - HIT_OR_MISS),
    )
    for name, figure, most in figures:
        print(f"{JUDGED}, {name}: {figure:.2%}, at most {most:.0%}")
    return [f"missed: {name} {figure:.2%} > {most:.0%}" for name, figure, most in figures if figure > most]


def _slow(found: Sequence[Session]) -> list[str]:
    """Return a line if the machine is slower than it must be: the fastest of five runs counts."""
    requests = [request_of(call) for session in found for call in cached_calls(session)]
    rates = [len(requests) / _seconds(requests) for _ in range(5)]
    print(f"PrefixCache: {max(rates):,.0f} calls/s, at least {CALLS_PER_S:,}")
    return [] if max(rates) >= CALLS_PER_S else ["missed: calls per second"]


def _seconds(requests: Sequence[Request]) -> float:
    cache = PrefixCache(rules_for("anthropic", "claude-3-5-sonnet-20241022"))
    started = time.process_time()
    for request in requests:
        cache.record(request, cache.split(request))
    return time.process_time() - started


def _print_differences(checked: Sequence[Checked]) -> None:
    rows: list[tuple[str, ...]] = [
        ("why", "session", "step", "input", "read", "predicted", "written", "predicted")
    ]
    for each in checked:
        if each.verdict not in (Verdict.RIGHT, Verdict.INFERRED):
            counts = (each.reported_read, each.predicted_read, each.reported_write, each.predicted_write)
            place = each.verdict, each.session, str(each.step)
            rows.append((*place, f"{each.input_tokens:,}", *(f"{count:,}" for count in counts)))
    print(_markdown(rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the recorded traces")
    parser.add_argument("--refresh", type=Refresh, choices=list(Refresh), default=Refresh.HIT)
    parser.add_argument(
        "--differences", choices=CORPORA, help="print a corpus call by call, where it differs"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
