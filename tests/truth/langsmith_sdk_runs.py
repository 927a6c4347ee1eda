"""Event streams that LangSmith's tests recorded: opencode sessions, and Anthropic's managed agents.

Each line is a list: a name and arguments. opencode tells a call's usage three times; the `step-finish` part
is counted, once per message. A managed agent's call is a `span.model_request_end`. Both exclude cached
tokens from input. opencode's title call (another model) left no usage and no message, so it is not in the
count.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.truth import Call, Charge, Totals, total
from tests.truth.files import files, lines


def count(folder: Path) -> Totals:
    """Return the totals of every stream below a folder, one session each."""
    paths = files(folder, "*.jsonl.gz")
    calls = []
    for path in paths:
        records = list(lines(path))
        calls += _opencode(records) if path.name.startswith("ses_") else _managed(records)
    return total(calls, sessions=len(paths))


def _opencode(records: list[Any]) -> list[Call]:
    properties = [record[1]["event"]["properties"] for record in records if record[0] == "event"]
    infos = {seen["info"]["id"]: seen["info"] for seen in properties if "info" in seen}
    finishes = {
        seen["part"]["messageID"]: seen["part"]["tokens"]
        for seen in properties
        if seen.get("part", {}).get("type") == "step-finish"
    }
    return [_opencode_call(infos[key], tokens) for key, tokens in finishes.items()]


def _opencode_call(info: Any, tokens: Any) -> Call:
    charge = Charge(
        model=info["modelID"],
        uncached=tokens["input"],
        read=tokens["cache"]["read"],
        write_other=tokens["cache"]["write"],
        output=tokens["output"] + tokens["reasoning"],
    )
    return Call(charges=(charge,), at=datetime.fromtimestamp(info["time"]["created"] / 1000, UTC))


def _managed(records: list[Any]) -> list[Call]:
    session = next(record[1] for record in records if record[0] == "client.beta.sessions.create")
    model = session["agent"]["model"]["id"]
    calls = []
    for event in (argument for record in records for argument in record[1:]):
        if isinstance(event, dict) and event.get("type") == "span.model_request_end":
            usage = event["model_usage"]
            charge = Charge(
                model=model,
                provider="anthropic",
                uncached=usage["input_tokens"],
                read=usage["cache_read_input_tokens"],
                write_other=usage["cache_creation_input_tokens"],
                output=usage["output_tokens"],
            )
            calls.append(Call(charges=(charge,), at=datetime.fromisoformat(event["processed_at"])))
    return calls
