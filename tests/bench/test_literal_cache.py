"""The literal caches against the sentences of the documentation that they are written from."""

from bench.literal_cache import AnthropicCache, BlockCache
from bench.real_talks import Body, Message, Tool, anthropic, openai

TOOLS: tuple[Tool, ...] = ({"name": "read", "description": "Reads. " * 900, "input_schema": {}},)
SYSTEM = "Be brief. " * 400


def body(*texts: str, model: str = "m", system: str = SYSTEM, **settings: object) -> Body:
    roles = ("user", "assistant")
    messages = tuple(Message(roles[at % 2], text, 0) for at, text in enumerate(texts))
    return {"model": model, **anthropic(system, TOOLS, messages), **settings}


def blocks(*texts: str, system: str = SYSTEM) -> Body:
    roles = ("user", "assistant")
    messages = tuple(Message(roles[at % 2], text, 0) for at, text in enumerate(texts))
    return {"model": "m", **openai(system, TOOLS, messages)}


def test_a_grown_conversation_reads_all_that_was_marked() -> None:
    cache = AnthropicCache()
    first = cache.call(body("task"), at_s=0, began_s=1)
    second = cache.call(body("task", "answer", "result"), at_s=10, began_s=11)
    assert first.read == 0
    assert second.read == first.read + first.written


def test_an_entry_is_usable_only_once_its_writer_has_begun_to_answer() -> None:
    cache = AnthropicCache()
    cache.call(body("task"), at_s=0, began_s=5)
    assert cache.call(body("task"), at_s=4, began_s=9).read == 0


def test_an_entry_lives_five_minutes_from_its_last_use() -> None:
    cache = AnthropicCache()
    written = cache.call(body("task"), at_s=0, began_s=1).written
    assert cache.call(body("task"), at_s=300, began_s=301).read == written
    assert cache.call(body("task"), at_s=600, began_s=601).read == written
    assert cache.call(body("task"), at_s=901, began_s=902).read == 0


def test_another_system_prompt_loses_the_system_level_and_tool_choice_only_the_messages() -> None:
    cache = AnthropicCache()
    cache.call(body("task"), at_s=0, began_s=1)
    assert cache.call(body("task", system=SYSTEM + "!"), at_s=10, began_s=11).read == 0
    kept = cache.call(body("task", tool_choice={"type": "any"}), at_s=20, began_s=21)
    assert 0 < kept.read < kept.input


def test_another_model_has_another_cache() -> None:
    cache = AnthropicCache()
    cache.call(body("task"), at_s=0, began_s=1)
    assert cache.call(body("task", model="n"), at_s=10, began_s=11).read == 0


def test_below_the_minimum_nothing_is_cached() -> None:
    cache = AnthropicCache(minimum=10**6)
    assert cache.call(body("task"), at_s=0, began_s=1).written == 0


def test_blocks_are_read_in_whole_units_and_into_the_first_block_that_differs() -> None:
    cache = BlockCache(unit=64, minimum=64, ttl_s=600)
    first = cache.call(blocks("task"), at_s=0, began_s=1)
    changed = cache.call(blocks("task", system=SYSTEM + "!"), at_s=10, began_s=11)
    assert first.read == 0
    assert changed.read % 64 == 0
    assert 0 < changed.read < changed.input
    assert cache.call(blocks("task"), at_s=20, began_s=21).uncached < 64
