"""SWE-agent trajectories of the old kind: usage per session only, in `info.model_stats`.

`api_calls` is the number of calls that the tokens belong to; 16 of them left no step in `trajectory`. The
model is named nowhere in the files: it is the claude-3.5-sonnet of the published run (20240620).
"""

from decimal import Decimal
from pathlib import Path

from tests.truth import Charge, Totals, price
from tests.truth.files import files, value


def count(folder: Path) -> Totals:
    """Return the sums of the sessions' own statistics. Nothing is dated, nothing is said of caches."""
    stats = [value(path)["info"]["model_stats"] for path in files(folder, "*.traj.zst")]
    sent = sum(session["tokens_sent"] for session in stats)
    received = sum(session["tokens_received"] for session in stats)
    charge = Charge(model="claude-3-5-sonnet-20240620", provider="anthropic", uncached=sent, output=received)
    return Totals(
        sessions=len(stats),
        steps=sum(session["api_calls"] for session in stats),
        uncached_input_tokens=sent,
        output_tokens=received,
        cost_usd=price(charge, None),
    )


def recorded_steps(folder: Path) -> int:
    """Return how many steps are written out in the trajectories."""
    return sum(len(value(path)["trajectory"]) for path in files(folder, "*.traj.zst"))


def recorded_usd(folder: Path) -> Decimal:
    """Return the sum of the costs that the sessions recorded."""
    paths = files(folder, "*.traj.zst")
    return sum(
        (Decimal(str(value(path)["info"]["model_stats"]["instance_cost"])) for path in paths), Decimal(0)
    )
