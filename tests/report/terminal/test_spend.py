from msgspec.structs import replace

from farthing.report.terminal import spend
from farthing.report.terminal.layout import Sheet
from tests.report.profiles import NOTHING, UNPRICED, UNRECORDED, USUAL


def test_kinds_have_their_share_and_what_was_sent_again() -> None:
    lines = spend.kinds(USUAL, Sheet())
    assert lines[4] == (
        "  content                                       of cost   cost    new  sent again  cached"
    )
    assert (
        lines[5]
        == "  tool results                          █████▍      45%  $4.50  2.00k       18.0k     90%"
    )
    assert lines[8] == "  output: tool calls                    █▌          12%  $1.25  1.00k"
    assert spend.kinds(NOTHING, Sheet()) == []


def test_without_a_price_kinds_share_the_tokens() -> None:
    assert "of tokens" in spend.kinds(UNPRICED, Sheet())[4]


def test_a_tool_costs_by_its_schema_its_calls_and_its_results() -> None:
    assert spend.tools(USUAL, Sheet())[2:4] == [
        "  tool                 server  calls  result tokens  schema  calls cost  results cost   cost  share",
        "  Read                            40          9.00k   $0.10       $0.20         $3.00  $3.00    30%",
    ]
    assert spend.tools(NOTHING, Sheet()) == []


def test_a_model_without_a_price_is_listed_and_never_free() -> None:
    lines = spend.models(USUAL, Sheet())
    assert lines[3].split() == [
        "claude-sonnet-4-5",
        "anthropic",
        "470",
        "1.00M",
        "90%",
        "30.0k",
        "$10.00",
        "100%",
    ]
    assert lines[4].endswith("no price")
    assert lines[5] == "      no price for the model 'my-model'; --prices FILE adds a price"
    assert spend.models(UNRECORDED, Sheet()) == []


def test_each_dimension_that_was_asked_for_has_its_table() -> None:
    other = replace(USUAL.groups[0], dimension="team", label="search")
    lines = spend.groups(replace(USUAL, groups=(*USUAL.groups, other)), Sheet())
    assert [line.split(" ─")[0] for line in lines if "──" in line] == ["By agent", "By team"]
    assert any(line.startswith("  Explore  ██▍") for line in lines)
    assert spend.groups(NOTHING, Sheet()) == []


def test_a_block_shows_how_often_it_was_sent_and_what_it_says() -> None:
    assert spend.blocks(USUAL, Sheet())[4:] == [
        "  a result of Read   5.00k  20 ×  $0.400     3  one",
        "      “def main() -> None:”",
    ]
    assert spend.blocks(NOTHING, Sheet()) == []
