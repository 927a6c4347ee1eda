"""Log records of coding agents. Claude Code's are real; Codex' and Gemini CLI's transcribe their sources.

Codex: codex-rs/otel, `codex.sse_event` (2026-02). Gemini CLI: docs/telemetry.md (2026-08).
"""

import json

import pytest

from farthing.span import Span
from farthing.traces.otlp_logs import FORMAT
from farthing.traces.source import Item, Match, Note, Skipped
from farthing.usage import Usage, cache_writes
from tests.traces.file_source import FileSource
from tests.traces.instrumented import HERE, read, usages
from tests.traces.sums import items_of, others_of, spans_of


def record(name: str, **attributes: object) -> dict[str, object]:
    named = [
        {
            "key": key.replace("__", "."),
            "value": {"intValue" if isinstance(value, int) else "stringValue": str(value)},
        }
        for key, value in {"event__name": name, **attributes}.items()
    ]
    return {"timeUnixNano": "1764000001000000000", "body": {"stringValue": name}, "attributes": named}


def told(*records: object) -> list[Item]:
    logs = {"resourceLogs": [{"scopeLogs": [{"scope": {"name": "x"}, "logRecords": records}]}]}
    return list(FORMAT.read(FileSource("logs.jsonl", json.dumps(logs).encode())))


def one(name: str, **attributes: object) -> Span:
    (span,) = spans_of(told(record(name, **attributes)))
    return span


def test_claude_codes_records() -> None:
    first, second = read(FORMAT, "claude_code_logs.jsonl")
    assert FORMAT.recognise(FileSource.of(HERE / "claude_code_logs.jsonl").sample()) is Match.LEAD
    assert usages([first, second]) == [
        Usage(uncached_input_tokens=14, cache_writes=cache_writes(unknown=1_600), output_tokens=61),
        Usage(
            uncached_input_tokens=9,
            cache_read_input_tokens=1_600,
            cache_writes=cache_writes(unknown=75),
            output_tokens=33,
        ),
    ]
    assert first.step.session == "dfc66938-2107-4009-aed6-b89327c7da72"
    assert (first.reported_cost_picousd, first.step.provider) == (8_307_000_000, "anthropic")
    assert (first.ended_ns or 0) - (first.step.at_ns or 0) == 24_000_000
    assert first.response_id != second.response_id


def test_that_the_same_calls_stand_elsewhere_is_said() -> None:
    (note,) = others_of(items_of(FORMAT, HERE / "claude_code_logs.jsonl"))
    assert isinstance(note, Note)


def test_codex_counts_cached_tokens_in_its_input() -> None:
    call = one(
        "codex.sse_event",
        event__kind="response.completed",
        conversation__id="c",
        model="gpt-5-codex",
        input_token_count="100",
        output_token_count="20",
        cached_token_count=80,
        reasoning_token_count=5,
    )
    assert usages([call]) == [
        Usage(uncached_input_tokens=20, cache_read_input_tokens=80, output_tokens=20, reasoning_tokens=5)
    ]
    assert (call.step.session, call.step.model) == ("c", "gpt-5-codex")


def test_geminis_thoughts_and_tools_stand_beside_the_counts() -> None:
    call = one(
        "gemini_cli.api_response",
        session__id="g",
        model="gemini-2.5-pro",
        input_token_count=100,
        output_token_count=20,
        cached_content_token_count=80,
        thoughts_token_count=7,
        tool_token_count=3,
        total_token_count=130,
    )
    assert usages([call]) == [
        Usage(uncached_input_tokens=23, cache_read_input_tokens=80, output_tokens=27, reasoning_tokens=7)
    ]


def test_a_sub_agent_and_a_speed_are_told() -> None:
    call = one(
        "claude_code.api_request",
        model="m",
        input_tokens=5,
        query_source="agent:builtin:Explore",
        speed="fast",
    )
    assert (call.step.agent, call.step.agent_label) == ("agent:builtin:Explore", "builtin:Explore")
    assert call.charges[0].tier == "fast"
    assert one("claude_code.api_request", model="m", input_tokens=5, speed="normal").charges[0].tier == ""


@pytest.mark.parametrize("name", ["claude_code.user_prompt", "claude_code.api_error", "gen_ai.user.message"])
def test_other_records_are_no_calls(name: str) -> None:
    assert told(record(name, input_tokens=5)) == []


def test_a_streams_other_events_are_no_calls() -> None:
    assert told(record("codex.sse_event", event__kind="response.created", input_token_count=5)) == []


def test_damage_is_named_and_the_rest_is_read() -> None:
    items = told(
        3,
        record("claude_code.api_request", model="m", input_tokens=-5),
        record("claude_code.api_request", input_tokens=5),
    )
    assert len(spans_of(items)) == 1
    assert [item.reason for item in items if isinstance(item, Skipped)] == [
        "the log record does not follow OTLP",
        "input_tokens is -5; a count cannot be negative",
    ]
    (skipped,) = FORMAT.read(FileSource("logs.jsonl", b'{"resourceLogs": 3}'))
    assert isinstance(skipped, Skipped)
