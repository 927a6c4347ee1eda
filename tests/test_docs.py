"""What the documents show is what happens: commands are run, the reference is remade, links lead somewhere.

A ```console block holds commands behind `$ ` and, below them, what they print. Each command is run in a
copy of the checkout's documents and examples; what it prints must be what stands there, where anything
stands there. A line `…` stands for any lines. Blocks of other kinds are not run.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from farthing.cli.reference import reference
from farthing.ingest.formats import installed

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
# The commands that set a checkout up cannot be run by a test that runs inside one: `.ci/run` is their test.
NOT_HERE = re.compile(r"^(\./dev (test|lock|bench)|git clone|pip install|cd )")


class Shown(NamedTuple):
    """A command in a document, and the output that stands below it."""

    document: str
    command: str
    output: str


def shown_in(path: Path) -> Iterator[Shown]:
    blocks = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
    for block in blocks.findall(path.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            while command.endswith("\\"):
                more, _, output = output.partition("\n")
                command = command[:-1] + more.strip()
            yield Shown(path.relative_to(ROOT).as_posix(), command, output.rstrip())


COMMANDS = [shown for path in DOCUMENTS for shown in shown_in(path)]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with what the documents speak of, so that commands may write beside it."""
    place = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "examples", place / "examples")
    return place


@pytest.mark.parametrize("shown", COMMANDS, ids=lambda shown: f"{shown.document}: {shown.command}")
def test_every_command_shown_does_what_is_shown(shown: Shown, checkout: Path, tmp_path: Path) -> None:
    if NOT_HERE.match(shown.command):
        return
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "FARTHING_CACHE_DIR": str(tmp_path / "cache"),
        "COLUMNS": "100",
        "LANG": "C.UTF-8",
    }
    command = shown.command.replace("./dev farthing", "farthing")
    done = subprocess.run(
        ["bash", "-c", command], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    if shown.output:
        assert fits(done.stdout.rstrip(), shown.output), done.stdout


def fits(printed: str, shown: str) -> bool:
    """Tell whether `printed` is `shown`, in which a line `…` stands for any lines."""
    pattern = r".*?".join(re.escape(part) for part in re.split(r"^…\n?", shown, flags=re.MULTILINE))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def test_the_check_of_output_can_fail() -> None:
    assert fits("a\nb\nc", "a\n…\nc")
    assert not fits("a\nb\nd", "a\n…\nc")
    assert not fits("a\nb", "a")


def test_the_reference_of_the_command_line_is_the_command_line() -> None:
    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == reference()


def test_every_option_says_what_it_does() -> None:
    assert "`: None" not in reference()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_into_the_checkout_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text(encoding="utf-8"))
    lost = [target for target in targets if not (path.parent / target).exists()]
    assert lost == []


def test_every_format_has_its_line() -> None:
    document = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    assert [form.name for form in installed("farthing.traces") if f"`{form.name}`" not in document] == []


def test_no_document_speaks_of_a_file_that_is_not_there() -> None:
    lost = []
    for path in DOCUMENTS:
        named = re.findall(
            r"`((?:src|tests|docs|bench|examples)/[\w./-]+\.\w+)`", path.read_text(encoding="utf-8")
        )
        real = [name for name in named if "NAME" not in name]
        lost += [f"{path.name}: {name}" for name in real if not (ROOT / name).exists()]
    assert lost == []
