"""How much of a warm prefix a call lost, and so whether there is anything to explain.

What counts is what is sent *again*, never how much was read the last time: a conversation that goes
back, replaces its last exchange or leaves blocks out has lost nothing that it still wants.
"""

from farthing.analysis.break_cause import Case, Cause, Verdict, place_at
from farthing.analysis.break_edits import Edit, Loss, judge_edit
from farthing.analysis.break_reasons import reason
from farthing.prefix import links, shared


def judge(case: Case) -> Verdict | None:
    """Return why a call read less than was warm; None where it lost nothing worth a word."""
    loss = _loss(case)
    before, now = case.before.step.prefix, case.span.step.prefix
    verdict = None
    if before is not None and now is not None and not case.is_continued:
        depth = case.change.shared
        verdict = judge_edit(case, Edit(depth, links(before, above=depth), links(now, above=depth)), loss)
    if verdict is None and loss.total:
        cause, detail, kind = reason(case)
        place = place_at(case.warmth.pieces, case.warmth.index_at(case.read), case.read)
        verdict = Verdict(cause, detail, place._replace(kind=kind, name="") if kind else place, loss.total)
    return verdict


def judge_switch(case: Case) -> Verdict | None:
    """Return what a conversation lost by its first call to this model; `warmth` is the other model's."""
    warm = _warm_depth(case)
    again = sum(piece.tokens for piece in case.change.pieces if piece.depth <= warm)
    lost = again - case.read
    if lost <= case.warmth.noise(again):
        return None
    words = f"from {case.before.step.model} to {case.span.step.model}: each model has a cache of its own"
    return Verdict(Cause.MODEL_CHANGED, words, place_at(case.change.pieces, 0, 0), lost)


def judge_minimum(case: Case) -> Verdict | None:
    """Return what a marked call re-sent that is too short to be cached; None where that is not why."""
    markers, minimum = case.span.step.breakpoints, case.warmth.rules.minimum_tokens
    again, pieces = case.change.kept_tokens, case.change.pieces
    if not markers:
        return None
    last = max(marker.depth for marker in markers)
    marked = again + sum(piece.tokens for piece in pieces if piece.depth <= last)
    if marked >= minimum or again <= case.warmth.noise(again):
        return None
    words = f"the marked prefix has {marked:,} tokens, the model caches from {minimum:,}"
    return Verdict(Cause.BELOW_MINIMUM, words, place_at(case.warmth.pieces or pieces, 0, 0), again)


def _loss(case: Case) -> Loss:
    warmth, expected = case.warmth, case.expected
    unread, moved = expected - case.read, min(_moved(case), case.usage.input_tokens - case.read)
    is_unread, has_moved = unread > warmth.noise(expected), moved > warmth.noise(0)
    return Loss(unread if is_unread else 0, moved if has_moved else 0)


def _moved(case: Case) -> int:
    """Return the tokens of blocks that were warm behind another front and are sent again."""
    warmth = case.warmth
    warm = warmth.pieces[case.change.kept : warmth.touched(warmth.tokens)]
    was = {piece.segment.digest for piece in warm if piece.segment is not None}
    again = (piece for piece in case.change.pieces if piece.segment and piece.segment.digest in was)
    return sum(piece.tokens for piece in again)


def _warm_depth(case: Case) -> int:
    """Return how deep the context of a new model repeats what the other model had warm; -1 if it does not."""
    warm = case.warmth.index_at(case.warmth.tokens)
    if not warm:
        return -1
    depth = case.warmth.pieces[warm - 1].depth
    if case.span.step.prefix is None:
        return depth
    common = shared(case.before.step.prefix, case.span.step.prefix)
    return min(depth, common.depth) if common is not None else -1
