"""Claude Code's session store: one call is all the lines with one message id, its output the largest of
them.

A line holds one content block and repeats its call's usage. Input and cache counters never change within an
id; output grows as the stream goes on. Sub-agents have files of their own and carry their parent's
`sessionId`. `input_tokens` excludes cached tokens; writes without the split by TTL are of unknown TTL.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from tests.truth import Call, Charge, Totals, total
from tests.truth.files import files, lines


def count(folder: Path) -> Totals:
    """Return the totals of every session below a folder."""
    first: dict[str, Any] = {}
    output: dict[str, int] = {}
    sessions = set()
    for path in files(folder, "*.jsonl.gz"):
        for line in lines(path):
            if line["type"] != "assistant":
                continue
            message = line["message"]
            sessions.add(line["sessionId"])
            first.setdefault(message["id"], line)
            output[message["id"]] = max(output.get(message["id"], 0), message["usage"]["output_tokens"])
    return total((_call(first[key], output[key]) for key in first), sessions=len(sessions))


def _call(line: Any, output: int) -> Call:
    usage = line["message"]["usage"]
    ttl = usage.get("cache_creation", {})
    short, long = ttl.get("ephemeral_5m_input_tokens", 0), ttl.get("ephemeral_1h_input_tokens", 0)
    charge = Charge(
        model=line["message"]["model"],
        provider="anthropic",
        uncached=usage["input_tokens"],
        read=usage["cache_read_input_tokens"],
        write_5m=short,
        write_1h=long,
        write_other=usage["cache_creation_input_tokens"] - short - long,
        output=output,
    )
    return Call(charges=(charge,), at=datetime.fromisoformat(line["timestamp"]))
