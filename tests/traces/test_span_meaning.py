"""What single spans mean, by the attributes that each kind of producer gives them."""

import json

import pytest

from farthing.errors import RecordError
from farthing.traces.attributes import Attributes
from farthing.traces.counts import Billed, Counts
from farthing.traces.documents import Document
from farthing.traces.source import Line
from farthing.traces.span_meaning import Frame, Meanings, kind_of, told_tier
from farthing.traces.span_tree import Kind, Observed


def attributes(**values: object) -> Attributes:
    return Attributes({name.replace("__", "."): json.dumps(value).encode() for name, value in values.items()})


def frame(told: Attributes, *, failed: bool = False, scope: str = "s") -> Frame:
    document = Document(b"{}", 7, Line(0, b"{}"))
    return Frame("t", "i", "p", "a span", 1_000, 2_000, failed, scope, "1", told, document)


def observe(**values: object) -> Observed:
    return Meanings().observe(frame(attributes(**values)))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"gen_ai__operation__name": "chat"}, Kind.MODEL),
        ({"gen_ai__operation__name": "generate_content"}, Kind.MODEL),
        ({"gen_ai__operation__name": "text_completion"}, Kind.MODEL),
        ({"gen_ai__operation__name": "invoke_agent", "gen_ai__usage__input_tokens": 5}, Kind.AGENT),
        ({"gen_ai__operation__name": "execute_tool"}, Kind.OTHER),
        ({"openinference__span__kind": "LLM"}, Kind.MODEL),
        ({"openinference__span__kind": "AGENT"}, Kind.AGENT),
        ({"openinference__span__kind": "CHAIN", "llm__model_name": "m"}, Kind.OTHER),
        ({"traceloop__span__kind": "agent"}, Kind.AGENT),
        ({"traceloop__span__kind": "workflow"}, Kind.OTHER),
        ({"llm__request__type": "chat"}, Kind.MODEL),
        ({"mlflow__spanType": "CHAT_MODEL"}, Kind.MODEL),
        ({"langfuse__observation__type": "generation"}, Kind.MODEL),
        ({"ai__operationId": "ai.generateText.doGenerate"}, Kind.MODEL),
        ({"ai__operationId": "ai.streamText"}, Kind.AGENT),
        ({"ai__operationId": "ai.toolCall"}, Kind.OTHER),
        ({"ai__operationId": "ai.embed.doEmbed"}, Kind.OTHER),
        ({"agent_name": "a", "gen_ai__usage__input_tokens": 5, "model_name": "m"}, Kind.AGENT),
        ({"input_tokens": 5, "model": "m"}, Kind.MODEL),
        ({"http.method": "GET"}, Kind.OTHER),
        ({}, Kind.OTHER),
    ],
)
def test_kinds_of_spans(values: dict[str, object], kind: Kind) -> None:
    assert kind_of(attributes(**values)) is kind


def test_counts_of_any_span_may_be_a_sum() -> None:
    seen = observe(traceloop__span__kind="workflow", gen_ai__usage__input_tokens=5)
    assert (seen.kind, isinstance(seen.told, Counts), seen.call is None) == (Kind.OTHER, True, False)


def test_zeros_are_no_counts() -> None:
    assert observe(gen_ai__operation__name="chat", gen_ai__usage__input_tokens=0).told is None


def test_a_failure_without_counts_is_no_call() -> None:
    chat = {"gen_ai__operation__name": "chat"}
    assert Meanings().observe(frame(attributes(**chat), failed=True)).call is None
    assert observe(**chat, error__type="429").call is None
    billed = Meanings().observe(frame(attributes(**chat, gen_ai__usage__input_tokens=5), failed=True))
    assert billed.call is not None
    assert billed.call.error == "error"


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(RecordError):
        observe(gen_ai__operation__name="chat", gen_ai__usage__output_tokens=-1)


def test_what_a_call_tells_of_itself() -> None:
    seen = observe(
        gen_ai__operation__name="chat",
        gen_ai__request__model="asked",
        gen_ai__response__model="answered",
        gen_ai__provider__name="azure.ai.openai",
        gen_ai__request__max_tokens=100,
        gen_ai__output__type="json",
        gen_ai__request__reasoning_effort="low",
        gen_ai__response__time_to_first_chunk=0.5,
        gen_ai__response__id="r",
        gen_ai__conversation__id="c",
        openai__response__service_tier="flex",
        gen_ai__usage__input_tokens=5,
    )
    assert seen.call is not None
    step = seen.call.step
    assert (step.model, step.provider, step.max_output_tokens) == ("asked", "azure", 100)
    assert (step.output_schema, step.parameters) == (True, (("effort", "low"),))
    assert (seen.call.first_token_ns, seen.call.response_id, seen.call.offset) == (500_001_000, "r", 7)
    assert (seen.model, seen.tier, seen.session) == ("answered", "flex", "c")


def test_a_providers_own_answer_is_taken_before_the_attributes() -> None:
    usage = {"input_tokens": 9, "output_tokens": 3, "cache_read_input_tokens": 80}
    answer = json.dumps({"type": "message", "id": "msg", "model": "m", "usage": usage})
    seen = observe(openinference__span__kind="LLM", output__value=answer, llm__token_count__prompt=89)
    assert isinstance(seen.told, Billed)
    assert seen.told.charges[0].usage.uncached_input_tokens == 9
    assert seen.call is not None
    assert seen.call.response_id == "msg"


def test_an_agents_metadata_is_of_its_last_step_and_not_its_sum() -> None:
    metadata = json.dumps({"anthropic": {"usage": {"input_tokens": 9, "output_tokens": 3}}})
    told = {"ai__response__providerMetadata": metadata, "ai__usage__promptTokens": 20}
    assert isinstance(observe(ai__operationId="ai.generateText", **told).told, Counts)
    assert isinstance(observe(ai__operationId="ai.generateText.doGenerate", **told).told, Billed)


def test_tiers() -> None:
    assert told_tier(attributes(speed="fast")) == "fast"
    assert told_tier(attributes(speed="normal")) == ""
    assert told_tier(attributes(anthropic__response__service_tier="standard")) == ""


def test_producers_that_tell_no_cached_tokens_are_named_once() -> None:
    meanings = Meanings()
    blind = attributes(gen_ai__operation__name="chat", gen_ai__usage__input_tokens=5)
    meanings.observe(frame(blind, scope="ai"))
    meanings.observe(frame(blind.joined({"ai.usage.cachedInputTokens": b"0"}), scope="ai"))
    meanings.observe(frame(blind, scope="another"))
    (note,) = meanings.notes()
    assert note.text.startswith("1 calls were traced by an instrumentation that tells no cached tokens")
    assert list(Meanings().notes()) == []
