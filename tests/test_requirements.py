"""The pins of requirements/: whole, checked by hash, and good for any index."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
EXTRAS: list[str] = [part for parts in PROJECT["project"]["optional-dependencies"].values() for part in parts]
GROUPS: list[str] = [
    part for parts in PROJECT["dependency-groups"].values() for part in parts if isinstance(part, str)
]

PIN = re.compile(
    r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.]+)( ; [^\\]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\\n|\n))+"
)
HEADER = re.compile(r"(#.*\n)*")


def pins(text: str) -> dict[str, str]:
    """Return name to version; raise ValueError at the first thing that is not a pin with its hashes."""
    found, at = {}, end_of_header(text)
    while at < len(text):
        pin = PIN.match(text, at)
        if pin is None:
            raise ValueError(f"not a pin with hashes: {text[at : at + 60]!r}")
        found[pin["name"]] = pin["version"]
        at = pin.end()
    return found


def end_of_header(text: str) -> int:
    header = HEADER.match(text)
    return header.end() if header else 0


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


RUN = pins((ROOT / "requirements" / "run.txt").read_text())
DEV = pins((ROOT / "requirements" / "dev.txt").read_text())


def test_all_that_the_project_asks_for_is_pinned() -> None:
    assert {name_of(part) for part in RUNTIME} <= RUN.keys()
    assert {name_of(part) for part in [*RUNTIME, *EXTRAS, *GROUPS]} <= DEV.keys()


def test_dev_contains_run() -> None:
    assert RUN.items() <= DEV.items()


def test_extras_stay_out_of_run() -> None:
    assert RUN.keys().isdisjoint(map(name_of, EXTRAS))


@pytest.mark.parametrize(
    "line",
    [
        "click==8.1\n",
        "click>=8.1 \\\n    --hash=sha256:" + "0" * 64 + "\n",
        "--index-url https://example.org/simple\n",
        "click @ file:///somewhere/click.whl\n",
    ],
)
def test_what_is_not_a_pin_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a pin"):
        pins(line)
