import json

import pytest

from farthing.traces.counts import Billed
from farthing.traces.raw_answers import NO_ANSWER, metadata_usage, provider_usage, raw_answer
from farthing.usage import Usage, cache_writes
from tests.traces.instrumented import ANTHROPIC, OPENAI

ANTHROPICS = {
    "input_tokens": 14,
    "output_tokens": 61,
    "cache_creation_input_tokens": 1_600,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 1_000, "ephemeral_1h_input_tokens": 600},
}
OPENAIS = {
    "prompt_tokens": 1_712,
    "completion_tokens": 33,
    "prompt_tokens_details": {"cached_tokens": 1_536},
    "completion_tokens_details": {"reasoning_tokens": 12},
}


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


def usages(billed: Billed | None) -> list[Usage]:
    return [charge.usage for charge in billed.charges] if billed else []


def test_an_anthropic_message() -> None:
    told = raw_answer(
        raw({"id": "msg_1", "type": "message", "stop_reason": "end_turn", "usage": ANTHROPICS}), model="m"
    )
    assert usages(told.billed) == ANTHROPIC[:1]
    assert (told.response_id, told.finish) == ("msg_1", "end_turn")


@pytest.mark.parametrize("kind", ["chat.completion", "text_completion"])
def test_an_openai_answer(kind: str) -> None:
    told = raw_answer(
        raw({"id": "c", "object": kind, "model": "a", "usage": OPENAIS, "service_tier": "flex"}), model="m"
    )
    assert usages(told.billed) == OPENAI[1:]
    assert told.billed is not None
    assert (told.billed.charges[0].model, told.billed.charges[0].tier) == ("a", "flex")


def test_all_that_an_answer_bills() -> None:
    advice = {"type": "advisor_message", "model": "b", "input_tokens": 5, "output_tokens": 1}
    told = raw_answer(
        raw({"type": "message", "model": "a", "usage": {**ANTHROPICS, "iterations": [advice]}}), model="m"
    )
    assert told.billed is not None
    assert [(charge.model, charge.part) for charge in told.billed.charges] == [("a", ""), ("b", "advisor")]


@pytest.mark.parametrize(
    "value", [b"", b"null", b'"words"', b"[]", b'{"usage": {"input_tokens": 5}}', b'{"object": "list"}']
)
def test_what_is_no_answer(value: bytes) -> None:
    assert raw_answer(value, model="m") == NO_ANSWER


def test_the_ai_sdks_metadata() -> None:
    assert usages(metadata_usage(raw({"anthropic": {"usage": ANTHROPICS}}), model="m")) == ANTHROPIC[:1]
    assert metadata_usage(raw({"openai": {"responseId": "r"}}), model="m") is None


def test_a_usage_object_alone() -> None:
    assert usages(provider_usage(raw(ANTHROPICS), model="m", tier="")) == ANTHROPIC[:1]
    assert usages(provider_usage(raw(OPENAIS), model="m", tier="")) == OPENAI[1:]
    litellm = {**OPENAIS, "cache_creation_input_tokens": 0}
    assert usages(provider_usage(raw(litellm), model="m", tier="")) == OPENAI[1:]
    assert provider_usage(raw({"input_tokens": 5}), model="m", tier="") is None


def test_impossible_usage_is_none() -> None:
    assert raw_answer(raw({"type": "message", "usage": {"input_tokens": -5}}), model="m").billed is None
    assert provider_usage(raw({"prompt_tokens": -5}), model="m", tier="") is None
    written = Usage(uncached_input_tokens=1, cache_writes=cache_writes(unknown=2))
    counted = {"input_tokens": 1, "cache_creation_input_tokens": 2}
    assert usages(provider_usage(raw(counted), model="m", tier="")) == [written]
