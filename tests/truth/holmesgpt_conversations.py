"""HolmesGPT conversations: one session a file, its assistant messages are calls. Usage was never recorded.

`token_count` on messages is the application's own estimate of their length.
"""

from pathlib import Path

from tests.truth import Call, Totals, total
from tests.truth.files import files, value


def count(folder: Path) -> Totals:
    """Return the number of sessions and calls."""
    paths = files(folder, "*.json.gz")
    calls = [Call() for path in paths for message in value(path) if message["role"] == "assistant"]
    return total(calls, sessions=len(paths))
