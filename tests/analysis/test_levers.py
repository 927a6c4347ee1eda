from farthing.analysis.advice import Kind
from farthing.analysis.break_cause import Cause
from farthing.analysis.breaks import BreakSums, Site, Tally, Uncached, summed
from farthing.analysis.levers import Findings, Lever, a_month, levers
from farthing.analysis.loops import LoopSums
from farthing.analysis.signatures import Row, rows, uses
from farthing.analysis.tail import SessionCost, Tail, tail
from farthing.analysis.unattended import Unattended
from farthing.segment import SegmentKind
from tests.analysis.breaking import Talk
from tests.analysis.test_signatures import searching

_DAY_NS = 86_400 * 10**9
_SYSTEM = Site(Cause.VOLATILE_TEXT, SegmentKind.SYSTEM, "")


def found(
    *,
    sites: dict[Site, Tally] | None = None,
    uncached: dict[tuple[str, str], Uncached] | None = None,
    signatures: tuple[Row, ...] = (),
    loops: LoopSums | None = None,
    sessions: Tail | None = None,
    alone: Unattended | None = None,
    observed_ns: int | None = None,
) -> tuple[Lever, ...]:
    return levers(
        Findings(
            breaks=BreakSums(sites or {}, uncached or {}, ()),
            signatures=signatures,
            loops=loops or LoopSums(),
            tail=sessions or tail([]),
            unattended=alone or Unattended(),
            observed_ns=observed_ns,
        )
    )


def test_nothing_found_needs_no_lever() -> None:
    assert found() == ()


def test_breaks_of_one_cause_are_one_lever_with_all_their_spend() -> None:
    tool = Site(Cause.VOLATILE_TEXT, SegmentKind.TOOLS, "Read")
    (lever,) = found(
        sites={_SYSTEM: Tally(3, 3_000, 700), tool: Tally(2, 500, 100, unpriced=1)}, observed_ns=10 * _DAY_NS
    )
    assert (lever.kind, lever.spend_picousd, lever.count, lever.unpriced) == (Kind.ORDER, 800, 5, 1)
    assert lever.month_picousd == 2_400
    assert lever.finding == "text that changes by itself breaks the prefix: 3,500 tokens paid again"
    assert lever.mend.startswith("move the changing value out of the system prompt, the tool Read")


def test_breaks_without_any_loss_are_no_lever() -> None:
    assert found(sites={Site(Cause.RETRIED, SegmentKind.USER, ""): Tally(9)}) == ()


def test_what_a_month_costs_is_only_told_of_a_day_or_more() -> None:
    assert a_month(100, None) is None
    assert a_month(100, _DAY_NS - 1) is None
    assert a_month(100, _DAY_NS) == 3_000


def test_a_cache_that_is_off_is_a_lever_of_its_own() -> None:
    (lever,) = found(uncached={("", "m"): Uncached(10, 9, 5_000, 70)})
    assert (lever.kind, lever.count, lever.spend_picousd) == (Kind.CACHING, 9, 70)
    assert lever.finding.startswith("m cached nothing in 9 of 10 follow-up calls: 5,000 tokens sent again")


def test_a_cache_that_mostly_works_is_not_off() -> None:
    assert found(uncached={("", "m"): Uncached(10, 4, 5_000, 70)}) == ()


def test_steps_that_look_mechanical_are_for_routing() -> None:
    talk = searching()
    told = rows(uses(talk.session, talk.bills))
    (lever,) = found(signatures=told)
    assert lever.kind is Kind.ROUTING
    assert "after a result of Read" in lever.finding
    assert lever.spend_picousd == next(row.cost_picousd for row in told if row.hint)


def test_loops_and_runaways_are_for_budgets() -> None:
    loops = LoopSums(loops=2, repeats=9, wasted_picousd=50)
    sessions = tail(SessionCost(f"s{at}", 1, 1 + 99 * (at == 0)) for at in range(20))
    runaway, loop = found(loops=loops, sessions=sessions)
    assert {runaway.kind, loop.kind} == {Kind.BUDGET}
    assert runaway.finding == "the dearest 1 of 20 sessions cause 84% of the spend"
    assert loop.finding == "the same tool call had the same result 9 times more than once"


def test_a_few_sessions_have_no_tail() -> None:
    assert found(sessions=tail([SessionCost("s", 1, 100)])) == ()


def test_sessions_that_nobody_attends_are_for_the_dial() -> None:
    (lever,) = found(alone=Unattended(3, 2, 40))
    assert (lever.kind, lever.count, lever.spend_picousd) == (Kind.DIAL, 2, 40)


def test_the_dearest_lever_comes_first_and_each_says_what_it_assumes() -> None:
    talk = Talk()
    talk.call("s k")
    talk.call("s k a1 r1", read=0)
    told = levers(
        Findings(
            breaks=summed([talk.losses()]),
            signatures=(),
            loops=LoopSums(loops=1, repeats=2, wasted_picousd=5),
            tail=tail([]),
            unattended=Unattended(1, 1, 10**15),
        )
    )
    assert [lever.kind for lever in told] == [Kind.DIAL, Kind.CACHING, Kind.BUDGET]
    assert all(lever.assumption and lever.mend and lever.month_picousd is None for lever in told)
