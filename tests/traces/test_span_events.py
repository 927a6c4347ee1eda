import json

from farthing.traces import attribute_names as names
from farthing.traces.attributes import Attributes
from farthing.traces.span_events import Event, with_events


def event(name: str, **values: object) -> Event:
    return Event(name, {key.replace("__", "."): json.dumps(value).encode() for key, value in values.items()})


def attributes(**values: object) -> Attributes:
    return Attributes({key.replace("__", "."): json.dumps(value).encode() for key, value in values.items()})


def messages(*events: Event, told: Attributes | None = None) -> object:
    return json.loads(with_events(told or attributes(), events).document(names.INPUT_MESSAGES) or b"null")


def test_one_event_for_each_message() -> None:
    events = (
        event("gen_ai.system.message", content="Be brief."),
        event("gen_ai.user.message", content="Rain?", gen_ai__system="openai"),
        event("gen_ai.tool.message", content="yes", id="c"),
        event("gen_ai.choice", message='{"role": "assistant", "content": "It rains."}', index=0),
    )
    told = messages(*events)
    assert isinstance(told, list)
    assert [(each["role"], each["content"]) for each in told] == [
        ("system", "Be brief."),
        ("user", "Rain?"),
        ("tool", "yes"),
    ]
    (choice,) = json.loads(with_events(Attributes({}), events).document(names.OUTPUT_MESSAGES))
    assert choice["message"] == {"role": "assistant", "content": "It rains."}


def test_content_in_the_older_envelope() -> None:
    told = messages(event("gen_ai.user.message", gen_ai__event__content='{"content": "Rain?"}'))
    assert told == [{"role": "user", "content": "Rain?"}]


def test_one_event_with_everything_in_it_and_what_is_told_is_not_replaced() -> None:
    details = event(
        "gen_ai.client.inference.operation.details", **{"gen_ai.input.messages": [{"role": "user"}]}
    )
    assert messages(details) == [{"role": "user"}]
    kept = attributes(gen_ai__input__messages=[{"role": "kept"}])
    assert messages(details, told=kept) == [{"role": "kept"}]


def test_a_whole_prompt_in_one_event() -> None:
    told = with_events(Attributes({}), [event("gen_ai.content.prompt", gen_ai__prompt="Rain?")])
    assert told.text(names.INPUT_VALUES) == "Rain?"


def test_logfires_list_of_events() -> None:
    logged = [
        {"event.name": "gen_ai.user.message", "content": "Rain?", "role": "user"},
        {"event.name": "gen_ai.choice", "message": {"content": "Yes."}},
    ]
    assert messages(told=attributes(events=logged)) == [{"role": "user", "content": "Rain?"}]
    answered = with_events(attributes(events=json.dumps(logged)), ()).document(names.OUTPUT_MESSAGES)
    assert json.loads(answered) == [{"role": "assistant", "message": {"content": "Yes."}}]


def test_other_events_change_nothing() -> None:
    told = Attributes({"a": b"1"})
    assert with_events(told, [event("exception", message="no")]) is told
