import msgspec
import pytest

from farthing.traces.opencode_record import INFOS, PARTS, Cache, Tokens


def test_counts_become_disjoint() -> None:
    usage = Tokens(input=60, output=10, reasoning=4, total=119, cache=Cache(read=40, write=5)).usage
    assert (usage.uncached_input_tokens, usage.cache_read_input_tokens) == (60, 40)
    assert (usage.cache_creation_input_tokens, usage.output_tokens, usage.reasoning_tokens) == (5, 14, 4)


def test_more_reasoning_than_output_stands_beside_it() -> None:
    assert Tokens(output=10, reasoning=40).usage.output_tokens == 50


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        _ = Tokens(input=-1).usage


def test_a_cost_is_money() -> None:
    assert PARTS.decode(b'{"type": "step-finish", "cost": 0.0125}').cost_picousd == 12_500_000_000
    assert PARTS.decode(b'{"type": "text"}').cost_picousd is None


def test_only_a_compaction_says_true() -> None:
    assert INFOS.decode(b'{"summary": true}').is_summary
    assert not INFOS.decode(b'{"summary": {"diffs": []}}').is_summary
    assert not INFOS.decode(b"{}").is_summary


def test_counts_of_another_type_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        PARTS.decode(b'{"tokens": {"input": "many"}}')
