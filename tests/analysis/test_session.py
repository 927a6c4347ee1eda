import pytest
from hypothesis import given

from farthing.analysis.session import OWN_AGENT, UNLABELLED, Spend, analyse, label
from farthing.segment import SegmentKind
from farthing.session import Session
from farthing.usage import Charge
from tests.analysis.scenes import (
    BIG,
    BIG_RATES,
    FREE,
    PRICES,
    SMALL,
    SMALL_RATES,
    Scene,
    block,
    sessions,
    usage,
)

TASK = block("task", SegmentKind.TASK)


def test_a_session_in_one_line() -> None:
    scene = Scene()
    scene.call([TASK], usage(plain=10, out=2), at_ns=5, attributes=(("user", "ada"),))
    scene.call([TASK], usage(plain=30, out=1), agent="helper", model=SMALL, at_ns=9)
    scene.call([TASK], usage(plain=7), model=FREE, at_ns=7)
    scene.call([TASK], None)
    result = analyse(scene.session("s", success=True), PRICES, by=["user", "agent"])
    row, own, helped = result.row, 10 * BIG_RATES.input + 2 * BIG_RATES.output, 30 * SMALL_RATES.input
    helped += SMALL_RATES.output
    assert (row.id, row.success, row.steps, row.agents) == ("s", True, 4, 1)
    assert (row.cost_picousd, row.sub_agent_picousd) == (own + helped, helped)
    assert (row.started_ns, row.ended_ns) == (5, 9)
    assert (row.input_tokens, row.output_tokens, row.context_tokens) == (47, 3, 30)
    assert (row.unpriced_steps, row.unrecorded_steps) == (1, 1)
    assert result.models == {
        ("", BIG): Spend(2, 10, 2, own, 0),
        ("", SMALL): Spend(1, 30, 1, helped, 0),
        ("", FREE): Spend(1, 7, 0, 0, 1),
    }
    assert list(result.unpriced) == [FREE]
    assert result.groups["user", "ada"] == Spend(1, 10, 2, own, 0)
    assert result.groups["user", UNLABELLED].steps == 3
    assert result.groups["agent", "helper"].cost_picousd == helped
    assert result.groups["agent", OWN_AGENT].steps == 3


def test_an_extra_line_is_spend_of_its_model_and_no_step() -> None:
    scene = Scene()
    extra = Charge(model=SMALL, usage=usage(plain=100), part="compaction")
    scene.call([TASK], usage(plain=10), extra=[extra])
    result = analyse(scene.session(), PRICES)
    assert result.models["", SMALL] == Spend(0, 100, 0, 100 * SMALL_RATES.input, 0)
    assert result.row.context_tokens == 10
    assert result.row.cost_picousd == 10 * BIG_RATES.input + 100 * SMALL_RATES.input


def test_growth_is_that_of_the_longest_conversation() -> None:
    scene = Scene()
    context = [TASK]
    for number in range(5):
        scene.call(context, usage(plain=100 * (number + 1)))
        scene.call([block(f"title {number}", SegmentKind.TASK)], usage(plain=9_000))
        context.append(block(f"result {number}", SegmentKind.TOOL_RESULT))
    assert analyse(scene.session(), PRICES).contexts == [100, 200, 300, 400, 500]


@pytest.mark.parametrize(
    ("dimension", "found"),
    [
        ("model", BIG),
        ("agent", OWN_AGENT),
        ("provider", UNLABELLED),
        ("tier", "standard"),
        ("user", "ada"),
        ("feature", UNLABELLED),
    ],
)
def test_labels(dimension: str, found: str) -> None:
    assert label(Scene().call([TASK], usage(plain=1), attributes=(("user", "ada"),)), dimension) == found


@given(sessions())
def test_every_break_down_sums_to_the_session(session: Session) -> None:
    result = analyse(session, PRICES, by=["agent", "model"])
    row = result.row
    for dimension in ("agent", "model"):
        spends = [spend for (name, _), spend in result.groups.items() if name == dimension]
        assert sum(spend.cost_picousd for spend in spends) == row.cost_picousd
        assert sum(spend.steps for spend in spends) == row.steps
        assert sum(spend.unpriced_steps for spend in spends) == row.unpriced_steps
    assert sum(spend.cost_picousd for spend in result.models.values()) == row.cost_picousd
    assert sum(spend.steps for spend in result.models.values()) == row.steps
    assert sum(amount.cost_picousd for _, amount in result.attribution.amounts()) == row.cost_picousd
    assert 0 <= result.attribution.resent_picousd <= row.cost_picousd


@given(sessions())
def test_dearest_blocks_are_left_out_only_of_sessions_below_the_floor(session: Session) -> None:
    whole = analyse(session, PRICES)
    cost = whole.row.cost_picousd
    assert analyse(session, PRICES, floor_picousd=cost).attribution == whole.attribution
    assert analyse(session, PRICES, floor_picousd=cost + 1).attribution.dearest == ()
