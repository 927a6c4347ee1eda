"""The reader of farthing's own tables: rows and spans are inverse, and a broken set is one skip."""

from collections.abc import Iterator, Mapping

import msgspec

from farthing.prefix import Chains
from farthing.segment import Segment, SegmentKind
from farthing.span import Span
from farthing.step import Breakpoint, Recorded, Step
from farthing.traces.canonical import FORMAT, charge_row, link_row, output_row, step_row
from farthing.traces.source import Match, Outcome, Sample, Skipped
from farthing.usage import Charge, Usage, cache_writes
from tests.traces.file_source import FileSource

SEGMENT = Segment(SegmentKind.TASK, "user", "", b"d" * 16, 7)
SPAN = Span(
    step=Step(
        model="claude-opus-5",
        session="s",
        agent="a",
        at_ns=12,
        prefix=Chains().of([SEGMENT]),
        recorded=Recorded.FULL,
        parameters=(("effort", "high"),),
        breakpoints=(Breakpoint(1, 300),),
    ),
    charges=(
        Charge(
            model="claude-opus-5",
            usage=Usage(
                uncached_input_tokens=1,
                cache_read_input_tokens=2,
                cache_writes=cache_writes(one_hour=3, unknown=4),
                output_tokens=5,
                server_tools=(("web_search", 6),),
            ),
            tier="batch",
        ),
    ),
    output=(SEGMENT,),
    attributes=(("user", "u"),),
)


class Tables(FileSource):
    """Tables in memory, as rows."""

    def __init__(self, name: str, tables: Mapping[str, list[msgspec.Struct]]) -> None:
        super().__init__(f"{name}.parquet", b"")
        self._table = name
        self._tables = tables

    def table(self) -> Iterator[Mapping[str, object]]:
        for row in self._tables[self._table]:
            yield msgspec.to_builtins(row, builtin_types=(bytes,))

    def beside(self, file_name: str) -> "Tables | None":
        name = file_name.removesuffix(".parquet")
        return Tables(name, self._tables) if name in self._tables else None


def tables() -> dict[str, list[msgspec.Struct]]:
    from farthing.traces.canonical import SessionRow  # noqa: PLC0415

    return {
        "steps": [step_row(1, "s", SPAN, link=1)],
        "links": [link_row(1, None, SEGMENT)],
        "charges": [charge_row(1, SPAN.charges[0])],
        "outputs": [output_row(1, SEGMENT)],
        "sessions": [SessionRow(session="s", success=True, score="1")],
    }


def test_a_span_survives_its_rows() -> None:
    span, outcome = FORMAT.read(Tables("steps", tables()))
    assert isinstance(span, Span)
    assert outcome == Outcome(session="s", success=True, score="1")
    assert span.step.prefix is not None
    assert SPAN.step.prefix is not None
    assert span.step.prefix.digest == SPAN.step.prefix.digest
    assert msgspec.structs.replace(span, step=SPAN.step) == SPAN
    assert msgspec.structs.replace(span.step, prefix=SPAN.step.prefix) == SPAN.step


def test_a_missing_table_and_a_lost_link_are_one_skip() -> None:
    for broken in ("links", "charges"):
        found = list(FORMAT.read(Tables("steps", {k: v for k, v in tables().items() if k != broken})))
        assert [type(item) for item in found] == [Skipped]
    found = list(FORMAT.read(Tables("steps", {**tables(), "links": []})))
    assert [type(item) for item in found] == [Skipped]


def test_the_steps_lead_and_the_other_tables_are_members() -> None:
    names = ["links.parquet", "steps.parquet"]
    lead = Sample("d/steps.parquet", b"PAR1", whole=False, neighbours=names, columns=["farthing_version"])
    member = Sample("d/links.parquet", b"PAR1", whole=False, neighbours=names, columns=["link", "parent"])
    other = Sample("d/links.parquet", b"PAR1", whole=False, neighbours=names, columns=["id"])
    assert [FORMAT.recognise(sample) for sample in (lead, member, other)] == [
        Match.LEAD,
        Match.MEMBER,
        Match.NO,
    ]
