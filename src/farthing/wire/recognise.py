"""Tells which wire format a request, a response or an event is, from its path or from its bytes alone.

A path is the surest sign, a response the next; a short request may belong to two formats, and then the
model's name decides. What is known to be something else than a call of a chat model (embeddings, token
counts, files, …) says so, which is not the same as being unknown: a reader can give it as the reason.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from farthing.wire.fields import ABSENT, is_given, items, members, string
from farthing.wire.scan import is_string


class WireFormat(StrEnum):
    """What bytes follow. InvokeModel carries each vendor's own body: Claude's is Anthropic's."""

    ANTHROPIC = "anthropic"
    OPENAI_CHAT = "openai_chat"
    OPENAI_RESPONSES = "openai_responses"
    GEMINI = "gemini"
    BEDROCK_CONVERSE = "bedrock_converse"
    BEDROCK_INVOKE = "bedrock_invoke"
    COHERE = "cohere"


class NotACall(StrEnum):
    """What else it is, in words for a report."""

    AUDIO = "speech or transcription"
    BATCH = "batch management"
    CACHE = "cache management"
    COMPLETION = "legacy text completion"
    CONVERSATION = "stored conversation"
    COUNT = "token count"
    EMBEDDING = "embedding"
    FILE = "file or vector store"
    FINE_TUNING = "fine-tuning"
    IMAGE = "image or video generation"
    MODEL = "list of models"
    MODERATION = "moderation"
    REALTIME = "realtime session"
    RERANK = "reranking"
    THREAD = "assistants API"


Recognised = WireFormat | NotACall | None

# The first pattern that is found in the path decides; `$` is the path's end.
_PATHS: tuple[tuple[str, WireFormat | NotACall], ...] = (
    (r":count-?tokens$|/count[_-]tokens$|/input_tokens$", NotACall.COUNT),
    (r"/batches\b|:batchGenerateContent|/batchPredictionJobs", NotACall.BATCH),
    (r"/(threads|assistants)\b", NotACall.THREAD),
    (r"/chat/completions$", WireFormat.OPENAI_CHAT),
    (r"/v2/chat$", WireFormat.COHERE),
    (r"/model/[^/]+/converse(-stream)?$", WireFormat.BEDROCK_CONVERSE),
    (
        r"/model/[^/]*(embed)[^/]*/invoke$|/embeddings$|:(batch)?embedContents?$|/v\d/embed$",
        NotACall.EMBEDDING,
    ),
    (r"/model/[^/]*rerank[^/]*/invoke$|/rerank$", NotACall.RERANK),
    (r"/model/[^/]+/invoke(-with-response-stream)?$", WireFormat.BEDROCK_INVOKE),
    (r":(stream)?generateContent$", WireFormat.GEMINI),
    (r"/publishers/anthropic/models/[^/]+:(stream)?rawPredict$|/messages$", WireFormat.ANTHROPIC),
    (r"/responses(/compact)?$", WireFormat.OPENAI_RESPONSES),
    (r"/responses/[^/]+$", WireFormat.OPENAI_RESPONSES),  # a poll of one that works in the background
    (r"/completions$|/v1/complete$", NotACall.COMPLETION),
    (r"/moderations$", NotACall.MODERATION),
    (r"/audio/|/speech$|/transcriptions$", NotACall.AUDIO),
    (r"/images/|/videos\b|:predictLongRunning$", NotACall.IMAGE),
    (r"/cachedContents\b", NotACall.CACHE),
    (r"/(files|uploads?|vector_stores|fileSearchStores|containers|skills)\b", NotACall.FILE),
    (r"/conversations\b|/responses/[^/]+/", NotACall.CONVERSATION),
    (r"/fine[_-]tun", NotACall.FINE_TUNING),
    (r"/realtime\b", NotACall.REALTIME),
    (r"/models(/[^/:]+)?$", NotACall.MODEL),
)
_PATH = tuple((re.compile(pattern, re.IGNORECASE), meaning) for pattern, meaning in _PATHS)

_RESPONSES_ONLY = frozenset(
    {
        "instructions",
        "max_output_tokens",
        "previous_response_id",
        "conversation",
        "reasoning",
        "store",
        "text",
    }
    | {"include", "truncation", "background", "max_tool_calls", "tools", "stream", "prompt_cache_key"}
)
_CHAT_ONLY = frozenset(
    {"max_completion_tokens", "stream_options", "response_format", "functions", "function_call", "logprobs"}
    | {
        "parallel_tool_calls",
        "presence_penalty",
        "frequency_penalty",
        "n",
        "seed",
        "stop",
        "reasoning_effort",
    }
    | {"prompt_cache_key", "prompt_cache_options", "verbosity", "logit_bias", "modalities"}
)
_ANTHROPIC_ONLY = frozenset(
    {"system", "anthropic_version", "anthropic_beta", "stop_sequences", "output_config", "context_management"}
)
_CONVERSE_ONLY = frozenset({"inferenceConfig", "toolConfig", "additionalModelRequestFields", "schemaVersion"})
_ANTHROPIC_EVENTS = frozenset(
    {"message_start", "message_delta", "message_stop", "ping"}
    | {"content_block_start", "content_block_delta", "content_block_stop"}
)
_CONVERSE_EVENTS = frozenset(
    {"messageStart", "messageStop", "metadata", "contentBlockStart", "contentBlockDelta", "contentBlockStop"}
)
_OBJECTS: Mapping[str, WireFormat | NotACall] = {
    "chat.completion": WireFormat.OPENAI_CHAT,
    "chat.completion.chunk": WireFormat.OPENAI_CHAT,
    "response": WireFormat.OPENAI_RESPONSES,
    "response.compaction": WireFormat.OPENAI_RESPONSES,
    "response.input_tokens": NotACall.COUNT,
    "text_completion": NotACall.COMPLETION,
    "batch": NotACall.BATCH,
    "file": NotACall.FILE,
    "skill": NotACall.FILE,
    "conversation": NotACall.CONVERSATION,
}
# Members that only one kind of answer has; the first that is there decides.
_MEMBERS: tuple[tuple[str, WireFormat | NotACall], ...] = (
    *((name, WireFormat.GEMINI) for name in ("candidates", "promptFeedback", "modelVersion")),
    *((name, NotACall.REALTIME) for name in ("serverContent", "setupComplete")),
    ("usageMetadata", WireFormat.GEMINI),
    ("totalTokens", NotACall.COUNT),
    *((name, NotACall.EMBEDDING) for name in ("embedding", "embeddings", "embeddingsByType", "predictions")),
    ("inputTextTokenCount", NotACall.COMPLETION),  # Titan, which has no usage but this
)
_EVENT_LINE = re.compile(rb"\s*(data|event|id|retry)?:")
# As Cohere itself calls them; elsewhere they are "cohere/command-…" and speak other formats.
_COHERE_MODELS = ("command-", "c4ai-")
_LOOKED_AT = 20


def of_url(url: str) -> Recognised:
    """Return what a URL, or a path alone, is the address of; None where it says nothing."""
    path = urlsplit(url).path.replace("%3A", ":").replace("%3a", ":").rstrip("/")
    return next((meaning for pattern, meaning in _PATH if pattern.search(path)), None)


def of_request(body: bytes) -> Recognised:
    """Return what a request body asks for; None where it is no JSON object or tells too little.

    A body alone cannot tell a call from a count of its tokens: that is in the URL.
    """
    given = members(body)
    if "messages" in given:
        return _of_messages(given)
    if "contents" in given:
        return WireFormat.GEMINI
    if given.keys() & {"input", "conversation", "previous_response_id"}:
        return _of_input(given)
    if is_given(given.get("prompt", ABSENT)):
        return NotACall.IMAGE if given.keys() & {"size", "quality", "aspect_ratio"} else NotACall.COMPLETION
    return _of_one_text(given)


def of_response(body: bytes) -> Recognised:
    """Return what answered: a whole response, an error with a shape of its own, or one event's data.

    A stream as it was recorded (events, chunks line by line, or an array of them) is known by its first
    telling event, so that its head is enough.
    """
    head = body.lstrip()
    if head[:1] == b"[":
        return _of_response(members(next(iter(items(body)), ABSENT)))
    whole = _of_response(members(body)) if head[:1] == b"{" else None
    if whole is not None:
        return whole
    lines = [line for line in head.splitlines() if line.startswith((b"data:", b"{"))]
    return next((told for told in map(_of_line, lines[:_LOOKED_AT]) if told is not None), None)


def is_event_stream(head: bytes) -> bool:
    """Tell whether a body, of which `head` is the beginning, is a stream of server-sent events."""
    return _EVENT_LINE.match(head) is not None


def _of_line(line: bytes) -> Recognised:
    return _of_response(members(line.removeprefix(b"data:").lstrip()))


def _of_messages(given: Mapping[str, bytes]) -> Recognised:
    messages = [members(raw) for raw in items(given["messages"])[:_LOOKED_AT]]
    tool = members(next(iter(items(given.get("tools", ABSENT))), ABSENT))
    if given.keys() & _CONVERSE_ONLY or any(map(_is_converse, messages)):
        return WireFormat.BEDROCK_CONVERSE
    if string(given.get("model", ABSENT)).startswith(_COHERE_MODELS):
        return WireFormat.COHERE
    if "anthropic_version" in given or "input_schema" in tool or any(map(_is_anthropic, messages)):
        return WireFormat.ANTHROPIC
    if given.keys() & _CHAT_ONLY or "function" in tool or any(map(_is_chat, messages)):
        return WireFormat.OPENAI_CHAT
    is_claude = "claude" in string(given.get("model", ABSENT)) and "max_tokens" in given
    return WireFormat.ANTHROPIC if given.keys() & _ANTHROPIC_ONLY or is_claude else WireFormat.OPENAI_CHAT


def _is_chat(message: Mapping[str, bytes]) -> bool:
    role = string(message.get("role", ABSENT))
    return role in ("system", "developer", "tool", "function") or "tool_calls" in message


def _is_anthropic(message: Mapping[str, bytes]) -> bool:
    parts = map(members, items(message.get("content", ABSENT)))
    return any(string(part.get("type", ABSENT)) in ("tool_use", "tool_result") for part in parts)


def _is_converse(message: Mapping[str, bytes]) -> bool:
    """Tell whether a message has blocks that say what they are by their member, without a type."""
    content = message.get("content", ABSENT)
    return any(
        part and "type" not in part for part in map(members, () if is_string(content) else items(content))
    )


def _of_input(given: Mapping[str, bytes]) -> Recognised:
    model = string(given.get("model", ABSENT)).lower()
    first = next(iter(items(given.get("input", ABSENT))), ABSENT)
    if "converse" in members(first) or "invokeModel" in members(first):
        return NotACall.COUNT
    if "moderation" in model or given.keys() == {"input"}:
        return NotACall.MODERATION
    if "voice" in given:
        return NotACall.AUDIO
    if given.keys() & _RESPONSES_ONLY:
        return WireFormat.OPENAI_RESPONSES
    is_list = not is_string(given.get("input", ABSENT)) and not members(first)
    is_embedding = (
        "embed" in model or is_list or given.keys() & {"encoding_format", "dimensions", "input_type"}
    )
    return NotACall.EMBEDDING if is_embedding else WireFormat.OPENAI_RESPONSES


def _of_one_text(given: Mapping[str, bytes]) -> Recognised:
    """Tell the requests apart that hold a text and no conversation."""
    if "generateContentRequest" in given:
        return NotACall.COUNT
    if "textGenerationConfig" in given:
        return NotACall.COMPLETION
    if "documents" in given and "query" in given:
        return NotACall.RERANK
    is_embedding = given.keys() & {"requests", "inputText", "texts", "instances"}
    holds_parts = "parts" in members(given.get("content", ABSENT))
    return NotACall.EMBEDDING if is_embedding or holds_parts else None


def _of_response(given: Mapping[str, bytes]) -> Recognised:
    kind = string(given.get("type", ABSENT))
    if "event_id" in given or kind.startswith("session."):
        return NotACall.REALTIME
    if kind in _ANTHROPIC_EVENTS or (kind in ("message", "error") and "sequence_number" not in given):
        return WireFormat.ANTHROPIC
    if kind.startswith("response.") or kind == "error":
        return WireFormat.OPENAI_RESPONSES
    if found := _OBJECTS.get(string(given.get("object", ABSENT))):
        return found
    if found := next((meaning for name, meaning in _MEMBERS if name in given), None):
        return found
    if "choices" in given:
        choice = members(next(iter(items(given["choices"])), ABSENT))
        return NotACall.COMPLETION if "text" in choice else WireFormat.OPENAI_CHAT
    if "billed_units" in members(given.get("usage", ABSENT)):
        return WireFormat.COHERE
    return _of_converse(given) or _of_result(given)


def _of_converse(given: Mapping[str, bytes]) -> Recognised:
    is_event = len(given) == 1 and given.keys() <= _CONVERSE_EVENTS
    is_answer = "message" in members(given.get("output", ABSENT))
    return WireFormat.BEDROCK_CONVERSE if is_event or is_answer else None


def _of_result(given: Mapping[str, bytes]) -> Recognised:
    """Tell the answers apart that are lists of something else than words, and bare counts."""
    data = members(next(iter(items(given.get("data", ABSENT))), ABSENT))
    results = members(next(iter(items(given.get("results", ABSENT))), ABSENT))
    if given.keys() in ({"input_tokens"}, {"inputTokens"}):
        return NotACall.COUNT
    if "embedding" in data:
        return NotACall.EMBEDDING
    if data.keys() & {"b64_json", "url"}:
        return NotACall.IMAGE
    if "flagged" in results:
        return NotACall.MODERATION
    if "text" in given and given.keys() & {"language", "segments", "task"}:
        return NotACall.AUDIO
    if "tokenCount" in results or given.keys() & {"completions", "completion", "generation"}:
        return NotACall.COMPLETION
    if results.keys() & {"relevance_score", "relevanceScore"}:
        return NotACall.RERANK
    error = members(given.get("error", ABSENT))
    return WireFormat.GEMINI if is_string(error.get("status", ABSENT)) and "code" in error else None
