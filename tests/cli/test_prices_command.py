"""`farthing prices`: the rate, its source, and a finding where there is none."""

import json
from pathlib import Path

from tests.cli.runs import farthing


def test_rates_and_their_source(tmp_path: Path) -> None:
    run = farthing("prices", "gpt-4.1", "--provider", "openai", "--format", "json", home=tmp_path)
    assert run.code == 0, run.err
    (row,) = json.loads(run.out)["prices"]
    assert (row["input"], row["cache_read"], row["output"]) == ("2", "0.5", "8")
    assert "genai-prices" in row["source"]


def test_a_model_without_a_price_is_a_finding(tmp_path: Path) -> None:
    run = farthing("prices", "no-such-model-9", home=tmp_path)
    assert run.code == 1
    assert "no price" in run.out


def test_a_tier_has_its_own_rate(tmp_path: Path) -> None:
    run = farthing("prices", "gpt-4.1", "--provider", "openai", "--tier", "batch", home=tmp_path)
    assert "input 1 " in run.out
