"""A trace format made up for tests: each line says what its call was.

    {"toy": 1, "session": "s", "at": 5, "words": ["sys", "task"], "says": ["call"], "out": 7, "id": "r1"}

`words` is the context, a segment each; `task` and what begins with it is the user's first text. A `do`
makes the reader misbehave.
"""

import os
import signal
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from farthing.prefix import Chains
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.span import Span
from farthing.step import Recorded, Step
from farthing.traces.source import (
    Dropped,
    Format,
    Item,
    Line,
    Match,
    Note,
    Outcome,
    Sample,
    Skipped,
    Source,
)
from farthing.usage import Charge, Usage


class Toy(Struct):
    toy: int
    session: str = ""
    account: str = ""
    at: int | None = None
    words: list[str] = []
    says: list[str] = []
    out: int = 0
    id: str = ""
    replayed: bool = False
    do: str = ""


def recognise(sample: Sample) -> Match:
    if sample.name.endswith(".member"):
        return Match.MEMBER
    return Match.LEAD if sample.head.lstrip().startswith(b'{"toy"') else Match.NO


def read(source: Source) -> Iterator[Item]:
    chains = Chains()
    for line in source.lines():
        try:
            toy = msgspec.json.decode(line.data, type=Toy)
        except msgspec.DecodeError:
            yield Skipped(line.offset, "is damaged; export it again")
            continue
        yield from misbehave(toy.do, source) if toy.do else [span(toy, line, chains)]


def span(toy: Toy, line: Line, chains: Chains) -> Span:
    words = [segment(word, line) for word in toy.words]
    usage = Usage(uncached_input_tokens=sum(word.size for word in words), output_tokens=toy.out)
    return Span(
        step=Step(
            model="toy-1",
            session=toy.session,
            account=toy.account,
            at_ns=toy.at,
            prefix=chains.of(words),
            recorded=Recorded.FULL,
        ),
        charges=(Charge(model="toy-1", usage=usage),),
        output=tuple(segment(word, line) for word in toy.says),
        response_id=toy.id,
        replayed=toy.replayed,
        usage_rule="toys count every letter",
        offset=line.offset,
        attributes=(("feature", "test"),),
    )


def segment(word: str, line: Line) -> Segment:
    kind, role = SegmentKind.TOOL_RESULT, "user"
    for start, its_kind, its_role in (
        ("tool", SegmentKind.TOOLS, ""),
        ("sys", SegmentKind.SYSTEM, "system"),
        ("task", SegmentKind.TASK, "user"),
        ("call", SegmentKind.TOOL_CALL, "assistant"),
    ):
        if word.startswith(start):
            kind, role = its_kind, its_role
    content = word.encode()
    place = line.data.find(content)
    return Segment(
        kind, role, "shell", digest_block(kind, role, content), len(word), line.offset + place, len(word)
    )


def misbehave(what: str, source: Source) -> Iterator[Item]:
    match what:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise KeyError("a secret prompt")
        case "note":
            yield Note("is a toy")
        case "drop":
            yield Dropped("a toy's own rule", 3)
        case "succeed":
            yield Outcome("s", success=True, score="0.5")
        case "huge":
            yield Span(step=Step(model="toy-1", at_ns=2**70))
        case "half":
            yield Span(step=Step(model="toy-1", session="\ud83d"))
        case "beside":
            partner = source.beside("partner.json")
            yield Note(f"partner: {partner.document().decode() if partner else 'none'}")
        case _:
            raise AssertionError(what)


FORMAT = Format(name="toy", title="toys", recognise=recognise, read=read, splittable=True)
