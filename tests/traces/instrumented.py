"""The agent that ran on every SDK (`tests/data/instrumented`), and what each of its steps must come to."""

from pathlib import Path

from farthing.prefix import links
from farthing.span import Span
from farthing.traces.source import Format
from farthing.usage import Usage, cache_writes
from tests.traces.file_source import FileSource
from tests.traces.sums import spans_of

HERE = Path(__file__).parents[1] / "data" / "instrumented"

ANTHROPIC = [
    Usage(
        uncached_input_tokens=14,
        cache_writes=cache_writes(five_minutes=1_000, one_hour=600),
        output_tokens=61,
    ),
    Usage(
        uncached_input_tokens=9,
        cache_read_input_tokens=1_600,
        cache_writes=cache_writes(five_minutes=75),
        output_tokens=33,
    ),
]
OPENAI = [
    Usage(uncached_input_tokens=1_620, output_tokens=61, reasoning_tokens=40),
    Usage(uncached_input_tokens=176, cache_read_input_tokens=1_536, output_tokens=33, reasoning_tokens=12),
]
QUESTION = [("tools", "get_weather"), ("system", ""), ("task", "")]
LOOKED_UP = [("tool_call", "get_weather"), ("tool_result", "get_weather")]
CLAUDES = [[*QUESTION], [*QUESTION, ("assistant", ""), *LOOKED_UP]]
GPTS = [[*QUESTION], [*QUESTION, *LOOKED_UP]]


def read(form: Format, name: str) -> list[Span]:
    return spans_of(form.read(FileSource.of(HERE / name)))


def usages(spans: list[Span]) -> list[Usage]:
    return [charge.usage for span in spans for charge in span.charges]


def shapes(spans: list[Span]) -> list[list[tuple[str, str]]]:
    """Return the context of each span as kinds and tools."""
    return [
        [(link.segment.kind.value, link.segment.name) for link in links(span.step.prefix)] for span in spans
    ]


def resends(before: Span, after: Span) -> bool:
    """Tell whether a step holds the one before it, and then that one's answer, block for block."""
    assert before.step.prefix is not None
    later = tuple(link.segment.digest for link in links(after.step.prefix, above=before.step.prefix.depth))
    sent = {link.digest for link in links(after.step.prefix)}
    answered = tuple(segment.digest for segment in before.output)
    return before.step.prefix.digest in sent and later[: len(answered)] == answered
