"""Langfuse exports: one session a trace, one call per innermost GENERATION that has a request.

Frameworks nest a generation in another for the same call, and one trace is exported twice: each call is
counted once, by observation id. BeeAI writes a call as `start`, `success` and `finish`; only `start` has
the request. `usageDetails` are disjoint. They are the provider's only where the span reported usage: an
OpenTelemetry span (it has `attributes`) without any counter among them got its numbers from Langfuse's own
tokenizer, and those are counted apart.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.truth import Call, Charge, Totals, total
from tests.truth.files import files, value

OUTPUT = ("output", "output_reasoning", "output_audio")
CACHED = ("input_cache_read", "prompt_details.cache_read")


def count(folder: Path) -> Totals:
    """Return the totals of what providers reported; other calls are calls without usage."""
    calls = _generations(folder)
    return total((_call(seen) if _reported(seen) else Call() for seen in calls), sessions=_sessions(calls))


def count_guesses(folder: Path) -> Totals:
    """Return the totals of the calls whose numbers are Langfuse's own guess."""
    calls = [seen for seen in _generations(folder) if not _reported(seen)]
    return total((_call(seen) for seen in calls), sessions=_sessions(calls))


def _sessions(calls: list[Any]) -> int:
    """A trace belongs to the session that it names (two traces here name one); otherwise it is one."""
    return len({seen["session"] or seen["traceId"] for seen in calls})


def _generations(folder: Path) -> list[Any]:
    seen = {}
    for path in files(folder, "*.trace.json"):
        document = value(path)
        for observation in document["observations"]:
            session = document["trace"]["sessionId"]
            seen[observation["traceId"], observation["id"]] = {**observation, "session": session}
    generations = [each for each in seen.values() if each["type"] == "GENERATION" and each["input"]]
    parents = {each["parentObservationId"] for each in generations}
    return [each for each in generations if each["id"] not in parents]


def _reported(observation: Any) -> bool:
    metadata = observation["metadata"]
    if isinstance(metadata, str):
        metadata = json.loads(metadata)
    attributes = metadata.get("attributes")
    return attributes is None or any("usage" in name or "token_count" in name for name in attributes)


def _call(observation: Any) -> Call:
    usage = observation["usageDetails"]
    charge = Charge(
        model=observation["model"],
        uncached=usage["input"],
        read=sum(usage.get(key, 0) for key in CACHED),
        output=sum(usage.get(key, 0) for key in OUTPUT),
    )
    return Call(charges=(charge,), at=datetime.fromisoformat(observation["startTime"]))
