"""What every test shares: how properties are searched, where recorded traces lie, a browser for pages."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The same cases on every run and machine. `HYPOTHESIS_PROFILE=search ./dev test` looks for new ones.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=2_000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

RECORDED = Path(os.environ.get("FARTHING_DATA") or Path(__file__).parents[2] / "shared" / "data")


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Path]:
    """Return a function from a corpus's name to its folder; it skips the test where that is missing."""

    def folder(corpus: str) -> Path:
        if not (RECORDED / corpus).is_dir():
            pytest.skip(f"no recorded traces `{corpus}`; point FARTHING_DATA at the folder that holds them")
        return RECORDED / corpus

    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Give the distribution's Chromium, headless. Without it the test is skipped; under CI it fails."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a quarter of a second, for few tests

    chromium = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    if chromium is None:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("Chromium is missing; `apt-get install chromium` brings it, or CHROMIUM names one")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
