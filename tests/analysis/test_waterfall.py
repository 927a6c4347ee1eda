from collections import Counter

from hypothesis import given

from farthing.analysis.attribution import attribute
from farthing.analysis.births import births, primary
from farthing.analysis.charges import PriceClass, price
from farthing.analysis.waterfall import Share, waterfall
from farthing.segment import SegmentKind
from farthing.session import Session
from farthing.usage import Charge
from tests.analysis.scenes import BIG_RATES, PRICES, Scene, block, sessions, usage

SYSTEM, TASK = block("s" * 300, SegmentKind.SYSTEM), block("t" * 30, SegmentKind.TASK)
RESULT = block("r" * 400, SegmentKind.TOOL_RESULT, "Bash")


def test_a_call_shows_what_it_read_what_it_wrote_and_what_was_new() -> None:
    scene = Scene()
    scene.call([SYSTEM, TASK], usage(five=100, out=4), output=[block("ok", SegmentKind.ASSISTANT)])
    scene.call([SYSTEM, TASK, RESULT], usage(read=60, five=130, plain=10))
    _, step = waterfall(scene.session(), PRICES)
    assert [(share.kind, share.price_class) for share in step.input] == [
        (SegmentKind.SYSTEM, PriceClass.CACHE_READ),
        (SegmentKind.SYSTEM, PriceClass.CACHE_WRITE_5M),
        (SegmentKind.TASK, PriceClass.CACHE_WRITE_5M),
        (SegmentKind.TOOL_RESULT, PriceClass.CACHE_WRITE_5M),
        (SegmentKind.TOOL_RESULT, PriceClass.UNCACHED),
    ]
    assert step.input[0] == Share(SegmentKind.SYSTEM, PriceClass.CACHE_READ, 60, 60 * BIG_RATES.cache_read)
    assert [(item.name, item.tokens) for item in step.new] == [("Bash", 100)]
    assert step.step == 2


def test_what_is_billed_beside_the_request_is_told_apart() -> None:
    scene = Scene()
    extra = Charge(model="big", usage=usage(plain=5), part="compaction")
    scene.call([TASK], usage(plain=9, out=2), extra=[extra])
    (step,) = waterfall(scene.session(), PRICES)
    assert step.extra_picousd == 5 * BIG_RATES.input
    assert step.output_picousd == 2 * BIG_RATES.output
    assert step.cost_picousd == 14 * BIG_RATES.input + 2 * BIG_RATES.output


@given(sessions())
def test_the_steps_sum_to_what_the_attribution_says(session: Session) -> None:
    changes, bills = births(session), [price(span, PRICES) for span in session.spans]
    shown: Counter[tuple[SegmentKind, PriceClass]] = Counter()
    for span, step in zip(session.spans, waterfall(session, PRICES), strict=True):
        own = primary(span)
        assert sum(share.tokens for share in step.input) == (own.usage.input_tokens if own else 0)
        inputs = sum(share.cost_picousd for share in step.input)
        fees = sum(line.cost.server_tools for line in price(span, PRICES) if line.cost)
        assert step.cost_picousd == inputs + step.output_picousd + step.extra_picousd + fees
        for share in step.input:
            shown[share.kind, share.price_class] += share.tokens
    told: Counter[tuple[SegmentKind, PriceClass]] = Counter()
    for part, amount in attribute(session, changes, bills).amounts():
        if part.kind is not SegmentKind.OUTPUT and part.name not in ("compaction", "further charge"):
            told[part.kind, amount.price_class] += amount.tokens
    assert shown == +told
