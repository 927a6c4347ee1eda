"""Token counts are whole numbers: how a reported count is shared out, and what a text is expected to count.

A provider reports one number for a whole request. Shares of it are integers that sum to it, so
nothing is lost to rounding anywhere. How the shares compare follows from what each block is
expected to count: its bytes times a rate for its kind that is learnt, as counts come in, from the
same trace, because tokenizers and texts differ by a factor of two.
"""

from collections.abc import Sequence
from itertools import accumulate

from farthing.segment import SegmentKind

# Expectations are integers in this fraction of a token, so that no result depends on float addition.
UNIT = 1_024

# Bytes per token where nothing has been learnt yet, and the bytes that this guess is worth against
# what is learnt. See docs on attribution for how they were measured.
_FIRST_GUESS = {
    SegmentKind.TOOLS: 4.3,
    SegmentKind.SYSTEM: 4.3,
    SegmentKind.TOOL_CALL: 3.3,
    SegmentKind.TOOL_RESULT: 3.3,
}
_FIRST_GUESS_OTHERWISE = 3.8
_WORTH_BYTES = 8_192


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Return whole shares of `total` in proportion to `weights`; they sum to it exactly.

    Each share is less than one away from its exact value: the running sum is rounded, not the
    shares, which needs no sorting. Without any weight the shares are as equal as can be.
    """
    whole = sum(weights)
    if not whole:
        return apportion(total, [1] * len(weights)) if weights else []
    ends = [total * upto // whole for upto in accumulate(weights)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


class TokenRates:
    """What a byte of each kind counts under one model's tokenizer, in 1/1,024 token. A machine without I/O."""

    def __init__(self) -> None:
        self.per_byte = {kind: int(UNIT / _FIRST_GUESS.get(kind, _FIRST_GUESS_OTHERWISE)) for kind in SegmentKind}
        self._learnt = {kind: (_WORTH_BYTES, rate * _WORTH_BYTES) for kind, rate in self.per_byte.items()}

    def expect(self, kind: SegmentKind, size: int) -> int:
        """Return what `size` bytes are expected to count, in 1/1,024 token."""
        return size * self.per_byte[kind]

    def learn(self, kind: SegmentKind, *, size: int, tokens: int) -> None:
        """Take in that `size` bytes of this kind counted `tokens`."""
        bytes_seen, units_seen = self._learnt[kind]
        bytes_seen += size
        units_seen += tokens * UNIT
        self._learnt[kind] = bytes_seen, units_seen
        self.per_byte[kind] = units_seen // bytes_seen
