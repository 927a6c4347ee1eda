"""Errors are a fact, a place and a way out, on one line, and carry what a program needs."""

import pytest

from farthing.errors import FarthingError, InputError, PolicyError, RecordError, StoreError, WireError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FarthingError("a fact"), "a fact"),
        (FarthingError("a fact", mend="a way out"), "a fact; a way out"),
        (InputError("a fact", where="file.toml", mend="a way out"), "file.toml: a fact; a way out"),
        (WireError("a fact", offset=7), "a fact at byte 7"),
        (StoreError("a fact", path="/p", mend="a way out"), "/p: a fact; a way out"),
    ],
)
def test_a_message_is_a_fact_then_a_way_out(error: FarthingError, line: str) -> None:
    assert str(error) == line


def test_errors_carry_their_data() -> None:
    assert InputError("f", where="here").where == "here"
    assert WireError("f", offset=3).offset == 3
    assert StoreError("f", path="/p").path == "/p"
    assert (FarthingError("f", mend="m").fact, FarthingError("f", mend="m").mend) == ("f", "m")


def test_the_class_says_whose_fault_it_is() -> None:
    assert issubclass(PolicyError, InputError)
    for kind in (InputError, WireError, RecordError, StoreError):
        assert issubclass(kind, FarthingError)
