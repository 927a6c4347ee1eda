import pickle
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from farthing.analysis.account import Account
from farthing.analysis.conclude import conclude
from farthing.analysis.session import analyse
from farthing.money import parse_usd
from farthing.segment import SegmentKind
from farthing.session import Session
from tests.analysis.scenes import PRICES, Scene, block, sessions, usage

CORPUS = st.lists(sessions(3), max_size=5)


def account(corpus: list[Session]) -> Account:
    made = Account()
    for session in corpus:
        made.add(analyse(session, PRICES, by=["agent"], floor_picousd=made.floor_picousd))
    return made


def named(corpus: list[Session]) -> list[Session]:
    return [replace(session, id=f"session {number}") for number, session in enumerate(corpus)]


@settings(max_examples=40)
@given(CORPUS, st.integers(0, 5), st.randoms())
def test_the_profile_is_the_same_however_the_corpus_is_split_and_ordered(
    corpus: list[Session], cut: int, random: Random
) -> None:
    corpus = named(corpus)
    shuffled = random.sample(corpus, len(corpus))
    parts = account(shuffled[:cut])
    parts.merge(account(shuffled[cut:]))
    whole = conclude(account(corpus), sessions_per_day=10)
    assert msgspec.json.encode(conclude(parts, sessions_per_day=10)) == msgspec.json.encode(whole)


@settings(max_examples=40)
@given(CORPUS)
def test_the_parts_of_an_account_sum_to_its_sessions(corpus: list[Session]) -> None:
    made = account(named(corpus))
    cost = sum(row.cost_picousd for row in made.rows)
    assert sum(sum(sums.cost_picousd) for sums in made.parts.values()) == cost
    assert sum(spend.cost_picousd for spend in made.models.values()) == cost
    profile = conclude(made)
    assert sum(parse_usd(row.cost_usd) for row in profile.segments) == cost
    assert sum(parse_usd(row.cost_usd) for row in profile.models) == cost
    assert sum(parse_usd(row.cost_usd) for row in profile.sessions) == cost
    for name in ("uncached_input_tokens", "cache_read_input_tokens", "output_tokens"):
        total = getattr(profile.totals, name)
        assert sum(getattr(row, name) for row in profile.segments) == total
        assert sum(getattr(row, name) for row in profile.models) == total


def test_the_dearest_blocks_are_found_among_all_sessions() -> None:
    scenes = []
    for number in range(40):
        scene = Scene()
        scene.call([block(f"task {number}", SegmentKind.TASK)], usage(plain=100 + number % 30))
        scenes.append(scene.session(f"session {number:02}"))
    dearest = account(scenes).dearest
    assert [life.tokens for life in dearest] == sorted(100 + number % 30 for number in range(40))[:-21:-1]
    assert account(scenes).floor_picousd == dearest[-1].cost_picousd
    assert account(scenes[::-1]).dearest == dearest


def test_an_account_travels_between_processes() -> None:
    scene = Scene()
    scene.call([block("task", SegmentKind.TASK)], usage(plain=100, out=5))
    made = account([scene.session()])
    assert conclude(pickle.loads(pickle.dumps(made))) == conclude(made)
