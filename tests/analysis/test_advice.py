from farthing.analysis.advice import ADVICE, Kind, advice, mend, places
from farthing.analysis.break_cause import Cause
from farthing.analysis.breaks import Site, Tally
from farthing.segment import SegmentKind


def test_every_loss_has_its_mend() -> None:
    assert set(Cause) - set(ADVICE) == {Cause.BRANCHED}, "to go back is no mistake"
    for cause in ADVICE:
        told = mend(Site(cause, SegmentKind.SYSTEM, ""))
        assert told
        assert "{" not in told


def test_a_mend_says_where() -> None:
    site = Site(Cause.VOLATILE_TEXT, SegmentKind.SYSTEM, "")
    assert mend(site).startswith("move the changing value out of the system prompt, behind the last message")
    tool = Site(Cause.TOOLS_CHANGED, SegmentKind.TOOLS, "Finish")
    assert "(the tool Finish)" in mend(tool)


def test_going_back_needs_no_mending() -> None:
    site = Site(Cause.BRANCHED, SegmentKind.USER, "")
    assert (mend(site), advice(site)) == ("", None)


def test_thinking_that_a_model_drops_is_no_edit_of_the_client() -> None:
    found = advice(Site(Cause.HISTORY_EDITED, SegmentKind.REASONING, ""))
    assert found is not None
    assert found.kind is Kind.CACHING
    assert found != ADVICE[Cause.HISTORY_EDITED]


def test_the_three_dearest_places_are_named_once() -> None:
    def site(name: str) -> Site:
        return Site(Cause.HISTORY_EDITED, SegmentKind.TOOL_RESULT, name)

    sites = {site(name): Tally(1, 1, cost) for name, cost in (("A", 1), ("B", 4), ("C", 3), ("D", 2))}
    assert places(sites) == "the tool results of B, the tool results of C, the tool results of D"
    sites = {Site(Cause.HISTORY_EDITED, SegmentKind.TASK, name): Tally() for name in ("", "x")}
    assert places(sites) == "the first message"
