"""OpenHands completion logs: one call a file, one session a folder.

`prompt_tokens` includes cached tokens; `raw_response` repeats `response`. LiteLLM's proxy prefixes the
model.
"""

from datetime import UTC, datetime
from pathlib import Path

from tests.truth import Call, Charge, Totals, total
from tests.truth.files import files, value


def count(folder: Path) -> Totals:
    """Return the totals of every log below a folder."""
    paths = files(folder, "*.json")
    calls = []
    for path in paths:
        log = value(path)
        usage = log["response"]["usage"]
        model = log["response"]["model"].removeprefix("litellm_proxy/")
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        charge = Charge(
            model=model,
            provider="anthropic" if model.startswith("claude") else "deepseek",
            uncached=usage["prompt_tokens"] - cached,
            read=cached,
            output=usage["completion_tokens"],
        )
        calls.append(Call(charges=(charge,), at=datetime.fromtimestamp(log["timestamp"], UTC)))
    return total(calls, sessions=len({path.parent for path in paths}))
