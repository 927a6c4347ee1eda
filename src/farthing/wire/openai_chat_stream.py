"""A streamed chat answer, put together from its chunks; `openai_chat` offers it as its own.

Chunks carry pieces of text, of arguments, and once, near the end, the bill, if the client asked for
it (`openai_chat.asks_usage`). The output segments digest like those of the same answer sent whole.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import Raw, Struct

from farthing.segment import Segment, SegmentKind
from farthing.wire.fields import ABSENT, failure, is_given, members, string
from farthing.wire.message import Response
from farthing.wire.openai_content import bill, call_content, made, thought
from farthing.wire.scan import text
from farthing.wire.sse import EventStream

_DONE = b"[DONE]"


class _FunctionDelta(Struct):
    name: str | None = None
    arguments: str | None = None
    input: str | None = None


class _CallDelta(Struct):
    index: int = 0
    id: str | None = None
    function: _FunctionDelta | None = None
    custom: _FunctionDelta | None = None


class _Delta(Struct):
    content: str | list[Raw] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_CallDelta] | None = None
    function_call: _FunctionDelta | None = None


class _ChoiceDelta(Struct):
    index: int = 0
    delta: _Delta | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Groq(Struct):
    usage: dict[str, object] | None = None


class _Chunk(Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_ChoiceDelta] | None = None
    usage: dict[str, object] | None = None
    service_tier: object = None
    error: Raw = ABSENT
    x_groq: _Groq | None = None


_CHUNK = msgspec.json.Decoder(_Chunk)


class Fold:
    """Folds a stream, in any split of its bytes; or event by event, with `take`. A machine without I/O."""

    def __init__(self) -> None:
        self._stream = EventStream()
        self._id = self._model = self._finish = self._error = ""
        self._tier: object = None
        self._usage: Mapping[str, object] | None = None
        self._choices: dict[int, _Choice] = {}
        self._done = False

    def feed(self, chunk: bytes) -> None:
        for event in self._stream.feed(chunk):
            if event.data is not None:
                self.take(event.data)

    def take(self, data: bytes) -> None:
        """Add one event's data; what cannot be read (cut off, or of another protocol) changes nothing."""
        if data == _DONE:
            self._done = True
            return
        try:
            chunk = _CHUNK.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        self._id = self._id or chunk.id or ""
        self._model = self._model or chunk.model or ""
        self._tier = chunk.service_tier or self._tier
        # The last count holds: some servers send a running one with every chunk. Groq has its own place.
        self._usage = chunk.usage or (chunk.x_groq and chunk.x_groq.usage) or self._usage
        if is_given(chunk.error):
            self._error = failure(chunk.error)
        for choice in chunk.choices or ():
            self._finish = self._finish or choice.finish_reason or ""
            delta = choice.delta or (choice.text and _Delta(content=choice.text))
            if delta:
                self._choices.setdefault(choice.index, _Choice()).grow(delta)

    def finish(self) -> Response:
        """Return what has arrived; `complete` says whether the answer came to its end."""
        for event in self._stream.close():
            if event.data is not None:
                self.take(event.data)
        charges = bill(self._model, self._usage, self._tier)
        return Response(
            response_id=self._id,
            model=self._model,
            charges=charges,
            usage_recorded=bool(charges),
            output=tuple(
                segment for index in sorted(self._choices) for segment in self._choices[index].whole()
            ),
            finish=self._finish,
            error=self._error,
            complete=self._done or bool(self._finish),
        )


def fold(chunks: Iterable[bytes]) -> Response:
    """Return a streamed response."""
    folding = Fold()
    for chunk in chunks:
        folding.feed(chunk)
    return folding.finish()


class _Choice:
    """The pieces of one choice: what it thinks, what it says, which tools it calls."""

    def __init__(self) -> None:
        self._thought: list[str] = []
        self._said: list[str] = []
        self._refused: list[str] = []
        self._calls: list[_Call] = []

    def grow(self, delta: _Delta) -> None:
        if reasoning := delta.reasoning_content or delta.reasoning:
            self._thought.append(reasoning)
        if isinstance(delta.content, str):
            self._said.append(delta.content)
        elif delta.content:
            self._grow_by_parts(delta.content)
        if delta.refusal:
            self._refused.append(delta.refusal)
        for call in delta.tool_calls or ():
            self._grow_call(call.index, call.id or "", call.function or call.custom or _FunctionDelta())
        if delta.function_call is not None:
            self._grow_call(0, "", delta.function_call)

    def whole(self) -> Iterator[Segment]:
        for kind, pieces in (
            (SegmentKind.REASONING, self._thought),
            (SegmentKind.ASSISTANT, self._said),
            (SegmentKind.ASSISTANT, self._refused),
        ):
            if words := "".join(pieces):
                yield made(kind, text(words))
        for call in self._calls:
            written = text("".join(call.arguments))
            yield made(SegmentKind.TOOL_CALL, call_content(call.name, written), name=call.name)

    def _grow_by_parts(self, parts: list[Raw]) -> None:
        """Add parts, as Mistral streams them."""
        for raw in parts:
            part = members(raw)
            if "thinking" in part:
                self._thought.append(thought(part["thinking"]))
            else:
                self._said.append(string(part.get("text", ABSENT)))

    def _grow_call(self, index: int, call_id: str, function: _FunctionDelta) -> None:
        """Add to the call that is open at `index`. Another id begins another call, even at the same index."""
        call = next((one for one in reversed(self._calls) if one.index == index), None)
        if call is None or (call_id and call.id and call_id != call.id):
            call = _Call(index, call_id)
            self._calls.append(call)
        call.name += function.name or ""
        call.arguments.append(function.arguments or function.input or "")


class _Call:
    def __init__(self, index: int, call_id: str) -> None:
        self.index = index
        self.id = call_id
        self.name = ""
        self.arguments: list[str] = []
