"""tau-bench results: a list of sessions whose assistant messages are calls. Usage was never recorded."""

from pathlib import Path

from tests.truth import Call, Totals, total
from tests.truth.files import files, value


def count(folder: Path) -> Totals:
    """Return the number of sessions and of the agent's calls; the simulated user's are left out."""
    sessions = [session for path in files(folder, "*.json.gz") for session in value(path)]
    calls = [Call() for session in sessions for message in session["traj"] if message["role"] == "assistant"]
    return total(calls, sessions=len(sessions))
