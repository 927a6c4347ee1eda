"""What the Responses API answers, whole or streamed: the bill, its fees, and the items that came back.

`openai_responses` offers these as its own. Item segments digest like those of the request that
sends the items back, and a stream's like those of the answer that ends it.
"""

from collections.abc import Iterable, Mapping
from functools import partial

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from farthing.segment import Segment, SegmentKind
from farthing.usage import Charge, Usage
from farthing.wire.fields import ABSENT, count, failure, is_given, items, members, string
from farthing.wire.message import Response
from farthing.wire.openai_content import THIRTY_MINUTES_S, bill, call_content, made
from farthing.wire.openai_items import item_blocks, item_of
from farthing.wire.scan import PLACE_UNKNOWN, Scan, decode, text
from farthing.wire.sse import EventStream

_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_DRAWING = "image_generation"
_UNFINISHED = frozenset({"queued", "in_progress"})


class Answer(Struct, kw_only=True):
    """A response body, whole or still growing; or an error."""

    id: str | None = None
    model: str | None = None
    status: str | None = None
    output: list[Raw] | None = None
    usage: dict[str, object] | None = None
    service_tier: object = None
    error: Raw = ABSENT
    incomplete_details: Raw = ABSENT
    tool_usage: object = None
    tools: Raw = ABSENT


class _Event(Struct):
    type: str = ""
    response: Raw = ABSENT
    item: Raw = ABSENT
    output_index: int = 0
    delta: object = None
    error: Raw = ABSENT


_ANSWER = msgspec.json.Decoder(Answer)
_EVENT = msgspec.json.Decoder(_Event)
_CONTEXT = "openai_responses answer"


def answer(body: bytes, *, base: int = 0) -> Response:
    """Return what a response body says and bills; an error gives its code.

    `complete` is false for one that a poll found still at work.
    """
    decoded, buffer = decode(_ANSWER, body, "response body")
    return response(decoded, buffer, base=base)


def response(found: Answer, buffer: bytes, *, base: int = 0) -> Response:
    """Return an answer that was decoded from `buffer`: its bill and the blocks of its items."""
    scan = Scan(buffer, base=base)
    scan.take_all(_CONTEXT, found.output or (), _answered)
    is_failed = is_given(found.error) or found.output is None
    reason = string(members(found.incomplete_details).get("reason", ABSENT))
    charges = _charges(found)
    return Response(
        response_id=found.id or "",
        model=found.model or "",
        charges=charges,
        usage_recorded=bool(charges),
        output=tuple(scan.segments),
        finish=reason or found.status or "",
        error=failure(found.error if is_given(found.error) else buffer) if is_failed else "",
        complete=found.status not in _UNFINISHED,
    )


class Fold:
    """Folds a stream, in any split of its bytes; or event by event, with `take`. A machine without I/O."""

    def __init__(self) -> None:
        self._stream = EventStream()
        self._response = b""
        self._is_whole = False
        self._error = ""
        self._items: dict[int, bytes] = {}
        self._pieces: dict[int, list[str]] = {}

    def feed(self, chunk: bytes) -> None:
        for event in self._stream.feed(chunk):
            if event.data is not None:
                self.take(event.data)

    def take(self, data: bytes) -> None:
        """Add one event's data; what cannot be read (cut off, or of another protocol) changes nothing."""
        try:
            event = _EVENT.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if isinstance(event.delta, str):
            self._pieces.setdefault(event.output_index, []).append(event.delta)
        elif is_given(event.response):
            if event.type == "response.created":
                self._items.clear()
                self._pieces.clear()
            self._response = event.response
            self._is_whole = event.type in _ENDS
        elif is_given(event.item):
            self._items[event.output_index] = event.item
            self._pieces.pop(event.output_index, None)
        elif event.type == "error":
            self._error = failure(event.error if is_given(event.error) else data)

    def finish(self) -> Response:
        """Return what has arrived; `complete` says whether the answer came to its end."""
        for event in self._stream.close():
            if event.data is not None:
                self.take(event.data)
        whole = (
            answer(self._response, base=PLACE_UNKNOWN) if self._response else Response(usage_recorded=False)
        )
        return replace(
            whole,
            output=whole.output or self._output(),
            finish=whole.finish if self._is_whole else "",
            error=whole.error or self._error,
            complete=self._is_whole,
        )

    def _output(self) -> tuple[Segment, ...]:
        """Return the items that came by, for a stream that was cut or that ends without repeating them."""
        found: list[Segment] = []
        for index, item in sorted(self._items.items()):
            words = text("".join(self._pieces.get(index, ())))
            found += [_grown(item, words)] if words else _segments(item)
        return tuple(found)


def fold(chunks: Iterable[bytes]) -> Response:
    """Return a streamed response."""
    folding = Fold()
    for chunk in chunks:
        folding.feed(chunk)
    return folding.finish()


_answered = partial(item_blocks, opening=False, ttl_s=THIRTY_MINUTES_S)


def _segments(item: bytes) -> list[Segment]:
    scan = Scan(item, base=PLACE_UNKNOWN)
    scan.take(_CONTEXT, item, _answered)
    return scan.segments


def _grown(item: bytes, words: bytes) -> Segment:
    """Return what had arrived of an item when the stream was cut."""
    begun = item_of(item)
    if begun.type.endswith("_call"):
        return made(SegmentKind.TOOL_CALL, call_content(begun.tool, words), name=begun.tool)
    return made(SegmentKind.REASONING if begun.type == "reasoning" else SegmentKind.ASSISTANT, words)


def _charges(found: Answer) -> tuple[Charge, ...]:
    """Return the bill: the model's line with its fees, and a line for images that another model drew."""
    own = bill(found.model, found.usage, found.service_tier)
    fees = _fees(found)
    if own and fees:
        own = (replace(own[0], usage=replace(own[0].usage, server_tools=fees)),)
    drawn = bill(_drawing_model(found), _used(found, "image_gen"), found.service_tier)
    return own + tuple(replace(line, part=_DRAWING) for line in drawn if line.usage != Usage())


def _fees(found: Answer) -> tuple[tuple[str, int], ...]:
    """Return the requests that are billed one by one.

    Of a web search's actions only `search` has a fee, opening a page has none (OpenAI, web search, 2026-09).
    """
    calls = [item_of(item) for item in found.output or ()]
    searches = sum(call.type == "web_search_call" and call.is_search for call in calls)
    told = count(_used(found, "web_search").get("num_requests")) or 0
    fees = (
        ("file_search", sum(call.type == "file_search_call" for call in calls)),
        ("web_search", max(searches, told)),
    )
    return tuple(fee for fee in fees if fee[1])


def _used(found: Answer, tool: str) -> Mapping[str, object]:
    used = found.tool_usage.get(tool) if isinstance(found.tool_usage, dict) else None
    return used if isinstance(used, dict) else {}


def _drawing_model(found: Answer) -> str:
    """Return the image model, if the answer repeats it; else a name that no price list knows."""
    for tool in map(members, items(found.tools)):
        if string(tool.get("type", ABSENT)) == _DRAWING:
            return string(tool.get("model", ABSENT)) or _DRAWING
    return _DRAWING
