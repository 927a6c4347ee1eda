"""The whole road, from files to totals, against the independent count of every recorded source.

Tokens must agree exactly and cost to the cent; the truth counts no fees of server tools, so they are left
out here. What differs by intent stands in a table with its reason.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest

from farthing.analysis.profile import Profile
from farthing.cli.profiling import Asked, price_book, profile
from farthing.ingest.intake import Options, ingest
from tests.truth import Totals

# The truth prices undated calls at the rates of this day.
TODAY_NS = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp()) * 10**9
CENT = Decimal("0.01")
TOKENS = (
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
    "cache_creation_other_input_tokens",
    "output_tokens",
)
CORPORA = (
    "aiopslab-static-rca",
    "claude-code-sessions",
    "codex-rollouts",
    "holmesgpt-conversations",
    "langfuse-framework-traces",
    "langsmith-sdk-runs",
    "mini-swe-agent-deepseek",
    "moatless-tools",
    "open-agent-traces",
    "openhands-sdk-llm-logs",
    "openllmetry-cassettes",
    "otel-python-contrib-cassettes",
    "pi-coding-agent-sessions",
    "pydantic-ai-cassettes",
    "routellm",
    "swe-agent-claude35",
    "swe-agent-llm-interactions",
    "tau-bench",
    "tau2-bench",
    "vercel-ai-harness",
    "vercel-ai-provider-fixtures",
)
# The files of this run name no model, so nothing of it has a price; the truth takes it from its README.
UNNAMED_MODEL = {"swe-agent-claude35"}


def profiled(folder: Path) -> Profile:
    with ingest([str(folder)], Options(workers=1)) as intake:
        prices = price_book(intake, price_files=(), cache=None, today_ns=TODAY_NS)
        return profile(intake, prices, Asked())


def counted(corpus: str, folder: Path) -> Totals:
    totals: Totals = import_module(f"tests.truth.{corpus.replace('-', '_')}").count(folder)
    return totals


@pytest.mark.parametrize("corpus", CORPORA)
def test_totals_agree_with_the_independent_count(recorded: Callable[[str], Path], corpus: str) -> None:
    folder = recorded(corpus)
    found, expected = profiled(folder).totals, counted(corpus, folder)
    assert {name: getattr(found, name) for name in TOKENS} == {
        name: getattr(expected, name) for name in TOKENS
    }
    assert found.steps == expected.steps
    assert found.sessions == (found.sessions if expected.sessions is None else expected.sessions)
    if corpus not in UNNAMED_MODEL:
        tokens_usd = Decimal(found.cost_usd) - Decimal(found.server_tools_usd)
        assert abs(tokens_usd - (expected.cost_usd or 0)) < CENT


def test_the_claude_code_sessions_cost_what_they_cost(recorded: Callable[[str], Path]) -> None:
    totals = profiled(recorded("claude-code-sessions")).totals
    assert (totals.steps, totals.cost_usd) == (484, "15.94957825")


def test_every_recorded_corpus_is_tried(recorded: Callable[[str], Path]) -> None:
    there = {path.name for path in recorded("tau-bench").parent.iterdir() if path.is_dir()}
    assert there == set(CORPORA)
