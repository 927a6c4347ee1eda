"""Two OTLP spans that a test wrote. No span has a `gen_ai.*` attribute, so there is no call."""

from pathlib import Path

from tests.truth import Call, Totals, total
from tests.truth.files import files, lines


def count(folder: Path) -> Totals:
    """Return the number of spans that are model calls: none of them may carry usage unseen."""
    spans = [
        span
        for path in files(folder, "*.json")
        for line in lines(path)
        for resource in line["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    names = [attribute["key"] for span in spans for attribute in span["attributes"]]
    calls = [Call() for name in names if name.startswith("gen_ai.")]
    return total(calls, sessions=0)
