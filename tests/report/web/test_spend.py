from farthing.report.web.spend import groups, where
from tests.report.profiles import NOTHING, UNPRICED, UNRECORDED, USUAL


def test_bars_are_as_long_as_shares_of_the_largest() -> None:
    body = where(USUAL).body
    assert 'class="tool_result" style="width:100.00%"' in body
    assert 'class="system" style="width:44.44%"' in body
    assert "90% of all input had been sent before; sending it again cost $6.20 (62% of the bill)." in body


def test_behind_the_bars_stand_the_tables() -> None:
    body = where(USUAL).body
    for title in ("Every part", "Tools", "Models", "Dearest pieces of context"):
        assert f"<summary>{title}</summary>" in body
    assert "results of Read" in body
    assert "output: calls of Bash" in body
    assert "“def main() -&gt; None:”" in body
    assert "no price for the model &#x27;my-model&#x27;" in body


def test_without_a_price_shares_are_of_tokens() -> None:
    assert "of tokens" in where(UNPRICED).body
    assert "<th" in where(UNPRICED).body
    assert where(NOTHING).body == ""
    assert where(UNRECORDED).body == ""


def test_labels_have_a_table_for_each_dimension() -> None:
    body = groups(USUAL).body
    assert "<h3>By agent</h3>" in body
    assert body.index("(own)") < body.index("Explore")
    assert groups(NOTHING).body == ""
