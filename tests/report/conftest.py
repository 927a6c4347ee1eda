"""A profile of recorded traces, and the steps of its dearest session, made once for all tests of reports."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from farthing.analysis.profile import Profile
from farthing.analysis.waterfall import WaterfallStep
from farthing.cli.profiling import Asked, one_session, price_book, profile
from farthing.ingest.intake import Options, ingest

_TODAY_NS = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 10**9


class Recorded(NamedTuple):
    profile: Profile
    steps: list[WaterfallStep]


@pytest.fixture(scope="session")
def claude_code(recorded: Callable[[str], Path]) -> Recorded:
    """Give what is concluded from a store of Claude Code."""
    with ingest([str(recorded("claude-code-sessions"))], Options(workers=1)) as intake:
        prices = price_book(intake, price_files=(), cache=None, today_ns=_TODAY_NS)
        found = profile(intake, prices, Asked(by=("agent",), sessions_per_day=200.0))
        return Recorded(found, one_session(intake, prices, found.sessions[0].id))
