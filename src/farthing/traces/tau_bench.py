"""tau-bench results: a list of customer-service sessions with their reward. Usage was never recorded.

Assistant messages are calls. The simulated user's calls left only their text, so they are not.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError, WireError
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.traces.chat_log import ChatLog
from farthing.traces.source import Format, Item, Match, Outcome, Sample, Skipped, Source
from farthing.wire.scan import decode, place_of


def recognise(sample: Sample) -> Match:
    found = sample.head.lstrip()[:1] == b"[" and b'"task_id"' in sample.head
    return Match.LEAD if found and (b'"traj"' in sample.head or b'"reward"' in sample.head) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield each session's calls, then its outcome."""
    try:
        raws, document = decode(_RESULTS, source.document(), "result file")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    run = source.name.rpartition("/")[2].partition(".json")[0]
    for raw in raws:
        offset = place_of(raw, document).start
        try:
            yield from _session(_RESULT.decode(raw), run, document)
        except (WireError, msgspec.DecodeError):
            yield Skipped(offset, "the session does not follow the format")


class _Result(Struct):
    traj: list[Raw]
    task_id: int | str = ""
    trial: int = 0
    reward: float = 0.0


class _Role(Struct):
    role: str = ""


_RESULTS = msgspec.json.Decoder(list[Raw])
_RESULT = msgspec.json.Decoder(_Result)
_ROLE = msgspec.json.Decoder(_Role)


def _session(result: _Result, run: str, document: bytes) -> Iterator[Item]:
    session = f"{run}/task {result.task_id}, trial {result.trial}"
    log = ChatLog()
    for raw in result.traj:
        base = place_of(raw, document).start
        if _ROLE.decode(raw).role != "assistant":
            log.hear(raw, base=base)
            continue
        answered = log.answer(raw, base=base)
        step = Step(
            model="",
            session=session,
            turn=answered.turn,
            prefix=answered.prefix,
            recorded=Recorded.DELTA,
        )
        yield Span(
            step=step,
            usage_recorded=False,
            output_count=Output.MISSING,
            output=answered.output,
            offset=base,
        )
    yield Outcome(session=session, success=result.reward >= 1, score=f"{result.reward:g}")


FORMAT = Format(
    name="tau-bench",
    title="tau-bench results",
    recognise=recognise,
    read=read,
    priority=30,
)
