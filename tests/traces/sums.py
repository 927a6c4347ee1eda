"""What a reader's spans add up to, in the names of `tests.truth.Totals`, so that the two can be compared."""

from collections.abc import Iterable
from pathlib import Path

from farthing.span import Span
from farthing.traces.source import Format, Item
from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S
from tests.traces.file_source import FileSource
from tests.truth import Totals

COUNTS = (
    "steps",
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
    "cache_creation_other_input_tokens",
    "output_tokens",
)


def items_of(form: Format, path: Path) -> list[Item]:
    """Return all that a format reads in one file."""
    return list(form.read(FileSource.of(path)))


def spans_of(items: Iterable[Item]) -> list[Span]:
    return [item for item in items if isinstance(item, Span)]


def others_of(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if not isinstance(item, Span)]


def sums(spans: Iterable[Span]) -> dict[str, int]:
    """Return the calls and tokens of the spans."""
    found = dict.fromkeys(COUNTS, 0)
    for span in spans:
        found["steps"] += 1
        for charge in span.charges:
            usage = charge.usage
            short, long = usage.written_for(FIVE_MINUTES_S), usage.written_for(ONE_HOUR_S)
            found["uncached_input_tokens"] += usage.uncached_input_tokens
            found["cache_read_input_tokens"] += usage.cache_read_input_tokens
            found["cache_creation_5m_input_tokens"] += short
            found["cache_creation_1h_input_tokens"] += long
            found["cache_creation_other_input_tokens"] += usage.cache_creation_input_tokens - short - long
            found["output_tokens"] += usage.output_tokens
    return found


def counted(totals: Totals) -> dict[str, int]:
    """Return the same numbers from an independent count."""
    return {name: getattr(totals, name) for name in COUNTS}
