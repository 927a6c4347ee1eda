"""What Gemini's Interactions API answers, whole or streamed: counts, and the steps that the model took.

The counts are disjoint but for the cache: thoughts are not in the output, what Google's own tools fetched is
not in the input, cached tokens are (ai.google.dev, interactions, 2026-10; recorded totals add up so). A
stream ends with the interaction as a whole, without its steps.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import Raw, Struct

from farthing.segment import Segment, SegmentKind, digest_block
from farthing.usage import Charge, Usage
from farthing.wire.fields import ABSENT, failure, is_given, items, members, string, tokens
from farthing.wire.message import Response
from farthing.wire.scan import compact, decode, text
from farthing.wire.sse import Event, EventStream

# By how the type of a step ends: function_call, google_search_call, google_search_result, …
_KINDS = {
    "thought": SegmentKind.REASONING,
    "_call": SegmentKind.TOOL_CALL,
    "_result": SegmentKind.TOOL_RESULT,
}
_OF_TOOLS = (SegmentKind.TOOL_CALL, SegmentKind.TOOL_RESULT)
_STANDARD = "standard"


class Interaction(Struct):
    """A response body; or how a stream begins and ends, without the steps."""

    id: str | None = None
    model: str | None = None
    status: str | None = None
    usage: dict[str, object] | None = None
    service_tier: str | None = None
    steps: list[Raw] | None = None
    error: Raw = ABSENT


class _Event(Struct):
    event_type: str = ""
    interaction: Interaction | None = None
    index: int = 0
    step: Raw = ABSENT
    delta: Raw = ABSENT
    error: Raw = ABSENT


_INTERACTION = msgspec.json.Decoder(Interaction)
_EVENT = msgspec.json.Decoder(_Event)


def is_answer(record: bytes) -> bool:
    """Tell whether a record is an interaction, or an event of one."""
    told = members(record)
    is_event = string(told.get("event_type", ABSENT)).startswith(("interaction.", "step."))
    return is_event or string(told.get("object", ABSENT)) == "interaction"


def answer(body: bytes) -> Response:
    """Return what a complete response body says and bills; an error gives its status."""
    decoded, _ = decode(_INTERACTION, body, "response body")
    return _response(
        decoded, tuple(_segment(step, _words(step)) for step in decoded.steps or ()), decoded.error
    )


def fold(chunks: Iterable[bytes]) -> Response:
    """Return a streamed response."""
    stream, whole = EventStream(), StreamedInteraction()
    for chunk in chunks:
        whole.take_all(stream.feed(chunk))
    whole.take_all(stream.close())
    return whole.response()


class StreamedInteraction:
    """Puts an interaction together from the data of its events. A machine without I/O."""

    def __init__(self) -> None:
        self._last = Interaction()
        self._error = ABSENT
        self._steps: dict[int, Raw] = {}
        self._grown: dict[int, list[str]] = {}

    def take_all(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.data is not None:
                self.take(event.data)

    def take(self, data: bytes) -> None:
        """Add one event; what cannot be read (cut off, or of another protocol) changes nothing."""
        try:
            event = _EVENT.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        self._last = event.interaction or self._last
        self._error = event.error or self._error
        if event.step:
            self._steps[event.index] = event.step
        if words := string(members(event.delta).get("text", ABSENT)):
            self._grown.setdefault(event.index, []).append(words)

    def response(self) -> Response:
        steps = sorted(self._steps.items())
        said = tuple(_segment(step, "".join(self._grown.get(index, ()))) for index, step in steps)
        return _response(self._last, said, self._error)


def _response(found: Interaction, output: tuple[Segment, ...], error: bytes) -> Response:
    charges = _charges(found)
    return Response(
        response_id=found.id or "",
        model=found.model or "",
        charges=charges,
        usage_recorded=bool(charges),
        output=output,
        finish=found.status or "",
        error=failure(error) if is_given(error) else "",
        complete=found.status != "in_progress",
    )


def _charges(found: Interaction) -> tuple[Charge, ...]:
    counts = found.usage or {}
    given, produced = tokens(counts, "total_input_tokens"), tokens(counts, "total_output_tokens")
    if given is None and produced is None:
        return ()
    cached = tokens(counts, "total_cached_tokens") or 0
    thought = tokens(counts, "total_thought_tokens") or 0
    usage = Usage(
        uncached_input_tokens=(given or 0) - cached + (tokens(counts, "total_tool_use_tokens") or 0),
        cache_read_input_tokens=cached,
        output_tokens=(produced or 0) + thought,
        reasoning_tokens=thought,
    )
    tier = found.service_tier or _STANDARD
    return (Charge(model=found.model or "", usage=usage, tier="" if tier == _STANDARD else tier),)


def _segment(step: bytes, words: str) -> Segment:
    told = members(step)
    name = string(told.get("type", ABSENT))
    kind = next((kind for ending, kind in _KINDS.items() if name.endswith(ending)), SegmentKind.ASSISTANT)
    tool = string(told.get("name", ABSENT)) or name if kind in _OF_TOOLS else ""
    content = text(words) if words else compact(step)
    return Segment(kind, "model", tool, digest_block(kind, "model", content), len(content))


def _words(step: bytes) -> str:
    parts: Iterator[Mapping[str, bytes]] = map(members, items(members(step).get("content", ABSENT)))
    return "".join(string(part.get("text", ABSENT)) for part in parts)
