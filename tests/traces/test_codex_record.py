import json

import pytest

from farthing.errors import WireError
from farthing.traces.codex_record import COMPACTIONS, EVENTS, ITEMS, METAS, Counters, ResponseItem


def item(**fields: object) -> ResponseItem:
    return ITEMS.decode(json.dumps(fields))


def message(role: str, words: str) -> ResponseItem:
    return item(type="message", role=role, content=[{"type": "input_text", "text": words}])


def test_an_increase_is_told_part_by_part() -> None:
    before, after = Counters(100, 40, 0, 10, 5), Counters(300, 90, 7, 30, 9)
    assert after.since(before) == Counters(200, 50, 7, 20, 4)
    assert before.since(after) is None


def test_counts_become_disjoint() -> None:
    usage = Counters(100, 40, 25, 10, 5).counted().usage
    assert (usage.uncached_input_tokens, usage.cache_read_input_tokens) == (35, 40)
    assert (usage.cache_creation_input_tokens, usage.output_tokens, usage.reasoning_tokens) == (25, 10, 5)
    assert usage.input_tokens == 100


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(WireError):
        Counters(-1).counted()


def test_whose_words_an_item_holds() -> None:
    assert message("assistant", "Done.").is_answer
    assert item(type="reasoning").is_answer
    assert item(type="custom_tool_call").is_answer
    assert not item(type="custom_tool_call_output").is_answer
    assert not message("user", "Ask.").is_answer


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("Ask.", True),
        ("< 5 items?", True),
        ("<environment_context>\n", False),
        ("\n<turn_aborted>", False),
        ("# AGENTS.md instructions for /home/dev", False),
    ],
)
def test_what_codex_says_in_the_users_name_asks_nothing(words: str, asks: bool) -> None:
    assert message("user", words).asks is asks


def test_content_may_be_a_string() -> None:
    assert item(type="message", role="user", content="Ask.").asks
    assert item(type="message", role="user", content=5).text == ""


@pytest.mark.parametrize(
    ("source", "parent", "label"),
    [
        ("cli", "", ""),
        ({"subagent": "review"}, "", "review"),
        ({"subagent": {"thread_spawn": {"parent_thread_id": "p", "agent_role": "scout"}}}, "p", "scout"),
        ({"subagent": {"thread_spawn": {"parent_thread_id": "p", "agent_nickname": "Ada"}}}, "p", "Ada"),
    ],
)
def test_where_a_thread_comes_from(source: object, parent: str, label: str) -> None:
    meta = METAS.decode(json.dumps({"id": "t", "source": source}))
    assert (meta.parent, meta.label) == (parent, label)


def test_the_system_prompt_in_all_its_places() -> None:
    for told in (
        {"base_instructions": {"text": "Be."}},
        {"base_instructions": "Be."},
        {"instructions": "Be."},
    ):
        assert bytes(METAS.decode(json.dumps({"id": "t"} | told)).system) == b'"Be."'
    assert not METAS.decode('{"id": "t", "instructions": null}').system


def test_events_of_other_kinds_may_have_any_shape() -> None:
    event = EVENTS.decode('{"type": "other", "info": "text", "num_turns": [1]}')
    assert (event.told, event.turns_taken_back) == (None, 0)
    assert EVENTS.decode('{"type": "thread_rolled_back", "num_turns": 2}').turns_taken_back == 2


def test_a_summary_is_known_by_its_words() -> None:
    compacted = COMPACTIONS.decode('{"message": "all done.", "replacement_history": []}')
    assert compacted.sums_up(message("user", "Summary: all done."))
    assert not compacted.sums_up(message("user", "Ask."))
    assert not compacted.sums_up(message("assistant", "all done."))
    assert not COMPACTIONS.decode("{}").sums_up(message("user", "Ask."))
