from msgspec.structs import replace

from farthing.report.web.growth import growth
from tests.report.profiles import NOTHING, UNPRICED, USUAL


def test_two_charts_show_context_and_cost_beside_proportion() -> None:
    body = growth(USUAL).body
    assert body.count("<figure>") == 2
    assert "Twice the steps cost 3.0 × as much" in body
    assert "What a session has cost up to each step" in body
    assert "in proportion to the steps" in body
    assert "11 to 20" in body


def test_cost_adds_up_over_the_steps_of_each_class() -> None:
    # 1, 2 and 3 cents, three steps of 4, four of 7 and ten of 11.
    total = 0.01 + 0.02 + 0.03 + 3 * 0.04 + 4 * 0.07 + 10 * 0.11
    dear = replace(
        USUAL.growth,
        positions=tuple(replace(row, mean_usd=f"0.{row.from_step:02}") for row in USUAL.growth.positions),
    )
    assert f"so far, step 20: ${total:.2f}" in growth(replace(USUAL, growth=dear)).body


def test_without_a_price_tokens_are_shown() -> None:
    body = growth(UNPRICED).body
    assert "What a session has sent, in tokens up to each step" in body
    assert "$" not in body


def test_one_position_is_no_growth() -> None:
    assert growth(NOTHING).body == ""
