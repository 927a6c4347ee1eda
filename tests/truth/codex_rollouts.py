"""Codex rollouts: one call per `token_count` whose running total differs from the one before.

A total that did not change is the same call reported again. Input includes cached tokens, output includes
reasoning. The model is that of the last `turn_context`.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from tests.truth import Call, Charge, Totals, total
from tests.truth.files import files, lines


def count(folder: Path) -> Totals:
    """Return the totals of every rollout below a folder."""
    paths = files(folder, "rollout-*.jsonl.gz")
    return total((call for path in paths for call in _calls(path)), sessions=len(paths))


def _calls(path: Path) -> list[Call]:
    calls: list[Call] = []
    before: Any = None
    model = ""
    for line in lines(path):
        payload = line["payload"]
        if line["type"] == "turn_context":
            model = payload["model"]
        info = payload.get("info") if payload.get("type") == "token_count" else None
        if info is None or info["total_token_usage"] == before:
            continue
        before = info["total_token_usage"]
        usage = info["last_token_usage"]
        charge = Charge(
            model=model,
            provider="openai",
            uncached=usage["input_tokens"] - usage["cached_input_tokens"],
            read=usage["cached_input_tokens"],
            output=usage["output_tokens"],
        )
        calls.append(Call(charges=(charge,), at=datetime.fromisoformat(line["timestamp"])))
    return calls
