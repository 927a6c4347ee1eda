"""Token counts are whole numbers: how a reported count is shared out, and what a block is expected to count.

A provider reports one number for a whole request. Shares of it are integers that sum to it, so
nothing is lost to rounding anywhere. How the shares compare follows from what each block is
expected to count: so much for the block itself, so much for each byte. Kinds of text differ, and so do
models; the kinds are fitted once, here, and a factor for the model is learnt from the same traces.
"""

from collections.abc import Sequence

from farthing.segment import SegmentKind

# Expectations are integers in this fraction of a token, so that no result depends on float addition.
UNIT = 1_024

# Tokens around a block (ids, names, role marks) and bytes per token of its content: fitted to the reported
# counts of Claude, GPT and DeepSeek models on recorded traces, 2026-11.
_AROUND = {
    SegmentKind.TOOL_CALL: 40,
    SegmentKind.REASONING: 30,
    SegmentKind.ASSISTANT: 8,
    SegmentKind.TOOL_RESULT: 6,
    SegmentKind.TOOLS: 12,
}
_BYTES_PER_TOKEN = {
    SegmentKind.TOOL_CALL: 3.7,
    SegmentKind.TOOL_RESULT: 3.4,
    SegmentKind.REASONING: 4.0,
    SegmentKind.ASSISTANT: 4.2,
}
_BYTES_PER_TOKEN_OTHERWISE = 4.4
AROUND = {kind: UNIT * _AROUND.get(kind, 0) for kind in SegmentKind}
PER_BYTE = {kind: int(UNIT / _BYTES_PER_TOKEN.get(kind, _BYTES_PER_TOKEN_OTHERWISE)) for kind in SegmentKind}

# What the factor of a model is worth before anything is learnt, in tokens.
_GUESS_WORTH_TOKENS = 2_000


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Return whole shares of `total` in proportion to `weights`; they sum to it exactly.

    Each share is less than one away from its exact value: the running sum is rounded, not the
    shares, which needs no sorting. Without any weight the shares are as equal as can be.
    """
    if len(weights) == 1:
        return [total]
    whole = sum(weights)
    if not whole:
        return apportion(total, [1] * len(weights)) if weights else []
    shares, upto, given = [], 0, 0
    for weight in weights:
        upto += weight
        end = total * upto // whole
        shares.append(end - given)
        given = end
    return shares


class Tokenizer:
    """How a model counts, as far as its reported counts have shown. A machine without I/O.

    `scale` is the factor on what kinds count in general, in 1/1,024.
    """

    def __init__(self) -> None:
        self.scale = UNIT
        self._general = self._counted = _GUESS_WORTH_TOKENS * UNIT

    def learn(self, *, general: int, tokens: int) -> None:
        """Take in that blocks which count `general` units in general counted `tokens` here."""
        self._general += general
        self._counted += tokens * UNIT
        self.scale = self._counted * UNIT // self._general
