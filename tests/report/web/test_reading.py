from farthing.report.web.reading import reading
from tests.report.profiles import NOTHING, UNRECORDED, USUAL


def test_it_says_what_was_read_what_was_not_and_by_which_rules() -> None:
    body = reading(USUAL).body
    assert "<summary>1 line about what could not be used</summary>" in body
    assert "a binary file; leave it out" in body
    assert "Input counts leave cached tokens out (Anthropic): 400 calls." in body
    assert "The system prompt is not recorded." in body
    assert "Prices: installed prices of 2026-03-01." in body
    assert "What new blocks count: half are within 5%" in body


def test_estimates_of_nothing_are_not_spoken_of() -> None:
    assert "Estimates" not in reading(UNRECORDED).body
    assert reading(NOTHING).body == ""
