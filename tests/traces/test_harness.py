from collections.abc import Callable
from pathlib import Path

import pytest

from farthing.prefix import links
from farthing.segment import SegmentKind
from farthing.step import Recorded
from farthing.traces import harness, instant
from farthing.traces.source import Match, Note, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import counted, items_of, others_of, spans_of, sums
from tests.truth import vercel_ai_harness as truth
from tests.truth.files import files

FORMAT = harness.FORMAT
HERE = Path(__file__).parents[1] / "data" / "vercel-ai-harness"
CLAUDE_CODE = HERE / "claude-code-files.json.zst"
CODEX = HERE / "codex-generate-tool.json.zst"
PI = HERE / "pi-stream-tool.json.zst"


def test_totals_agree_with_the_plain_count() -> None:
    spans = [span for path in (CLAUDE_CODE, CODEX, PI) for span in spans_of(items_of(FORMAT, path))]

    assert sums(spans) == counted(truth.count(HERE))


def test_all_recordings_agree(recorded: Callable[[str], Path]) -> None:
    folder = recorded("vercel-ai-harness")
    spans = [span for path in files(folder, "*.zst") for span in spans_of(items_of(FORMAT, path))]
    totals = truth.count(folder)

    assert sums(spans) == counted(totals)
    assert len({span.step.session for span in spans}) == totals.sessions


@pytest.mark.parametrize("path", [CLAUDE_CODE, CODEX, PI])
def test_recordings_are_recognised(path: Path) -> None:
    assert FORMAT.recognise(FileSource.of(path).sample()) is Match.LEAD


def test_what_is_no_model_call_is_left_out_and_said() -> None:
    assert others_of(items_of(FORMAT, CLAUDE_CODE)) == [
        Note("left out, as no answered model calls: 1 of a kind not known here")
    ]


def test_a_session_is_named_by_the_client_or_is_the_file() -> None:
    assert {span.step.session for span in spans_of(items_of(FORMAT, CLAUDE_CODE))} == {
        "04a72b7b-d7b0-4666-9de8-bac9cf2fa06a"
    }
    assert {span.step.session for span in spans_of(items_of(FORMAT, PI))} == {
        PI.as_posix().removesuffix(".zst")
    }


def test_a_call_has_its_time_its_account_and_its_settings() -> None:
    first = spans_of(items_of(FORMAT, CODEX))[0].step

    assert first.model == "gpt-5.3-codex"
    assert first.at_ns == instant.from_http("Thu, 04 Jun 2026 22:02:59 GMT")
    assert len(first.account) == 16
    assert ("reasoning.effort", "medium") in first.parameters


def test_requests_are_whole_and_found_again() -> None:
    document = FileSource.of(CLAUDE_CODE).document()
    step = spans_of(items_of(FORMAT, CLAUDE_CODE))[0].step
    chain = links(step.prefix)
    kinds = {link.segment.kind for link in chain}

    assert step.recorded is Recorded.FULL
    assert {SegmentKind.TOOLS, SegmentKind.SYSTEM, SegmentKind.TASK} <= kinds
    bash = next(link.segment for link in chain if link.segment.name == "Bash")
    assert b'"name":"Bash"' in document[bash.offset : bash.offset + bash.length].replace(b'": "', b'":"')


def test_a_damaged_exchange_costs_only_itself() -> None:
    document = FileSource.of(PI).document()
    damaged = document.replace(b'"messages"', b'"massages"', 1)
    items = list(FORMAT.read(FileSource("pi.json", damaged)))

    (skipped,) = (item for item in items if isinstance(item, Skipped))
    assert damaged[skipped.offset : skipped.offset + 1] == b"{"
    assert len(spans_of(items)) == len(spans_of(items_of(FORMAT, PI))) - 1


@pytest.mark.parametrize("content", [b"", b"{", b'{"exchanges": {}}', b"\xff\xfe"])
def test_what_is_no_recording_is_one_skip(content: bytes) -> None:
    (skipped,) = FORMAT.read(FileSource("a.json", content))

    assert isinstance(skipped, Skipped)
