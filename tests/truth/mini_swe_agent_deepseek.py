"""mini-swe-agent trajectories: one session a file, one call per message that keeps its response.

DeepSeek's `prompt_tokens` is the sum of cache hits and misses.
"""

from datetime import UTC, datetime
from pathlib import Path

from tests.truth import Call, Charge, Totals, total
from tests.truth.files import files, value


def count(folder: Path) -> Totals:
    """Return the totals of every trajectory below a folder."""
    paths = files(folder, "*.traj.json.zst")
    calls = []
    for path in paths:
        for message in value(path)["messages"]:
            response = message.get("extra", {}).get("response")
            if response is None:
                continue
            usage = response["usage"]
            charge = Charge(
                model=response["model"],
                provider="deepseek",
                uncached=usage["prompt_cache_miss_tokens"],
                read=usage["prompt_cache_hit_tokens"],
                output=usage["completion_tokens"],
            )
            at = datetime.fromtimestamp(message["extra"]["timestamp"], UTC)
            calls.append(Call(charges=(charge,), at=at))
    return total(calls, sessions=len(paths))
