import json

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from farthing.analysis.profile import Profile
from farthing.report.document import encode, schema
from tests.report.conftest import Recorded
from tests.report.profiles import HOSTILE, NOTHING, ONE_SESSION, UNPRICED, UNRECORDED, USUAL

PROMISED = jsonschema.Draft202012Validator(json.loads(schema()))


def strict(node: object) -> object:
    """Return a schema that allows nothing besides what it names."""
    match node:
        case dict():
            told = {name: strict(each) for name, each in node.items()}
            return {**told, "additionalProperties": False} if "properties" in node else told
        case list():
            return [strict(each) for each in node]
        case _:
            return node


@pytest.mark.parametrize("profile", [NOTHING, USUAL, ONE_SESSION, UNPRICED, UNRECORDED, HOSTILE])
def test_it_follows_its_schema_and_reads_back_the_same(profile: Profile) -> None:
    PROMISED.validate(json.loads(encode(profile)))
    assert msgspec.json.decode(encode(profile), type=Profile) == profile


def test_a_recorded_profile_has_what_the_schema_names_and_nothing_else(claude_code: Recorded) -> None:
    found = json.loads(encode(claude_code.profile))
    jsonschema.validate(found, json.loads(json.dumps(strict(json.loads(schema())))))
    assert found["schema"] == "farthing.profile/1"
    assert found["totals"]["cost_usd"] == "15.94957825"


def test_the_schema_is_a_schema_that_says_what_each_part_is() -> None:
    told = json.loads(schema())
    jsonschema.Draft202012Validator.check_schema(told)
    parts = told["$defs"].values()
    assert all(part["description"] for part in parts)
    assert all(part["required"] == list(part["properties"]) for part in parts)


@pytest.mark.parametrize("cost", [12.5, "12,50", "$12", "1E-7", ""])
def test_money_is_a_decimal_string_and_nothing_else(cost: object) -> None:
    found = json.loads(encode(USUAL))
    found["totals"]["cost_usd"] = cost
    assert not PROMISED.is_valid(found)


def test_a_missing_field_is_a_breach() -> None:
    found = json.loads(encode(USUAL))
    del found["resent"]["share"]
    assert not PROMISED.is_valid(found)


@given(st.text())
def test_any_text_of_a_trace_survives(name: str) -> None:
    tool = replace(USUAL.tools[0], tool=name)
    if all(not "\ud800" <= each <= "\udfff" for each in name):
        assert json.loads(encode(replace(USUAL, tools=(tool,))))["tools"][0]["tool"] == name
