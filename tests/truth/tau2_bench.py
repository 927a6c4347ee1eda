"""tau2-bench runs: calls of the agent, and calls of the model that plays the user.

`prompt_tokens` includes cached tokens and does not say how many. The recorded `cost` was worked out with
them, at list price, so they follow from it: on every message the number that explains the cost is whole
and, at OpenAI, a multiple of 128. The fixed greeting that opens a session is no call.
"""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.truth import Call, Charge, Totals, total
from tests.truth.files import files, value

# USD per million tokens: input, cached input, output. The rates that the runs' `cost` was worked out with.
RATES = {
    "gpt-4.1": (Decimal(2), Decimal("0.5"), Decimal(8)),
    "gpt-4.1-2025-04-14": (Decimal(2), Decimal("0.5"), Decimal(8)),
    "gpt-5.4": (Decimal("2.5"), Decimal("0.25"), Decimal(15)),
    "claude-opus-4-6": (Decimal(5), Decimal("0.5"), Decimal(25)),
    "claude-sonnet-4-5": (Decimal(3), Decimal("0.3"), Decimal(15)),
}
PROVIDERS = {"gpt": "openai", "claude": "anthropic"}


def count(folder: Path) -> Totals:
    """Return the totals of both models."""
    runs = [value(path) for path in files(folder, "*.json.gz")]
    calls = [call for run in runs for role in ("assistant", "user") for call in _calls(run, role)]
    return total(calls, sessions=sum(len(run["simulations"]) for run in runs))


def count_agent(folder: Path) -> Totals:
    """Return the totals of the agents alone."""
    return _count_role(folder, "assistant")


def count_simulated_user(folder: Path) -> Totals:
    """Return the totals of the models that play the user."""
    return _count_role(folder, "user")


def _count_role(folder: Path, role: str) -> Totals:
    runs = [value(path) for path in files(folder, "*.json.gz")]
    calls = [call for run in runs for call in _calls(run, role)]
    return total(calls, sessions=sum(len(run["simulations"]) for run in runs))


def _calls(run: Any, role: str) -> list[Call]:
    model = run["info"]["agent_info" if role == "assistant" else "user_info"]["llm"]
    return [
        _call(message, model)
        for session in run["simulations"]
        for message in session["messages"]
        if message["role"] == role and not _greeting(message)
    ]


def _greeting(message: Any) -> bool:
    return bool(message["role"] == "assistant" and message["turn_idx"] == 0 and message["usage"] is None)


def _call(message: Any, model: str) -> Call:
    at = datetime.fromisoformat(message["timestamp"]).replace(tzinfo=UTC)
    if message["usage"] is None:
        return Call(at=at)
    prompt, output = message["usage"]["prompt_tokens"], message["usage"]["completion_tokens"]
    cached = cached_tokens(model, prompt, output, Decimal(str(message["cost"])))
    charge = Charge(
        model=model,
        provider=PROVIDERS.get(model.partition("-")[0]),
        uncached=prompt - cached,
        read=cached,
        output=output,
    )
    return Call(charges=(charge,), at=at)


def cached_tokens(model: str, prompt: int, output: int, cost_usd: Decimal) -> int:
    """Return the cached part of a prompt that explains its recorded cost; 0 where no cost was recorded."""
    if model not in RATES:
        return 0
    plain, cheap, out = RATES[model]
    exact = (plain * prompt + out * output - cost_usd * 1_000_000) / (plain - cheap)
    cached = round(exact)
    assert abs(exact - cached) < Decimal("0.001")
    assert 0 <= cached <= prompt
    assert cached % 128 == 0 or not model.startswith("gpt")
    return cached
