import json

from farthing.segment import Segment, SegmentKind
from farthing.span import Output, Span
from farthing.step import Recorded
from farthing.traces.bodies import Body
from farthing.traces.exchange import FAILED, Exchanges, Facts
from farthing.traces.source import Dropped, Note
from farthing.usage import Charge, Usage
from farthing.wire.message import Request, Response
from farthing.wire.recognise import WireFormat

RESPONSES = WireFormat.OPENAI_RESPONSES
NOTHING = Body(b"")
URL = "https://api.openai.com/v1/responses"
ASK = Body(b'{"model": "gpt-5", "input": "hi", "background": true}')


def answered(status: str, *, tokens: int | None = None) -> Body:
    body: dict[str, object] = {"id": "resp_1", "object": "response", "model": "gpt-5-1", "status": status}
    counts = {"input_tokens": tokens, "output_tokens": 1}
    return Body(json.dumps(body | {"output": [], "usage": counts if tokens else None}).encode())


def take(exchanges: Exchanges, *, method: str = "POST", response: Body, offset: int = 0) -> list[Span]:
    facts = Facts(offset=offset, url=URL if method == "POST" else f"{URL}/resp_1", method=method)
    return list(exchanges.take(facts, ASK if method == "POST" else NOTHING, response))


def test_work_in_the_background_is_one_call_that_ends_with_a_poll() -> None:
    exchanges = Exchanges()

    assert take(exchanges, response=answered("queued"), offset=7) == []
    assert take(exchanges, method="GET", response=answered("in_progress")) == []
    (span,) = take(exchanges, method="GET", response=answered("completed", tokens=9))
    assert (span.offset, span.charges[0].usage.input_tokens, span.finish) == (7, 9, "completed")
    assert span.step.recorded is Recorded.FULL
    assert take(exchanges, method="GET", response=answered("completed", tokens=9)) == []
    assert list(exchanges.rest()) == [Dropped("polls of a response that is counted already", 2)]


def test_work_that_never_ended_is_a_call_whose_bill_is_unknown() -> None:
    exchanges = Exchanges()
    take(exchanges, response=answered("queued"))

    (span,) = exchanges.rest()
    assert isinstance(span, Span)
    assert (span.usage_recorded, span.response_id) == (False, "resp_1")


def test_a_poll_of_a_call_that_is_not_there_is_the_call() -> None:
    (span,) = take(Exchanges(), method="GET", response=answered("completed", tokens=9))

    assert (span.step.recorded, span.charges[0].usage.input_tokens) == (Recorded.COUNTS, 9)


REQUEST = Request(model="litellm_proxy/m", segments=())
BILL = (Charge(model="", usage=Usage(uncached_input_tokens=3, output_tokens=4)),)
SAID = (Segment(SegmentKind.ASSISTANT, "assistant", "", b"0" * 16, 2),)


def joined(response: Response | None, **facts: object) -> list[Span]:
    told = Facts(offset=0, **facts)  # type: ignore[arg-type]
    return list(Exchanges().join(told, WireFormat.OPENAI_CHAT, REQUEST, response))


def test_a_charge_without_a_model_is_the_models_that_was_asked() -> None:
    (span,) = joined(Response(charges=BILL), tier="batch")

    assert (span.step.model, span.charges[0].model, span.charges[0].tier) == ("m", "m", "batch")


def test_aws_request_id_stands_in_for_the_answers() -> None:
    (with_own,) = joined(Response(response_id="a", charges=BILL), answered={"x-amzn-requestid": "b"})
    (without,) = joined(Response(charges=BILL), answered={"x-amzn-requestid": "b"})

    assert (with_own.response_id, without.response_id) == ("a", "b")


def test_how_far_the_output_count_can_be_believed() -> None:
    none_counted = (Charge(model="m", usage=Usage(uncached_input_tokens=3)),)
    counts = {
        Output.FINAL: Response(charges=BILL, output=SAID),
        Output.MISSING: Response(usage_recorded=False, output=SAID),
        Output.PLACEHOLDER: Response(charges=BILL, output=SAID, complete=False),
    }

    for expected, response in counts.items():
        assert joined(response)[0].output_count is expected
    assert joined(Response(charges=none_counted, output=SAID))[0].output_count is Output.PLACEHOLDER
    assert joined(Response(charges=none_counted))[0].output_count is Output.FINAL
    ended = Response(charges=BILL, output=SAID, complete=False, finish="end_turn")
    assert joined(ended)[0].output_count is Output.FINAL


def test_failures_are_left_out_unless_something_was_billed() -> None:
    assert joined(Response(error="overloaded_error", usage_recorded=False)) == []
    assert joined(Response(charges=BILL), status=429) == []
    assert len(joined(Response(error="overloaded_error", charges=BILL))) == 1


def test_what_was_left_out_is_said_by_reason_the_most_first() -> None:
    exchanges = Exchanges()
    for reason in ("token count", FAILED, FAILED):
        exchanges.leave_out(reason)

    assert list(exchanges.rest()) == [
        Note("left out, as no answered model calls: 2 that failed, 1 token count")
    ]


def test_a_legacy_completion_is_a_call() -> None:
    facts = Facts(offset=0, url="https://api.openai.com/v1/completions", method="POST")
    usage = b'{"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}'
    answer = Body(b'{"object": "text_completion", "choices": [{"text": "a"}], "usage": ' + usage + b"}")
    (span,) = Exchanges().take(facts, Body(b'{"model": "m", "prompt": "p"}'), answer)

    assert (span.step.model, span.charges[0].usage.input_tokens) == ("m", 5)
