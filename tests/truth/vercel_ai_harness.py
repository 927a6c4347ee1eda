"""Recordings of Claude Code, Codex and pi behind a gateway: the generating exchanges of each file.

A session is what Claude Code and Codex name in a header; pi names none, and each of its files is one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.truth import Totals, total
from tests.truth.exchanges import Exchange, calls
from tests.truth.files import files, value

SESSION = ("x-claude-code-session-id", "session_id")


def count(folder: Path) -> Totals:
    """Return the totals of every recording below a folder."""
    recorded = [(path, raw) for path in files(folder, "*.json.zst") for raw in value(path)["exchanges"]]
    sessions = {
        _session(path, raw["request"]["headers"]) for path, raw in recorded if "/v1/" in raw["request"]["url"]
    }
    return total(calls(_exchanges(recorded)), sessions=len(sessions))


def _session(path: Path, headers: Any) -> str:
    return next((headers[name] for name in SESSION if name in headers), path.name)


def _exchanges(recorded: list[tuple[Path, Any]]) -> Iterator[Exchange]:
    for _, raw in recorded:
        request, response = raw["request"], raw["response"]
        yield Exchange(
            method=request["method"],
            url=request["url"],
            request=None,
            status=response["status"],
            headers=response["headers"],
            body=response["body"]["value"].encode()
            if response["body"]["type"] == "text"
            else response["body"]["value"],
        )
