"""The independent counts themselves: the numbers they found, and their agreement with what the data recorded.

A change of the data or of a count shows here first. Where a source recorded totals of its own, they are held
against the count; where they disagree, the test says by how much and why.
"""

import ast
import importlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.truth import Charge, Totals, price, tau2_bench
from tests.truth import langfuse_framework_traces as langfuse
from tests.truth import swe_agent_claude35 as swe_agent
from tests.truth.cassettes import exchanges
from tests.truth.exchanges import calls, records
from tests.truth.files import files, lines, value
from tests.truth.replies import chat

Recorded = Callable[[str], Path]

FOUND = {
    "aiopslab-static-rca": Totals(
        sessions=2,
        steps=56,
        calls_without_usage=56,
    ),
    "claude-code-sessions": Totals(
        sessions=30,
        steps=484,
        uncached_input_tokens=47_240,
        cache_read_input_tokens=18_599_233,
        cache_creation_5m_input_tokens=583_943,
        cache_creation_other_input_tokens=686_766,
        output_tokens=87_714,
        cost_usd=Decimal("15.94957825"),
    ),
    "codex-rollouts": Totals(
        sessions=1,
        steps=39,
        uncached_input_tokens=71_933,
        cache_read_input_tokens=1_027_328,
        output_tokens=22_305,
        cost_usd=Decimal("0.44138225"),
    ),
    "holmesgpt-conversations": Totals(
        sessions=6,
        steps=109,
        calls_without_usage=109,
    ),
    "langfuse-framework-traces": Totals(
        sessions=10,
        steps=23,
        uncached_input_tokens=2_944,
        output_tokens=1_030,
        calls_without_usage=7,
        cost_usd=Decimal("0.0051388"),
    ),
    "langsmith-sdk-runs": Totals(
        sessions=6,
        steps=20,
        uncached_input_tokens=14_634,
        cache_read_input_tokens=193_082,
        cache_creation_other_input_tokens=28_336,
        output_tokens=2_144,
        unpriced_steps=11,
        cost_usd=Decimal("0.21490665"),
    ),
    "mini-swe-agent-deepseek": Totals(
        sessions=99,
        steps=7_924,
        uncached_input_tokens=3_406_983,
        cache_read_input_tokens=172_823_680,
        output_tokens=1_814_942,
        cost_usd=Decimal("6.55529392"),
    ),
    "moatless-tools": Totals(
        sessions=136,
        steps=1_716,
        uncached_input_tokens=2_961_905,
        cache_read_input_tokens=18_061_833,
        cache_creation_other_input_tokens=3_962_152,
        output_tokens=702_930,
        cost_usd=Decimal("39.7062849"),
    ),
    "open-agent-traces": Totals(
        sessions=0,
    ),
    "openhands-sdk-llm-logs": Totals(
        sessions=2,
        steps=10,
        uncached_input_tokens=36_634,
        cache_read_input_tokens=33_792,
        output_tokens=1_106,
        cost_usd=Decimal("0.11985563"),
    ),
    "openllmetry-cassettes": Totals(
        sessions=None,
        steps=362,
        uncached_input_tokens=27_877,
        cache_read_input_tokens=33_415,
        cache_creation_other_input_tokens=22_791,
        output_tokens=28_869,
        calls_without_usage=41,
        unpriced_steps=10,
        cost_usd=Decimal("0.2814715"),
    ),
    "otel-python-contrib-cassettes": Totals(
        sessions=None,
        steps=141,
        uncached_input_tokens=16_008,
        output_tokens=28_510,
        calls_without_usage=2,
        unpriced_steps=17,
        cost_usd=Decimal("0.126899045"),
    ),
    "pi-coding-agent-sessions": Totals(
        sessions=2,
        steps=910,
        uncached_input_tokens=4_738,
        cache_read_input_tokens=97_923_144,
        cache_creation_other_input_tokens=5_981_552,
        output_tokens=271_051,
        cost_usd=Decimal("72.9261052"),
    ),
    "pydantic-ai-cassettes": Totals(
        sessions=None,
        steps=408,
        uncached_input_tokens=263_337,
        cache_read_input_tokens=109_708,
        cache_creation_5m_input_tokens=3_745,
        cache_creation_other_input_tokens=22_139,
        output_tokens=49_921,
        calls_without_usage=1,
        unpriced_steps=10,
        cost_usd=Decimal("1.086891355"),
    ),
    "routellm": Totals(
        sessions=0,
    ),
    "swe-agent-claude35": Totals(
        sessions=120,
        steps=3_876,
        uncached_input_tokens=62_232_689,
        output_tokens=627_623,
        cost_usd=Decimal("196.112412"),
    ),
    "swe-agent-llm-interactions": Totals(
        sessions=None,
        steps=100,
        uncached_input_tokens=230_430,
        output_tokens=7_425,
        calls_without_usage=5,
        cost_usd=Decimal("0.1121209"),
    ),
    "tau-bench": Totals(
        sessions=200,
        steps=2_454,
        calls_without_usage=2_454,
    ),
    "tau2-bench": Totals(
        sessions=390,
        steps=7_875,
        uncached_input_tokens=15_695_454,
        cache_read_input_tokens=18_107_136,
        output_tokens=662_494,
        calls_without_usage=887,
        unpriced_steps=732,
        cost_usd=Decimal("51.993136244"),
    ),
    "vercel-ai-harness": Totals(
        sessions=21,
        steps=34,
        uncached_input_tokens=37_003,
        cache_read_input_tokens=221_813,
        cache_creation_5m_input_tokens=61_172,
        output_tokens=1_579,
        cost_usd=Decimal("0.37776365"),
    ),
    "vercel-ai-provider-fixtures": Totals(
        sessions=None,
        steps=204,
        uncached_input_tokens=1_705_346,
        cache_read_input_tokens=36_932,
        cache_creation_5m_input_tokens=3_068,
        cache_creation_other_input_tokens=269,
        output_tokens=95_083,
        calls_without_usage=8,
        unpriced_steps=19,
        cost_usd=Decimal("10.246573695"),
    ),
}


def counted(source: str, folder: Path) -> Totals:
    module = importlib.import_module(f"tests.truth.{source.replace('-', '_')}")
    totals = module.count(folder)
    assert isinstance(totals, Totals)
    return totals


@pytest.mark.parametrize("source", FOUND)
def test_a_folder_holds_what_was_found_in_it(source: str, recorded: Recorded) -> None:
    assert replace(counted(source, recorded(source)), by_model={}) == FOUND[source]


def test_every_folder_of_recorded_traces_is_counted(recorded: Recorded) -> None:
    corpora = recorded("claude-code-sessions").parent
    assert {path.name for path in corpora.iterdir() if path.is_dir()} == set(FOUND)


@pytest.mark.parametrize("source", ["claude-code-sessions", "vercel-ai-provider-fixtures", "tau2-bench"])
def test_models_sum_to_the_whole(source: str, recorded: Recorded) -> None:
    totals = counted(source, recorded(source))
    parts = totals.by_model.values()
    assert sum(part.output_tokens for part in parts) == totals.output_tokens
    assert sum(part.uncached_input_tokens for part in parts) == totals.uncached_input_tokens
    assert sum(part.cost_usd or 0 for part in parts) == totals.cost_usd


def test_the_counts_know_nothing_of_the_package_they_judge() -> None:
    for path in files(Path(__file__).parent / "truth", "*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.partition(".")[0] == "farthing"], path


def test_one_hour_writes_cost_twice_the_input_and_reads_a_tenth() -> None:
    written = Charge(model="claude-haiku-4-5", provider="anthropic", write_1h=1_000_000)
    assert price(written, None) == 2
    assert price(replace(written, write_1h=0, write_other=1_000_000), None) == Decimal("1.25")
    assert price(replace(written, write_1h=0, read=1_000_000), None) == Decimal("0.1")
    assert price(Charge(model="nobody-sells-this", uncached=1), None) is None


def test_claude_code_counts_every_id_once_and_its_largest_output(recorded: Recorded) -> None:
    first: dict[str, int] = {}
    for path in files(recorded("claude-code-sessions"), "*.jsonl.gz"):
        for line in lines(path):
            if line["type"] == "assistant":
                first.setdefault(line["message"]["id"], line["message"]["usage"]["output_tokens"])
    assert len(first) == 484
    assert sum(first.values()) == 67_887  # 19,827 tokens would be lost with the first line of an id


def test_codex_totals_are_the_last_running_total(recorded: Recorded) -> None:
    (path,) = files(recorded("codex-rollouts"), "*.jsonl.gz")
    infos = [line["payload"]["info"] for line in lines(path) if line["payload"].get("info")]
    final, found = infos[-1]["total_token_usage"], FOUND["codex-rollouts"]
    assert final["cached_input_tokens"] == found.cache_read_input_tokens
    assert final["input_tokens"] == found.cache_read_input_tokens + found.uncached_input_tokens
    assert final["output_tokens"] == found.output_tokens
    assert (len(infos), found.steps) == (78, 39)  # each total was told twice


def test_pi_recorded_the_same_cost(recorded: Recorded) -> None:
    paths = files(recorded("pi-coding-agent-sessions"), "*.jsonl.gz")
    messages = [line["message"] for path in paths for line in lines(path) if line["type"] == "message"]
    costs = [message["usage"]["cost"]["total"] for message in messages if message["role"] == "assistant"]
    assert len(costs) == 937  # 27 of them cost nothing: cut off before the answer began, or refused
    assert to_dollars(costs) == pytest.approx(FOUND["pi-coding-agent-sessions"].cost_usd, abs=Decimal("1e-9"))


def test_mini_swe_agent_recorded_the_same_cost_and_one_more_call(recorded: Recorded) -> None:
    paths = files(recorded("mini-swe-agent-deepseek"), "*.traj.json.zst")
    stats = [value(path)["info"]["model_stats"] for path in paths]
    found = FOUND["mini-swe-agent-deepseek"]
    assert to_dollars(session["instance_cost"] for session in stats) == pytest.approx(found.cost_usd)
    assert sum(session["api_calls"] for session in stats) == found.steps + 1  # a call without an answer


def test_swe_agent_recorded_the_same_cost_and_fewer_steps(recorded: Recorded) -> None:
    folder, found = recorded("swe-agent-claude35"), FOUND["swe-agent-claude35"]
    assert swe_agent.recorded_usd(folder) == pytest.approx(found.cost_usd, abs=Decimal("1e-9"))
    assert swe_agent.recorded_steps(folder) == found.steps - 16


def test_moatless_recorded_a_cost_without_reads_and_at_plain_price_for_writes(recorded: Recorded) -> None:
    nodes = [
        node
        for path in files(recorded("moatless-tools"), "*.trajectory.json.zst")
        for node in value(path)["nodes"]
    ]
    found, told = FOUND["moatless-tools"], []
    for node in nodes:
        told += [completion["usage"] for completion in node["completions"].values()]
        for copy in ("observation", "output"):
            copied = (node.get(copy) or {}).get("execution_completion")
            assert copied == node["completions"].get("execute_action")
    prompt = found.uncached_input_tokens + found.cache_creation_other_input_tokens
    assert len(told) == found.steps
    assert sum(usage["prompt_tokens"] for usage in told) == prompt
    assert sum(usage["cached_tokens"] for usage in told) == found.cache_read_input_tokens
    cost = to_dollars(usage["completion_cost"] for usage in told)
    assert cost == pytest.approx(Decimal(3 * prompt + 15 * found.output_tokens) / 1_000_000)
    assert round(cost, 2) == Decimal("31.32")  # of 39.71


def test_tau2_recorded_the_same_costs_for_agent_and_user(recorded: Recorded) -> None:
    folder = recorded("tau2-bench")
    sessions = [session for path in files(folder, "*.json.gz") for session in value(path)["simulations"]]
    agent, user = tau2_bench.count_agent(folder), tau2_bench.count_simulated_user(folder)
    assert (agent.steps, agent.calls_without_usage, user.steps) == (4_893, 887, 2_982)
    assert to_dollars(session["agent_cost"] or 0 for session in sessions) == pytest.approx(agent.cost_usd)
    # The run on gpt-oss-120b recorded no cost; the table sells it for two cents.
    unsaid = user.by_model["openai/gpt-oss-120b"].cost_usd
    assert user.cost_usd is not None
    assert unsaid is not None
    assert to_dollars(session["user_cost"] or 0 for session in sessions) == pytest.approx(
        user.cost_usd - unsaid
    )


def test_openhands_recorded_the_day_price_at_night(recorded: Recorded) -> None:
    folder = recorded("openhands-sdk-llm-logs")
    totals = counted("openhands-sdk-llm-logs", folder).by_model
    told = {"claude": Decimal(0), "deepseek": Decimal(0)}
    for path in files(folder, "*.json"):
        told["claude" if "claude" in path.name else "deepseek"] += Decimal(
            str(round(value(path)["cost"], 12))
        )
    assert told["claude"] == totals["claude-sonnet-4-20250514"].cost_usd
    # Half price from 16:30 to 00:30 UTC, until 2025-09-05; LiteLLM knew the day's rates only.
    night = totals["deepseek-chat"].cost_usd
    assert night is not None
    assert told["deepseek"] == 2 * night


def test_langfuse_guesses_are_not_what_the_provider_counted(recorded: Recorded) -> None:
    folder = recorded("langfuse-framework-traces")
    guesses = langfuse.count_guesses(folder)
    assert (guesses.steps, guesses.uncached_input_tokens, guesses.output_tokens) == (7, 5_576, 232)
    agno = value(folder / "agno-2025-06-11.trace.json")["observations"]
    outer = [seen for seen in agno if seen["name"] == "OpenAIChat.invoke"]
    told = [json.loads(twice)["usage"] for twice in (unquoted(seen["output"]) for seen in outer)]
    assert sorted(usage["prompt_tokens"] for usage in told) == [163, 663]
    assert sorted(seen["usageDetails"]["input"] for seen in outer) == [542, 1568]


def test_opencode_totals_are_the_sum_of_their_parts(recorded: Recorded) -> None:
    for path in files(recorded("langsmith-sdk-runs"), "ses_*.jsonl.gz"):
        for part in step_finishes(path):
            tokens = part["tokens"]
            parts = (tokens["input"], tokens["output"], tokens["reasoning"], *tokens["cache"].values())
            assert tokens["total"] == sum(parts)


def test_bedrock_and_gemini_totals_are_the_sum_of_disjoint_parts(recorded: Recorded) -> None:
    seen = 0
    for source in ("pydantic-ai-cassettes", "openllmetry-cassettes", "otel-python-contrib-cassettes"):
        for exchange in exchanges(recorded(source)):
            if exchange.status >= 300 or not COUNTED_IN_PARTS.search(exchange.url):
                continue
            for usage in usages(records(exchange)):
                told, parts = parts_of(usage)
                assert told == sum(parts), exchange.url
                seen += 1
    assert seen == 239


def test_openrouter_charged_what_anthropic_lists(recorded: Recorded) -> None:
    agreed = 0
    for exchange in exchanges(recorded("pydantic-ai-cassettes")):
        answer = records(exchange) if "openrouter.ai/api/v1/chat" in exchange.url else []
        for reply in chat(answer, "openrouter"):
            if reply.charges and reply.charges[0].model.startswith("anthropic/"):
                usage = [record["usage"] for record in answer if record.get("usage")][-1]
                assert price(reply.charges[0], reply.at) == Decimal(str(usage["cost"]))
                agreed += 1
    assert agreed == 3


def test_a_copied_cassette_adds_nothing(recorded: Recorded) -> None:
    once = list(exchanges(recorded("openllmetry-cassettes")))
    distinct = calls(once)
    with_ids = [call for call in distinct if call.charges]
    assert len(calls([*once, *once])) == len(distinct)
    assert len(with_ids) == 321


def to_dollars(amounts: Any) -> Decimal:
    return sum((Decimal(str(amount)) for amount in amounts), Decimal(0))


def unquoted(text: str) -> str:
    inner = json.loads(text)
    return inner if isinstance(inner, str) else text


def step_finishes(path: Path) -> Iterator[Any]:
    for record in lines(path):
        part = record[1]["event"]["properties"].get("part", {}) if record[0] == "event" else {}
        if part.get("type") == "step-finish":
            yield part


def usages(answer: list[Any]) -> Iterator[Any]:
    for record in answer:
        for name in ("usage", "usageMetadata"):
            usage = record.get(name, {}) if isinstance(record, dict) else {}
            if {"totalTokens", "totalTokenCount"} & set(usage) and len(usage) > 1:
                yield usage


def parts_of(usage: Any) -> tuple[int, list[int]]:
    """Return the told total and its parts: cached input is its own part at Bedrock, and inside at Gemini."""
    if "totalTokens" in usage:
        return usage["totalTokens"], [usage.get(name, 0) for name in ("inputTokens", "outputTokens", *CACHED)]
    return usage["totalTokenCount"], [usage.get(name, 0) for name in GEMINI_PARTS]


COUNTED_IN_PARTS = re.compile(r"amazonaws\.com/model/|googleapis\.com/.*enerateContent")
CACHED = ("cacheReadInputTokenCount", "cacheWriteInputTokenCount")
GEMINI_PARTS = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount")
