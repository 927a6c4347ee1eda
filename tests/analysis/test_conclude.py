"""The whole profile, on scenes and on real traces."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given

from farthing.analysis.account import Account
from farthing.analysis.births import DERIVED, births
from farthing.analysis.conclude import conclude
from farthing.analysis.profile import Profile
from farthing.analysis.session import analyse
from farthing.config.prices import load_prices
from farthing.ingest.file_source import FileSource, Limits
from farthing.prices.book import ModelRef, PriceBook
from farthing.segment import SegmentKind
from farthing.session import Session
from farthing.span import Span
from farthing.traces import claude_code, moatless
from farthing.traces.source import Format, Match
from tests.analysis.scenes import PRICES, Scene, block, sessions, usage

NOW_NS = 1_795_000_000 * 10**9
FIXED = {
    "totals": "sessions steps uncached_input_tokens cache_read_input_tokens cache_creation_5m_input_tokens "
    "cache_creation_1h_input_tokens cache_creation_other_input_tokens output_tokens cost_usd "
    "cost_with_estimates_usd unpriced_steps estimated_output_steps",
    "per_session": "mean_usd p50_usd p90_usd p99_usd max_usd",
    "resent": "share",
    "growth": "exponent low high",
    "tail": "top1_share top5_share loops",
    "projection": "per_day_usd per_month_usd per_year_usd low_usd high_usd",
}
LISTS = "sources segments models tools signatures breaks levers sessions"


def profile(corpus: list[Session], prices: PriceBook = PRICES) -> Profile:
    account = Account()
    for session in corpus:
        account.add(analyse(session, prices, floor_picousd=account.floor_picousd))
    return conclude(account, sessions_per_day=100)


def read(folder: Path, pattern: str, reader: Format) -> list[Session]:
    """Return the sessions of a folder, each call once, in order."""
    found: defaultdict[str, list[Span]] = defaultdict(list)
    for path in sorted(folder.rglob(pattern)):
        source = FileSource(str(path), path.name, limits=Limits())
        if reader.recognise(source.sample()) is Match.LEAD:
            for item in reader.read(source):
                if isinstance(item, Span):
                    found[item.step.session or path.name].append(item)
    return [Session(id=name, spans=tuple(_in_order(spans))) for name, spans in found.items()]


def _in_order(spans: list[Span]) -> Iterator[Span]:
    if all(span.step.at_ns is not None for span in spans):
        spans.sort(key=lambda span: span.step.at_ns or 0)
    yield from spans


def listed(corpus: list[Session]) -> PriceBook:
    spans = [span for session in corpus for span in session.spans]
    refs = {ModelRef(span.step.provider, charge.model) for span in spans for charge in span.charges}
    return load_prices(refs, today_ns=NOW_NS)


@pytest.mark.parametrize("corpus", [[], [Session(id="s", spans=())]])
def test_nothing_has_a_profile_too(corpus: list[Session]) -> None:
    found = profile(corpus)
    assert (found.totals.steps, found.totals.cost_usd) == (0, "0")
    assert found.resent.share is None


def test_the_published_names_are_there() -> None:
    scene = Scene()
    scene.call([block("task", SegmentKind.TASK)], usage(plain=10, out=3))
    found = msgspec.json.decode(msgspec.json.encode(profile([scene.session()])))
    for part, names in FIXED.items():
        assert set(names.split()) <= set(found[part])
    for name in LISTS.split():
        assert isinstance(found[name], list)
    assert found["schema"] == "farthing.profile/1"
    assert found["totals"]["cost_usd"] == "0.000075"


@given(sessions())
def test_shares_are_parts_of_one(session: Session) -> None:
    found = profile([session])
    shares = [found.resent.share, found.resent.cost_share, found.growth.late_share, found.tail.top1_share]
    shares += [row.share for row in found.segments]
    shares += [row.share for row in found.models]
    shares += [row.share for row in found.tools]
    assert all(share is None or 0 <= share <= 1 for share in shares)


def test_claude_code_sessions(recorded: Callable[[str], Path]) -> None:
    corpus = read(recorded("claude-code-sessions"), "*.jsonl.gz", claude_code.FORMAT)
    found = profile(corpus, listed(corpus))
    assert (found.totals.sessions, found.totals.steps) == (30, 484)
    assert found.totals.cost_usd == "15.94957825"
    assert float(found.totals.cost_with_estimates_usd) > float(found.totals.cost_usd)
    assert found.totals.cache_read_input_tokens == 18_599_233
    derived = [
        piece.tokens
        for session in corpus
        for span, change in zip(session.spans, births(session), strict=True)
        for piece in change.pieces
        if piece.name == DERIVED and not span.step.agent
    ]
    assert len(derived) == 14
    assert all(14_000 < tokens < 25_000 for tokens in derived)
    assert found.resent.share is not None
    assert found.resent.share > 0.9


def test_moatless_trajectories(recorded: Callable[[str], Path]) -> None:
    corpus = read(recorded("moatless-tools"), "*.zst", moatless.FORMAT)
    found = profile(corpus, listed(corpus))
    assert (found.totals.sessions, found.totals.steps) == (136, 1_716)
    assert found.totals.cache_creation_other_input_tokens == 3_962_152
    assert found.totals.uncached_input_tokens == 130_114 + 2_831_791
    assert found.totals.cost_usd == "39.7062849"
    inputs, _ = found.estimates
    assert inputs.p50 is not None
    assert inputs.p50 < 0.1
    assert found.growth.low is not None
    assert found.growth.exponent is not None
    assert 1.1 < found.growth.low < found.growth.exponent < 1.4
