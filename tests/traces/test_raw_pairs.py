import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.prefix import links
from farthing.segment import SegmentKind
from farthing.span import Output, Span
from farthing.step import Recorded
from farthing.traces import harness, instant, raw_pairs
from farthing.traces.source import Match, Note, Skipped
from tests.traces.file_source import FileSource
from tests.traces.recordings import HERE, calls
from tests.traces.recordings import Recorded as Call
from tests.traces.sums import items_of, others_of, spans_of, sums

FORMAT = raw_pairs.FORMAT
NAMES = ("claude-code-files", "codex-generate-tool", "pi-stream-tool")


def claude_trace(call: Call) -> dict[str, Any]:
    """Write a call as claude-trace does: the stream as text."""
    request = {
        "timestamp": 1_780_610_564.25,
        "method": call.method,
        "url": call.url,
        "headers": call.asked,
        "body": call.request,
    }
    response = {
        "timestamp": 1_780_610_566.5,
        "status_code": call.status,
        "headers": call.answered,
        "body_raw": call.stream,
    }
    return {"request": request, "response": response, "logged_at": "2026-06-04T22:02:47.000Z"}


def quoted(call: Call) -> dict[str, Any]:
    """Write a call as a gateway's log does: bodies as JSON text, everything at one level."""
    return {
        "url": call.url,
        "request_headers": call.asked,
        "request_body": json.dumps(call.request),
        "response_body": call.stream,
        "status": call.status,
        "timestamp": "2026-06-04T22:02:44Z",
    }


def deep(call: Call) -> dict[str, Any]:
    """Write a call some levels deeper, its stream as a list of events."""
    data = [line.removeprefix("data:") for line in call.stream.splitlines() if line.startswith("data:")]
    events = [json.loads(each) for each in data if "[DONE]" not in each]
    return {"log": {"http": {"req": {"uri": call.url, "json": call.request}, "res": {"events": events}}}}


def bare(call: Call) -> dict[str, Any]:
    """Write a call as a library's wrapper does: what went in and what came out."""
    return {"kwargs": call.request, "response": call.stream}


def file(*records: dict[str, Any]) -> FileSource:
    return FileSource("log.jsonl", b"".join(json.dumps(each).encode() + b"\n" for each in records))


@pytest.mark.parametrize("shape", [claude_trace, quoted, deep, bare])
@pytest.mark.parametrize("name", NAMES)
def test_every_nesting_gives_the_same_calls(name: str, shape: Callable[[Call], dict[str, Any]]) -> None:
    source = file(*map(shape, calls(name)))
    spans = spans_of(FORMAT.read(source))
    recorded = spans_of(items_of(harness.FORMAT, HERE / f"{name}.json.zst"))

    assert FORMAT.recognise(source.sample()) is Match.LEAD
    assert sums(spans) == sums(recorded)
    assert list(map(context, spans)) == list(map(context, recorded))
    assert list(map(said, spans)) == list(map(said, recorded))
    assert [span.response_id for span in spans] == [span.response_id for span in recorded]


def said(span: Span) -> list[bytes]:
    return [segment.digest for segment in span.output]


def context(span: Span) -> bytes:
    return span.step.prefix.digest if span.step.prefix else b""


def test_claude_traces_times_session_and_account() -> None:
    span = spans_of(FORMAT.read(file(*map(claude_trace, calls("claude-code-files")))))[0]

    assert span.step.at_ns == instant.from_iso("2026-06-04T22:02:44.250Z")
    assert span.ended_ns == instant.from_iso("2026-06-04T22:02:46.500Z")
    assert span.step.session == "04a72b7b-d7b0-4666-9de8-bac9cf2fa06a"
    assert span.step.account
    assert span.step.recorded is Recorded.FULL


def test_blocks_are_found_again_in_the_file_but_not_in_quoted_bodies() -> None:
    source = file(*map(claude_trace, calls("pi-stream-tool")))
    document = source.document()
    chain = links(spans_of(FORMAT.read(source))[1].step.prefix)

    for link in chain:
        segment = link.segment
        block = json.loads(document[segment.offset : segment.offset + segment.length])
        assert segment.kind is not SegmentKind.TOOLS or segment.name == block["name"]
    assert all(
        link.segment.offset == -1
        for span in spans_of(FORMAT.read(file(*map(quoted, calls("pi-stream-tool")))))
        for link in links(span.step.prefix)
    )


def test_lines_of_several_shapes_and_formats_may_be_mixed() -> None:
    shapes = (claude_trace, quoted, deep, bare)
    mixed = [shapes[n % 4](call) for n, call in enumerate(call for name in NAMES for call in calls(name))]
    recorded = [
        span for name in NAMES for span in spans_of(items_of(harness.FORMAT, HERE / f"{name}.json.zst"))
    ]

    assert list(map(context, spans_of(FORMAT.read(file(*mixed, *mixed))))) == list(map(context, recorded * 2))


CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}]}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-opus-4-8",
    "content": [{"type": "text", "text": "ho"}],
    "usage": {"input_tokens": 3, "output_tokens": 1, "cache_read_input_tokens": 7},
}
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4.1-2025-04-14",
    "choices": [{"message": {"role": "assistant", "content": "ho"}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
}


def test_an_answer_in_another_format_than_the_line_before_is_read_as_what_it_is() -> None:
    one, other = {"request": CHAT, "response": COMPLETION}, {"request": CHAT, "response": MESSAGE}
    spans = spans_of(FORMAT.read(file(one, other, one)))

    assert [span.charges[0].usage.input_tokens for span in spans] == [9, 10, 9]


def test_an_orphaned_request_is_a_call_whose_bill_is_unknown() -> None:
    spans = spans_of(
        FORMAT.read(file({"request": CHAT, "response": COMPLETION}, {"request": CHAT, "response": None}))
    )

    assert [span.usage_recorded for span in spans] == [True, False]
    assert spans[1].output_count is Output.MISSING


def test_failures_and_other_requests_are_left_out_and_said() -> None:
    url = "https://api.openai.com/v1"
    items = list(
        FORMAT.read(
            file(
                {
                    "request": {"url": f"{url}/chat/completions", "body": CHAT},
                    "response": {"status": 200, "body": COMPLETION},
                },
                {
                    "request": {"url": f"{url}/chat/completions", "body": CHAT},
                    "response": {"status": 429, "body": {"error": {}}},
                },
                {"request": {"url": f"{url}/models", "method": "GET"}, "response": {"status": 200}},
                {
                    "request": {"url": f"{url}/chat/completions/input_tokens", "body": CHAT},
                    "response": {"status": 200},
                },
            )
        )
    )

    assert len(spans_of(items)) == 1
    assert others_of(items) == [
        Note("left out, as no answered model calls: 1 that failed, 1 list of models, 1 token count")
    ]


def test_labels_and_cost_of_the_log_are_kept() -> None:
    labelled = {
        "request": CHAT,
        "response": COMPLETION,
        "user": "ada",
        "team": 7,
        "cost_usd": 0.00012,
        "session_id": "s",
    }
    (span,) = spans_of(FORMAT.read(file(labelled)))

    assert span.attributes == (("user", "ada"), ("team", "7"))
    assert span.reported_cost_picousd == 120_000_000
    assert span.step.session == "s"


def test_words_asked_and_said_are_read_without_bodies() -> None:
    usage = {"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 10}
    spans = spans_of(
        FORMAT.read(
            file(
                {"prompt": "say", "completion": "said", "model": "claude-opus-4-8", "usage": usage},
                {
                    "input": CHAT["messages"],
                    "output": {"role": "assistant", "content": "ho"},
                    "model": "gpt-4.1",
                },
            )
        )
    )

    assert [span.step.model for span in spans] == ["claude-opus-4-8", "gpt-4.1"]
    assert spans[0].charges[0].usage.input_tokens == 13
    assert [segment.size for span in spans for segment in span.output] == [4, 2]


def test_a_stored_responses_answer_is_part_of_what_goes_on_from_it() -> None:
    def line(number: int, *, after: str | None, asks: str) -> dict[str, Any]:
        request = {
            "model": "gpt-5",
            "input": asks,
            "previous_response_id": after,
            "instructions": "Be brief.",
        }
        said = [
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": f"{number}"}],
            }
        ]
        usage = {"input_tokens": 9, "output_tokens": 1, "total_tokens": 10}
        answer = {
            "id": f"resp_{number}",
            "object": "response",
            "status": "completed",
            "output": said,
            "usage": usage,
        }
        return {"request": request, "response": answer}

    first, second, lost = spans_of(
        FORMAT.read(
            file(
                line(1, after=None, asks="one"),
                line(2, after="resp_1", asks="two"),
                line(3, after="resp_0", asks="three"),
            )
        )
    )

    assert [link.segment.digest for link in links(second.step.prefix)] == [
        *(link.segment.digest for link in links(first.step.prefix)),
        *(segment.digest for segment in first.output),
        links(second.step.prefix)[-1].segment.digest,
    ]
    assert (second.step.recorded, lost.step.recorded) == (Recorded.FULL, Recorded.DELTA)
    assert {first.step.session, second.step.session} == {""}


def test_turns_are_counted() -> None:
    talk = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    spans = spans_of(
        FORMAT.read(
            file(*({"request": CHAT | {"messages": talk[:n]}, "response": COMPLETION} for n in (1, 3)))
        )
    )

    assert [span.step.turn for span in spans] == [1, 2]


def test_lone_surrogates_cost_nothing() -> None:
    cut = json.dumps(
        {"request": CHAT | {"messages": [{"role": "user", "content": "\ud83d"}]}, "response": COMPLETION}
    )
    (span,) = FORMAT.read(FileSource("a.jsonl", cut.encode()))

    assert isinstance(span, Span)


def test_a_damaged_line_costs_only_itself() -> None:
    good = json.dumps({"request": CHAT, "response": COMPLETION}).encode()
    lines = [good, good[:-40], b'{"request": {"model": 7, "messages": 3}}', b"\xff\xfe{}", b"17", good]
    items = list(FORMAT.read(FileSource("a.jsonl", b"\n".join(lines))))

    assert len(spans_of(items)) == 2
    skipped = [item.offset for item in items if isinstance(item, Skipped)]
    assert skipped == [len(b"\n".join(lines[:n])) + 1 for n in (1, 2, 3, 4)]


@given(cut=st.integers(min_value=0, max_value=2_000), junk=st.binary(max_size=4))
def test_no_damage_makes_us_fall_over(cut: int, junk: bytes) -> None:
    whole = json.dumps(claude_trace(calls("pi-stream-tool")[0])).encode()
    damaged = whole[:cut] + junk + whole[cut + len(junk) :]

    assert len(list(FORMAT.read(FileSource("a.jsonl", damaged)))) <= 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1, 2]",
        b'{"a": 1}\n',
        b'{"prompt": "p", "completion": "c"}\n',
        b'{\n "request": {"model": "m"}\n}',
    ],
)
def test_other_files_are_not_recognised(content: bytes) -> None:
    assert FORMAT.recognise(FileSource("a.jsonl", content).sample()) is Match.NO


def test_a_first_line_that_is_longer_than_the_sample_is_recognised() -> None:
    long = claude_trace(calls("claude-code-files")[0])

    assert len(json.dumps(long)) > 65_536
    assert FORMAT.recognise(file(long).sample()) is Match.LEAD


def test_no_credential_is_kept() -> None:
    secret = {
        "request": {"url": "https://a.b", "headers": {"X-Api-Key": "sk-secret"}, "body": CHAT},
        "response": COMPLETION,
    }
    (span,) = spans_of(FORMAT.read(file(secret)))

    assert "sk-secret" not in repr(span)
    assert len(span.step.account) == 16
