"""Tokens are fixed at birth: what each block counts is settled at the call that first sends it.

A provider reports one input count for the whole context. Two calls of one conversation differ
by the blocks that the second one adds, so the growth of the count belongs to those blocks, and
from then on their tokens never change while they are re-sent. What the blocks cannot account for
is a piece of its own: the system prompt and tools that a source leaves out, or tokens that the
provider adds. So the pieces of every call sum to its reported input exactly.

`births` tells each call as a change of its path: how many pieces stay, and which follow. That costs
what is new, however long the session.
"""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from farthing.analysis.conversations import Conversations
from farthing.analysis.path import Path, Piece
from farthing.prefix import Prefix, links, shared
from farthing.segment import Segment, SegmentKind
from farthing.session import Session
from farthing.span import Output, Span
from farthing.step import Recorded
from farthing.tokens import AROUND, PER_BYTE, UNIT, Tokenizer, apportion
from farthing.usage import Charge, Usage

DERIVED = "derived: system prompt and tools"
DERIVED_TOOLS = "derived: tools"
DERIVED_SYSTEM = "derived: system prompt"
HIDDEN = "hidden provider tokens"
NOT_RECORDED = "not recorded"

_MEDIA = SegmentKind.MEDIA
# Reported growth beyond this many times the expectation, and these tokens more, was not caused by the
# blocks that are shown: base64, the densest text met, counts 2.6 times what prose of its size does.
_BELIEVABLE_TIMES = 3
_BELIEVABLE_TOKENS = 512
_NOISE_TOKENS = 64
_IMAGE_TOKENS = 1_600  # at most, for one image: Anthropic, vision page, 2026-08


class Change(Struct, frozen=True, gc=False, kw_only=True):
    """What one call did to its path: the first `kept` pieces stay, `pieces` follow them.

    `path` numbers (conversation, model); -1 for a call without counted input, which changes
    nothing. `previous` is the index of the path's last call, `before` that of the conversation's under
    any model; -1 if there is none. `shared` is the depth of the chain that this call has in common
    with the previous one; `dropped_tokens` stood behind it and were not sent again.
    `expected_tokens` is what the new blocks were expected to count, `expected_output_tokens` those of
    the answer. `output_tokens` are what the blocks in `span.output` count.
    """

    path: int = -1
    conversation: int = -1
    previous: int = -1
    before: int = -1
    shared: int = 0
    kept: int = 0
    kept_tokens: int = 0
    dropped_tokens: int = 0
    pieces: tuple[Piece, ...] = ()
    expected_tokens: int = 0
    output_tokens: tuple[int, ...] = ()
    expected_output_tokens: int = 0

    @property
    def input_tokens(self) -> int:
        return self.kept_tokens + sum([piece.tokens for piece in self.pieces])


def births(session: Session) -> list[Change]:
    """Return the change that each call of the session made, in their order.

    For every call with input, `kept_tokens` and the tokens of `pieces` sum to what was reported.
    """
    machine = _Births()
    return [machine.change(index, span) for index, span in enumerate(session.spans)]


def primary(span: Span) -> Charge | None:
    """Return the charge for the agent's own request, no extra line of the bill; None if there is none."""
    for charge in span.charges:
        if not charge.part:
            return charge
    return None


def output_shares(usage: Usage, output: Sequence[Segment], weights: Sequence[int]) -> tuple[int, ...]:
    """Return the tokens of each block of an answer; what they leave of the count came out unseen.

    Reasoning that the provider counted goes to the reasoning blocks, the rest to the others.
    """
    if not usage.reasoning_tokens:
        return tuple(apportion(usage.output_tokens, weights))
    thought = [
        weight if segment.kind is SegmentKind.REASONING else 0
        for segment, weight in zip(output, weights, strict=True)
    ]
    said = [weight - thinking for weight, thinking in zip(weights, thought, strict=True)]
    reasoning_tokens = min(usage.reasoning_tokens, usage.output_tokens)
    shares = (
        _shares_if_any(reasoning_tokens, thought),
        _shares_if_any(usage.output_tokens - reasoning_tokens, said),
    )
    return tuple(map(sum, zip(*shares, strict=True)))


def _shares_if_any(total: int, weights: Sequence[int]) -> Sequence[int]:
    return apportion(total, weights) if any(weights) else weights


class _Births:
    def __init__(self) -> None:
        self._conversations = Conversations()
        self._paths: dict[tuple[int, str], Path] = {}
        self._last: dict[int, int] = {}
        self._tokenizers: defaultdict[str, Tokenizer] = defaultdict(Tokenizer)
        self._sent: dict[bytes, int] = {}
        self._made: dict[bytes, int] = {}

    def change(self, index: int, span: Span) -> Change:
        charge = primary(span)
        if charge is None:
            return Change()
        usage, output, tokenizer = charge.usage, span.output, self._tokenizers[charge.model]
        weights = [each.size * PER_BYTE[each.kind] + AROUND[each.kind] for each in output]
        made = output_shares(usage, output, weights)
        input_tokens = usage.input_tokens
        change = self._input(index, span, charge.model, input_tokens) if input_tokens else Change()
        if span.output_count is Output.FINAL:
            for segment, tokens in zip(output, made, strict=True):
                self._made[segment.digest] = tokens * UNIT
        expected = sum(weights) * tokenizer.scale // (UNIT * UNIT)
        return replace(change, output_tokens=made, expected_output_tokens=expected)

    def _input(self, index: int, span: Span, model: str, input_tokens: int) -> Change:
        place = self._conversations.place(span)
        conversation, met, new = place.conversation, place.met, place.new
        path = self._path(conversation, model)
        depth = path.depth if span.step.prefix is None else _depth(path.tip, met)
        if met is not None and met.depth > depth:
            new = links(met, above=depth) + new
        dropped = path.cut(depth)
        born, expected = self._born(path, new, input_tokens - path.tokens, span, model)
        change = Change(
            path=path.number,
            conversation=conversation,
            previous=path.last,
            before=self._last.get(conversation, -1),
            shared=depth,
            kept=len(path.pieces),
            kept_tokens=path.tokens,
            dropped_tokens=dropped,
            pieces=tuple(born),
            expected_tokens=expected,
        )
        path.grow(born, tokens=input_tokens)
        path.tip = span.step.prefix or path.tip
        path.last = self._last[conversation] = index
        return change

    def _path(self, conversation: int, model: str) -> Path:
        path = self._paths.get((conversation, model))
        if path is None:
            path = self._paths[conversation, model] = Path(len(self._paths))
        return path

    def _born(
        self, path: Path, new: list[Prefix], increment: int, span: Span, model: str
    ) -> tuple[list[Piece], int]:
        """Return the pieces that bring the path to its reported count, and the count that was expected."""
        if span.step.prefix is None:
            return _unseen(path, increment), 0
        tokenizer = self._tokenizers[model]
        weighed = self._weigh(new, tokenizer.scale)
        expected = sum(weighed.weights) // UNIT
        born: list[Piece] = []
        grows = increment >= 0
        if not grows:
            share = min(expected, (path.tokens + increment) // 2) if new else 0
            born, increment = path.shrink(share - increment), share
        remainder = _unaccounted(path, new, increment, expected, span, media=weighed.media)
        weights = weighed.weights
        if remainder is not None:
            born.append(remainder)
            increment -= remainder.tokens
        elif weighed.media:
            weights = _media_takes_the_rest(new, weights, increment)
        counted = self._settle(born, new, weighed, apportion(increment, weights))
        if counted and grows and remainder is None:
            tokenizer.learn(general=sum(weighed.by_size), tokens=counted)
        return born, expected

    def _weigh(self, new: list[Prefix], scale: int) -> "_Weighed":
        """Return what new blocks are expected to count.

        A block that was sent before counts what it did then, an answer that is sent back what it
        did when it came out; of the others only the size is known.
        """
        weights, by_size, media = [], [], False
        for link in new:
            segment = link.segment
            known = self._sent.get(segment.digest) or self._made.get(segment.digest)
            if known is not None:
                weights.append(known)
                by_size.append(0)
            elif segment.kind is _MEDIA:
                weights.append(min(segment.size * PER_BYTE[_MEDIA], _IMAGE_TOKENS * UNIT))
                by_size.append(0)
                media = True
            else:
                units = segment.size * PER_BYTE[segment.kind] + AROUND[segment.kind]
                weights.append(units * scale // UNIT)
                by_size.append(units)
        return _Weighed(weights, by_size, media)

    def _settle(self, born: list[Piece], new: list[Prefix], weighed: "_Weighed", shares: list[int]) -> int:
        """Fix the tokens of the new blocks; return those of the blocks of which only the size was known."""
        counted, sent, first = 0, self._sent, dict[bytes, int]()
        for link, general, tokens in zip(new, weighed.by_size, shares, strict=True):
            segment = link.segment
            fresh = segment.digest not in sent
            if fresh:
                first[segment.digest] = tokens * UNIT
            if general:
                counted += tokens
            born.append(Piece(segment.kind, segment.name, tokens, fresh, link.depth, segment))
        sent.update(first)
        return counted


class _Weighed(Struct, frozen=True):
    """What new blocks are expected to count, in units.

    `by_size` is what the blocks of which only the size is known count in general, 0 for the others.
    """

    weights: list[int]
    by_size: list[int]
    media: bool


def _depth(tip: Prefix | None, met: Prefix | None) -> int:
    """Return how deep the chain is that a path's last call and the next one share."""
    common = met if met is tip else shared(tip, met)
    return common.depth if common is not None else 0


def _unseen(path: Path, increment: int) -> list[Piece]:
    """A call of which only counts are recorded re-sends what was sent before, as far as the count allows."""
    if increment < 0:
        return path.shrink(-increment)
    return [_remainder(NOT_RECORDED, increment, path.depth)] if increment else []


def _unaccounted(
    path: Path, new: list[Prefix], increment: int, expected: int, span: Span, *, media: bool
) -> Piece | None:
    """Return what the shown blocks cannot account for, as a piece in front of them; None if they can."""
    surplus = increment - expected
    if path.last < 0 and surplus > expected // 8 + _NOISE_TOKENS:
        name = _left_out(new, span)
        if name:
            return _remainder(name, surplus, 0)
    if new and (media or increment <= _BELIEVABLE_TIMES * expected + _BELIEVABLE_TOKENS):
        return None
    return _remainder(HIDDEN, surplus, new[0].depth if new else path.depth) if surplus > 0 else None


def _remainder(name: str, tokens: int, depth: int) -> Piece:
    return Piece(SegmentKind.REMAINDER, name, tokens, fresh=True, depth=depth)


def _left_out(chain: list[Prefix], span: Span) -> str:
    """Return the name of what stands in front of a chain and is not recorded; "" if nothing is missing.

    A source that shows whole requests may still leave out the schemas of tools that are being called; a
    tool of which only the name is known has no size.
    """
    kinds = {link.segment.kind for link in chain if link.segment.size}
    if span.step.recorded is Recorded.FULL:
        calls = kinds | {segment.kind for segment in span.output}
        return DERIVED_TOOLS if SegmentKind.TOOLS not in kinds and SegmentKind.TOOL_CALL in calls else ""
    match SegmentKind.TOOLS in kinds, SegmentKind.SYSTEM in kinds:
        case False, False:
            return DERIVED
        case False, True:
            return DERIVED_TOOLS
        case True, False:
            return DERIVED_SYSTEM
        case _:
            return ""


def _media_takes_the_rest(new: list[Prefix], weights: list[int], increment: int) -> list[int]:
    """An image's bytes say little about its tokens, so what the text leaves over is the image's."""
    media = [link.segment.kind is _MEDIA for link in new]
    text = sum(weight for weight, is_media in zip(weights, media, strict=True) if not is_media)
    rest = max(increment * UNIT - text, 0)
    sizes = [link.segment.size for link, is_media in zip(new, media, strict=True) if is_media]
    shares = iter(apportion(rest, sizes))
    return [next(shares) if is_media else weight for weight, is_media in zip(weights, media, strict=True)]
