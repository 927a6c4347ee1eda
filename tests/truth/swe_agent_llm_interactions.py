"""Logs of an agent's requests and responses, alternating and joined by their place alone.

A call is a request; the response that follows it carries the usage, and its model is the one that answered.
Requests that nothing followed are calls of which nobody knows the usage. `completion_tokens` is often 0
here although the answer has text, so output is at least what is counted.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.truth import Call, Charge, Totals, total
from tests.truth.files import files, lines


def count(folder: Path) -> Totals:
    """Return the totals of every log below a folder. Sessions have no names."""
    calls = []
    for path in files(folder, "*.jsonl.gz"):
        log = list(lines(path))
        for here, after in zip(log, [*log[1:], None], strict=True):
            if here["type"] == "request":
                answered = after is not None and after["type"] == "response"
                calls.append(_call(after["response"]) if answered else Call())
    return total(calls, sessions=None)


def _call(response: Any) -> Call:
    usage = response["usage"]
    charge = Charge(
        model=response["model"],
        provider="openai",
        uncached=usage["prompt_tokens"],
        output=usage["completion_tokens"],
    )
    return Call(charges=(charge,), at=datetime.fromtimestamp(response["created"], UTC))
