"""AIOpsLab sessions: the assistant messages of `trace` are calls. Usage was never recorded.

`results.in_tokens` is the benchmark's estimate. The file without a `trace` is a summary of one of the
sessions.
"""

from pathlib import Path

from tests.truth import Call, Totals, total
from tests.truth.files import files, value


def count(folder: Path) -> Totals:
    """Return the number of sessions and calls."""
    records = [value(path) for path in files(folder, "*.json.gz")]
    sessions = [record for record in records if "trace" in record]
    calls = [Call() for session in sessions for message in session["trace"] if message["role"] == "assistant"]
    return total(calls, sessions=len(sessions))
