"""Full-context traces: each line is one HTTP exchange with the Messages API, the whole request in it.

The shape is that of claude-trace (`{"request": {…, "body"}, "response": {…, "body"}, "logged_at"}`): a head
of system prompt and 14 tools (19 KB) that all sessions share, then a history that each step sends again.
Eight sessions run at once on one clock. How a session caches follows its number, so that all ways meet:

    0 moving     a 5-minute marker on the system prompt and on the last block, moved each step
    1 automatic  the marker at the top of the body
    2 moving     the same as 0 with one-hour markers
    3 head only  a marker on the system prompt, the history at full price

Usage is what the provider would report: disjoint, and its sum grows from step to step by exactly the
tokens of the new messages. No session is named; only its growing history tells which lines are one.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from random import Random

from bench.blocks import Block, dump, near, tokens
from bench.truth import HAIKU, OPUS, Spent
from bench.wording import Wording, wording

_SESSIONS_AT_ONCE = 8
_OPENED_AT = datetime(2026, 10, 5, 8, tzinfo=UTC).timestamp()
_TAIL_TOKENS = 3  # the few tokens behind the last marker, as real answers report them
_TOOLS = (
    *("read_file", "write_file", "edit_file", "search", "list_files", "run_tests", "shell"),
    *("git_log", "git_diff", "fetch_logs", "query_metrics", "open_ticket", "ask", "plan"),
)
_HEADERS = {
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
    "user-agent": "incident-agent/4.2",
    "x-api-key": "[REDACTED]",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How long sessions are, what a step adds in bytes (means), and when their history is compacted."""

    steps_least: int
    steps_most: int
    call_bytes: int = 380
    result_bytes: int = 3_000
    window_tokens: int = 1_000_000

    def of(self, steps: int) -> "Shape":
        return replace(self, steps_least=steps, steps_most=steps)


AVERAGE = Shape(steps_least=10, steps_most=20)
# Steps of the average size, and the compaction that a window of 200,000 tokens forces: without it, 3,000
# steps would be 18 GB and a context beyond any model.
LONG = Shape(steps_least=3_000, steps_most=3_000, window_tokens=160_000)
# Never compacted, so that a record holds up to 6,000 messages. A step adds a fifth of the average: 3,000
# steps make 3.3 GB.
GROWING = Shape(steps_least=3_000, steps_most=3_000, call_bytes=120, result_bytes=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One line of the corpus, when it was logged, and what it cost."""

    at: float
    line: bytes
    spent: Spent


def exchanges(sessions: int, shape: Shape, seed: str) -> Iterator[Exchange]:
    """Yield the lines of `sessions` whole sessions in the order in which a proxy would have logged them."""
    world = _World(seed)
    waiting = iter(range(sessions))
    live: list[tuple[float, int, Exchange, Iterator[Exchange]]] = []

    def open_next(now: float) -> None:
        for number in waiting:
            steps = _steps(world, number, shape, now)
            first = next(steps)
            heapq.heappush(live, (first.at, number, first, steps))
            return

    for place in range(_SESSIONS_AT_ONCE):
        open_next(_OPENED_AT + 10 * place)
    while live:
        at, number, exchange, steps = heapq.heappop(live)
        yield exchange
        following = next(steps, None)
        if following is None:
            open_next(at + 1)
        else:
            heapq.heappush(live, (following.at, number, following, steps))


def _steps(world: "_World", number: int, shape: Shape, now: float) -> Iterator[Exchange]:
    random = Random(f"session {world.seed} {number}")
    words = world.words
    session = _Session(world, number, random, now)
    task: Block = {"type": "text", "text": words.prose(random, near(random, 1_800))}
    session.say("user", [task])
    for step in range(1, random.randrange(shape.steps_least, shape.steps_most + 1)):
        yield session.step(_call(words, random, step, shape.call_bytes), "tool_use")
        output = words.tool_output(random, near(random, shape.result_bytes))
        session.say("user", [{"type": "tool_result", "tool_use_id": _call_id(step), "content": output}])
        if session.tokens > shape.window_tokens:
            session.restart([task, {"type": "text", "text": "What was done: " + words.prose(random, 6_000)}])
    yield session.step([{"type": "text", "text": words.prose(random, 900)}], "end_turn")


def _call(words: Wording, random: Random, step: int, size: int) -> list[Block]:
    path = f"src/module_{random.randrange(400)}.py"
    arguments = {"path": path, "query": words.prose(random, near(random, size))}
    call: Block = {
        "type": "tool_use",
        "id": _call_id(step),
        "name": random.choice(_TOOLS),
        "input": arguments,
    }
    thought: Block = {"type": "text", "text": words.prose(random, 160)}
    return [thought, call] if random.random() < 0.1 else [call]


def _call_id(step: int) -> str:
    return f"toolu_{step:06d}"


class _World:
    """What sessions share: the wording, the head of each request, and when that head was last used."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.words = wording(seed)
        random = Random(f"head {seed}")
        self.system = dump(self.words.prose(random, 4_600))
        self.tools = dump([_tool(name, self.words, random) for name in _TOOLS])
        self.head_tokens = tokens(len(self.system) + len(self.tools))
        self.head_used_at: dict[str, float] = {}


def _tool(name: str, words: Wording, random: Random) -> Block:
    fields = {
        name: {"type": "string", "description": words.prose(random, 110)}
        for name in ("path", "query", "reason")
    }
    schema = {"type": "object", "properties": fields, "required": ["query"], "additionalProperties": False}
    return {"name": name, "description": words.prose(random, 420), "input_schema": schema}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """One message as bytes, without what closes its last block, so that a marker can be put there."""

    opened: bytes
    tokens: int

    def closed(self, marker: bytes = b"") -> bytes:
        return self.opened + marker + b"}]}"


class _Session:
    """One growing conversation: its clock, and what of it is cached until when."""

    def __init__(self, world: _World, number: int, random: Random, now: float) -> None:
        self.world, self.number, self.random, self.now = world, number, random, now
        self.model = HAIKU if number % 7 == 6 else OPUS
        self.way = number % 4
        self.ttl_s = 3_600 if self.way == 2 else 300
        self.history: list[bytes] = []
        self.last = _Message(opened=b"", tokens=0)
        self.tokens = world.head_tokens
        self.cached_tokens = 0
        self.used_at = 0.0
        self.calls = count()

    def say(self, role: str, blocks: list[Block]) -> int:
        """Append a message and return its tokens."""
        if self.last.opened:
            self.history.append(self.last.closed())
        whole = dump({"role": role, "content": blocks})
        self.last = _Message(opened=whole.removesuffix(b"}]}"), tokens=tokens(len(whole)))
        self.tokens += self.last.tokens
        return self.last.tokens

    def restart(self, blocks: list[Block]) -> None:
        """Replace the whole history by one message, as compaction does: what stays cached is the head."""
        self.history, self.last = [], _Message(opened=b"", tokens=0)
        self.tokens = self.cached_tokens = self.world.head_tokens
        self.say("user", blocks)

    def step(self, answer: list[Block], stop_reason: str) -> Exchange:
        asked_at, body = self.now, self._body()
        spent = self._spent()
        self.now += self.random.uniform(1, 6)
        spent = replace(spent, output=self.say("assistant", answer) + self.random.randrange(200))
        reply = self._reply(answer, stop_reason, spent)
        exchange = Exchange(at=self.now, line=_line(body, reply, asked_at, self.now), spent=spent)
        # One step in 40 waits for a person: the 5-minute entries die, the one-hour entries live.
        waits = self.random.random() < 0.025
        self.now += self.random.uniform(360, 1_500) if waits else self.random.uniform(0.5, 4)
        return exchange

    def _body(self) -> bytes:
        marker = b',"cache_control":{"type":"ephemeral"%s}' % (b',"ttl":"1h"' if self.ttl_s == 3_600 else b"")
        last = self.last.closed(marker if self.way in (0, 2) else b"")
        messages = b'"messages":[%s]' % b",".join([*self.history, last])
        system_marker = b"" if self.way == 1 else marker
        head = b'"system":[{"type":"text","text":%s%s}],"tools":%s' % (
            self.world.system,
            system_marker,
            self.world.tools,
        )
        # Clients differ in the order of keys: Claude Code writes messages before system.
        middle = messages + b"," + head if self.way == 0 else head + b"," + messages
        automatic = marker if self.way == 1 else b""
        return b'{"model":"%s","max_tokens":8192,%s%s}' % (self.model.encode(), middle, automatic)

    def _spent(self) -> Spent:
        """Return the input side of the bill, and remember what is cached from now on."""
        head_warm = self.now - self.world.head_used_at.get(self.model, 0.0) < 300
        history_warm = self.now - self.used_at < self.ttl_s
        read = max(head_warm * self.world.head_tokens, history_warm * self.cached_tokens)
        marked = self.world.head_tokens if self.way == 3 else self.tokens
        self.cached_tokens = marked
        self.used_at = self.world.head_used_at[self.model] = self.now
        long_lived = self.ttl_s == 3_600
        return Spent(
            model=self.model,
            uncached=self.tokens - marked + _TAIL_TOKENS,
            read=read,
            write_5m=0 if long_lived else marked - read,
            write_1h=marked - read if long_lived else 0,
            output=0,
        )

    def _reply(self, answer: list[Block], stop_reason: str, spent: Spent) -> Block:
        return {
            "id": f"msg_{self.number:08d}_{next(self.calls):05d}",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": answer,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": spent.usage(),
        }


def _line(body: bytes, reply: Block, asked_at: float, answered_at: float) -> bytes:
    url = "https://api.anthropic.com/v1/messages"
    request = dump({"timestamp": asked_at, "method": "POST", "url": url, "headers": _HEADERS})
    headers = {"content-type": "application/json"}
    response = dump({"timestamp": answered_at, "status_code": 200, "headers": headers, "body": reply})
    logged_at = f"{datetime.fromtimestamp(answered_at, UTC):%Y-%m-%dT%H:%M:%S.000Z}".encode()
    request_with_body = request.removesuffix(b"}") + b',"body":' + body + b"}"
    return b'{"request":%s,"response":%s,"logged_at":"%s"}\n' % (request_with_body, response, logged_at)
