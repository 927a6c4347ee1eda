from decimal import Decimal

from msgspec.structs import replace

from farthing.analysis.profile import TokenRow
from farthing.report import parts
from tests.report.conftest import Recorded
from tests.report.profiles import NOTHING, UNPRICED, USUAL


def test_parts_of_one_kind_stand_together_dearest_first() -> None:
    found = parts.kinds(USUAL)
    assert [(kind.label, kind.style, str(kind.cost_usd), kind.share) for kind in found] == [
        ("tool results", "tool_result", "4.5", 0.45),
        ("system prompt", "system", "2", 0.2),
        ("system prompt and tools (unrecorded)", "remainder", "1.25", 0.125),
        ("output: tool calls", "output", "1.25", 0.125),
        ("tool schemas", "tools", "1", 0.1),
    ]
    assert found[0].new_tokens == 2_000
    assert found[0].resent_tokens == 18_000
    assert found[0].cached_share == 0.9


def test_without_a_price_shares_are_of_the_tokens() -> None:
    found = {kind.label: kind.share for kind in parts.kinds(UNPRICED)}
    assert found["tool results"] == 20 / 51
    assert found["output: tool calls"] == 1 / 51


def test_nothing_has_no_kinds() -> None:
    assert parts.kinds(NOTHING) == []
    assert parts.cached_share(TokenRow()) is None


def test_tokens_by_what_they_were_billed_as() -> None:
    row = TokenRow(
        uncached_input_tokens=1,
        cache_read_input_tokens=20,
        cache_creation_5m_input_tokens=300,
        cache_creation_1h_input_tokens=4_000,
        cache_creation_other_input_tokens=50_000,
        output_tokens=600_000,
    )
    assert parts.written_tokens(row) == 54_300
    assert parts.billed(row, row) == (40, 108_600, 2, 1_200_000)
    assert parts.input_tokens(row) == 54_321
    assert parts.used_tokens(USUAL) == 1_050_000


def test_files_of_one_format_stand_together_and_what_was_not_read_comes_last() -> None:
    assert parts.formats(USUAL) == [
        parts.FormatRead("claude-code", files=2, records=1_000, steps=480, duplicates=12, skipped=0),
        parts.FormatRead("", files=1, records=0, steps=0, duplicates=0, skipped=1),
    ]


def test_rules_notes_and_skipped_lines_are_gathered_over_files() -> None:
    twice = replace(USUAL, sources=USUAL.sources * 2)
    assert parts.rules(twice) == [("input counts leave cached tokens out (Anthropic)", 800)]
    assert parts.notes(twice) == ["the system prompt is not recorded"]
    assert [row.where for row in parts.skipped(twice)] == ["traces/notes.bin"] * 2


def test_sessions_without_a_price_are_ordered_by_their_tokens() -> None:
    assert [row.id for row in parts.sessions(UNPRICED)] == ["large", "small"]
    assert [row.id for row in parts.sessions(USUAL)][:2] == ["one", "two"]


def test_kinds_of_recorded_traces_sum_to_the_bill(claude_code: Recorded) -> None:
    found = parts.kinds(claude_code.profile)
    assert sum((kind.cost_usd for kind in found), Decimal(0)) == Decimal(claude_code.profile.totals.cost_usd)
    assert sum(kind.new_tokens + kind.resent_tokens for kind in found) == parts.used_tokens(
        claude_code.profile
    )
