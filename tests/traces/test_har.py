import base64
import json
from typing import Any

import pytest

from farthing.span import Output
from farthing.traces import har, harness, instant
from farthing.traces.source import Match, Note, Skipped
from tests.traces.file_source import FileSource
from tests.traces.recordings import HERE, Recorded, calls
from tests.traces.sums import items_of, others_of, spans_of, sums

FORMAT = har.FORMAT


def entry(call: Recorded, *, encoding: str | None = None) -> dict[str, Any]:
    text = call.stream
    if encoding == "base64":
        text = base64.b64encode(text.encode()).decode()
    content = {"size": len(text), "mimeType": "text/event-stream", "text": text}
    return {
        "startedDateTime": "2026-06-04T22:02:44.100Z",
        "time": 1500.5,
        "request": {
            "method": call.method,
            "url": call.url,
            "headers": [{"name": name.title(), "value": text} for name, text in call.asked.items()],
            "postData": {"mimeType": "application/json", "text": json.dumps(call.request)},
        },
        "response": {
            "status": call.status,
            "headers": [],
            "content": content | ({"encoding": encoding} if encoding else {}),
        },
        "timings": {},
    }


def archive(*entries: dict[str, Any]) -> FileSource:
    log = {"version": "1.2", "creator": {"name": "a browser"}, "entries": list(entries)}
    return FileSource("a.har", json.dumps({"log": log}).encode())


PICTURE = {
    "startedDateTime": "2026-06-04T22:02:44.100Z",
    "request": {"method": "GET", "url": "https://example.com/a.png", "headers": []},
    "response": {"status": 200, "headers": [], "content": {"size": 0}},
}


@pytest.mark.parametrize("encoding", [None, "base64"])
@pytest.mark.parametrize("name", ["claude-code-files", "codex-generate-tool", "pi-stream-tool"])
def test_an_archive_has_what_the_recording_has(name: str, encoding: str | None) -> None:
    source = archive(*(entry(call, encoding=encoding) for call in calls(name)))
    spans = spans_of(FORMAT.read(source))
    recorded = spans_of(items_of(harness.FORMAT, HERE / f"{name}.json.zst"))

    assert FORMAT.recognise(source.sample()) is Match.LEAD
    assert sums(spans) == sums(recorded)
    tips = [span.step.prefix.digest for span in spans if span.step.prefix]
    assert tips == [span.step.prefix.digest for span in recorded if span.step.prefix]
    assert {span.step.account for span in spans} == {span.step.account for span in recorded}


def test_a_call_began_and_ended() -> None:
    (span,) = spans_of(FORMAT.read(archive(entry(calls("pi-stream-tool")[0]))))

    assert span.step.at_ns == instant.from_iso("2026-06-04T22:02:44.100Z")
    assert span.ended_ns == instant.from_iso("2026-06-04T22:02:45.600500Z")


def test_pictures_are_left_out_and_said() -> None:
    items = list(FORMAT.read(archive(PICTURE, entry(calls("pi-stream-tool")[0]), PICTURE)))

    assert len(spans_of(items)) == 1
    assert others_of(items) == [Note("left out, as no answered model calls: 2 of a kind not known here")]


def test_an_answer_that_was_not_saved_is_a_call_whose_bill_is_unknown() -> None:
    unsaved = entry(calls("pi-stream-tool")[0])
    unsaved["response"]["content"] = {"size": 0}
    (span,) = spans_of(FORMAT.read(archive(unsaved)))

    assert (span.usage_recorded, span.output_count) == (False, Output.MISSING)


def test_a_damaged_entry_costs_only_itself() -> None:
    damaged = entry(calls("pi-stream-tool")[0])
    damaged["response"]["content"] = {"text": "abcde", "encoding": "base64"}
    items = list(FORMAT.read(archive(damaged, entry(calls("pi-stream-tool")[1]))))

    assert isinstance(items[0], Skipped)
    assert len(spans_of(items)) == 1


@pytest.mark.parametrize("content", [b"", b'{"log": ', b'{"log": {"entries": 3}}', b"\xff\xfe"])
def test_what_is_no_archive_is_one_skip(content: bytes) -> None:
    (skipped,) = FORMAT.read(FileSource("a.har", content))

    assert isinstance(skipped, Skipped)
