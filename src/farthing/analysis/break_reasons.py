"""Why a prefix was not read although nothing that is recorded differs in it.

In the order of their strength: another cache was asked, the entry had expired, it was not there yet,
a parameter changed, the provider's rules say so. Where none of these holds `evicted` needs a source that
shows whole requests and their times; short of that, `unknown` is the answer.
"""

import re
from typing import NamedTuple

from farthing.analysis.break_cause import Case, Cause, idle, time_words
from farthing.engine.cache_rules import Placement
from farthing.prefix import links
from farthing.prices.book import STANDARD_TIERS
from farthing.segment import SegmentKind
from farthing.span import Span
from farthing.step import Recorded

# Models that drop the thinking of earlier turns when a user speaks, so that the prefix ends there (Anthropic,
# prompt caching page, 2026-08: Opus from 4.5, Sonnet from 4.6 and Haiku 5.5 keep it).
_FORGETS_THINKING = re.compile(r"claude-3|claude-(opus|sonnet)-4(-1)?(-20\d{6})?$|sonnet-4-5|haiku-4-5")

# Parameters whose values are schemas, texts or keys: that they changed is said, not from what to what.
_ONLY_NAMED = frozenset({"output_format", "response_format", "text", "prompt_cache_key"})
_NAMED_MOST = 3
_SAID_BY_USER = (SegmentKind.USER, SegmentKind.TASK)


class Reason(NamedTuple):
    """A cause, what it is seen by, and the kind of block that it lies in, where that is known."""

    cause: Cause
    detail: str
    kind: SegmentKind | None = None


def reason(case: Case) -> Reason:
    """Return why nothing was read there."""
    step, before = case.span.step, case.warmed.step
    if (step.account, step.provider) != (before.account, before.provider):
        return Reason(Cause.MODEL_CHANGED, "the same model under another account or provider")
    if case.is_idle:
        return Reason(Cause.IDLE_GAP, idle(case))
    if _is_parallel(case):
        return Reason(Cause.PARALLEL, "sent before the call before it had begun to answer")
    if words := _parameters(case):
        return Reason(Cause.PARAMETERS_CHANGED, words)
    if case.warmth.rules.placement is Placement.MARKERS and (found := _by_rules(case)):
        return found
    if case.is_continued and case.change.kept < len(case.warmth.pieces):
        return Reason(
            Cause.HISTORY_EDITED, "the provider counts the same blocks lower: it cleared some of them"
        )
    return _unexplained(case)


def _is_parallel(case: Case) -> bool:
    at_ns, began_ns = case.span.step.at_ns, case.warmed.first_token_ns or case.warmed.ended_ns
    return at_ns is not None and began_ns is not None and at_ns < began_ns


def _parameters(case: Case) -> str:
    was, now = dict(case.warmed.step.parameters), dict(case.span.step.parameters)
    changed = [name for name in sorted({*was, *now}) if was.get(name) != now.get(name)]
    if changed:
        return "; ".join(_parameter(name, was.get(name), now.get(name)) for name in changed[:_NAMED_MOST])
    tier, new_tier = _tier(case.warmed), _tier(case.span)
    if tier != new_tier:
        return f"tier: {tier} → {new_tier}"
    has_lost_markers = case.warmed.step.breakpoints and case.span.step.breakpoints == ()
    return "cache_control: this call carries no marker" if has_lost_markers else ""


def _parameter(name: str, was: str | None, now: str | None) -> str:
    return name if name in _ONLY_NAMED else f"{name}: {was or 'not set'} → {now or 'not set'}"


def _tier(span: Span) -> str:
    tier = span.charges[0].tier if span.charges else ""
    return "standard" if tier in STANDARD_TIERS else tier


def _by_rules(case: Case) -> Reason | None:
    """Return what the rules on invalidation explain (Anthropic, prompt caching page, 2026-08)."""
    if _drops_thinking(case):
        words = "a user message: this model drops the thinking of earlier turns"
        return Reason(Cause.HISTORY_EDITED, words, SegmentKind.REASONING)
    if _begins_thinking(case):
        return Reason(Cause.PARAMETERS_CHANGED, "thinking: the first answer that has any")
    if not case.warmth.media and any(piece.kind is SegmentKind.MEDIA for piece in case.change.pieces):
        return Reason(
            Cause.PARAMETERS_CHANGED, "images: the first one; contexts with and without are kept apart"
        )
    if _is_out_of_reach(case):
        positions = case.warmth.rules.look_back
        return Reason(Cause.OUT_OF_REACH, f"the entry is {positions} positions or more from any marker")
    return None


def _drops_thinking(case: Case) -> bool:
    """Whether a user's message made the model forget; what stands in front of all thinking is read then."""
    if not case.read or not _user_spoke(case):
        return False
    unread = case.warmth.pieces[case.warmth.index_at(case.read) :]
    has_thought = any(piece.kind is SegmentKind.REASONING for piece in (*unread, *case.change.pieces))
    return has_thought and _FORGETS_THINKING.search(case.span.step.model) is not None


def _user_spoke(case: Case) -> bool:
    return any(piece.kind in _SAID_BY_USER for piece in case.change.pieces)


def _begins_thinking(case: Case) -> bool:
    """Whether thinking seems to have been switched on; a source of whole requests would have said so."""
    thinks = any(segment.kind is SegmentKind.REASONING for segment in case.span.output)
    return thinks and not case.warmth.thought and case.span.step.recorded is not Recorded.FULL


def _is_out_of_reach(case: Case) -> bool:
    tip, markers, warmth = case.span.step.prefix, case.span.step.breakpoints, case.warmth
    if tip is None or not markers:
        return False
    warm = warmth.pieces[warmth.index_at(case.expected) - 1].depth
    slots = {link.depth: link.slot for link in links(tip, above=max(warm - 1, 0))}
    if warm not in slots:
        return False
    seen_from = (slots[marker.depth] for marker in markers if marker.depth in slots)
    return all(slot - slots[warm] >= warmth.rules.look_back for slot in seen_from)


def _unexplained(case: Case) -> Reason:
    gap_s, is_front_read = case.gap_s, case.read > 0
    if gap_s is None:
        return Reason(Cause.UNKNOWN, "nothing visible changed; without times, expired and evicted look alike")
    since = f"nothing visible changed in {time_words(gap_s)}"
    match case.span.step.recorded:
        case Recorded.FULL:
            return Reason(Cause.EVICTED, f"{since}: the provider lost it, or asked another machine")
        case Recorded.DELTA if case.warmth.keeps_blocks and is_front_read:
            return Reason(Cause.EVICTED, f"{since} and its front was read: the provider lost the rest")
        case _:
            spoke = "a user spoke; " if _user_spoke(case) else ""
            front = "its front was read" if is_front_read else "not even its front was read"
            return Reason(
                Cause.UNKNOWN, f"{since}; {spoke}{front}; the source does not show all that was sent"
            )
