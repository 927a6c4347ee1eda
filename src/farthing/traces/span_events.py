"""What a span's events tell of its messages, put where the attributes of later conventions have it.

Conventions moved content about: one event for each message (`gen_ai.user.message`, `gen_ai.choice`), then one
event with all of them (`gen_ai.client.inference.operation.details`), then attributes. Logfire kept the
events of the first kind as a list in an attribute.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from farthing.traces.attributes import Attributes, unwrapped
from farthing.wire.fields import ABSENT, is_given, items, members, string

_DETAILS = "gen_ai.client.inference.operation.details"
_CHOICE = "gen_ai.choice"
_MESSAGE_EVENTS = (
    "gen_ai.system.message",
    "gen_ai.user.message",
    "gen_ai.assistant.message",
    "gen_ai.tool.message",
)
_WHOLE_PROMPT = {"gen_ai.content.prompt": "gen_ai.prompt", "gen_ai.content.completion": "gen_ai.completion"}
_INPUT, _OUTPUT = "gen_ai.input.messages", "gen_ai.output.messages"


class Event(NamedTuple):
    """An event of a span: its name and its attributes, as JSON."""

    name: str
    values: Mapping[str, bytes]


def with_events(attributes: Attributes, events: Iterable[Event]) -> Attributes:
    """Return the attributes with what the span's events tell of its messages."""
    told = [*events, *_logged(attributes)]
    joined: dict[str, bytes] = {}
    for event in told:
        if event.name == _DETAILS:
            joined.update(event.values)
        elif whole := _WHOLE_PROMPT.get(event.name):
            joined[whole] = event.values.get(whole, ABSENT)
    asked = [_message(event) for event in told if event.name in _MESSAGE_EVENTS]
    answered = [_message(event) for event in told if event.name == _CHOICE]
    for name, messages in ((_INPUT, asked), (_OUTPUT, answered)):
        if messages:
            joined.setdefault(name, b"[" + b",".join(messages) + b"]")
    return attributes.joined(joined) if joined else attributes


def _logged(attributes: Attributes) -> list[Event]:
    """Return the events that Logfire keeps as a list in the attribute `events`."""
    listed = [members(event) for event in items(unwrapped(attributes.raw(("events",))))]
    return [Event(string(event.get("event.name", ABSENT)), event) for event in listed]


def _message(event: Event) -> bytes:
    """Return an event as a message: its attributes are the members, the role is in its name."""
    body = members(unwrapped(event.values.get("gen_ai.event.content", ABSENT))) or event.values
    role = "assistant" if event.name == _CHOICE else event.name.split(".")[1]
    told = {
        name: value for name, value in body.items() if is_given(value) and name not in ("event.name", "role")
    }
    said = b",".join(b'"' + name.encode() + b'":' + bytes(unwrapped(value)) for name, value in told.items())
    return b'{"role":"' + role.encode() + b'"' + (b"," + said if said else b"") + b"}"
