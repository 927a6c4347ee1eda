from farthing.span import Span
from farthing.traces.codex_call import Call
from farthing.traces.codex_record import Counters, Git, SessionMeta, TurnContext, UsageRecord

META = SessionMeta(
    id="thread", cwd="/home/dev", cli_version="0.58.0", git=Git(branch="main"), model_provider="openai"
)


def span_of(
    context: TurnContext, *, session: str = "thread", thread: str = "thread", model: str = ""
) -> Span:
    record = UsageRecord(usage=Counters(100, 40, 0, 10), response_id="r", thread_id=thread)
    call = Call(
        record=record,
        session=session,
        copied=False,
        context=context,
        prefix=None,
        turn=1,
        asked_ns=5,
        ended_ns=9,
        offset=7,
    )
    return call.span(META, (), model=model)


def test_a_call_tells_who_made_it_and_where() -> None:
    span = span_of(TurnContext(model="gpt-5.5", effort="low", cwd="/home/dev/other"))
    assert (span.step.session, span.step.agent, span.step.provider) == ("thread", "", "openai")
    assert span.step.parameters == (("effort", "low"),)
    assert span.attributes == (("git_branch", "main"), ("project", "/home/dev/other"), ("version", "0.58.0"))
    assert (span.step.at_ns, span.ended_ns, span.offset, span.response_id) == (5, 9, 7, "r")
    assert span.usage_rule == "input counts include cached tokens"


def test_a_thread_of_another_session_is_its_sub_agent() -> None:
    assert span_of(TurnContext(), session="root").step.agent == "thread"


def test_a_model_that_no_context_named_is_told_later() -> None:
    assert span_of(TurnContext(), model="gpt-5.5").charges[0].model == "gpt-5.5"
    assert span_of(TurnContext(model="gpt-5.1"), model="gpt-5.5").charges[0].model == "gpt-5.1"
