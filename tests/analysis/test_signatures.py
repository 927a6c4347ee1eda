from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from farthing.analysis.births import primary
from farthing.analysis.charges import price
from farthing.analysis.signatures import Key, Row, Use, Uses, merged, rows, uses
from farthing.session import Session
from farthing.signature import Signature
from farthing.span import Output
from tests.analysis.breaking import IMPLICIT, KEEPS_THINKING, Talk
from tests.analysis.scenes import PRICES as SCENE_PRICES
from tests.analysis.scenes import sessions


def searching(
    *, calls: int = 20, output: str = "cGrep", tokens: int = 40, model: str = KEEPS_THINKING
) -> Talk:
    """Return a talk whose task is answered by many things, and each read by a search."""
    talk = Talk(model=model)
    for number in range(calls):
        talk.call(f"s k{number}", output="cRead", output_tokens=300)
        talk.call(f"s k{number} cRead rRead", output=output, output_tokens=tokens)
        talk.call(f"s k{number} cRead rRead cGrep rGrep", output="cEdit", output_tokens=900)
    return talk


def found(*talks: Talk) -> dict[str, Row]:
    """Return the rows by what their steps answer."""
    told = rows(merged(uses(talk.session, talk.bills) for talk in talks))
    return {f"{row.signature.answers} {row.model}": row for row in told}


def test_a_row_tells_what_a_step_costs_and_what_comes_out() -> None:
    talk = searching()
    row = found(talk)[f"tool_result:Read {KEEPS_THINKING}"]
    assert (row.calls, row.form, row.form_share, row.tool_share) == (20, "tool_call:Grep", 1.0, 1.0)
    assert row.median_output_tokens == 40
    mine = [bill for span, bill in zip(talk.spans, talk.bills, strict=True) if span.output[0].name == "Grep"]
    assert row.cost_picousd == sum(line.cost_picousd for bill in mine for line in bill)


def test_short_calls_to_one_tool_look_mechanical() -> None:
    hint = found(searching())[f"tool_result:Read {KEEPS_THINKING}"].hint
    assert hint == "100% are calls to Grep and nothing else, 40 tokens in the median"


def test_long_calls_few_calls_and_mixed_answers_do_not() -> None:
    for talk in (searching(tokens=900), searching(calls=9), searching(output="a1 cGrep")):
        assert found(talk)[f"tool_result:Read {KEEPS_THINKING}"].hint == ""


def test_a_tool_that_an_agent_uses_for_everything_is_no_evidence() -> None:
    talk = Talk()
    for number in range(20):
        talk.call(f"s k{number}", output="cBash", output_tokens=40)
        talk.call(f"s k{number} cBash rBash", output="cBash", output_tokens=40)
    assert [row.hint for row in found(talk).values()] == ["", ""]


def test_answers_bound_by_a_schema_look_mechanical() -> None:
    talk = Talk()
    for number in range(12):
        talk.call(f"s k{number}", output="a1", output_tokens=50, schema=True)
    (row,) = found(talk).values()
    assert row.hint == "100% are answers bound by a schema, 50 tokens in the median"


def test_only_the_strongest_model_gets_a_hint() -> None:
    cheap = searching(model=IMPLICIT)
    dear = searching()
    lower = {
        key: replace(use, output_rate=5_000_000) for key, use in uses(cheap.session, cheap.bills).items()
    }
    told = rows(merged([lower, uses(dear.session, dear.bills)]))
    assert {row.model for row in told if row.hint} == {KEEPS_THINKING}


def test_a_cheap_model_gets_none() -> None:
    talk = searching()
    lower = {key: replace(use, output_rate=3_000_000) for key, use in uses(talk.session, talk.bills).items()}
    assert not any(row.hint for row in rows(lower))


def test_counts_that_are_not_final_say_nothing_of_sizes() -> None:
    talk = searching()
    talk.spans = [replace(span, output_count=Output.PLACEHOLDER) for span in talk.spans]
    row = found(talk)[f"tool_result:Read {KEEPS_THINKING}"]
    assert (row.median_output_tokens, row.hint) == (0, "")


def test_medians_are_at_most_a_sixteenth_too_low() -> None:
    for tokens in (0, 1, 31, 33, 100, 999, 12_345):
        talk = Talk()
        talk.call("s k", output="a1", output_tokens=tokens)
        (row,) = found(talk).values()
        assert tokens - tokens // 16 <= row.median_output_tokens <= tokens


_histograms = st.dictionaries(st.sampled_from([0, 8, 64]), st.integers(1, 9))
_forms = st.dictionaries(st.sampled_from(["text", "tool_call:Read"]), st.integers(1, 9))
_numbers = st.integers(0, 9)
_keys = st.sampled_from([Key(Signature("", "task", "", output_schema=False), model) for model in "ab"])
_all_uses = st.builds(Use, _numbers, _numbers, _numbers, _numbers, _histograms, _forms)


@given(
    st.lists(st.dictionaries(_keys, _all_uses), max_size=5),
    st.integers(0, 5),
    st.randoms(use_true_random=False),
)
def test_sums_do_not_depend_on_split_or_order(parts: list[Uses], cut: int, random: Random) -> None:
    shuffled = random.sample(parts, len(parts))
    assert merged([merged(shuffled[:cut]), merged(shuffled[cut:])]) == merged(parts)


@settings(max_examples=50)
@given(sessions())
def test_every_billed_call_has_one_signature(session: Session) -> None:
    bills = [price(span, SCENE_PRICES) for span in session.spans]
    told = uses(session, bills).values()
    assert sum(use.calls for use in told) == sum(primary(span) is not None for span in session.spans)
    billed = [bill for span, bill in zip(session.spans, bills, strict=True) if primary(span) is not None]
    assert sum(use.cost_picousd for use in told) == sum(line.cost_picousd for bill in billed for line in bill)
