"""AIOpsLab sessions: a `trace` of what the agent and the environment said. Usage was never recorded.

`results.in_tokens` is the benchmark's own estimate and is not used. The system prompt is not in the file.
A file without a `trace` is a summary of another one.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from farthing.errors import RecordError, WireError
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.traces.chat_log import ChatLog
from farthing.traces.source import Format, Item, Match, Note, Outcome, Sample, Skipped, Source
from farthing.wire.scan import decode

_SIGNS = (b'"problem_id"', b'"session_id"', b'"agent"')
_ROLES = {"env": "user"}


def recognise(sample: Sample) -> Match:
    return Match.LEAD if all(sign in sample.head for sign in _SIGNS) else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield a call for each assistant message, then the outcome."""
    try:
        record, _ = decode(_RECORD, source.document(), "session")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    if not record.trace:
        yield Note("a summary of a session, without its calls")
        return
    log = ChatLog()
    for said in record.trace:
        message = {"role": _ROLES.get(said.role, said.role), "content": said.content}
        answered = log.answer(msgspec.json.encode(message))
        if said.role == "assistant":
            step = Step(
                model="",
                session=record.session_id,
                turn=answered.turn,
                prefix=answered.prefix,
                recorded=Recorded.DELTA,
            )
            yield Span(step=step, usage_recorded=False, output_count=Output.MISSING, output=answered.output)
    yield Outcome(session=record.session_id, success=record.results.success is True)


class _Said(Struct):
    role: str = ""
    content: str | None = None


class _Results(Struct, frozen=True):
    success: bool | None = None


class _Record(Struct):
    session_id: str = ""
    trace: list[_Said] = []
    results: _Results = _Results()
    start_time: float | None = None


_RECORD = msgspec.json.Decoder(_Record)

FORMAT = Format(
    name="aiopslab",
    title="AIOpsLab session",
    recognise=recognise,
    read=read,
    priority=30,
)
