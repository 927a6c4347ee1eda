"""A Claude Code store: `projects/<folder>/<session>.jsonl`, sub-agents in `<session>/subagents/`.

What makes such stores hard to count is all here, and none of it changes the known bill:

- one answer is three lines (thinking, text, tool call) with one `message.id`; `output_tokens` grows from line
  to line, and the last is final;
- a tool's result stands twice on its line (`message.content` and `toolUseResult`);
- a sub-agent is a file of its own, and its parent's `toolUseResult` repeats its usage;
- a forked session is a new file that replays its origin's lines under a new session id;
- history is compacted near the context window, and system prompt and tools are nowhere.

Files come in groups of eleven: seven sessions, three sub-agents of theirs, and one fork.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from bench.blocks import Block, dump, near, tokens
from bench.truth import HAIKU, OPUS, Spent
from bench.wording import Wording

_STEPS_OF_A_SESSION = (26, 174)
_STEPS_OF_A_SUB_AGENT = (12, 50)
_STEPS_AFTER_A_FORK = (8, 40)
_HEAD_TOKENS = 21_000
_CONTEXT_TOKENS_MOST = 160_000
_SUMMARY_BYTES = 6_000
_RESULT_BYTES = 4_800
_OPENED_AT = datetime(2026, 9, 1, 8, tzinfo=UTC).timestamp()
_PROJECTS = ("shop", "ledger", "router", "console")
_TOOLS = ("Read", "Bash", "Grep", "Edit", "Glob")


@dataclass(slots=True)
class TraceFile:
    """A file of the store, or its next lines: where they belong, and what was first spent in them."""

    path: str
    lines: list[bytes] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)
    duplicates: int = 0
    is_session: bool = True


def group(number: int, words: Wording, seed: str) -> Iterator[TraceFile]:
    """Yield the eleven files of one group; `seed` and `number` alone say what is in them."""
    random = Random(f"store {seed} {number}")
    origin = _Conversation(words, random, day=number * 7)
    for place in range(7):
        conversation = origin if place == 0 else _Conversation(words, random, day=number * 7 + place)
        conversation.ask(words.prose(random, 500))
        for step in range(random.randrange(*_STEPS_OF_A_SESSION)):
            if place in (1, 3, 5) and step == 5:
                yield conversation.delegate(random.randrange(*_STEPS_OF_A_SUB_AGENT))
            conversation.work()
        conversation.conclude()
        yield conversation.file
    yield _forked(origin, words, random)


def small_session(number: int, words: Wording, seed: str) -> TraceFile:
    """Return a session of one question and one answer."""
    random = Random(f"small {seed} {number}")
    conversation = _Conversation(words, random, day=number % 60)
    conversation.ask(words.prose(random, 200))
    conversation.conclude()
    return conversation.file


def endless_session(words: Wording, seed: str) -> Iterator[TraceFile]:
    """Yield one session step by step, for ever: the same path, each time with the lines that are new."""
    random = Random(f"endless {seed}")
    conversation = _Conversation(words, random, day=0)
    conversation.ask(words.prose(random, 500))
    while True:
        conversation.work()
        yield conversation.file
        conversation.file = TraceFile(path=conversation.file.path)


def _forked(origin: "_Conversation", words: Wording, random: Random) -> TraceFile:
    fork = origin.fork()
    fork.ask(words.prose(random, 300))
    for _ in range(random.randrange(*_STEPS_AFTER_A_FORK)):
        fork.work()
    fork.conclude()
    return fork.file


class _Conversation:
    """One Claude Code process at work: its file grows, and the size and warmth of its context are kept."""

    def __init__(self, words: Wording, random: Random, day: int) -> None:
        self.words, self.random = words, random
        self.model, self.ttl_s = OPUS, 3_600
        self.now = _OPENED_AT + day * 3_600 + random.uniform(0, 1_800)
        self.session_id = _uuid(random)
        self.agent_id: str | None = None
        self.project = random.choice(_PROJECTS)
        self.file = TraceFile(path=f"{self._folder()}/{self.session_id}.jsonl")
        self.parent: str | None = None
        self.context_tokens = _HEAD_TOKENS
        self.cached_tokens = 0
        self.used_at = 0.0

    def ask(self, text: str) -> None:
        self._user(text)

    def work(self) -> None:
        """Append one step: an answer that calls a tool, and the tool's result."""
        path = f"/home/dev/src/part_{self.random.randrange(900)}.py"
        arguments: Block = {"file_path": path, "pattern": self.words.source(self.random, 240)}
        call_id = self._answer(self._call(self.random.choice(_TOOLS), arguments))
        output = self.words.tool_output(self.random, near(self.random, _RESULT_BYTES))
        detail: Block = {"type": "text", "file": {"content": output, "numLines": output.count("\n") + 1}}
        self._result(call_id, output, detail)
        if self.context_tokens > _CONTEXT_TOKENS_MOST:
            self._compact()

    def conclude(self) -> None:
        self._answer(call=None)

    def delegate(self, steps: int) -> TraceFile:
        """Append a step that runs a sub-agent, and return the sub-agent's own file."""
        prompt = self.words.prose(self.random, 700)
        arguments: Block = {"description": "Search the code", "prompt": prompt, "subagent_type": "Explore"}
        call_id = self._answer(self._call("Task", arguments))
        agent = self._sub_agent()
        agent.ask(prompt)
        for _ in range(steps):
            agent.work()
        agent.conclude()
        self.now = agent.now
        report = self.words.prose(self.random, 1_200)
        last = agent.file.spent[-1]
        detail: Block = {
            "status": "completed",
            "prompt": prompt,
            "agentId": agent.agent_id,
            "content": [{"type": "text", "text": report}],
            "totalTokens": sum(last.counts),
            "totalToolUseCount": steps,
            "usage": last.usage(),
        }
        self._result(call_id, report, detail)
        return agent.file

    def fork(self) -> "_Conversation":
        """Return a new session whose file begins with all lines of this one."""
        forked = _Conversation(self.words, self.random, day=0)
        forked.now, forked.project = self.now + 600, self.project
        forked.file.path = f"{self._folder()}/{forked.session_id}.jsonl"
        old, new = self.session_id.encode(), forked.session_id.encode()
        forked.file.lines = [line.replace(old, new) for line in self.file.lines]
        forked.file.duplicates = len(self.file.spent)
        forked.parent, forked.context_tokens = self.parent, self.context_tokens
        forked.cached_tokens, forked.used_at = self.cached_tokens, self.used_at
        return forked

    def _sub_agent(self) -> "_Conversation":
        agent = _Conversation(self.words, self.random, day=0)
        agent.model, agent.ttl_s = HAIKU, 300
        agent.session_id, agent.project, agent.now = self.session_id, self.project, self.now + 1
        agent.agent_id = f"{self.random.getrandbits(32):08x}"
        path = f"{self._folder()}/{self.session_id}/subagents/agent-{agent.agent_id}.jsonl"
        agent.file = TraceFile(path=path, is_session=False)
        return agent

    def _folder(self) -> str:
        return f"projects/-home-dev-{self.project}"

    def _call(self, name: str, arguments: Block) -> Block:
        call_id = f"toolu_01{self.random.getrandbits(88):022x}"
        return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}

    def _answer(self, call: Block | None) -> str:
        """Append the lines of one answer, one a block, and return the id of its tool call if it has one."""
        message_id = f"msg_01{self.random.getrandbits(88):022x}"
        request_id = f"req_011{self.random.getrandbits(84):021x}"
        blocks = [*self._thoughts(), *([] if call is None else [call])]
        spent = self._spend(blocks)
        for place, block in enumerate(blocks, 1):
            final = place == len(blocks)
            message: Block = {
                "model": self.model,
                "id": message_id,
                "type": "message",
                "role": "assistant",
                "content": [block],
                "stop_reason": ("end_turn" if call is None else "tool_use") if final else None,
                "stop_sequence": None,
                "usage": spent.usage(output=spent.output if final else spent.output * place // 40 + 1),
            }
            self.now += self.random.uniform(0.3, 2)
            self._append("assistant", {"message": message, "requestId": request_id})
        self.file.spent.append(spent)
        return "" if call is None else str(call["id"])

    def _thoughts(self) -> list[Block]:
        signature = base64.b64encode(self.random.randbytes(300)).decode()
        thinking = self.words.prose(self.random, near(self.random, 500))
        return [
            {"type": "thinking", "thinking": thinking, "signature": signature},
            {"type": "text", "text": self.words.prose(self.random, near(self.random, 350))},
        ]

    def _spend(self, blocks: list[Block]) -> Spent:
        read = self.cached_tokens if self.now - self.used_at < self.ttl_s else 0
        written = self.context_tokens - read
        self.cached_tokens, self.used_at = self.context_tokens, self.now
        output = tokens(sum(len(dump(block)) for block in blocks))
        self.context_tokens += output
        long_lived = self.ttl_s == 3_600
        return Spent(
            model=self.model,
            uncached=3,
            read=read,
            write_5m=0 if long_lived else written,
            write_1h=written if long_lived else 0,
            output=output,
        )

    def _result(self, call_id: str, output: str, detail: Block) -> None:
        # One step in 250 waits longer than an hour: the whole cache is lost.
        waits = self.random.random() < 0.004
        self.now += self.random.uniform(4_000, 9_000) if waits else self.random.uniform(0.2, 8)
        result: Block = {"tool_use_id": call_id, "type": "tool_result", "content": output}
        self._user([result], toolUseResult=detail)

    def _user(self, content: str | list[Block], **fields: object) -> None:
        self.context_tokens += tokens(len(dump(content)))
        self._append("user", {"message": {"role": "user", "content": content}, **fields})

    def _compact(self) -> None:
        boundary: Block = {
            "subtype": "compact_boundary",
            "content": "Conversation compacted",
            "logicalParentUuid": self.parent,
            "isMeta": False,
            "level": "info",
            "compactMetadata": {"trigger": "auto", "preTokens": self.context_tokens},
        }
        self.parent = None
        self.context_tokens = self.cached_tokens = _HEAD_TOKENS
        self._append("system", boundary)
        self._user(self.words.prose(self.random, _SUMMARY_BYTES), isCompactSummary=True)

    def _append(self, kind: str, fields: Block) -> None:
        agent: Block = {} if self.agent_id is None else {"agentId": self.agent_id}
        entry: Block = {
            "parentUuid": self.parent,
            "isSidechain": self.agent_id is not None,
            "userType": "external",
            "cwd": f"/home/dev/{self.project}",
            "sessionId": self.session_id,
            "version": "2.1.197",
            "gitBranch": "main",
            **agent,
            **fields,
            "type": kind,
            "uuid": _uuid(self.random),
            "timestamp": _stamp(self.now),
        }
        self.file.lines.append(dump(entry) + b"\n")
        self.parent = str(entry["uuid"])


def _stamp(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))
