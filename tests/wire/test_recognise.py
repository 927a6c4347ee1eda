import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given

from farthing.wire.recognise import (
    NotACall,
    Recognised,
    WireFormat,
    is_event_stream,
    of_request,
    of_response,
    of_url,
)
from tests.wire.odd import OBJECTS, VALUES
from tests.wire.recorded import COPIED, as_stream, exchanged

Recorded = Callable[[str], Path]

FIXTURES = COPIED / "vercel-ai-provider-fixtures"
ANTHROPIC, CHAT, RESPONSES, GEMINI = (
    WireFormat.ANTHROPIC,
    WireFormat.OPENAI_CHAT,
    WireFormat.OPENAI_RESPONSES,
    WireFormat.GEMINI,
)
CONVERSE, INVOKE = WireFormat.BEDROCK_CONVERSE, WireFormat.BEDROCK_INVOKE
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model"
ARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.claude-sonnet-4-6"
VERTEX = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers"
GOOGLE = "https://generativelanguage.googleapis.com"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.anthropic.com/v1/messages?beta=true", ANTHROPIC),
        ("/v1/messages", ANTHROPIC),
        (f"{VERTEX}/anthropic/models/claude-opus-5:streamRawPredict", ANTHROPIC),
        ("https://api.openai.com/v1/chat/completions", CHAT),
        ("https://api.mistral.ai/v1/chat/completions#stream", CHAT),
        ("https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1", CHAT),
        (f"{GOOGLE}/v1beta/openai/chat/completions", CHAT),
        ("https://api.openai.com/v1/responses", RESPONSES),
        ("https://api.openai.com/v1/responses/resp_1", RESPONSES),
        ("https://api.openai.com/v1/responses/compact", RESPONSES),
        ("https://chatgpt.com/backend-api/codex/responses", RESPONSES),
        (f"{GOOGLE}/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse", GEMINI),
        (f"{VERTEX}/google/models/gemini-3.8-flash:generateContent", GEMINI),
        (f"{BEDROCK}/{ARN}/converse-stream", CONVERSE),
        (f"{BEDROCK}/anthropic.claude-v2%3A1/invoke", INVOKE),
        (f"{BEDROCK}/anthropic.claude-v2%3A1/invoke-with-response-stream", INVOKE),
        (f"{BEDROCK}/amazon.titan-embed-text-v2%3A0/invoke", NotACall.EMBEDDING),
        (f"{BEDROCK}/cohere.rerank-v3-5%3A0/invoke", NotACall.RERANK),
        (f"{BEDROCK}/{ARN}/count-tokens", NotACall.COUNT),
        ("https://api.anthropic.com/v1/messages/count_tokens", NotACall.COUNT),
        ("https://api.openai.com/v1/responses/input_tokens", NotACall.COUNT),
        (f"{GOOGLE}/v1beta/models/gemini-3.8-flash:countTokens", NotACall.COUNT),
        (f"{GOOGLE}/v1beta/models/gemini-embedding-2:batchEmbedContents", NotACall.EMBEDDING),
        ("https://api.openai.com/v1/embeddings", NotACall.EMBEDDING),
        ("https://api.openai.com/v1/completions", NotACall.COMPLETION),
        ("https://api.openai.com/v1/moderations", NotACall.MODERATION),
        ("https://api.openai.com/v1/images/generations", NotACall.IMAGE),
        ("https://api.openai.com/v1/audio/transcriptions", NotACall.AUDIO),
        ("https://api.openai.com/v1/threads/thread_1/messages", NotACall.THREAD),
        ("https://api.openai.com/v1/responses/resp_1/input_items", NotACall.CONVERSATION),
        ("https://api.anthropic.com/v1/messages/batches", NotACall.BATCH),
        ("https://api.openai.com/v1/models", NotACall.MODEL),
        (f"{GOOGLE}/v1beta/models/gemini-3.8-flash", NotACall.MODEL),
        ("https://api.openai.com/v1/files/file-1", NotACall.FILE),
        ("https://api.cohere.com/v2/chat", WireFormat.COHERE),
        ("https://example.com/", None),
    ],
)
def test_a_path_is_the_surest_sign(url: str, expected: Recognised) -> None:
    assert of_url(url) is expected


def ask(*messages: object, **members: object) -> dict[str, object]:
    return {"messages": list(messages)} | members


USER = {"role": "user", "content": "hi"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ask(USER, model="claude-opus-5", max_tokens=9), ANTHROPIC),
        (ask(USER, anthropic_version="bedrock-2023-05-31", max_tokens=9), ANTHROPIC),
        (ask(USER, model="m", system="s", max_tokens=9), ANTHROPIC),
        (ask(USER, tools=[{"name": "add", "input_schema": {}}]), ANTHROPIC),
        (ask({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}), ANTHROPIC),
        (ask({"role": "system", "content": "s"}, USER, tools=[{"input_schema": {}}]), ANTHROPIC),
        (ask(USER, model="claude-opus-5", max_tokens=9, stream_options={}), CHAT),
        (ask({"role": "system", "content": "s"}, USER, model="claude-opus-5", max_tokens=9), CHAT),
        (ask(USER, model="claude-opus-5", max_tokens=9, tools=[{"function": {"name": "add"}}]), CHAT),
        (ask(USER, model="gpt-6-sol", max_tokens=9), CHAT),
        (ask(USER, model="claude-opus-5"), CHAT),
        (ask({"role": "user", "content": [{"text": "hi"}]}, inferenceConfig={}), CONVERSE),
        (ask({"role": "user", "content": [{"text": "hi"}]}), CONVERSE),
        ({"contents": [{"parts": [{"text": "hi"}]}]}, GEMINI),
        ({"generateContentRequest": {}}, NotACall.COUNT),
        ({"content": {"parts": [{"text": "hi"}]}}, NotACall.EMBEDDING),
        ({"model": "gpt-6-sol", "input": "hi"}, RESPONSES),
        ({"model": "gpt-6-sol", "input": [{"role": "user", "content": "hi"}]}, RESPONSES),
        ({"model": "gpt-6-sol", "previous_response_id": "r", "instructions": "i"}, RESPONSES),
        ({"model": "text-embedding-3-small", "input": "hi"}, NotACall.EMBEDDING),
        ({"model": "m", "input": ["hi", "ho"]}, NotACall.EMBEDDING),
        ({"model": "m", "input": "hi", "encoding_format": "base64"}, NotACall.EMBEDDING),
        ({"model": "omni-moderation-latest", "input": "hi"}, NotACall.MODERATION),
        ({"input": "hi"}, NotACall.MODERATION),
        ({"model": "tts-2", "input": "hi", "voice": "alloy"}, NotACall.AUDIO),
        ({"input": {"converse": {"messages": []}}}, NotACall.COUNT),
        ({"model": "m", "prompt": "hi", "max_tokens": 3}, NotACall.COMPLETION),
        ({"model": "m", "prompt": "a cat", "size": "1024x1024"}, NotACall.IMAGE),
        ({"inputText": "hi"}, NotACall.EMBEDDING),
        ({"inputText": "hi", "textGenerationConfig": {}}, NotACall.COMPLETION),
        ({"query": "q", "documents": ["a"]}, NotACall.RERANK),
        ({}, None),
        ([], None),
        ("words", None),
    ],
)
def test_a_request_tells_its_format(body: object, expected: Recognised) -> None:
    assert of_request(json.dumps(body).encode()) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"type": "message", "role": "assistant", "content": [], "usage": {}}, ANTHROPIC),
        ({"type": "error", "error": {"type": "overloaded_error"}}, ANTHROPIC),
        ({"type": "message_start", "message": {}}, ANTHROPIC),
        ({"type": "ping"}, ANTHROPIC),
        ({"object": "chat.completion", "choices": []}, CHAT),
        ({"choices": [{"delta": {}}]}, CHAT),
        ({"object": "response", "output": []}, RESPONSES),
        ({"type": "response.created", "response": {}}, RESPONSES),
        ({"type": "error", "sequence_number": 2, "error": {}}, RESPONSES),
        ({"candidates": [], "usageMetadata": {}}, GEMINI),
        ({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, GEMINI),
        ([{"candidates": []}], GEMINI),
        ({"output": {"message": {"role": "assistant"}}, "usage": {}}, CONVERSE),
        ({"metadata": {"usage": {}}}, CONVERSE),
        ({"object": "text_completion", "choices": [{"text": ""}]}, NotACall.COMPLETION),
        ({"choices": [{"text": ""}]}, NotACall.COMPLETION),
        ({"completion": "hi", "stop_reason": "stop"}, NotACall.COMPLETION),
        ({"object": "list", "data": [{"object": "embedding", "embedding": []}]}, NotACall.EMBEDDING),
        ({"embedding": []}, NotACall.EMBEDDING),
        ({"results": [{"flagged": False}]}, NotACall.MODERATION),
        ({"results": [{"relevance_score": 1}]}, NotACall.RERANK),
        ({"data": [{"b64_json": ""}]}, NotACall.IMAGE),
        ({"text": "hi", "task": "transcribe"}, NotACall.AUDIO),
        ({"input_tokens": 9}, NotACall.COUNT),
        ({"totalTokens": 9}, NotACall.COUNT),
        ({"type": "session.created", "event_id": "e"}, NotACall.REALTIME),
        ({"serverContent": {}, "usageMetadata": {}}, NotACall.REALTIME),
        ({"error": {"message": "words", "type": "invalid_request_error"}}, None),
        ({}, None),
        ([], None),
        (7, None),
    ],
)
def test_an_answer_tells_its_format(body: object, expected: Recognised) -> None:
    assert of_response(json.dumps(body).encode()) is expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b': wait\n\n: wait\n\ndata: {"id":"c","object":"chat.completion.chunk","choices":[]}\n\n', CHAT),
        (b'event: ping\ndata: {"type": "ping"}\n\n', ANTHROPIC),
        (
            b'event: response.created\ndata: {"type":"response.created","response":{}}\n\nevent: resp',
            RESPONSES,
        ),
        (b'data: {"candidates": [{"content": {}}]}\r\n\r\ndata: {"candi', GEMINI),
        (b'{"type":"response.created"}\n{"type":"response.in_progress"}\n', RESPONSES),
        (b"data: [DONE]\n\n", None),
        (b"", None),
    ],
)
def test_the_head_of_a_stream_is_enough(head: bytes, expected: Recognised) -> None:
    assert of_response(head) is expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        *((b"data: {}\n\n", True), (b"\r\n: wait\n", True), (b"event: ping\n", True), (b"data:{}", True)),
        *((b'{"data": 1}', False), (b"[{}]", False), (b"", False), (b"words: 7", False)),
    ],
)
def test_a_stream_of_events_begins_like_one(head: bytes, expected: bool) -> None:
    assert is_event_stream(head) is expected


def test_copied_fixtures_are_what_they_are() -> None:
    named = {
        "azure": CHAT,
        "mistral": CHAT,
        "xai": CHAT,
        "google": GEMINI,
        "openai": RESPONSES,
        "anthropic": ANTHROPIC,
    }
    others: dict[str, Recognised] = {
        "openai-embedding.json": NotACall.EMBEDDING,
        "openai-completion-text.json": NotACall.COMPLETION,
    }
    others |= {"openai-error.1.json": None}  # both OpenAI formats have this error: only the path tells
    # The Interactions API is read by its own module, which looks for its events.
    others |= {path.name: None for path in FIXTURES.glob("google-interactions-*")}
    ours = [path for path in sorted(FIXTURES.glob("*.*")) if path.name.partition("-")[0] in named]
    for path in ours:
        body = path.read_bytes() if path.suffix == ".json" else as_stream(path)
        expected = others.get(path.name, named[path.name.partition("-")[0]])
        assert of_response(body) is expected, path.name
    assert len(ours) >= 24


# What stands in the cassettes beside known endpoints: tools' servers, downloads, telemetry, Cohere's chat.
UNKNOWN = {
    "pydantic-ai-cassettes": {
        "mcp.deepwiki.com": 10,
        "pdfobject.com": 2,
        "www.w3.org": 1,
        "oauth2.googleapis.com": 1,
    },
    "openllmetry-cassettes": {"api.openai.com": 10},
    "otel-python-contrib-cassettes": {},
}


@pytest.mark.parametrize("corpus", UNKNOWN)
def test_path_request_and_answer_agree_on_every_recorded_call(corpus: str, recorded: Recorded) -> None:
    unknown: Counter[str] = Counter()
    for pair in exchanged(recorded(corpus)):
        by_path = of_url(pair.url)
        if by_path is None:
            unknown[pair.url.split("/")[2]] += 1
        if pair.status >= 300 or not isinstance(by_path, WireFormat) or by_path is INVOKE:
            continue
        if pair.request:
            assert of_request(pair.request) is by_path, pair.source
        is_frames = b":event-type" in pair.body[:200]  # AWS's own framing: the path tells
        is_filtered = (
            "content_filter" in pair.body.decode("utf-8", "replace")[:400] and b'"error"' in pair.body
        )
        if not is_frames and not is_filtered:
            assert of_response(pair.body) is by_path, pair.source
    assert unknown == UNKNOWN[corpus]


def test_claude_in_invoke_model_is_anthropics(recorded: Recorded) -> None:
    found: Counter[Recognised] = Counter()
    for pair in exchanged(recorded("openllmetry-cassettes")):
        if of_url(pair.url) is INVOKE and "claude-3" in pair.url and pair.url.endswith("invoke"):
            found[of_request(pair.request)] += 1
            assert of_response(pair.body) is ANTHROPIC
    assert found == {ANTHROPIC: 19}


@given(body=VALUES | OBJECTS)
def test_nothing_makes_us_fall_over(body: object) -> None:
    raw = json.dumps(body).encode()
    told = {of_request(raw), of_response(raw), of_response(b"data: " + raw)}
    assert all(one is None or isinstance(one, WireFormat | NotACall) for one in told)


# Fixtures of OpenAI's, Mistral's and Google's packages that are no call of the formats here, and why.
OTHER = {
    NotACall.REALTIME: 2,
    NotACall.EMBEDDING: 2,
    NotACall.IMAGE: 2,
    NotACall.COMPLETION: 2,
    NotACall.AUDIO: 2,
    NotACall.FILE: 1,
    None: 21,  # 17 of Google's Interactions, a format of its own; 4 errors that both OpenAI formats have
}


def test_every_provider_fixture_is_accounted_for(recorded: Recorded) -> None:
    packages = recorded("vercel-ai-provider-fixtures") / "packages"
    found: Counter[Recognised] = Counter()
    unknown = []
    for package in ("openai", "openai-compatible", "mistral", "google", "google-vertex"):
        for path in sorted((packages / package).rglob("*.*")):
            told = of_response(path.read_bytes() if path.suffix == ".json" else as_stream(path))
            found[told] += 1
            unknown += [path] if told is None else []
    assert found == OTHER | {CHAT: 14, RESPONSES: 56, GEMINI: 15}
    assert sum("interactions" in path.parts for path in unknown) == 17
    assert sum("error" in path.name for path in unknown) == 4
