import json
from typing import Any

import pytest

from farthing.prefix import links
from farthing.span import Output
from farthing.step import Recorded
from farthing.traces import harness, raw_bodies
from farthing.traces.source import Match, Skipped
from tests.traces.file_source import FileSource
from tests.traces.recordings import HERE, calls
from tests.traces.sums import items_of, spans_of, sums

FORMAT = raw_bodies.FORMAT
CLAUDE_CODE = calls("claude-code-files")
SESSION = "04a72b7b-d7b0-4666-9de8-bac9cf2fa06a"


def body(*messages: Any, before: str = "", session: str = "a") -> bytes:
    """Write a request of a made-up conversation as Claude Code does."""
    line = "x-anthropic-billing-header: cc_version=2.1.202.a7e; cc_entrypoint=cli; cch=07f0c;"
    user_id = json.dumps({"session_id": session})
    return json.dumps(
        {
            "model": "claude-opus-4-8",
            "max_tokens": 100,
            "system": [
                {"type": "text", "text": line + (f" cc_prev_req={before};" if before else "")},
                {"type": "text", "text": "You are Claude Code."},
            ],
            "messages": [{"role": role, "content": words} for role, words in messages],
            "metadata": {"user_id": user_id},
        }
    ).encode()


def message(words: str, *, reads: int, thought: str = "") -> bytes:
    content = [{"type": "thinking", "thinking": thought, "signature": "s"}] if thought else []
    return json.dumps(
        {
            "id": f"msg_{words}",
            "type": "message",
            "model": "claude-opus-4-8-20260401",
            "content": [*content, {"type": "text", "text": words}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": reads},
        }
    ).encode()


def folder(**files: bytes) -> FileSource:
    """Return the first file of a folder; `a_request` is `a.request.json`."""
    named = {f"{name.replace('_re', '.re')}.json": content for name, content in files.items()}
    first = min(named)
    return FileSource(f"bodies/{first}", named.pop(first), named)


ONE, TWO, THREE = ("user", "one"), ("user", "two"), ("user", "three")
FIRST, SECOND = ("assistant", "1"), ("assistant", "2")
# The names sort otherwise than the calls: d, b, c.
TALK = folder(
    d_request=body(ONE),
    b_request=body(ONE, FIRST, TWO, before="req_z"),
    c_request=body(ONE, FIRST, TWO, SECOND, THREE, before="req_x"),
    req_z_response=message("1", reads=10),
    req_x_response=message("2", reads=20, thought="hm"),
    req_y_response=message("3", reads=30),
)


def test_an_answer_is_found_by_the_next_request_and_the_last_by_what_is_left() -> None:
    spans = spans_of(FORMAT.read(TALK))

    assert [span.response_id for span in spans] == ["msg_1", "msg_2", "msg_3"]
    assert [span.charges[0].usage.cache_read_input_tokens for span in spans] == [10, 20, 30]
    assert [len(links(span.step.prefix)) for span in spans] == [3, 5, 7]
    assert {span.step.session for span in spans} == {"a"}
    assert {span.step.recorded for span in spans} == {Recorded.FULL}


def test_the_changing_line_in_the_prompt_breaks_no_context() -> None:
    first, second, _ = spans_of(FORMAT.read(TALK))

    assert first.step.prefix in links(second.step.prefix)


def test_recorded_bodies_of_claude_code_give_what_the_recording_has() -> None:
    files = {f"{n}c_request": json.dumps(call.request).encode() for n, call in enumerate(CLAUDE_CODE)}
    answers = {
        f"req_{9 - n}_response": json.dumps(call.message).encode() for n, call in enumerate(CLAUDE_CODE)
    }
    spans = spans_of(FORMAT.read(folder(**files, **answers)))
    recorded = spans_of(items_of(harness.FORMAT, HERE / "claude-code-files.json.zst"))

    assert sums(spans) == sums(recorded)
    assert [span.response_id for span in spans] == [span.response_id for span in recorded]
    assert [span.step.prefix.digest for span in spans if span.step.prefix] == [
        span.step.prefix.digest for span in recorded if span.step.prefix
    ]
    assert {span.step.session for span in spans} == {SESSION}


def test_one_file_leads_its_folder() -> None:
    names = ["b.request.json", "a.response.json", "c.request.json", "notes.txt"]

    def recognised(name: str) -> Match:
        others = {other: b"{}" for other in names if other != name}
        return FORMAT.recognise(FileSource(f"bodies/{name}", b"{}", others).sample())

    assert [recognised(name) for name in names] == [Match.LEAD, Match.MEMBER, Match.MEMBER, Match.NO]
    assert FORMAT.recognise(FileSource("a.response.json", b"{}").sample()) is Match.LEAD


def test_a_request_that_nothing_answers_is_a_call_whose_bill_is_unknown() -> None:
    (span,) = spans_of(FORMAT.read(folder(a_request=body(ONE))))

    assert (span.usage_recorded, span.output_count) == (False, Output.MISSING)


def test_an_answer_without_its_request_is_billed_all_the_same() -> None:
    (span,) = spans_of(FORMAT.read(folder(a_response=message("1", reads=5))))

    assert span.charges[0].usage.cache_read_input_tokens == 5
    assert span.step.recorded is Recorded.COUNTS


def test_what_is_left_over_is_matched_by_model_and_size() -> None:
    source = folder(
        a_request=body(("user", "a long question " * 50), session="a"),
        b_request=body(("user", "short"), session="b"),
        x_response=message("short", reads=10),
        y_response=message("long", reads=900),
    )
    spans = {span.step.session: span.response_id for span in spans_of(FORMAT.read(source))}

    assert spans == {"a": "msg_long", "b": "msg_short"}


def test_damaged_and_missing_files_cost_only_themselves() -> None:
    source = folder(a_request=b"{", b_request=body(ONE), x_response=b"", y_response=message("1", reads=1))
    items = list(FORMAT.read(source))

    assert len(spans_of(items)) == 1
    skipped = [item for item in items if isinstance(item, Skipped)]
    assert [item.reason.partition(":")[0] for item in skipped] == ["a.request.json", "x.response.json"]


@pytest.mark.parametrize("before", ["req_x", "req_1", "req_2"])
def test_a_circle_of_requests_ends(before: str) -> None:
    source = folder(
        a_request=body(ONE, before="req_2"),
        b_request=body(ONE, FIRST, TWO, before=before),
        req_1_response=message("1", reads=1),
        req_2_response=message("2", reads=2),
    )

    assert len(spans_of(FORMAT.read(source))) == 2
