import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from farthing.errors import RecordError
from farthing.traces import attribute_names as names
from farthing.traces.attributes import Attributes, nested, quoted, unwrapped

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def attributes(**values: object) -> Attributes:
    return Attributes({name.replace("__", "."): json.encode(value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (12, 12),
        ("12", 12),
        (12.0, 12),
        ("12.0", 12),
        (0, 0),
        ("", None),
        (1.5, None),
        (None, None),
        ("NaN", None),
    ],
)
def test_a_count_is_a_number_or_digits(value: object, count: int | None) -> None:
    assert attributes(input_tokens=value).count(names.INPUT_TOKENS) == count


def test_the_newest_name_wins_and_null_is_no_value() -> None:
    told = attributes(gen_ai__usage__input_tokens=1, llm__token_count__prompt=2)
    assert told.count(names.INPUT_TOKENS) == 1
    assert (
        attributes(gen_ai__usage__input_tokens=None, llm__token_count__prompt=2).count(names.INPUT_TOKENS)
        == 2
    )
    assert attributes().count(names.INPUT_TOKENS) is None


def test_a_negative_count_is_refused_by_its_name() -> None:
    with pytest.raises(RecordError, match=r"llm\.token_count\.prompt is -1"):
        attributes(llm__token_count__prompt=-1).count(names.INPUT_TOKENS)


def test_no_name_has_two_meanings_among_the_counts() -> None:
    tables: list[names.Names] = [names.INPUT_TOKENS, names.OUTPUT_TOKENS, names.TOTAL_TOKENS]
    tables += [names.READ_TOKENS, names.WRITTEN_TOKENS, names.WRITTEN_5M_TOKENS, names.WRITTEN_1H_TOKENS]
    tables += [names.REASONING_TOKENS, names.UNCACHED_TOKENS]
    every = [name for table in tables for name in table]
    assert len(every) == len(set(every))


def test_text_of_a_list_is_its_first_word() -> None:
    assert attributes(gen_ai__response__finish_reasons=["stop", "length"]).text(names.FINISH) == "stop"
    assert attributes(gen_ai__response__finish_reasons='["stop"]').text(names.FINISH) == "stop"
    assert attributes(speed=3).text(names.TIER) == "3"
    assert attributes().text(names.TIER) == ""


def test_indexed_names_stand_for_a_list() -> None:
    told = attributes(
        llm__input_messages__1__message__role="user",
        llm__input_messages__0__message__role="system",
        llm__input_messages__1__message__tool_calls__0__id="c",
    )
    assert json.decode(told.tree(names.INDEXED_INPUT)) == [
        {"message": {"role": "system"}},
        {"message": {"role": "user", "tool_calls": [{"id": "c"}]}},
    ]
    assert not attributes(llm__input_messages="x").tree(names.INDEXED_INPUT)


def test_more_than_ten_indexed_messages_keep_their_order() -> None:
    paths = [(f"{index}.role", b"%d" % index) for index in range(25)]
    assert json.decode(nested(paths[::-1])) == [{"role": index} for index in range(25)]


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=3) | st.lists(st.dictionaries(st.text(), JSON)))
def test_json_in_strings_is_unwrapped_however_often(value: object) -> None:
    raw = json.encode(value)
    once = quoted(raw.decode())
    assert json.decode(unwrapped(once)) == value
    assert json.decode(unwrapped(quoted(once.decode()))) == value
    assert unwrapped(raw) is raw


@pytest.mark.parametrize("words", ["[note] hello", "{curly} words", '"quoted" words', "plain", "", "[1, 2]"])
def test_words_are_not_taken_for_json(words: str) -> None:
    raw = quoted(words)
    assert unwrapped(raw) is raw


def test_json_that_was_cut_off_is_returned_as_it_is() -> None:
    assert unwrapped(quoted('[{"role": "us')) == b'[{"role": "us'


def test_labels_are_known_ones_and_the_applications_own() -> None:
    told = attributes(
        user__id="ada",
        service__name="bot",
        ai__telemetry__metadata__plan="pro",
        ai__telemetry__metadata__userId="not-again",
        traceloop__association__properties__ls_provider="openai",
        traceloop__association__properties__essay="x" * 500,
    )
    assert told.labels() == (("plan", "pro"), ("service", "bot"), ("user", "ada"))


def test_money_is_whole_picodollars() -> None:
    assert attributes(operation__cost=0.008307).picousd(names.COST) == 8_307_000_000
    assert attributes(operation__cost="1e-12").picousd(names.COST) == 1
    assert attributes(operation__cost=-1).picousd(names.COST) is None
