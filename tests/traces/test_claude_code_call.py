from farthing.segment import Segment, SegmentKind
from farthing.span import Output, Span
from farthing.traces.claude_code_call import Call
from farthing.traces.claude_code_record import Message, Record
from farthing.traces.tree import Exchange, Place
from farthing.wire.anthropic_usage import Counts


def call_of(first: Record, *, visible: int = 0, thread: str = "") -> Call:
    exchange = Exchange(None, 1)
    if visible:
        exchange.answer.append(Segment(SegmentKind.ASSISTANT, "assistant", "", b"digest", visible))
    place = Place(exchange, 0)
    return Call(
        first=first, key="m", place=place, thread=thread, label="", asked="2026-01-02T03:04:05Z", offset=7
    )


def message(output: int | None, *, stop: str | None = None) -> Message:
    counts = None if output is None else Counts(input_tokens=3, output_tokens=output)
    return Message(id="m", model="claude-opus-4-8", stop_reason=stop, usage=counts)


def span_of(
    *messages: Message, visible: int = 0, record: Record | None = None, thread: str = "", own: str = ""
) -> Span:
    first = record or Record(session_id="s")
    first.message = messages[0]
    call = call_of(first, visible=visible, thread=thread)
    for said in messages:
        call.take(said, None)
    return call.span(own_session=own, attributes=())


def test_the_largest_output_is_the_bill_wherever_it_stands() -> None:
    span = span_of(message(1), message(80, stop="end_turn"), message(5))
    assert span.charges[0].usage.output_tokens == 80
    assert span.finish == "end_turn"


def test_an_output_too_small_for_what_was_said_is_a_placeholder() -> None:
    assert span_of(message(100), visible=600).output_count is Output.FINAL
    assert span_of(message(100), visible=601).output_count is Output.PLACEHOLDER
    assert span_of(message(0)).output_count is Output.FINAL


def test_no_counts_are_no_zeros() -> None:
    span = span_of(message(None), visible=10)
    assert (span.charges, span.usage_recorded, span.output_count) == ((), False, Output.MISSING)


def test_a_refusal_before_any_output_bills_nothing() -> None:
    assert span_of(message(1, stop="refusal")).charges == ()
    assert span_of(message(9, stop="refusal"), visible=9).charges != ()


def test_copies_are_marked_by_what_the_file_shows() -> None:
    assert not span_of(message(1), own="s").replayed
    assert span_of(message(1), own="another").replayed
    assert span_of(message(1), thread="acompact-1f2e").replayed
    assert not span_of(message(1), thread="a1f2e").replayed


def test_a_stream_names_its_session_in_another_way() -> None:
    assert span_of(message(1), record=Record(stream_session_id="p")).step.session == "p"
    assert span_of(message(1), record=Record(), own="file").step.session == "file"


def test_another_makers_model_has_no_known_provider() -> None:
    other = message(1)
    other.model = "glm-4.6"
    assert (span_of(message(1)).step.provider, span_of(other).step.provider) == ("anthropic", "")
