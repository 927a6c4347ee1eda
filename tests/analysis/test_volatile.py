import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from farthing.analysis.break_cause import Cause
from farthing.analysis.breaks import Break
from farthing.analysis.volatile import difference, named
from farthing.segment import Segment, SegmentKind
from tests.analysis.breaking import Talk, block


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Now: 2026-10-02T14:03:11Z. Be brief.", "Now: 2026-10-02T14:04:59Z. Be brief.", "a date or time"),
        ("Now: 2026-10-02 14:03", "Now: 2026-10-03 09:11", "a date or time"),
        ("Friday, October 2, 2026, 9:03 PM", "Saturday, October 3, 2026, 10:00 AM", "a date or time"),
        ("Date: 10/02/2026", "Date: 10/03/2026", "a date or time"),
        ("Date: 2.10.2026", "Date: 3.10.2026", "a date or time"),
        (
            "trace 0b6e2c1a-8f7d-4c35-9e21-5b1a7f0c9d34 ok",
            "trace 7c1f9e42-1a2b-4c5d-8e9f-001122334455 ok",
            "a UUID",
        ),
        ("x-request-id: req_011CQabc23", "x-request-id: req_019ZZxyz77", "an identifier"),
        ("commit 3f2a9c1d77", "commit 9bb0c41e00", "an identifier"),
        ("quota left: 9000 tokens", "quota left: 871 tokens", "a number"),
        ("step 9 of run deadbeefcafe", "step 10 of run feedbeefcafe", "an identifier and a number"),
    ],
)  # fmt: skip
def test_a_moving_value_is_named_by_what_it_is(old: str, new: str, words: str) -> None:
    found = difference(old.encode(), new.encode())
    assert found is not None
    assert set(words.split(" and ")) <= {*found.words.split(" and ")}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Be brief.", "Be kind."),
        ("Use 3 tools at 14:03.", "Use 3 tools and 14:03."),
        ("Branch: main", "Branch: develop"),
        ("Be brief.", "Be brief. Today is Friday."),
        ("", "2026-10-02"),
        ("at \0 sharp", "at 9 sharp"),
    ],
)
def test_other_words_are_no_moving_value(old: str, new: str) -> None:
    assert difference(old.encode(), new.encode()) is None


def test_the_first_byte_that_differs_is_told() -> None:
    found = difference(b"Now: 14:03", b"Now: 14:09")
    assert found is not None
    assert found.at == 9


def test_cache_markers_are_no_difference() -> None:
    marked = b'{"type":"text","text":"at 14:03","cache_control":{"type":"ephemeral","ttl":"1h"}}'
    found = difference(marked, b'{"type":"text","text":"at 14:04"}')
    assert found is not None
    assert found.words == "a date or time"


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80))
def test_any_two_texts_can_be_compared(front: bytes, old: bytes, new: bytes) -> None:
    found = difference(front + old, front + new)
    if found is not None:
        assert (front + old)[: found.at] == (front + new)[: found.at]
        assert old != new


def broken(cause: Cause = Cause.SYSTEM_CHANGED, *, step: int = 2, kind: str = "s") -> Break:
    return Break(
        session="talk",
        step=step,
        agent="",
        agent_label="",
        model="m",
        cause=cause,
        detail="edited",
        kind=SegmentKind.SYSTEM,
        name="",
        depth=1,
        position_tokens=0,
        lost_tokens=100,
        cost_picousd=100,
        changed_tokens=30,
        changed_cost_picousd=30,
        old=block(f"{kind}1"),
        new=block(f"{kind}2"),
    )


class Shelf:
    """Texts by block, and how often they were asked for."""

    def __init__(self, old: str | None, new: str | None) -> None:
        self.asked = 0
        self._texts = {block("s1").digest: old, block("s2").digest: new}
        self._texts |= {block("k1").digest: old, block("k2").digest: new}

    def __call__(self, segment: Segment) -> bytes | None:
        self.asked += 1
        text = self._texts.get(segment.digest)
        return None if text is None else text.encode()


def test_a_block_around_a_moving_value_is_lost_too() -> None:
    (found,) = named([broken()], Shelf("at 14:03", "at 14:04"))
    assert (found.cause, found.detail) == (Cause.VOLATILE_TEXT, "a date or time in it changes")
    assert (found.lost_tokens, found.cost_picousd) == (130, 130)


def test_without_texts_a_break_keeps_its_name() -> None:
    assert named([broken()], Shelf(None, None)) == (broken(),)


def test_without_a_price_there_is_none() -> None:
    unpriced = replace(broken(), cost_picousd=None, changed_cost_picousd=None)
    (found,) = named([unpriced], Shelf("at 14:03", "at 14:04"))
    assert found.cost_picousd is None


def test_three_pairs_of_texts_answer_for_a_place() -> None:
    shelf = Shelf("at 14:03", "at 14:04")
    found = named([broken(step=step) for step in range(2, 100)], shelf)
    assert {each.cause for each in found} == {Cause.VOLATILE_TEXT}
    assert shelf.asked == 6


def test_an_order_of_keys_is_told() -> None:
    old, new = {"a": 1, "b": [{"c": "x", "d": 2}]}, {"b": [{"d": 2, "c": "x"}], "a": 1}
    (found,) = named([broken(Cause.TOOLS_CHANGED)], Shelf(json.dumps(old), json.dumps(new)))
    assert found.cause is Cause.TOOLS_CHANGED
    assert found.detail == "edited; only the order of its keys differs"


@pytest.mark.parametrize("cause", [Cause.IDLE_GAP, Cause.TOOLS_REORDERED, Cause.EVICTED, Cause.RETRIED])
def test_other_causes_need_no_text(cause: Cause) -> None:
    shelf = Shelf("at 14:03", "at 14:04")
    named([broken(cause)], shelf)
    assert shelf.asked == 0


def test_an_opening_that_comes_again_with_another_id_is_volatile() -> None:
    (found,) = named([broken(Cause.RETRIED, kind="k")], Shelf("run 0b6e2c1a77", "run 9bb0c41e00"))
    assert found.cause is Cause.VOLATILE_TEXT


def test_a_session_with_a_clock_in_its_prompt_is_named_by_its_texts() -> None:
    talk = Talk()
    for step in range(1, 6):
        talk.call(f"tRead s{step} k" + "".join(f" a{at} r{at}" for at in range(1, step)), read=0)
    found = talk.breaks()
    assert [each.cause for each in found] == [Cause.SYSTEM_CHANGED] * 4
    clock = {block(f"s{step}").digest: f"It is 14:0{step}." for step in range(1, 6)}

    def texts(segment: Segment) -> bytes | None:
        return clock[segment.digest].encode()

    assert {each.cause for each in named(found, texts)} == {Cause.VOLATILE_TEXT}
