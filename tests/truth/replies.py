"""Bodies that providers answered with, plain or as events, to the charges they stand for.

One function a format, each from a list of JSON records (one body, or the events of one stream) to replies.
A reply without charges is a call that told no usage, or that is not billed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.truth import Charge

# A refusal by a filter, or a stream that ended in an error, is no call.
NO_CALL = frozenset({"failed", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: the provider's id for it, its bill, and when it was made, as far as the body says."""

    key: str | None
    charges: tuple[Charge, ...] = ()
    at: datetime | None = None


def anthropic(records: list[Any], provider: str | None) -> list[Reply]:
    """Read Messages: `message_start` opens a reply of a stream, `message_delta` has its final counters.

    A refusal before any output is not billed (Anthropic, refusals and fallback, 2026-08).
    """
    replies: dict[str, tuple[str, dict[str, Any]]] = {}
    spoken: set[str] = set()
    refused: set[str] = set()
    current = ""
    for record in records:
        if record.get("type") in {"message_start", "message"}:
            message = record.get("message", record)
            current = message["id"]
            replies[current] = (message["model"], dict(message.get("usage", {})))
        if record.get("type") == "content_block_start" or record.get("content"):
            spoken.add(current)
        if "refusal" in (record.get("stop_reason"), (record.get("delta") or {}).get("stop_reason")):
            refused.add(current)
        if record.get("type") == "message_delta" and current:
            told = {name: count for name, count in record.get("usage", {}).items() if count is not None}
            replies[current][1].update(told)
    return [
        Reply(
            key=key,
            charges=() if key in refused - spoken else _anthropic_charges(model, usage, provider),
        )
        for key, (model, usage) in replies.items()
    ]


def _anthropic_charges(model: str, usage: Any, provider: str | None) -> tuple[Charge, ...]:
    """Bill every iteration at its own model; an attempt declined before any output is not billed.

    Without iterations the usage is the bill. Where there are some, it repeats those of type `message`.
    """
    lines = usage.get("iterations") or [usage]
    return tuple(
        _anthropic_charge(line.get("model") or model, line, provider)
        for line in lines
        if len(lines) == 1 or line["output_tokens"] > 0
    )


def _anthropic_charge(model: str, usage: Any, provider: str | None) -> Charge:
    ttl = usage.get("cache_creation") or {}
    short, long = ttl.get("ephemeral_5m_input_tokens", 0), ttl.get("ephemeral_1h_input_tokens", 0)
    return Charge(
        model=model,
        provider=provider,
        uncached=usage["input_tokens"],
        read=usage.get("cache_read_input_tokens") or 0,
        write_5m=short,
        write_1h=long,
        write_other=max(0, (usage.get("cache_creation_input_tokens") or 0) - short - long),
        output=usage["output_tokens"],
    )


def responses(records: list[Any], provider: str | None) -> list[Reply]:
    """Read OpenAI Responses: a stream's last event has the usage, and an id that may differ from others."""
    endings = {"response.completed", "response.incomplete", "response.failed"}
    bodies = [record["response"] for record in records if record.get("type") in endings]
    bodies += [record for record in records if record.get("object") == "response"]
    opened = [record["response"] for record in records if record.get("type") == "response.created"]
    return [
        Reply(key=body["id"], charges=_responses_charges(body, provider), at=_created(body.get("created_at")))
        for body in bodies or opened[:1]
        if body.get("status") not in NO_CALL
    ]


def _responses_charges(body: Any, provider: str | None) -> tuple[Charge, ...]:
    usage = body.get("usage")
    if not usage:
        return ()
    details = usage.get("input_tokens_details") or {}
    return (
        _inclusive(
            body["model"],
            provider,
            tier=body.get("service_tier"),
            prompt=usage["input_tokens"],
            read=details.get("cached_tokens") or 0,
            written=details.get("cache_write_tokens") or 0,
            output=usage["output_tokens"],
        ),
    )


def _inclusive(
    model: str, provider: str | None, *, tier: str | None, prompt: int, read: int, written: int, output: int
) -> Charge:
    """Split an input count that includes cached tokens.

    OpenRouter's Gemini counts the same tokens as read and as written; they are read.
    """
    if read + written > prompt:
        written = 0
    return Charge(
        model=model,
        provider=provider,
        tier=tier,
        uncached=prompt - read - written,
        read=read,
        write_other=written,
        output=output,
    )


def chat(records: list[Any], provider: str | None) -> list[Reply]:
    """Read OpenAI Chat and text completions: the last usage of a stream stands, if there is any.

    Azure opens a stream with a chunk that has no id and answers a filtered prompt with choices alone.
    """
    chunks = [record for record in records if "choices" in record]
    if not chunks:
        return []
    usages = [record["usage"] for record in chunks if record.get("usage")]
    return [
        Reply(
            key=_first(chunks, "id"),
            charges=(_chat_charge(chunks, usages[-1], provider),) if usages else (),
            at=_created(_first(chunks, "created")),
        )
    ]


def _chat_charge(chunks: list[Any], usage: Any, provider: str | None) -> Charge:
    details = usage.get("prompt_tokens_details") or {}
    reasoning = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    output = usage["completion_tokens"]
    if usage["total_tokens"] == usage["prompt_tokens"] + output + reasoning:
        output += reasoning  # xAI leaves reasoning out of the completion
    return _inclusive(
        _first(chunks, "model"),
        provider,
        tier=_first(chunks, "service_tier"),
        prompt=usage["prompt_tokens"],
        read=details.get("cached_tokens") or 0,
        written=details.get("cache_write_tokens") or 0,
        output=output,
    )


def cohere(records: list[Any], model: str, provider: str | None) -> list[Reply]:
    """Read Cohere's chat: `billed_units` is the bill, `tokens` what the model saw."""
    billed = ((record["id"], record["usage"]["billed_units"]) for record in records)
    return [
        Reply(
            key=key,
            charges=(
                Charge(
                    model=model,
                    provider=provider,
                    uncached=units["input_tokens"],
                    output=units["output_tokens"],
                ),
            ),
        )
        for key, units in billed
    ]


def gemini(records: list[Any], model: str, provider: str | None) -> list[Reply]:
    """Read generateContent: counters of a stream are running totals, and candidates exclude thoughts."""
    usages = [
        record["usageMetadata"] for record in records if "promptTokenCount" in record.get("usageMetadata", {})
    ]
    created = _first(records, "createTime")
    return [
        Reply(
            key=_first(records, "responseId"),
            charges=(_gemini_charge(_first(records, "modelVersion") or model, usages[-1], provider),)
            if usages
            else (),
            at=datetime.fromisoformat(created) if created else None,
        )
    ]


def _gemini_charge(model: str, usage: Any, provider: str | None) -> Charge:
    cached = usage.get("cachedContentTokenCount") or 0
    return Charge(
        model=model,
        provider=provider,
        uncached=usage["promptTokenCount"] - cached + (usage.get("toolUsePromptTokenCount") or 0),
        read=cached,
        output=(usage.get("candidatesTokenCount") or 0) + (usage.get("thoughtsTokenCount") or 0),
    )


def interactions(records: list[Any], provider: str | None) -> list[Reply]:
    """Read Gemini's Interactions: a body, or the interaction in the event that completes it."""
    bodies = [record for record in records if record.get("object") == "interaction"]
    bodies += [
        record["interaction"] for record in records if record.get("event_type") == "interaction.completed"
    ]
    return [
        Reply(
            key=body.get("id"),
            charges=(_interaction_charge(body, provider),),
            at=datetime.fromisoformat(body["created"]),
        )
        for body in bodies
    ]


def _interaction_charge(body: Any, provider: str | None) -> Charge:
    usage = body["usage"]
    cached = usage["total_cached_tokens"]
    return Charge(
        model=body["model"],
        provider=provider,
        uncached=usage["total_input_tokens"] - cached + usage["total_tool_use_tokens"],
        read=cached,
        output=usage["total_output_tokens"] + usage["total_thought_tokens"],
    )


def converse(records: list[Any], model: str, provider: str | None) -> list[Reply]:
    """Read Bedrock Converse: a body, or the stream's metadata event, wrapped in its name or not."""
    metadata = [record.get("metadata", record) for record in records]
    usages = [record["usage"] for record in metadata if "usage" in record]
    charges = (_converse_charge(model, usages[-1], provider),) if usages else ()
    return [Reply(key=None, charges=charges)]


def _converse_charge(model: str, usage: Any, provider: str | None) -> Charge:
    by_ttl = {entry["ttl"]: entry["inputTokens"] for entry in usage.get("cacheDetails", ())}
    written = usage.get("cacheWriteInputTokens") or 0
    return Charge(
        model=model,
        provider=provider,
        uncached=usage["inputTokens"],
        read=usage.get("cacheReadInputTokens") or 0,
        write_5m=by_ttl.get("5m", 0),
        write_1h=by_ttl.get("1h", 0),
        write_other=written - sum(by_ttl.values()),
        output=usage["outputTokens"],
    )


def invoke(records: list[Any], headers: dict[str, str], model: str, provider: str | None) -> list[Reply]:
    """Read Bedrock InvokeModel of any family: counters stand in headers, or in the stream's last chunk."""
    metrics = next(
        (record["amazon-bedrock-invocationMetrics"] for record in reversed(records) if _measured(record)),
        None,
    )
    if metrics is None:
        words = {"inputTokenCount": "input", "outputTokenCount": "output"}
        words |= {
            "cacheReadInputTokenCount": "cache-read-input",
            "cacheWriteInputTokenCount": "cache-write-input",
        }
        named = {key: headers.get(f"x-amzn-bedrock-{word}-token-count") for key, word in words.items()}
        metrics = {key: int(count) for key, count in named.items() if count is not None}
    if "outputTokenCount" not in metrics:
        return [Reply(key=None)]
    charge = Charge(
        model=model,
        provider=provider,
        uncached=metrics["inputTokenCount"],
        read=metrics.get("cacheReadInputTokenCount", 0),
        write_other=metrics.get("cacheWriteInputTokenCount", 0),
        output=metrics["outputTokenCount"],
    )
    return [Reply(key=None, charges=(charge,))]


def _measured(record: Any) -> bool:
    return "amazon-bedrock-invocationMetrics" in record


def _first(records: Iterable[Any], name: str) -> Any:
    return next((record[name] for record in records if record.get(name)), None)


def _created(stamp: float | None) -> datetime | None:
    """Return the instant of a Unix stamp in seconds; one proxy writes milliseconds."""
    if not stamp:
        return None
    return datetime.fromtimestamp(stamp / 1000 if stamp > 1e11 else stamp, UTC)
