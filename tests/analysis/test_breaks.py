from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from farthing.analysis.births import births, primary
from farthing.analysis.break_cause import Cause
from farthing.analysis.breaks import (
    Break,
    BreakSums,
    SessionBreaks,
    Tally,
    Uncached,
    by_cause,
    find,
    merged,
    summed,
)
from farthing.analysis.charges import price
from farthing.config.prices import load_prices
from farthing.ingest.file_source import FileSource, Limits
from farthing.prices.book import ModelRef
from farthing.segment import SegmentKind
from farthing.session import Session
from farthing.span import Span
from farthing.step import Recorded
from farthing.traces import claude_code, moatless
from farthing.traces.source import Item, Source
from tests.analysis.breaking import FORGETS_THINKING, IMPLICIT, RATES, TOKENS, UNPRICED, Talk, block
from tests.analysis.scenes import PRICES as SCENE_PRICES
from tests.analysis.scenes import sessions


def test_a_prefix_that_was_read_is_no_break() -> None:
    talk = Talk()
    talk.call("tRead s k")
    talk.call("tRead s k a1 r1", read=3 * TOKENS)
    talk.call("tRead s k a1 r1 a2 r2", read=5 * TOKENS)
    assert talk.breaks() == ()


def test_a_lost_prefix_costs_what_writing_it_again_cost_above_reading_it() -> None:
    talk = Talk()
    talk.call("tRead s k")
    talk.call("tRead s k a1 r1", read=3 * TOKENS)
    talk.call("tRead s k a1 r1 a2 r2", read=0)
    found = talk.only_break()
    assert (found.session, found.step, found.cause) == ("talk", 3, Cause.EVICTED)
    assert found.lost_tokens == 5 * TOKENS
    assert found.cost_picousd == 5 * TOKENS * (RATES.cache_write_5m - RATES.cache_read)
    assert (found.kind, found.name, found.depth, found.position_tokens) == (SegmentKind.TOOLS, "Read", 1, 0)


def test_what_was_lost_at_the_price_of_plain_input_costs_less() -> None:
    talk = Talk()
    talk.call("s k")
    talk.call("s k a1 r1", read=0, wrote=0)
    found = talk.only_break()
    assert found.cost_picousd == 2 * TOKENS * (RATES.input - RATES.cache_read)


def test_a_break_without_a_price_is_counted_and_not_guessed() -> None:
    talk = Talk(model=UNPRICED)
    talk.call("s k")
    talk.call("s k a1 r1", read=0)
    assert talk.only_break().cost_picousd is None
    (tally,) = summed([talk.losses()]).sites.values()
    assert tally == Tally(count=1, lost_tokens=2 * TOKENS, cost_picousd=0, unpriced=1)


def test_sub_agents_have_prefixes_of_their_own() -> None:
    talk = Talk()
    talk.call("s k")
    talk.call("s kOther", agent="helper")
    talk.call("s k a1 r1", read=2 * TOKENS)
    assert talk.breaks() == ()


def test_another_model_finds_a_cold_prefix_and_the_first_one_its_own_still_warm() -> None:
    talk = Talk()
    talk.call("s k")
    talk.call("s k a1 r1", model="claude-opus-4-6")
    talk.call("s k a1 r1 a2 r2", read=2 * TOKENS)
    found = talk.only_break()
    assert (found.step, found.cause, found.model) == (2, Cause.MODEL_CHANGED, "claude-opus-4-6")
    assert 1_500 <= found.lost_tokens <= 2_500


def test_a_cache_that_is_off_is_no_break_a_step_but_told_once() -> None:
    talk = Talk()
    for context in ("s k", "s k a1 r1", "s k a1 r1 a2 r2"):
        talk.call(context, wrote=0)
    assert talk.breaks() == ()
    (use,) = talk.losses().uncached.values()
    assert (use.calls, use.uncached_calls) == (2, 2)
    assert use.resent_tokens == 6 * TOKENS
    assert use.cost_picousd == 6 * TOKENS * RATES.input


def test_a_provider_that_caches_by_itself_and_never_does_is_taken_for_off() -> None:
    talk = Talk(model=IMPLICIT)
    for context in ("s k", "s k a1 r1", "s k a1 r1 a2 r2"):
        talk.call(context, wrote=0)
    assert talk.breaks() == ()


def test_a_provider_that_caches_by_itself_and_did_not_this_once_lost_it() -> None:
    talk = Talk(model=IMPLICIT)
    talk.call("s k", wrote=0)
    talk.call("s k a1 r1", wrote=0)
    talk.call("s k a1 r1 a2 r2", read=3_968, wrote=0)
    found = talk.only_break()
    assert (found.step, found.cause, found.lost_tokens) == (2, Cause.EVICTED, 1_920)


def test_best_effort_reads_that_stop_a_little_short_are_passed_over() -> None:
    talk = Talk(model=IMPLICIT)
    talk.call("s k a1 r1 a2 r2 a3 r3", wrote=0)
    talk.call("s k a1 r1 a2 r2 a3 r3 a4", read=7_680, wrote=0)
    assert talk.breaks() == ()


def test_a_model_that_nobody_knows_is_expected_to_read_what_it_read_before() -> None:
    talk = Talk(model="unheard-of")
    talk.call("s k", wrote=0)
    talk.call("s k a1 r1", read=2 * TOKENS, wrote=0)
    talk.call("s k a1 r1 a2 r2", read=0, wrote=0)
    assert talk.only_break().lost_tokens == 2 * TOKENS


def test_sums_are_by_cause_kind_and_name_and_keep_the_dearest() -> None:
    talk = Talk()
    talk.call("s k a1 r1")
    for number in range(60):
        talk.call("s k a1 r1", read=0, at_s=10.0 * number)
    sums = summed([talk.losses()])
    (tally,) = by_cause(sums).values()
    assert tally.count == 60
    assert len(sums.dearest) == 50


def test_what_is_no_break_is_summed_but_not_among_the_dearest() -> None:
    talk = Talk()
    talk.call("s k a1 r1")
    talk.call("s k a2 r2", read=2 * TOKENS)
    sums = summed([talk.losses()])
    assert list(by_cause(sums)) == [Cause.RETRIED]
    assert sums.dearest == ()


_sites = st.sampled_from([(Cause.IDLE_GAP, "s"), (Cause.TOOLS_CHANGED, "tRead"), (Cause.RETRIED, "r")])
_uncached = st.builds(Uncached, *[st.integers(0, 9)] * 4)


@st.composite
def _session_breaks(draw: st.DrawFn) -> SessionBreaks:
    found = []
    for cause, word in draw(st.lists(_sites, max_size=4)):
        kind = block(word).kind
        found.append(
            Break(
                session="s",
                step=draw(st.integers(1, 9)),
                agent="",
                agent_label="",
                model="m",
                cause=cause,
                detail="",
                kind=kind,
                name=word[1:],
                depth=1,
                position_tokens=0,
                lost_tokens=draw(st.integers(0, 9)),
                cost_picousd=draw(st.none() | st.integers(0, 9)),
            )
        )
    return SessionBreaks(tuple(found), draw(st.dictionaries(st.just(("p", "m")), _uncached)))


@given(st.lists(_session_breaks(), max_size=6), st.integers(0, 6), st.randoms(use_true_random=False))
def test_sums_do_not_depend_on_split_or_order(found: list[SessionBreaks], cut: int, random: Random) -> None:
    shuffled = random.sample(found, len(found))
    assert _plain(merged([summed(shuffled[:cut]), summed(shuffled[cut:])])) == _plain(summed(found))


@settings(max_examples=50)
@given(sessions())
def test_nothing_is_lost_that_was_read_and_nothing_costs_less_than_nothing(session: Session) -> None:
    for each in _found(session).breaks:
        own = primary(session.spans[each.step - 1])
        assert own is not None
        assert 0 <= each.lost_tokens <= own.usage.input_tokens - own.usage.cache_read_input_tokens
        assert each.changed_tokens >= 0
        assert each.cost_picousd is None or each.cost_picousd >= 0
        assert each.depth >= 0
        assert each.position_tokens >= 0


def test_claude_code_sessions_lost_what_the_raw_records_show(recorded: Callable[[str], Path]) -> None:
    """Each was looked up in the records: the pauses, the first thinking, the user's messages before it."""
    found = _recorded(recorded("claude-code-sessions"), "*.jsonl.gz", claude_code.read)
    assert {cause: tally.count for cause, tally in by_cause(summed(found)).items()} == {
        Cause.IDLE_GAP: 7,
        Cause.HISTORY_EDITED: 5,
        Cause.UNKNOWN: 4,
        Cause.PARAMETERS_CHANGED: 2,
    }
    assert all("thinking" in each.detail for each in _of(found, Cause.HISTORY_EDITED))
    assert all("thinking" in each.detail for each in _of(found, Cause.PARAMETERS_CHANGED))


def test_moatless_agents_break_the_prefix_where_a_tool_is_offered_late(
    recorded: Callable[[str], Path],
) -> None:
    found = _recorded(recorded("moatless-tools"), "*.zst", moatless.read)
    tallies = by_cause(summed(found))
    assert tallies[Cause.TOOLS_CHANGED].count >= 100
    assert {each.detail for each in _of(found, Cause.TOOLS_CHANGED)} >= {"added Finish, Reject"}
    assert Cause.EVICTED not in tallies, "without times nobody can tell"
    assert tallies[Cause.RETRIED].count >= 50
    assert set(tallies) <= {Cause.TOOLS_CHANGED, Cause.UNKNOWN, Cause.RETRIED, Cause.BRANCHED}


def test_thinking_is_dropped_where_a_user_speaks() -> None:
    talk = Talk(model=FORGETS_THINKING, recorded=Recorded.DELTA)
    talk.call("k", output="h1 c1")
    talk.call("k h1 c1 r1", read=TOKENS)
    talk.call("k h1 c1 r1 a1 u2", read=TOKENS)
    found = talk.only_break()
    assert (found.cause, found.kind) == (Cause.HISTORY_EDITED, SegmentKind.REASONING)


def _found(session: Session) -> SessionBreaks:
    return find(session, births(session), [price(span, SCENE_PRICES) for span in session.spans])


def _plain(sums: BreakSums) -> object:
    """Return sums without the order of their dearest breaks, which may cost the same."""
    return sums.sites, sums.uncached, sorted((each.cost_picousd or 0, each.step) for each in sums.dearest)


def _of(found: Sequence[SessionBreaks], cause: Cause) -> list[Break]:
    return [each for one in found for each in one.breaks if each.cause is cause]


def _recorded(folder: Path, pattern: str, read: Callable[[Source], Iterator[Item]]) -> list[SessionBreaks]:
    """Return what each session of a corpus lost, priced as ingest would."""
    by_session: defaultdict[str, dict[str, Span]] = defaultdict(dict)
    for path in sorted(folder.rglob(pattern)):
        for item in read(FileSource(str(path), path.as_posix(), limits=Limits())):
            if isinstance(item, Span):
                by_session[item.step.session].setdefault(item.response_id, item)
    found = [
        Session(id=name, spans=tuple(sorted(spans.values(), key=lambda span: span.step.at_ns or 0)))
        for name, spans in by_session.items()
    ]
    refs = {
        ModelRef(span.step.provider, charge.model)
        for session in found
        for span in session.spans
        for charge in span.charges
    }
    book = load_prices(refs, today_ns=1_790_000_000 * 10**9)
    return [
        find(session, births(session), [price(span, book) for span in session.spans]) for session in found
    ]
