from itertools import pairwise

import pytest
from msgspec.structs import replace

from farthing.analysis.account import Account
from farthing.analysis.bill import (
    PEAK_FACTOR,
    concentration,
    mean_interval,
    observed_per_day,
    per_session,
    projection,
    session_line,
    sub_agents,
    totals,
)
from farthing.analysis.profile import PerSession, Projection
from farthing.analysis.session import SessionRow, analyse
from farthing.money import parse_usd
from farthing.segment import SegmentKind
from farthing.span import Output
from farthing.usage import Charge, Usage
from tests.analysis.scenes import BIG, FREE, PRICES, Scene, block, usage

DAY_NS = 86_400 * 10**9
DOLLAR = 10**12
NOTHING = SessionRow(
    id="s",
    named=True,
    success=None,
    steps=1,
    agents=0,
    conversations=1,
    started_ns=None,
    ended_ns=None,
    input_tokens=0,
    output_tokens=0,
    context_tokens=0,
    cost_picousd=0,
    sub_agent_picousd=0,
    unpriced_steps=0,
    unrecorded_steps=0,
    estimated_output_steps=0,
)


def rows(*dollars: float) -> list[SessionRow]:
    return [
        replace(NOTHING, id=str(number), cost_picousd=int(each * DOLLAR))
        for number, each in enumerate(dollars)
    ]


def priced(found: list[SessionRow]) -> PerSession:
    return per_session(found, mean_interval(found))


def projected(made: Account, sessions_per_day: float | None) -> Projection:
    return projection(made, mean_interval(made.rows), sessions_per_day=sessions_per_day)


def account(scene: Scene) -> Account:
    made = Account()
    made.add(analyse(scene.session(), PRICES))
    return made


def test_totals_keep_what_was_reported_and_say_what_is_missing() -> None:
    scene = Scene()
    text = block("word " * 400, SegmentKind.ASSISTANT)
    for _ in range(6):
        scene.call(None, usage(plain=10, out=700), output=[text])
    scene.call(None, usage(plain=10, out=1), output=[text], output_count=Output.PLACEHOLDER)
    scene.call(None, usage(plain=10), model=FREE)
    scene.call(None, None)
    searched = Usage(uncached_input_tokens=10, server_tools=(("web_search", 2),))
    scene.call(None, searched)
    found = totals(account(scene))
    tokens = 8 * 10 * 3_000_000 + 4_201 * 15_000_000
    assert parse_usd(found.cost_usd) == tokens + parse_usd("0.02")
    assert found.server_tools_usd == "0.02"
    estimated = parse_usd(found.cost_with_estimates_usd) - parse_usd(found.cost_usd)
    assert estimated == pytest.approx(parse_usd("0.0105"), rel=0.02)
    assert (found.steps, found.unpriced_steps, found.unrecorded_steps) == (10, 1, 1)
    assert found.estimated_output_steps == 1
    assert [line.partition(" ")[0] for line in found.at_least] == ["1", "1", "1"]


def test_a_bill_without_gaps_is_no_lower_bound() -> None:
    scene = Scene()
    scene.call(None, usage(read=1, five=2, hour=3, other=4, plain=5, out=6))
    found = totals(account(scene))
    assert found.at_least == ()
    assert found.cost_usd == found.cost_with_estimates_usd
    assert (found.cache_read_input_tokens, found.cache_creation_5m_input_tokens) == (1, 2)
    assert (found.cache_creation_1h_input_tokens, found.cache_creation_other_input_tokens) == (3, 4)
    assert (found.uncached_input_tokens, found.output_tokens) == (5, 6)


def test_quantiles_are_costs_of_sessions() -> None:
    found = priced(rows(*range(1, 101)))
    shown = (found.p50_usd, found.p90_usd, found.p99_usd, found.max_usd)
    assert shown == ("50", "90", "99", "100")
    assert found.mean_usd == "50.5"
    assert found.mean_low_usd is not None
    assert found.mean_high_usd is not None
    assert parse_usd(found.mean_low_usd) < 50 * DOLLAR < parse_usd(found.mean_high_usd)
    assert priced([]).p50_usd is None
    assert priced(rows(7)).p99_usd == "7"


def test_failures_are_paid_for_by_successes() -> None:
    won, lost, unknown = rows(3, 2, 100)
    found = priced([replace(won, success=True), replace(lost, success=False), unknown])
    assert (found.outcomes, found.successes, found.per_success_usd) == (2, 1, "5")
    assert priced([replace(lost, success=False)]).per_success_usd is None


def test_concentration_counts_a_part_of_a_session_as_one() -> None:
    found = {row.sessions_share: row.cost_share for row in concentration(rows(90, 5, 3, 2))}
    assert found[0.01] == found[0.2] == 0.9
    assert found[0.5] == 0.95
    assert found[1.0] == 1.0
    assert all(one.cost_share <= other.cost_share for one, other in pairwise(concentration(rows(4, 3, 2, 1))))
    assert concentration(rows(0, 0)) == ()


def test_sub_agents_are_part_of_their_sessions() -> None:
    helped, alone = rows(10, 30)
    found = sub_agents([replace(helped, agents=2, sub_agent_picousd=8 * DOLLAR), alone])
    assert (found.sessions, found.cost_usd, found.share) == (1, "8", 0.2)


def test_a_projection_scales_the_mean_session() -> None:
    made = Account()
    for number in range(20):
        scene = Scene()
        scene.call(None, usage(plain=1_000 * (number + 1), read=500, out=100))
        made.add(analyse(scene.session(str(number)), PRICES))
    found = projected(made, 1_000)
    assert (found.per_day_usd, found.per_month_usd, found.per_year_usd) == ("33.15", "1008.3125", "12099.75")
    assert found.low_usd is not None
    assert found.high_usd is not None
    assert float(found.low_usd) < 33.15 < float(found.high_usd)
    assert found.tokens_per_minute is not None
    assert found.tokens_per_minute.input == pytest.approx(10_500 * 1_000 * PEAK_FACTOR / 1_440, abs=1)
    assert found.tokens_per_minute.input_with_reads == pytest.approx(
        11_000 * 1_000 * PEAK_FACTOR / 1_440, abs=1
    )


def test_the_rate_of_the_traces_is_taken_where_none_is_asked_for() -> None:
    made = Account()
    for number in range(9):
        scene = Scene()
        scene.call(None, usage(plain=1_000_000), at_ns=number * DAY_NS // 4)
        made.add(analyse(scene.session(str(number)), PRICES))
    found = projected(made, None)
    assert (found.basis, found.sessions_per_day) == ("observed", 4.5)
    made.rows = made.rows[:3]
    assert projected(made, None) == Projection()
    assert projected(Account(), 5) == Projection()
    assert observed_per_day([]) is None


def test_a_session_line_shows_dollars_and_dates() -> None:
    start_ns = 1_700_000_000 * 10**9
    row = replace(NOTHING, started_ns=start_ns, ended_ns=start_ns + 1_500_000_000, cost_picousd=5)
    line = session_line(row)
    assert (line.started, line.seconds, line.cost_usd) == ("2023-11-14T22:13:20Z", 1.5, "0.000000000005")
    assert session_line(replace(row, started_ns=10**30)).started == ""


def test_a_fee_is_in_the_totals_of_money_and_not_of_tokens() -> None:
    scene = Scene()
    extra = Charge(model=BIG, usage=Usage(server_tools=(("web_search", 3),)), part="advisor")
    scene.call(None, usage(plain=1), extra=[extra])
    found = totals(account(scene))
    assert found.server_tools_usd == "0.03"
    assert found.uncached_input_tokens == 1
