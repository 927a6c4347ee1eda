"""What Gemini answers, whole, as server-sent events or as one long JSON array; `gemini` offers it as its own.

Every chunk of a stream is an answer of its own: its parts go on where the last ones ended, and its counts
are those of the whole call so far, so the last ones hold.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct, field
from msgspec.structs import replace

from farthing.segment import Segment, SegmentKind, digest_block
from farthing.usage import Charge, Usage
from farthing.wire.fields import ABSENT, failure, is_given, items, members, string, tokens
from farthing.wire.gemini_content import content_blocks, named, part_blocks
from farthing.wire.message import Response
from farthing.wire.scan import Block, Scan, compact, decode
from farthing.wire.sse import Event, EventStream

INCLUSIVE = "promptTokenCount includes cached tokens"
EXCLUSIVE = "cached tokens stand beside promptTokenCount, which is smaller"

# Gemini API: serviceTier; Vertex: trafficType, in some logs as the number of its enum (google-genai 3.4.0,
# types.TrafficType).
_TIERS = {
    **dict.fromkeys(("standard", "unspecified", "on_demand", "traffic_type_unspecified", "0", "1"), ""),
    "on_demand_flex": "flex",
    "on_demand_priority": "priority",
    "2": "provisioned_throughput",
}
# Vertex writes enums as numbers for clients that ask so (google-cloud-aiplatform does).
_FINISHES = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER"}
_PER_PROMPT = re.compile(r"gemini-[12][.-]")
_BETWEEN = re.compile(rb"\}\s*,\s*\{")
_MOST_CUTS = 100


class Counted(NamedTuple):
    """The disjoint counts, and the rule by which cached tokens were told from the input."""

    usage: Usage
    rule: str


class Candidate(Struct, kw_only=True):
    """One of the answers, mostly the only one."""

    content: Raw = ABSENT
    index: int = 0
    finish: str | int | None = field(name="finishReason", default=None)
    grounding: Raw = field(name="groundingMetadata", default=ABSENT)


class Answer(Struct, kw_only=True):
    """A response body, or one chunk of a stream; or an error."""

    id: str | None = field(name="responseId", default=None)
    model: str | None = field(name="modelVersion", default=None)
    candidates: list[Candidate] | None = None
    usage: dict[str, object] | None = field(name="usageMetadata", default=None)
    feedback: Raw = field(name="promptFeedback", default=ABSENT)
    error: Raw = ABSENT


_ANSWER = msgspec.json.Decoder(Answer)
_ELEMENTS = msgspec.json.Decoder(list[Raw])


def answer(body: bytes, *, base: int = 0) -> Response:
    """Return what a response, an array of chunks too, says and bills; an error gives its status."""
    if _is_array(body):
        return fold([body])
    decoded, buffer = decode(_ANSWER, body, "response body")
    return response(decoded, buffer, base=base)


def response(found: Answer, buffer: bytes, *, base: int = 0) -> Response:
    """Return an answer that was decoded from `buffer`: its bill, and the blocks of every candidate."""
    scan = Scan(buffer, base=base)
    candidates = found.candidates or []
    for candidate in candidates:
        if is_given(candidate.content):
            scan.take("gemini answer", candidate.content, partial(content_blocks, opening=False))
    is_failed = is_given(found.error) or (found.usage is None and not candidates)
    queries = set().union(*map(_queries, candidates))
    charges = bill(found.model or "", found.usage, searches=_fees(found.model or "", queries))
    return Response(
        response_id=found.id or "",
        model=found.model or "",
        charges=charges,
        usage_recorded=bool(charges),
        output=tuple(scan.segments),
        finish=_finish(found),
        error=failure(found.error if is_given(found.error) else buffer) if is_failed else "",
    )


def counted(usage: Mapping[str, object]) -> Counted | None:
    """Return what `usageMetadata` counts; None if it counts nothing. Raises WireError on a negative count.

    Thoughts are billed as output and are not in the candidates' count; results of Google's own tools are
    input and are not in the prompt's (google-genai 3.4.0, total_token_count).
    """
    prompt = tokens(usage, "promptTokenCount", "prompt_token_count")
    produced = tokens(usage, "candidatesTokenCount", "candidates_token_count")
    if prompt is None and produced is None:
        return None
    cached = tokens(usage, "cachedContentTokenCount", "cached_content_token_count") or 0
    thought = tokens(usage, "thoughtsTokenCount", "thoughts_token_count") or 0
    fetched = tokens(usage, "toolUsePromptTokenCount", "tool_use_prompt_token_count") or 0
    beside = cached > (prompt or 0)
    counts = Usage(
        uncached_input_tokens=(prompt or 0) + fetched - (0 if beside else cached),
        cache_read_input_tokens=cached,
        output_tokens=(produced or 0) + thought,
        reasoning_tokens=thought,
    )
    return Counted(counts, EXCLUSIVE if beside else INCLUSIVE)


def bill(model: str, usage: Mapping[str, object] | None, *, searches: int = 0) -> tuple[Charge, ...]:
    """Return the one line of a call's bill; nothing where no usage is reported."""
    found = counted(usage or {})
    if found is None:
        return ()
    fees = (("web_search", searches),) if searches else ()
    return (Charge(model=model, usage=replace(found.usage, server_tools=fees), tier=_tier(usage or {})),)


class Fold:
    """Folds a stream, in any split of its bytes; or chunk by chunk, with `take`. A machine without I/O."""

    def __init__(self) -> None:
        self._stream = EventStream()
        self._array = bytearray()
        self._is_array: bool | None = None  # None until the first byte that is not white
        self._whole = Answer()
        self._searched: set[str] = set()
        self._spoken: dict[int, list[_Piece]] = {}

    def feed(self, chunk: bytes) -> None:
        if self._is_array is None:
            chunk = bytes(self._array) + chunk
            self._array.clear()
            self._is_array = _is_array(chunk) if chunk.strip() else None
        if self._is_array is False:
            self._take_events(self._stream.feed(chunk))
        else:
            self._array += chunk

    def take(self, data: bytes) -> None:
        """Add one chunk's data; what cannot be read (cut off, or of another protocol) changes nothing."""
        try:
            chunk = _ANSWER.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        self._whole = _later(self._whole, chunk)
        for candidate in chunk.candidates or ():
            self._searched |= _queries(candidate)
            spoken = self._spoken.setdefault(candidate.index, [])
            for part in items(members(candidate.content).get("parts", ABSENT)):
                _speak(spoken, part)

    def finish(self) -> Response:
        """Return what has arrived; `complete` says whether the answer came to its end."""
        self._take_events(self._stream.close())
        for element in _elements(bytes(self._array)):
            self.take(element)
        whole = self._whole
        charges = bill(whole.model or "", whole.usage, searches=_fees(whole.model or "", self._searched))
        return Response(
            response_id=whole.id or "",
            model=whole.model or "",
            charges=charges,
            usage_recorded=bool(charges),
            output=tuple(piece.segment() for index in sorted(self._spoken) for piece in self._spoken[index]),
            finish=_finish(whole),
            error=failure(whole.error) if is_given(whole.error) else "",
            complete=bool(_finish(whole)),
        )

    def _take_events(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.data is not None:
                self.take(event.data)


def fold(chunks: Iterable[bytes]) -> Response:
    """Return a streamed response."""
    folding = Fold()
    for chunk in chunks:
        folding.feed(chunk)
    return folding.finish()


class _Piece:
    """What one block has come to: text grows as long as no other kind of part comes between."""

    def __init__(self, block: Block, *, grows: bool) -> None:
        self.block = block
        self.contents = [block.content]
        self.grows = grows

    def segment(self) -> Segment:
        content = b"".join(self.contents)
        if self.block.kind is SegmentKind.TOOL_CALL and content.endswith(b"\n"):
            content += b"{}"  # a call that was announced, and that no arguments followed
        kind, role = self.block.kind, self.block.role
        return Segment(kind, role, self.block.name, digest_block(kind, role, content), len(content))


def _speak(spoken: list[_Piece], raw: bytes) -> None:
    """Add a part to what a candidate has said so far."""
    part = named(raw)
    call = named(part.get("functionCall", ABSENT))
    begun = [piece for piece in spoken if piece.block.kind is SegmentKind.TOOL_CALL]
    if begun and "functionCall" in part and "name" not in call:
        begun[-1].contents += [compact(call[name]) for name in ("partialArgs", "args") if name in call]
        return
    for block in part_blocks(raw, "model"):
        grows = "text" in part and block.raw is raw
        last = spoken[-1] if spoken else None
        if grows and last and last.grows and last.block.kind is block.kind:
            last.contents.append(block.content)
        else:
            spoken.append(_Piece(block, grows=grows))


def _later(whole: Answer, chunk: Answer) -> Answer:
    """Return what is known of an answer after one more chunk; only counts replace counts."""
    counts = chunk.usage is not None and counted(chunk.usage) is not None
    finished = any(candidate.finish for candidate in chunk.candidates or ())
    return Answer(
        id=whole.id or chunk.id,
        model=whole.model or chunk.model,
        candidates=chunk.candidates if finished else whole.candidates,
        usage=chunk.usage if counts else whole.usage,
        feedback=chunk.feedback if is_given(chunk.feedback) else whole.feedback,
        error=chunk.error if is_given(chunk.error) else whole.error,
    )


def _finish(found: Answer) -> str:
    """Return why the first candidate ended, or why the prompt was blocked."""
    reason = next((candidate.finish for candidate in found.candidates or () if candidate.finish), None)
    if isinstance(reason, int):
        return _FINISHES.get(reason, str(reason))
    return reason or string(members(found.feedback).get("blockReason", ABSENT))


def _queries(candidate: Candidate) -> set[str]:
    """Return the searches behind an answer; empty ones cost nothing (ai.google.dev, grounding, 2026-09)."""
    queries = items(members(candidate.grounding).get("webSearchQueries", ABSENT))
    return {query for query in map(string, queries) if query}


def _fees(model: str, queries: set[str]) -> int:
    """Return the searches to pay for: each query, and before Gemini 3 one for the prompt that needed any."""
    return min(len(queries), 1) if _PER_PROMPT.search(model) else len(queries)


def _tier(usage: Mapping[str, object]) -> str:
    told = usage.get("serviceTier") or usage.get("trafficType") or "standard"
    name = str(told).lower()
    return _TIERS.get(name, name)


def _is_array(body: bytes) -> bool:
    return body.lstrip()[:1] == b"["


def _elements(array: bytes) -> Sequence[bytes]:
    """Return the elements of an array; of one that was cut, those that are whole."""
    if not array.strip():
        return ()
    ends = [len(array), *(found.start() + 1 for found in reversed(list(_BETWEEN.finditer(array))))]
    for end in ends[:_MOST_CUTS]:
        try:
            return _ELEMENTS.decode(array[:end] + (b"" if end == len(array) else b"]"))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return ()
