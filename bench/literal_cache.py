"""Two providers' prompt caches, written down literally from their documentation: what would they have billed?

The bench plants breaks in real sessions and needs a provider's honest answer to each request. It must
not come from farthing's own model of a cache, so nothing here imports farthing: requests are JSON
bodies, contexts are bytes, and counts are made from bytes.
"""

import hashlib
import json
from dataclasses import dataclass, field
from random import Random

from bench.real_talks import Body

_HIDDEN_TOKENS = 346  # the tool prompt that Anthropic adds for Sonnet 4 and 4.5 (tool use page, 2026-08)
_LOOK_BACK = 20
_TTL_S = 300.0


@dataclass(frozen=True, slots=True)
class Counts:
    read: int
    written: int
    uncached: int

    @property
    def input(self) -> int:
        return self.read + self.written + self.uncached


@dataclass(slots=True)
class _Entry:
    expires_s: float
    usable_s: float


@dataclass(slots=True)
class AnthropicCache:
    """Entries at markers only, found from a marker by walking back 20 positions; five minutes to live."""

    minimum: int = 1_024
    _entries: dict[bytes, _Entry] = field(default_factory=dict)

    def call(self, body: Body, *, at_s: float, began_s: float) -> Counts:
        """Return what a request that starts at `at_s` and answers from `began_s` on is billed."""
        keys, ends, positions, marked = _walk(body)
        usable = [at for at in marked if ends[at] >= self.minimum]
        hits = [self._seen_from(marker, keys, positions, at_s) for marker in usable]
        hit = max(hits, default=-1)
        read = ends[hit] if hit >= 0 else 0
        last = max(ends[usable[-1]], read) if usable else 0
        if hit >= 0:
            self._entries[keys[hit]].expires_s = at_s + _TTL_S
        for at in usable:
            if at > hit:
                self._entries[keys[at]] = _Entry(at_s + _TTL_S, began_s)
        return Counts(read, last - read, ends[-1] - last)

    def forget(self) -> None:
        self._entries.clear()

    def _seen_from(self, marker: int, keys: list[bytes], positions: list[int], at_s: float) -> int:
        at = marker
        while at >= 0 and positions[marker] - positions[at] < _LOOK_BACK:
            entry = self._entries.get(keys[at])
            if entry is not None and entry.usable_s <= at_s <= entry.expires_s:
                return at
            at -= 1
        return -1


@dataclass(slots=True)
class BlockCache:
    """Every multiple of `unit` tokens of everything sent; the shared bytes of a differing block count.

    `shortfall` is the chance that a read stops a little short, as best-effort caches do.
    """

    unit: int
    minimum: int
    ttl_s: float
    shortfall: float = 0.0
    random: Random = field(default_factory=lambda: Random("shortfalls"))
    _sent: dict[bytes, tuple[float, float, list[bytes]]] = field(default_factory=dict)

    def call(self, body: Body, *, at_s: float, began_s: float) -> Counts:
        blocks = [block for block, _, _ in _in_blocks(body)]
        sizes = [_tokens(block) for block in blocks]
        read = self._longest(blocks, sizes, at_s)
        if self.shortfall and self.random.random() < self.shortfall:
            read -= self.random.randrange(max(read // 25, 1))
        read = read // self.unit * self.unit
        read = read if read >= self.minimum else 0
        for key, block in zip(_keys(blocks), [*blocks[1:], b""], strict=True):
            _, usable_s, after = self._sent.get(key, (0.0, began_s, []))
            known = after if block in after else [*after[-4:], block]
            self._sent[key] = (at_s + self.ttl_s, min(usable_s, began_s), known)
        return Counts(read, 0, sum(sizes) - read)

    def forget(self) -> None:
        self._sent.clear()

    def _longest(self, blocks: list[bytes], sizes: list[int], at_s: float) -> int:
        read = 0
        after: list[bytes] = []
        for key, block, size in zip(_keys(blocks), blocks, sizes, strict=True):
            expires_s, usable_s, following = self._sent.get(key, (-1.0, 0.0, []))
            if not usable_s <= at_s <= expires_s:
                shared = max((_shared(block, other) for other in after), default=0)
                return read + size * shared // max(len(block), 1)
            read, after = read + size, following
        return read


def _walk(body: Body) -> tuple[list[bytes], list[int], list[int], list[int]]:
    """Return each block's key and end in tokens, its look-back position, and which blocks are marked."""
    keys, ends, positions, marked = [], [], [], []
    digest, end, position, run = hashlib.sha256(str(body["model"]).encode()), _HIDDEN_TOKENS, -1, ""
    level = "tools"
    for at, (block, kind, is_marked) in enumerate(_anthropic_blocks(body)):
        if kind not in ("tools", "system") and level != "messages":
            level = "messages"
            digest.update(_of_messages(body))
        digest.update(b"\0" + block)
        end += _tokens(block)
        position += not (kind == run and kind in ("tool_use", "tool_result"))
        run = kind
        keys.append(digest.digest())
        ends.append(end)
        positions.append(position)
        if is_marked:
            marked.append(at)
    return keys, ends, positions, marked


def _of_messages(body: Body) -> bytes:
    """What must be the same for messages to be found again (prompt caching page, what invalidates)."""
    settings = [body.get(name) for name in ("tool_choice", "thinking", "output_config")]
    return json.dumps([settings, '"type": "image"' in json.dumps(body["messages"])]).encode()


def _anthropic_blocks(body: Body) -> list[tuple[bytes, str, bool]]:
    found = [_unmarked(tool, "tools") for tool in _list(body["tools"])]
    found += [_unmarked(block, "system") for block in _list(body["system"])]
    for message in _list(body["messages"]):
        found += [_unmarked(block, str(block["type"])) for block in _list(message["content"])]
    return found


def _unmarked(block: Body, kind: str) -> tuple[bytes, str, bool]:
    plain = {key: value for key, value in block.items() if key != "cache_control"}
    return json.dumps(plain).encode(), kind, "cache_control" in block


def _in_blocks(body: Body) -> list[tuple[bytes, str, bool]]:
    """OpenAI renders effort and schema in front of the tools (prompt caching guide, 2026-10)."""
    settings = [body["model"], body.get("reasoning_effort"), body.get("response_format")]
    front = [(json.dumps(settings).encode(), "settings", False)]
    tools = [(json.dumps(tool).encode(), "tools", False) for tool in _list(body["tools"])]
    return front + tools + [(json.dumps(each).encode(), "message", False) for each in _list(body["messages"])]


def _list(value: object) -> list[Body]:
    assert isinstance(value, list)
    return value


def _keys(blocks: list[bytes]) -> list[bytes]:
    digest, keys = hashlib.sha256(), []
    for block in blocks:
        digest.update(b"\0" + block)
        keys.append(digest.digest())
    return keys


def _tokens(block: bytes) -> int:
    """Return a believable count: 2.8 to 4.6 bytes a token, by what the block is."""
    density = 28 + hashlib.sha256(block).digest()[0] % 19
    return len(block) * 10 // density + 4


def _shared(block: bytes, other: bytes) -> int:
    low, high = 0, min(len(block), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if block[:middle] == other[:middle] else (low, middle - 1)
    return low
