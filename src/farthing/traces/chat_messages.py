"""HolmesGPT conversations: one list of chat messages a file. Usage and model were never recorded.

`token_count` on a message is the application's own estimate of its length, and is not used.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from farthing.errors import RecordError, WireError
from farthing.span import Output, Span
from farthing.step import Recorded, Step
from farthing.traces.chat_log import ChatLog
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.wire.scan import decode, place_of


def recognise(sample: Sample) -> Match:
    """A list of messages, the first of which opens a conversation."""
    head = sample.head.lstrip()
    opens = head[:1] == b"[" and head[1:].lstrip()[:1] == b"{"
    found = opens and b'"role"' in head[:200_000] and b'"content"' in head and b'"task_id"' not in head
    return Match.LEAD if found and sample.name.endswith(".json") else Match.NO


def read(source: Source) -> Iterator[Item]:
    """Yield a call for each assistant message; the file is the session."""
    try:
        raws, document = decode(_MESSAGES, source.document(), "conversation")
    except (RecordError, WireError) as error:
        yield Skipped(0, str(error))
        return
    log = ChatLog()
    for raw in raws:
        base = place_of(raw, document).start
        try:
            is_answer = _ROLE.decode(raw).role == "assistant"
            answered = log.answer(raw, base=base)
        except (WireError, msgspec.DecodeError):
            yield Skipped(base, "the message does not follow the format")
            continue
        if is_answer:
            step = Step(
                model="",
                session=source.name,
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


class _Role(Struct):
    role: str = ""


_MESSAGES = msgspec.json.Decoder(list[Raw])
_ROLE = msgspec.json.Decoder(_Role)

FORMAT = Format(
    name="chat-messages",
    title="a list of chat messages, as HolmesGPT keeps",
    recognise=recognise,
    read=read,
    priority=80,
)
