"""A format whose file is one document, after all others."""

from collections.abc import Iterator

from farthing.span import Span
from farthing.step import Step
from farthing.traces.source import Format, Item, Match, Sample, Source


def recognise(sample: Sample) -> Match:
    return Match.LEAD if sample.head.lstrip().startswith(b'{"whole"') else Match.NO


def read(source: Source) -> Iterator[Item]:
    size = len(source.document())
    yield Span(step=Step(model="toy-2", session=f"document of {size}"))


FORMAT = Format(name="whole", title="documents", recognise=recognise, read=read, priority=90)
