"""Sessions of the pi coding agent: one call per assistant message with a counter above zero.

Messages without any (aborted before the answer began, or refused by the provider) were not billed. `input`
excludes cached tokens; writes have no TTL.
"""

from datetime import datetime
from pathlib import Path

from tests.truth import Call, Charge, Totals, total
from tests.truth.files import files, lines

COUNTERS = ("input", "cacheRead", "cacheWrite", "output")


def count(folder: Path) -> Totals:
    """Return the totals of every session below a folder."""
    paths = files(folder, "*.jsonl.gz")
    calls = []
    for path in paths:
        for line in lines(path):
            message = line.get("message", {})
            if message.get("role") != "assistant" or not any(message["usage"][key] for key in COUNTERS):
                continue
            usage = message["usage"]
            charge = Charge(
                model=message["model"],
                provider=message["provider"],
                uncached=usage["input"],
                read=usage["cacheRead"],
                write_other=usage["cacheWrite"],
                output=usage["output"],
            )
            calls.append(Call(charges=(charge,), at=datetime.fromisoformat(line["timestamp"])))
    return total(calls, sessions=len(paths))
