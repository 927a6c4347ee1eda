"""Recorded HTTP exchanges to calls: which of them are model calls, who sold them, and which are copies.

A call is an answered request to one of the generating endpoints. Uploads, polls of assistants, token
counting, telemetry and tools' servers are not; neither are errors nor embeddings. The same exchange stands
in several recordings: it is one call, known by the provider's id of the answer, else by AWS's request id. A
background response is asked for again until it is done: the record with usage stands.
"""

import base64
import gzip
import json
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.truth import Call
from tests.truth.replies import Reply, anthropic, chat, cohere, converse, gemini, invoke, responses

SELLERS = {
    "api.anthropic.com": "anthropic",
    "api.openai.com": "openai",
    ".openai.azure.com": "azure",
    ".amazonaws.com": "aws",
    ".api.aws": "aws",
    "googleapis.com": "google",
    "api.mistral.ai": "mistral",
    "api.groq.com": "groq",
    "api.deepseek.com": "deepseek",
    "api.cohere.com": "cohere",
    "api.z.ai": "zai",
    "openrouter.ai": "openrouter",
    "ai-gateway.vercel.sh": None,  # passes makers' list prices on: found by the model's name
}
BEDROCK = re.compile(
    r"/model/(?P<model>.+)/(?P<verb>invoke|invoke-with-response-stream|converse|converse-stream)$"
)
GEMINI = re.compile(r"/models/(?P<model>[^/:]+):(generateContent|streamGenerateContent)$")
EMBEDDINGS = ("titan-embed", "cohere.embed")
POLL = re.compile(r"/v1/responses/[^/]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer. Header names are lower case; the body is bytes, or a parsed value."""

    method: str
    url: str
    request: Any
    status: int
    headers: dict[str, str]
    body: Any


def calls(exchanges: Iterable[Exchange]) -> list[Call]:
    """Return the distinct model calls among exchanges."""
    found: dict[object, Call] = {}
    for exchange in exchanges:
        for reply in _replies(exchange):
            key = reply.key or exchange.headers.get("x-amzn-requestid") or len(found)
            if key not in found or (reply.charges and not found[key].charges):
                found[key] = Call(charges=reply.charges, at=_dated(exchange) or reply.at)
    return list(found.values())


def _replies(exchange: Exchange) -> list[Reply]:
    parts = urlsplit(exchange.url)
    path = unquote(parts.path)
    wanted = "GET" if POLL.search(path) else "POST"
    if exchange.status >= 300 or exchange.method != wanted:
        return []
    seller = next((SELLERS[end] for end in SELLERS if parts.netloc.endswith(end)), parts.netloc)
    if path.endswith("/v1/messages"):
        return anthropic(records(exchange), seller)
    if path.endswith("/responses") or POLL.search(path):
        return responses(records(exchange), seller)
    if path.endswith("/chat/completions"):
        return chat(records(exchange), seller)
    if path.endswith("/v2/chat"):
        return cohere(records(exchange), exchange.request["model"], seller)
    if found := GEMINI.search(path):
        return gemini(records(exchange), found["model"], seller)
    return _bedrock(exchange, path)


def _bedrock(exchange: Exchange, path: str) -> list[Reply]:
    found = BEDROCK.search(path)
    if found is None or any(name in path for name in EMBEDDINGS):
        return []
    model = found["model"].rpartition("/")[2]  # of an inference profile's ARN
    if found["verb"].startswith("converse"):
        return converse(records(exchange), model, "aws")
    answer = records(exchange)
    replies = invoke(answer, exchange.headers, model, "aws")
    return [Reply(key=_id(answer), charges=reply.charges) for reply in replies]


def _id(answer: list[Any]) -> str | None:
    """Return the id in a body that InvokeModel passed on, where the family has any (Claude, Cohere)."""
    ids = [
        record.get("message", record).get("id")
        for record in answer
        if isinstance(record.get("message", {}), dict)
    ]
    return next((found for found in ids if isinstance(found, str)), None)


def _dated(exchange: Exchange) -> datetime | None:
    date = exchange.headers.get("date")
    return parsedate_to_datetime(date) if date else None


def records(exchange: Exchange) -> list[Any]:
    """Return the JSON values of an answer: its body, or the events of its stream."""
    body = exchange.body
    if not isinstance(body, bytes):
        return [body]
    if body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    if "vnd.amazon.eventstream" in exchange.headers.get("content-type", ""):
        return [_unwrapped(json.loads(payload)) for payload in _frames(body)]
    text = body.decode()
    return _events(text) if re.search(r"^data:", text, re.MULTILINE) else [json.loads(text)]


def _events(text: str) -> list[Any]:
    blocks = re.split(r"\r?\n\r?\n", text)
    data = ["\n".join(re.findall(r"^data: ?(.*?)\r?$", block, re.MULTILINE)) for block in blocks]
    return [json.loads(value) for value in data if value and value != "[DONE]"]


def _frames(body: bytes) -> list[bytes]:
    """Return the payloads of AWS's event stream: lengths, checksum, headers, payload, checksum."""
    payloads, start = [], 0
    while start < len(body):
        length, headers = struct.unpack_from(">II", body, start)
        payloads.append(body[start + 12 + headers : start + length - 4])
        start += length
    return payloads


def _unwrapped(payload: Any) -> Any:
    return json.loads(base64.b64decode(payload["bytes"])) if "bytes" in payload else payload
