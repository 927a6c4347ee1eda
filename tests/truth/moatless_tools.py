"""Moatless trajectories: one session a file, calls at `nodes[].completions`.

The two copies of `execute_action` under `observation` and `output` are the same call and are not read.
Usage is that of the raw Anthropic response (cached tokens excluded, writes without a TTL); the node's own
`usage` leaves reads out of the prompt and of the cost.
"""

from pathlib import Path

from tests.truth import Call, Charge, Totals, total
from tests.truth.files import files, value


def count(folder: Path) -> Totals:
    """Return the totals of every trajectory below a folder. Nothing is dated."""
    paths = files(folder, "*.trajectory.json.zst")
    calls = []
    for path in paths:
        for node in value(path)["nodes"]:
            for completion in node["completions"].values():
                response = completion["response"]
                usage = response["usage"]
                charge = Charge(
                    model=response["model"],
                    provider="anthropic",
                    uncached=usage["input_tokens"],
                    read=usage["cache_read_input_tokens"],
                    write_other=usage["cache_creation_input_tokens"],
                    output=usage["output_tokens"],
                )
                calls.append(Call(charges=(charge,)))
    return total(calls, sessions=len(paths))
