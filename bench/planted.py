"""Breaks to plant in real sessions, each at a known step, and things that look like breaks and are none.

A plant changes the requests from a step on, as the mistake would in a real agent: the edit stays in the
history, the moving value moves on. Nothing here imports farthing.
"""

# ruff: noqa: ARG001 - every change has one signature

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

from bench.real_talks import Body, Message, Tool

_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_IDLE_S = 720.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One request before it is rendered. `agent` is that of a sub-agent, "" for the session's own."""

    model: str
    system: str
    tools: tuple[Tool, ...]
    messages: tuple[Message, ...]
    at_s: float
    began_s: float
    settings: Body
    agent: str = ""
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Where:
    """Where a break is planted: at which step, behind how many messages, and the exchange before them.

    `random` goes on from step to step.
    """

    step: int
    messages: int
    exchange: tuple[int, int]
    previous_at_s: float
    random: Random


Change = Callable[[Ask, int, Where], Ask]


@dataclass(frozen=True, slots=True)
class Plant:
    """`change` is applied to every request from the planted step on; `aside` makes one more request there.

    `causes` are the right names for the break; none where nothing breaks. It is due at the planted step
    and, if it moves on by itself, at `every_step` behind; `from_start` it stands in all requests.
    """

    name: str
    causes: frozenset[str]
    change: Change
    every_step: bool = False
    from_start: bool = False
    providers: frozenset[str] = frozenset({"anthropic", "openai", "deepseek"})
    aside: Callable[[Ask], Ask] | None = None

    def due(self, step: int, where: Where) -> bool:
        return bool(self.causes) and (step == where.step or (self.every_step and step > where.step))


def plants() -> tuple[Plant, ...]:
    return (*_VOLATILE, *_TOOLS, *_HISTORY, *_OTHER, *_HARMLESS)


def _timestamp(ask: Ask, step: int, where: Where) -> Ask:
    now = datetime.fromtimestamp(ask.at_s, UTC)
    return replace(ask, system=f"Current time: {now:%Y-%m-%d %H:%M:%S}\n{ask.system}")


def _spoken_date(ask: Ask, step: int, where: Where) -> Ask:
    now = datetime.fromtimestamp(ask.at_s, UTC)
    half = len(ask.system) // 2
    return replace(
        ask, system=f"{ask.system[:half]}\nIt is {now:%A, %B %d, %Y, %I:%M:%S %p}.\n{ask.system[half:]}"
    )


def _request_id(ask: Ask, step: int, where: Where) -> Ask:
    return replace(ask, system=f"x-request-id: req_{where.random.getrandbits(72):018x}\n{ask.system}")


def _in_first_message(ask: Ask, step: int, where: Where) -> Ask:
    first, *rest = ask.messages
    text = f"<env>trace {where.random.getrandbits(128):032x}, step {step}</env>\n{first.text}"
    return replace(ask, messages=(replace(first, text=text), *rest))


def _in_tool(ask: Ask, step: int, where: Where) -> Ask:
    first, *rest = ask.tools
    told = f"{first.get('description', '')} (quota left: {9_000 - 37 * step})"
    return replace(ask, tools=({**first, "description": told}, *rest))


def _shuffled(ask: Ask, step: int, where: Where) -> Ask:
    tools = list(ask.tools)
    Random("order").shuffle(tools)
    return replace(ask, tools=tuple(tools))


def _shuffled_each_time(ask: Ask, step: int, where: Where) -> Ask:
    turn = step % len(ask.tools)
    return replace(ask, tools=(*ask.tools[turn:], *ask.tools[:turn]))


def _schema(ask: Ask, step: int, where: Where) -> Ask:
    return _with_tool(ask, lambda schema: {**schema, "additionalProperties": True, "title": "Arguments"})


def _key_order(ask: Ask, step: int, where: Where) -> Ask:
    return _with_tool(ask, lambda schema: dict(reversed(schema.items())))


def _with_tool(ask: Ask, edit: Callable[[Body], Body]) -> Ask:
    at = len(ask.tools) // 2
    schema = ask.tools[at]["input_schema"]
    assert isinstance(schema, dict)
    edited = {**ask.tools[at], "input_schema": edit(schema)}
    return replace(ask, tools=(*ask.tools[:at], edited, *ask.tools[at + 1 :]))


def _tool_added(ask: Ask, step: int, where: Where) -> Ask:
    new: Tool = {"name": "ask_human", "description": "Ask a person.", "input_schema": {"type": "object"}}
    return replace(ask, tools=(*ask.tools, new))


def _system(ask: Ask, step: int, where: Where) -> Ask:
    return replace(ask, system=f"{ask.system}\nNever mention prices unless the user asks for them first.")


def _edited(ask: Ask, step: int, where: Where) -> Ask:
    at = where.messages // 3
    text = "[the result was removed to save space]"
    return replace(ask, messages=_put(ask.messages, at, replace(ask.messages[at], text=text)))


def _dropped(ask: Ask, step: int, where: Where) -> Ask:
    """Leave out one early exchange: an answer and all that was said to it."""
    first = next(at for at, each in enumerate(ask.messages) if at and each.role == "assistant")
    second = next(at for at, each in enumerate(ask.messages) if at > first and each.role == "assistant")
    return replace(ask, messages=(*ask.messages[:first], *ask.messages[second:]))


def _window(ask: Ask, step: int, where: Where) -> Ask:
    """Keep the task and a window of the newest messages, as a sliding history does."""
    starts = [at for at, each in enumerate(ask.messages) if at and each.role == "assistant"]
    return replace(ask, messages=(ask.messages[0], *ask.messages[starts[-3] :]))


def _call_keys(ask: Ask, step: int, where: Where) -> Ask:
    for at, each in enumerate(ask.messages[: where.messages // 2]):
        for number, use in enumerate(each.uses):
            if len(use.arguments) > 1:
                turned = replace(use, arguments=dict(reversed(use.arguments.items())))
                uses = (*each.uses[:number], turned, *each.uses[number + 1 :])
                return replace(ask, messages=_put(ask.messages, at, replace(each, uses=uses)))
    return ask


def _compacted(ask: Ask, step: int, where: Where) -> Ask:
    told = "Summary of the work so far: the task was read, the files were found, three attempts failed."
    summary = Message("user", told, ask.messages[0].at_s)
    return replace(ask, messages=(ask.messages[0], summary, *ask.messages[where.exchange[1] :]))


def _parameter(ask: Ask, step: int, where: Where) -> Ask:
    new: Body = {"tool_choice": {"type": "any"}} if "claude" in ask.model else {"reasoning_effort": "high"}
    return replace(ask, settings={**ask.settings, **new})


def _image(ask: Ask, step: int, where: Where) -> Ask:
    """Show a picture with the newest message; it stays there."""
    seen = Message("user", "See the screenshot.", ask.at_s, image=_PIXEL)
    before, after = ask.messages[: where.messages], ask.messages[where.messages :]
    return replace(ask, messages=(*before, seen, *after))


def _model(ask: Ask, step: int, where: Where) -> Ask:
    other = {
        "claude-sonnet-4-5": "claude-opus-4-1",
        "gpt-5.1": "gpt-5-mini",
        "deepseek-chat": "deepseek-reasoner",
    }
    return replace(ask, model=other[ask.model])


def _idle(ask: Ask, step: int, where: Where) -> Ask:
    return replace(ask, at_s=ask.at_s + _IDLE_S, began_s=ask.began_s + _IDLE_S)


def _same(ask: Ask, step: int, where: Where) -> Ask:
    return ask


def _evicted(ask: Ask, step: int, where: Where) -> Ask:
    return replace(ask, forgotten=step == where.step)


def _retried(ask: Ask, step: int, where: Where) -> Ask:
    """Replace the exchange that was the newest one in the request before."""
    start, end = where.exchange
    again = tuple(replace(each, text=f"(second try) {each.text}") for each in ask.messages[start:end])
    return replace(ask, messages=(*ask.messages[:start], *again, *ask.messages[end:]))


def _early(ask: Ask, step: int, where: Where) -> Ask:
    return replace(ask, at_s=where.previous_at_s + 0.5) if step == where.step else ask


def _helper(ask: Ask) -> Ask:
    question = Message(
        "user", f"Which files mention the ledger of {ask.at_s:.0f}? List their paths.", ask.at_s
    )
    return replace(ask, agent="helper", system="You search code.", messages=(question,))


def _title(ask: Ask) -> Ask:
    question = Message(
        "user", f"Find a title of five words for this: {ask.messages[-1].text[:300]}", ask.at_s
    )
    return replace(ask, system="You write titles.", messages=(question,))


def _reminder(ask: Ask, step: int, where: Where) -> Ask:
    """Say something behind the newest message that the next request does not repeat."""
    reminder = Message(
        "user", f"<reminder>{20 + step} files are open; tests were not run.</reminder>", ask.at_s
    )
    return replace(ask, messages=(*ask.messages, reminder))


def _put(messages: tuple[Message, ...], at: int, message: Message) -> tuple[Message, ...]:
    return (*messages[:at], message, *messages[at + 1 :])


_ANTHROPIC = frozenset({"anthropic"})
_VOLATILE_TEXT = frozenset({"volatile_text"})
_VOLATILE = (
    Plant(
        "timestamp on top of the system prompt", _VOLATILE_TEXT, _timestamp, every_step=True, from_start=True
    ),
    Plant(
        "spoken date inside the system prompt", _VOLATILE_TEXT, _spoken_date, every_step=True, from_start=True
    ),
    Plant(
        "request id on top of the system prompt",
        _VOLATILE_TEXT,
        _request_id,
        every_step=True,
        from_start=True,
    ),
    Plant(
        "trace id in the first message", _VOLATILE_TEXT, _in_first_message, every_step=True, from_start=True
    ),
    Plant("counter in a tool's description", _VOLATILE_TEXT, _in_tool, every_step=True, from_start=True),
)
_TOOLS = (
    Plant("tools shuffled once", frozenset({"tools_reordered"}), _shuffled),
    Plant(
        "tools shuffled at each step",
        frozenset({"tools_reordered"}),
        _shuffled_each_time,
        every_step=True,
        from_start=True,
    ),
    Plant("schema of one tool changed", frozenset({"tools_changed"}), _schema),
    Plant("key order changed in a schema", frozenset({"tools_changed"}), _key_order),
    Plant("tool added", frozenset({"tools_changed"}), _tool_added),
    Plant("system prompt edited", frozenset({"system_changed"}), _system),
)
_HISTORY = (
    Plant("history edited", frozenset({"history_edited"}), _edited),
    Plant("history dropped", frozenset({"history_edited"}), _dropped),
    Plant("sliding window", frozenset({"history_edited"}), _window, every_step=True),
    Plant("key order changed in a call", frozenset({"history_edited"}), _call_keys),
    Plant("compaction", frozenset({"compaction"}), _compacted),
)
_OTHER = (
    Plant(
        "parameter changed",
        frozenset({"parameters_changed"}),
        _parameter,
        providers=frozenset({"anthropic", "openai"}),
    ),
    Plant("image added", frozenset({"parameters_changed"}), _image, providers=_ANTHROPIC),
    Plant("model switched", frozenset({"model_changed"}), _model),
    Plant("idle gap", frozenset({"idle_gap"}), _idle, providers=frozenset({"anthropic", "openai"})),
    Plant("evicted by the provider", frozenset({"evicted"}), _evicted),
)
_HARMLESS = (
    Plant("nothing", frozenset(), _same),
    Plant("last exchange replaced", frozenset(), _retried),
    Plant("reminder behind the newest message", frozenset(), _reminder),
    Plant("call before the answer began", frozenset(), _early),
    Plant("sub-agent in between", frozenset(), _same, aside=_helper),
    Plant("unnamed side call", frozenset(), _same, aside=_title),
)
