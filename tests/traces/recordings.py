"""Recorded exchanges of Claude Code, Codex and pi, so that tests can write them in other formats."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from tests.truth.files import value

HERE = Path(__file__).parents[1] / "data" / "vercel-ai-harness"


class Recorded(NamedTuple):
    """One model call: the request's body as a value, and the stream that answered."""

    url: str
    method: str
    asked: dict[str, str]
    request: Any
    status: int
    answered: dict[str, str]
    stream: str

    @property
    def message(self) -> dict[str, Any]:
        """Anthropic's stream as the message that it comes to, joined in the most obvious way."""
        message: dict[str, Any] = {}
        blocks: list[dict[str, Any]] = []
        for line in self.stream.splitlines():
            event = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            kind = event.get("type")
            if kind == "message_start":
                message = event["message"]
            elif kind == "content_block_start":
                blocks.append(event["content_block"])
            elif kind == "content_block_delta":
                _grow(blocks[event["index"]], event["delta"])
            elif kind == "message_delta":
                told = {name: count for name, count in event["usage"].items() if count is not None}
                message |= {"stop_reason": event["delta"]["stop_reason"], "usage": message["usage"] | told}
        return message | {"content": [_parsed(block) for block in blocks]}


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    for name in ("text", "thinking", "signature", "partial_json"):
        if name in delta:
            block[name] = block.get(name, "") + delta[name]


def _parsed(block: dict[str, Any]) -> dict[str, Any]:
    arguments = block.pop("partial_json", "")
    return block | ({"input": json.loads(arguments)} if arguments else {})


def calls(name: str) -> list[Recorded]:
    """Return the model calls of one recording ("claude-code-files")."""
    exchanges = value(HERE / f"{name}.json.zst")["exchanges"]
    return [_recorded(raw) for raw in exchanges if "/v1/" in raw["request"]["url"]]


def _recorded(raw: dict[str, Any]) -> Recorded:
    request, response = raw["request"], raw["response"]
    return Recorded(
        url=request["url"],
        method=request["method"],
        asked=request["headers"],
        request=request["body"]["value"],
        status=response["status"],
        answered=response["headers"],
        stream=response["body"]["value"],
    )
