from hypothesis import given
from hypothesis import strategies as st

from farthing.report.width import cells, clip, clip_middle


def test_a_chinese_character_takes_two_cells_and_an_accent_none() -> None:
    assert cells("abc") == 3
    assert cells("日本") == 4
    assert cells("e\u0301") == 1


def test_text_is_cut_at_its_end_or_in_its_middle() -> None:
    assert clip("a long sentence", 8) == "a long…"
    assert clip("short", 8) == "short"
    assert clip_middle("37f83ec9-f2ea-0d5c105cb6e8", 13) == "37f83e…5cb6e8"
    assert clip_middle("short", 5) == "short"


@given(st.text(), st.integers(min_value=2, max_value=40))
def test_what_is_cut_fits_and_says_so(text: str, width: int) -> None:
    for cut in (clip(text, width), clip_middle(text, width)):
        assert cells(cut) <= width
        assert cut == text or "…" in cut
