"""Tables of questions and which model got them right: no traces, so nothing to count."""

from pathlib import Path

from tests.truth import Totals, total
from tests.truth.files import files


def count(folder: Path) -> Totals:
    """Return empty totals, having seen that there is nothing but tables."""
    assert {path.suffixes[0] for path in files(folder, "*.gz")} == {".csv"}
    return total((), sessions=0)
