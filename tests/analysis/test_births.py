"""Tokens fixed at birth: what is new gets the growth of the count, and what does not fit is named."""

from collections import defaultdict

import pytest
from hypothesis import given

from farthing.analysis.births import (
    DERIVED,
    DERIVED_TOOLS,
    HIDDEN,
    NOT_RECORDED,
    Change,
    births,
    output_shares,
    primary,
)
from farthing.analysis.path import Piece
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.session import Session
from farthing.span import Output
from farthing.step import Recorded
from farthing.usage import Charge
from tests.analysis.scenes import BIG, SMALL, Scene, block, sessions, usage

SYSTEM = block("You mend builds. " * 20, SegmentKind.SYSTEM)
TOOL = block('{"name": "Bash"}' * 20, SegmentKind.TOOLS, "Bash")
TASK = block("Mend this build, please. " * 10, SegmentKind.TASK)
THOUGHT = block("It may be the linker. " * 20, SegmentKind.REASONING)
CALL = block('{"command": "make"}', SegmentKind.TOOL_CALL, "Bash")
RESULT = block("cc: error: no input files\n" * 40, SegmentKind.TOOL_RESULT, "Bash")


def pieces(change: Change) -> list[tuple[str, int]]:
    return [(piece.name or piece.kind.value, piece.tokens) for piece in change.pieces]


def growing(*steps: tuple[list[Segment], int], recorded: Recorded = Recorded.FULL) -> list[Change]:
    scene = Scene()
    for context, tokens in steps:
        scene.call(context, usage(plain=tokens), recorded=recorded)
    return births(scene.session())


def test_the_growth_of_the_count_belongs_to_what_is_new() -> None:
    first, second, third = growing(
        ([SYSTEM, TASK], 150), ([SYSTEM, TASK, CALL, RESULT], 550), ([SYSTEM, TASK, CALL, RESULT], 550)
    )
    assert first.kept_tokens == 0
    assert sum(tokens for _, tokens in pieces(first)) == 150
    assert (second.kept, second.kept_tokens, second.shared) == (2, 150, 2)
    assert [name for name, _ in pieces(second)] == ["Bash", "Bash"]
    assert sum(tokens for _, tokens in pieces(second)) == 400
    assert (third.kept, pieces(third)) == (4, [])


def test_what_was_cut_off_is_told_and_what_is_sent_again_is_not_fresh() -> None:
    _, _, back, again = growing(
        ([SYSTEM, TASK], 150),
        ([SYSTEM, TASK, CALL, RESULT], 550),
        ([SYSTEM, TASK, block("Try again.")], 155),
        ([SYSTEM, TASK, CALL, RESULT], 550),
    )
    assert (back.shared, back.dropped_tokens) == (2, 400)
    assert [piece.fresh for piece in back.pieces] == [True]
    assert [piece.fresh for piece in again.pieces] == [False, False]


def test_a_block_sent_before_weighs_what_it_counted_then() -> None:
    changes = growing(
        ([SYSTEM, TASK], 150),
        ([SYSTEM, TASK, RESULT], 950),
        ([TASK, SYSTEM, RESULT, block("And now?")], 955),
    )
    born = {piece.kind: piece.tokens for change in changes[:2] for piece in change.pieces}
    again = {piece.kind: piece.tokens for piece in changes[2].pieces}
    for kind in (SegmentKind.SYSTEM, SegmentKind.TASK, SegmentKind.TOOL_RESULT):
        assert again[kind] == pytest.approx(born[kind], rel=0.05)


def test_an_answer_that_is_sent_back_is_expected_to_count_what_it_did() -> None:
    scene = Scene()
    scene.call([SYSTEM, TASK], usage(plain=150, out=300), output=[CALL])
    scene.call([SYSTEM, TASK, CALL, RESULT], usage(plain=750))
    call, result = births(scene.session())[1].pieces
    assert call.tokens == pytest.approx(300, rel=0.15)
    assert result.tokens == pytest.approx(300, rel=0.15)


def test_what_a_source_leaves_out_stands_in_front_and_survives() -> None:
    changes = growing(
        ([TASK], 15_000),
        ([TASK, CALL, RESULT], 15_400),
        ([block("The story so far. " * 10, SegmentKind.SUMMARY)], 15_050),
        recorded=Recorded.DELTA,
    )
    name, derived = pieces(changes[0])[0]
    assert (name, changes[0].pieces[0].kind) == (DERIVED, SegmentKind.REMAINDER)
    assert derived == pytest.approx(15_000 - 60, abs=20)
    assert changes[2].kept_tokens == derived
    assert [name for name, _ in pieces(changes[2])] == ["summary"]


def test_tools_that_are_called_but_not_shown_are_derived() -> None:
    scene = Scene()
    scene.call([SYSTEM, TASK], usage(plain=2_000, out=30), output=[CALL])
    assert [name for name, _ in pieces(births(scene.session())[0])] == [DERIVED_TOOLS, "system", "task"]
    scene = Scene()
    scene.call([TOOL, SYSTEM, TASK], usage(plain=500, out=30), output=[CALL])
    assert DERIVED_TOOLS not in [name for name, _ in pieces(births(scene.session())[0])]


def test_tools_of_which_only_the_name_is_known_are_not_shown() -> None:
    scene = Scene()
    named = Segment(SegmentKind.TOOLS, "", "Read", digest_block(SegmentKind.TOOLS, "", b"Read"), 0)
    call = block("call", SegmentKind.TOOL_CALL, "Read")
    scene.call([named, SYSTEM, TASK], usage(plain=9_000), output=[call])

    assert pieces(births(scene.session())[0])[0][0] == DERIVED_TOOLS


def test_growth_that_nothing_shown_explains_is_a_piece_of_its_own() -> None:
    _, jump, same = growing(
        ([SYSTEM, TASK], 150),
        ([SYSTEM, TASK, block("Go on.")], 5_150),
        ([SYSTEM, TASK, block("Go on.")], 5_160),
    )
    (name, hidden), (_, shown) = pieces(jump)
    assert (name, hidden + shown) == (HIDDEN, 5_000)
    assert shown < 10
    assert pieces(same) == [(HIDDEN, 10)]


def test_an_image_takes_what_the_text_leaves_over() -> None:
    image = block("i" * 300_000, SegmentKind.MEDIA)
    _, change = growing(([SYSTEM, TASK], 150), ([SYSTEM, TASK, RESULT, image], 150 + 1_800))
    result, picture = change.pieces
    assert result.tokens == pytest.approx(len("cc: error: no input files\n") * 40 / 3.4, rel=0.05)
    assert picture.tokens == 1_800 - result.tokens


def test_a_shrinking_count_takes_reasoning_away_first() -> None:
    context = [SYSTEM, TASK, THOUGHT, CALL, RESULT]
    _, change = growing((context, 650), ([*context, block("Thanks.")], 600))
    told = {piece.kind: piece for piece in change.pieces}
    assert change.kept == 2
    assert not told[SegmentKind.TOOL_RESULT].fresh
    assert told[SegmentKind.USER].fresh
    assert change.kept_tokens + sum(piece.tokens for piece in change.pieces) == 600
    assert SegmentKind.REASONING not in told or told[SegmentKind.REASONING].tokens < 150


def test_counts_alone_re_send_what_was_sent_before_as_far_as_they_go() -> None:
    scene = Scene()
    for tokens in (100, 160, 40, 90):
        scene.call(None, usage(plain=tokens), recorded=Recorded.COUNTS)
    changes = births(scene.session())
    assert [change.kept_tokens for change in changes] == [0, 100, 0, 40]
    fresh = [sum(piece.tokens for piece in change.pieces if piece.fresh) for change in changes]
    assert fresh == [100, 60, 0, 50]
    assert all(name == NOT_RECORDED for change in changes for name, _ in pieces(change))


def test_a_call_without_content_leaves_the_path_of_its_conversation_in_place() -> None:
    scene = Scene()
    scene.call([SYSTEM, TASK], usage(plain=150))
    scene.call(None, usage(plain=400))
    scene.call([SYSTEM, TASK, RESULT], usage(plain=700))
    first, unseen, third = births(scene.session())
    assert (unseen.path, unseen.kept_tokens, pieces(unseen)) == (first.path, 150, [(NOT_RECORDED, 250)])
    assert (third.kept_tokens, pieces(third)) == (400, [("Bash", 300)])


def test_each_model_counts_for_itself_in_one_conversation() -> None:
    scene = Scene()
    scene.call([SYSTEM, TASK], usage(plain=150), model=BIG)
    scene.call([SYSTEM, TASK, RESULT], usage(plain=600), model=SMALL)
    scene.call([SYSTEM, TASK, RESULT, CALL], usage(plain=500), model=BIG)
    changes = births(scene.session())
    assert [change.path for change in changes] == [0, 1, 0]
    assert [change.conversation for change in changes] == [0, 0, 0]
    assert [change.previous for change in changes] == [-1, -1, 0]
    assert [change.before for change in changes] == [-1, 0, 1]
    assert [piece.fresh for piece in changes[1].pieces] == [False, False, True]


def test_a_call_without_counted_input_changes_nothing() -> None:
    scene = Scene()
    scene.call([SYSTEM, TASK], None)
    scene.call([SYSTEM, TASK], usage(out=7), output=[CALL])
    scene.call([SYSTEM, TASK], None, extra=[Charge(model=BIG, usage=usage(plain=9), part="compaction")])
    assert [change.path for change in births(scene.session())] == [-1, -1, -1]


def test_reasoning_that_was_counted_goes_to_reasoning() -> None:
    output, weights = (THOUGHT, CALL), (500, 100)
    assert output_shares(usage(out=100, thought=70), output, weights) == (70, 30)
    assert output_shares(usage(out=100), output, weights) == (83, 17)
    assert output_shares(usage(out=100, thought=70), (CALL,), (100,)) == (30,)
    assert output_shares(usage(out=100, thought=170), output, weights) == (100, 0)
    assert output_shares(usage(out=100), (), ()) == ()


@given(sessions())
def test_the_pieces_of_every_call_sum_to_its_reported_input(session: Session) -> None:
    paths: dict[int, list[Piece]] = defaultdict(list)
    for span, change in zip(session.spans, births(session), strict=True):
        charge = primary(span)
        if change.path < 0:
            assert charge is None or charge.usage.input_tokens == 0
            continue
        assert charge is not None
        before = paths[change.path]
        assert change.kept <= len(before)
        assert change.kept_tokens == sum(piece.tokens for piece in before[: change.kept])
        path = paths[change.path] = [*before[: change.kept], *change.pieces]
        assert sum(piece.tokens for piece in path) == charge.usage.input_tokens == change.input_tokens
        assert all(piece.tokens >= 0 for piece in path)
        assert [piece.depth for piece in path] == sorted(piece.depth for piece in path)


@given(sessions())
def test_a_block_is_fresh_at_the_first_call_that_sends_it_and_never_again(session: Session) -> None:
    sent: set[bytes] = set()
    for change in births(session):
        shown = [piece for piece in change.pieces if piece.segment is not None]
        for piece in shown:
            assert piece.segment is not None
            assert piece.fresh == (piece.segment.digest not in sent)
        sent |= {piece.segment.digest for piece in shown if piece.segment is not None}


@given(sessions())
def test_an_answer_divides_into_no_more_than_was_counted(session: Session) -> None:
    for span, change in zip(session.spans, births(session), strict=True):
        charge = primary(span)
        if charge is not None:
            assert len(change.output_tokens) == len(span.output)
            assert 0 <= sum(change.output_tokens) <= charge.usage.output_tokens


def test_an_answer_without_a_final_count_teaches_nothing() -> None:
    scene = Scene()
    scene.call([SYSTEM, TASK], usage(plain=150, out=1), output=[CALL], output_count=Output.PLACEHOLDER)
    scene.call([SYSTEM, TASK, CALL, RESULT], usage(plain=550))
    call, _ = births(scene.session())[1].pieces
    assert call.tokens > 30
