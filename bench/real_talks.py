"""Real sessions of agents, as what was said in them, and the request bodies that carry it to a provider.

Taken from recorded corpora that hold every message with its text: tau2-bench (a customer service agent),
mini-swe-agent and moatless-tools (coding agents). They do not record tool schemas, so the real ones that
Claude Code and pi sent in vercel-ai-harness stand in front. Nothing here imports farthing.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import zstandard

Body = dict[str, object]
Tool = dict[str, object]

_MOST_STEPS = 24
_FEWEST_STEPS = 8
_UNTIMED_GAP_S = 10.0


@dataclass(frozen=True, slots=True)
class ToolUse:
    call: str
    name: str
    arguments: dict[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """`role` is user, assistant or tool; `answers` is the id of the call that a tool's message answers."""

    role: str
    text: str
    at_s: float
    uses: tuple[ToolUse, ...] = ()
    answers: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """One session. Step k (from 0) is the request whose answer is the k-th assistant message."""

    name: str
    system: str
    tools: tuple[Tool, ...]
    messages: tuple[Message, ...]

    @property
    def steps(self) -> tuple[int, ...]:
        """Where each answer stands among the messages; the first messages answer nothing."""
        spoken = [at for at, message in enumerate(self.messages) if message.role == "assistant" and at]
        return tuple(spoken[:_MOST_STEPS])


def anthropic(system: str, tools: tuple[Tool, ...], messages: tuple[Message, ...]) -> Body:
    """Return a body as Claude Code marks it: on the system prompt and on the last two user messages."""
    rendered: list[Body] = []
    for message in messages:
        role, blocks = _anthropic_message(message)
        if rendered and rendered[-1]["role"] == role:
            earlier = rendered[-1]["content"]
            assert isinstance(earlier, list)
            rendered[-1]["content"] = [*earlier, *blocks]
        else:
            rendered.append({"role": role, "content": blocks})
    for message_body in [each for each in rendered if each["role"] == "user"][-2:]:
        content = message_body["content"]
        assert isinstance(content, list)
        content[-1] = {**content[-1], "cache_control": {"type": "ephemeral"}}
    prompt = {"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}
    return {"max_tokens": 8_000, "system": [prompt], "tools": list(tools), "messages": rendered}


def openai(system: str, tools: tuple[Tool, ...], messages: tuple[Message, ...]) -> Body:
    """Return a body of Chat Completions."""
    rendered: list[Body] = [{"role": "system", "content": system}]
    rendered += [_openai_message(message) for message in messages]
    offered = [
        {
            "type": "function",
            "function": {
                "name": tool["name"],
                "description": tool.get("description", ""),
                "parameters": tool["input_schema"],
            },
        }
        for tool in tools
    ]
    return {"messages": rendered, "tools": offered}


def talks(data: Path, each: int) -> list[Talk]:
    """Return `each` real sessions of every corpus that are long enough to break."""
    few, many = _harness_tools(data / "vercel-ai-harness")
    found: list[Talk] = []
    for corpus, tools in ((_tau2, few), (_mini_swe, few), (_moatless, many)):
        kept = 0
        for talk in corpus(data, tools):
            if len(talk.steps) >= _FEWEST_STEPS and kept < each:
                found.append(talk)
                kept += 1
    return found


def _anthropic_message(message: Message) -> tuple[str, list[Body]]:
    if message.role == "tool":
        result: Body = {"type": "tool_result", "tool_use_id": message.answers, "content": message.text}
        return "user", [result]
    blocks: list[Body] = [{"type": "text", "text": message.text}] if message.text else []
    if message.image:
        source = {"type": "base64", "media_type": "image/png", "data": message.image}
        blocks.append({"type": "image", "source": source})
    blocks += [
        {"type": "tool_use", "id": use.call, "name": use.name, "input": use.arguments} for use in message.uses
    ]
    return message.role, blocks or [{"type": "text", "text": "-"}]


def _openai_message(message: Message) -> Body:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.answers, "content": message.text}
    body: Body = {"role": message.role, "content": message.text}
    if message.uses:
        body["tool_calls"] = [
            {
                "id": use.call,
                "type": "function",
                "function": {"name": use.name, "arguments": json.dumps(use.arguments)},
            }
            for use in message.uses
        ]
    return body


def _harness_tools(folder: Path) -> tuple[tuple[Tool, ...], tuple[Tool, ...]]:
    """Return the tool lists that pi (7 tools) and Claude Code (26) really sent."""
    offered: dict[int, tuple[Tool, ...]] = {}
    for path in sorted(folder.rglob("*.zst")):
        for exchange in _load(path)["exchanges"]:
            body = (exchange["request"].get("body") or {}).get("value")
            body = json.loads(body) if isinstance(body, str) and body.startswith("{") else body
            if isinstance(body, dict) and "messages" in body:
                tools = tuple(
                    {key: value for key, value in tool.items() if key != "cache_control"}
                    for tool in body["tools"]
                    if "input_schema" in tool
                )
                offered[len(tools)] = tools
    return offered[7], offered[26]


def _tau2(data: Path, tools: tuple[Tool, ...]) -> Iterator[Talk]:
    for path in sorted((data / "tau2-bench").rglob("claude-sonnet*.json.gz")):
        run = _load(path)
        for session in run["simulations"]:
            # What the simulated user does with tools of its own never reaches the agent.
            heard = [
                _said(each, _epoch_s(each["timestamp"]))
                for each in session["messages"]
                if each["role"] != "tool" or each.get("requestor", "assistant") == "assistant"
            ]
            messages = tuple(each for each in heard if each.text or each.uses)
            if messages[0].role == "assistant":  # a greeting that no model wrote
                messages = messages[1:]
            yield Talk(session["id"], run["info"]["environment_info"]["policy"], tools, messages)


def _mini_swe(data: Path, tools: tuple[Tool, ...]) -> Iterator[Talk]:
    for path in sorted((data / "mini-swe-agent-deepseek").rglob("*.zst")):
        run = _load(path)
        system, *rest = run["messages"]
        at_s = 0.0
        messages = []
        for each in rest:
            if each["role"] not in ("user", "assistant", "tool"):
                continue
            at_s = (each.get("extra") or {}).get("timestamp") or at_s
            messages.append(_said(each, at_s))
        first_s = next((message.at_s for message in messages if message.at_s), 0.0)
        timed = tuple(_at(message, message.at_s or first_s) for message in messages)
        yield Talk(run["instance_id"], system["content"], tools, timed)


def _moatless(data: Path, tools: tuple[Tool, ...]) -> Iterator[Talk]:
    for path in sorted((data / "moatless-tools").rglob("*.zst")):
        run = _load(path)
        inputs = [
            node["completions"]["build_action"]["input"]
            for node in run["nodes"]
            if "build_action" in (node.get("completions") or {})
        ]
        if inputs:
            messages = _unmarked(max(inputs, key=len))
            name = run["metadata"]["instance_id"]
            yield Talk(name, run["agent"]["system_prompt"], tools, messages)


def _unmarked(recorded: list[dict[str, Any]]) -> tuple[Message, ...]:
    found: list[Message] = []
    for each in recorded:
        at_s = _UNTIMED_GAP_S * len(found)
        blocks = each["content"]
        blocks = [{"type": "text", "text": blocks}] if isinstance(blocks, str) else blocks
        text = "\n".join(block["text"] for block in blocks if block["type"] == "text")
        uses = tuple(
            ToolUse(block["id"], block["name"], block["input"])
            for block in blocks
            if block["type"] == "tool_use"
        )
        results = [block for block in blocks if block["type"] == "tool_result"]
        found += [Message("tool", _text(block), at_s, answers=block["tool_use_id"]) for block in results]
        if text or uses:
            found.append(Message(each["role"], text, at_s, uses))
    return tuple(found)


def _text(block: dict[str, Any]) -> str:
    content = block.get("content") or ""
    return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)


def _said(recorded: dict[str, Any], at_s: float) -> Message:
    uses = tuple(_use(call) for call in recorded.get("tool_calls") or ())
    own_tools = recorded["role"] == "user"
    answers = recorded.get("tool_call_id") or recorded.get("id") or ""
    return Message(
        recorded["role"],
        recorded.get("content") or "",
        at_s,
        () if own_tools else uses,
        answers if recorded["role"] == "tool" else "",
    )


def _use(call: dict[str, Any]) -> ToolUse:
    function = call.get("function") or call
    arguments = function["arguments"]
    return ToolUse(
        call["id"], function["name"], json.loads(arguments) if isinstance(arguments, str) else arguments
    )


def _at(message: Message, at_s: float) -> Message:
    return Message(message.role, message.text, at_s, message.uses, message.answers)


def _epoch_s(written: str) -> float:
    return datetime.fromisoformat(f"{written}+00:00").timestamp()


def _load(path: Path) -> dict[str, Any]:
    if path.suffix == ".gz":
        loaded = json.loads(gzip.decompress(path.read_bytes()))
    else:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
            loaded = json.loads(reader.read())
    assert isinstance(loaded, dict)
    return loaded
