import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from farthing.prefix import links
from farthing.span import Output, Span
from farthing.traces import instant, managed_agents, opencode
from farthing.traces.source import Item, Match, Skipped
from tests.traces.file_source import FileSource
from tests.traces.sums import counted, items_of, others_of, spans_of, sums
from tests.truth import langsmith_sdk_runs as truth

FORMAT = managed_agents.FORMAT
HERE = Path(__file__).parents[1] / "data" / "langsmith-sdk-runs"
REJECT = HERE / "anthropic_managed_mcp_tools_reject.jsonl.gz"
USAGE = {
    "input_tokens": 2,
    "output_tokens": 9,
    "cache_read_input_tokens": 4,
    "cache_creation_input_tokens": 3,
}


def shape(span: Span) -> list[tuple[str, str]]:
    return [(link.segment.kind.value, link.segment.name) for link in links(span.step.prefix)]


def read(*events: dict[str, object]) -> list[Item]:
    lines = [json.dumps({"id": f"sevt_{number}"} | event) for number, event in enumerate(events)]
    return list(FORMAT.read(FileSource("events.jsonl", "\n".join(lines).encode())))


def test_the_folder_agrees_with_an_independent_count(recorded: Callable[[str], Path]) -> None:
    folder = recorded("langsmith-sdk-runs")
    spans: list[Span] = []
    for path in sorted(folder.glob("*.gz")):
        form = opencode.FORMAT if path.name.startswith("ses_") else FORMAT
        assert form.recognise(FileSource.of(path).sample()) is Match.LEAD
        spans += spans_of(items_of(form, path))
    assert sums(spans) == counted(truth.count(folder))


def test_each_real_step_holds_the_one_before_and_its_answer() -> None:
    spans = spans_of(items_of(FORMAT, REJECT))
    assert len(spans) == 3
    assert shape(spans[0]) == [("system", ""), ("task", "")]
    for before, after in pairwise(spans):
        assert before.step.prefix is not None
        resent = links(after.step.prefix, above=before.step.prefix.depth)
        assert tuple(link.segment for link in resent)[: len(before.output)] == before.output


def test_what_a_real_step_tells_of_itself() -> None:
    first = spans_of(items_of(FORMAT, HERE / "anthropic_managed_custom_tools.jsonl.gz"))[0]
    assert first.step.session == "sesn_014fc5Q6rWwrXD3vWBfPRUes"
    assert first.step.provider == "anthropic"
    assert [segment.kind.value for segment in first.output] == ["tool_call"]
    assert first.step.at_ns is not None
    assert first.ended_ns is not None
    assert first.step.at_ns < first.ended_ns


def test_events_alone_are_enough() -> None:
    items = read(
        {"type": "user.message", "content": [{"type": "text", "text": "Ask."}]},
        {"type": "span.model_request_start", "processed_at": "2026-01-02T03:04:05Z"},
        {
            "type": "agent.mcp_tool_use",
            "id": "sevt_c",
            "mcp_server_name": "exa",
            "name": "search",
            "input": {},
        },
        {"type": "span.model_request_end", "model_usage": USAGE, "processed_at": "2026-01-02T03:04:07Z"},
        {
            "type": "agent.mcp_tool_result",
            "mcp_tool_use_id": "sevt_c",
            "content": [{"type": "text", "text": "x"}],
        },
        {"type": "span.model_request_start"},
        {"type": "agent.message", "content": [{"type": "text", "text": "Done."}]},
        {"type": "span.model_request_end", "is_error": True},
    )
    first, second = spans_of(items)
    assert shape(second) == [
        ("task", ""),
        ("tool_call", "mcp__exa__search"),
        ("tool_result", "mcp__exa__search"),
    ]
    assert first.step.at_ns == instant.from_iso("2026-01-02T03:04:05Z")
    assert (first.charges[0].usage.input_tokens, first.output_count) == (9, Output.FINAL)
    assert (second.charges, second.output_count, second.error) == ((), Output.MISSING, "error")


def test_an_event_told_twice_counts_once() -> None:
    event: dict[str, object] = {"id": "sevt_x", "type": "span.model_request_end", "model_usage": USAGE}
    assert len(spans_of(read(event, event))) == 1


def test_impossible_counts_and_damaged_lines_are_told() -> None:
    items = read({"type": "span.model_request_end", "model_usage": {"input_tokens": -1}})
    assert [type(item) for item in others_of(items)] == [Skipped]
    damaged = list(FORMAT.read(FileSource("a.jsonl", b'["client.beta.sessions.events.stream",{"id"')))
    assert [type(item) for item in damaged] == [Skipped]


def test_other_streams_are_not_ours(recorded: Callable[[str], Path]) -> None:
    shared = recorded("langsmith-sdk-runs").parent
    found = {
        path.name
        for path in sorted(shared.rglob("*.gz"))
        if FORMAT.recognise(FileSource.of(path).sample()) is not Match.NO
    }
    assert {name.partition("_managed_")[0] for name in found} == {"anthropic"}
    assert len(found) == 4


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([b"{}", b"[]", b'["x",1]'])), max_size=8))
def test_no_bytes_make_the_reader_fail(lines: list[bytes]) -> None:
    assert spans_of(FORMAT.read(FileSource("a.jsonl", b"\n".join(lines)))) == []
