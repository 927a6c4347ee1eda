import pytest

from farthing.analysis.births import births, primary
from farthing.analysis.estimates import Estimates, Spread
from farthing.segment import SegmentKind
from farthing.session import Session
from farthing.span import Output
from tests.analysis.scenes import BIG, BIG_RATES, SMALL, Scene, block, usage

TEXT = block("word " * 400, SegmentKind.ASSISTANT)


def estimated(session: Session) -> Estimates:
    estimates = Estimates()
    for span, change in zip(session.spans, births(session), strict=True):
        charge = primary(span)
        if charge is not None:
            estimates.add(span, change, charge, output_rate=BIG_RATES.output)
    return estimates


def answers(*counts: int, unfinished: int = 0, model: str = BIG) -> Scene:
    scene = Scene()
    for number, count in enumerate((*counts, *[1] * unfinished)):
        scene.call(
            [block(f"task {model} {number}", SegmentKind.TASK)],
            usage(plain=5, out=count),
            model=model,
            output=[TEXT],
            output_count=Output.FINAL if number < len(counts) else Output.PLACEHOLDER,
        )
    return scene


def test_an_unfinished_count_is_estimated_from_answers_whose_count_is_known() -> None:
    estimates = estimated(answers(*[700] * 6, unfinished=2).session())
    assert estimates.estimated_steps == 2
    tokens, rest = divmod(estimates.missing_picousd(), BIG_RATES.output)
    assert rest == 0
    assert tokens == pytest.approx(2 * 699, rel=0.01)


def test_a_model_without_final_counts_borrows_the_factor_of_the_others() -> None:
    known, unknown = answers(*[700] * 6), answers(unfinished=1, model=SMALL)
    known.spans += unknown.spans
    assert estimated(known.session()).missing_picousd() / BIG_RATES.output == pytest.approx(699, rel=0.01)


def test_without_any_final_count_nothing_is_claimed() -> None:
    estimates = estimated(answers(unfinished=3).session())
    assert (estimates.missing_picousd(), estimates.estimated_steps) == (0, 3)


def test_a_count_above_the_estimate_is_left_alone() -> None:
    scene = answers(*[100] * 6)
    scene.call(None, usage(out=5_000), output=[TEXT], output_count=Output.PLACEHOLDER)
    assert estimated(scene.session()).missing_picousd() == 0


def test_the_error_is_that_of_the_measured_answers() -> None:
    even = estimated(answers(*[700] * 10).session()).output_error()
    assert even.measured == 10
    assert even.p90 == pytest.approx(0, abs=0.02)
    mixed = estimated(answers(*[700] * 8, 350, 350).session()).output_error()
    assert mixed.p50 is not None
    assert mixed.p90 is not None
    assert mixed.p50 < 0.15 < mixed.p90
    assert estimated(answers(700).session()).output_error().p50 is None


def test_what_new_blocks_count_is_measured_from_the_second_call_on() -> None:
    scene = Scene()
    context = [block("task", SegmentKind.TASK)]
    for number in range(9):
        scene.call(context, usage(plain=10 + 500 * number))
        context.append(block(f"{number}" + "word " * 400, SegmentKind.TOOL_RESULT))
    error = estimated(scene.session()).input_error()
    assert error.measured == 8
    assert error.p50 is not None
    assert error.p50 < 0.1


def test_merging_is_as_if_all_had_been_one() -> None:
    one, other = answers(700, 650, 800, unfinished=1), answers(500, 400, unfinished=2, model=SMALL)
    merged = estimated(one.session())
    merged.merge(estimated(other.session()))
    one.spans += other.spans
    whole = estimated(one.session())
    assert merged.missing_picousd() == whole.missing_picousd()
    assert merged.output_error() == whole.output_error()
    assert merged.estimated_steps == whole.estimated_steps


def test_a_spread_keeps_ratios_to_two_percent() -> None:
    spread = Spread()
    for ratio in range(90, 111):
        spread.add(expected=10_000, counted=100 * ratio)
    error = spread.error()
    assert error.p50 == pytest.approx(0.05, abs=0.012)
    assert error.p90 == pytest.approx(0.09, abs=0.02)
