"""Content blocks of made conversations: as JSON bytes, as tokens, and in sizes that vary."""

import json
from random import Random

Block = dict[str, object]


def dump(value: object) -> bytes:
    """Return compact JSON in UTF-8, as JavaScript clients write it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def tokens(size: int) -> int:
    """Return a token count for `size` bytes, as believable as any: 3.7 bytes each."""
    return size * 10 // 37 + 1


def near(random: Random, size: int) -> int:
    """Return a size whose mean over many draws is `size`."""
    return random.randrange(size // 2, size * 3 // 2)
