"""Items that the OpenAI Agents SDK exported: a run on responses, one on chat completions."""

import json

from farthing.traces.openai_agents import FORMAT
from farthing.traces.source import Item, Match, Note, Skipped
from farthing.usage import Usage
from tests.traces.file_source import FileSource
from tests.traces.instrumented import HERE, OPENAI, read, resends, shapes, usages
from tests.traces.sums import items_of, others_of, spans_of


def span(number: int, /, **data: object) -> dict[str, object]:
    return {"object": "trace.span", "id": f"s{number}", "trace_id": "t", "parent_id": None, "span_data": data}


def told(*items: object) -> list[Item]:
    return list(FORMAT.read(FileSource("a.jsonl", b"\n".join(json.dumps(each).encode() for each in items))))


def test_each_call_counts_once_though_turns_and_tasks_repeat_it() -> None:
    spans = read(FORMAT, "agents.jsonl")
    assert FORMAT.recognise(FileSource.of(HERE / "agents.jsonl").sample()) is Match.LEAD
    assert usages(spans) == [*OPENAI, *OPENAI]
    assert [span.step.session for span in spans] == ["conversation-1"] * 2 + ["conversation-2"] * 2


def test_a_generation_holds_its_request_and_a_response_only_its_id() -> None:
    response, _, first, second = read(FORMAT, "agents.jsonl")
    assert (response.step.prefix, response.response_id, response.step.model) == (None, "resp_0001", "")
    assert shapes([first]) == [[("system", ""), ("task", "")]]
    assert resends(first, second)


def test_what_cannot_be_priced_is_said() -> None:
    (note,) = others_of(items_of(FORMAT, HERE / "agents.jsonl"))
    assert note == Note("2 responses were exported without their model: they cannot be priced")


def test_a_batch_as_it_is_posted_reads_as_its_items() -> None:
    trace = {"object": "trace", "id": "t", "workflow_name": "w", "group_id": "g"}
    call = span(1, type="generation", model="m", usage={"input_tokens": 5, "output_tokens": 2})
    (posted,) = spans_of(told({"data": [call, trace]}))
    assert (posted.step.session, usages([posted])) == ("g", [Usage(uncached_input_tokens=5, output_tokens=2)])


def test_a_failed_generation_is_no_call() -> None:
    assert told({**span(1, type="generation", model="m"), "error": {"message": "no"}}) == []


def test_damage_is_named_and_the_rest_is_read() -> None:
    bad = span(1, type="generation", model="m", usage={"input_tokens": -5})
    good = span(2, type="generation", model="m", usage={"input_tokens": 5})
    items = told(bad, good)
    assert len(spans_of(items)) == 1
    assert [item.offset for item in items if isinstance(item, Skipped)] == [0]
