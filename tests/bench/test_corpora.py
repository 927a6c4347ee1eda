"""The made corpora are what they claim to be, by recounts that share no code with what made them."""

import gzip
import json
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard

from bench.corpora import Corpus, corpus, writer

# USD per million tokens: input, read, 5-minute write, 1-hour write, output.
LIST_PRICES = {
    "claude-opus-4-8": ("5", "0.5", "6.25", "10", "25"),
    "claude-haiku-4-5-20251001": ("1", "0.1", "1.25", "2", "5"),
}
JsonObject = dict[str, object]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpora")


@pytest.fixture(scope="module")
def pairs(folder: Path) -> Corpus:
    return corpus("full-context-0.02gb", folder)


@pytest.fixture(scope="module")
def store(folder: Path) -> Corpus:
    return corpus("claude-code-12mb", folder)


def lines_of(made: Corpus) -> list[JsonObject]:
    files = sorted(made.traces.rglob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


def at(value: object, *path: str | int) -> object:
    for step in path:
        if isinstance(step, int):
            assert isinstance(value, list)
            value = value[step]
        else:
            assert isinstance(value, dict)
            value = value[step]
    return value


def number(value: object, *path: str | int) -> int:
    found = at(value, *path)
    assert isinstance(found, int)
    return found


def listed(value: object, *path: str | int) -> list[object]:
    found = at(value, *path)
    assert isinstance(found, list)
    return found


def counts(usage: object) -> tuple[int, ...]:
    return (
        number(usage, "input_tokens"),
        number(usage, "cache_read_input_tokens"),
        number(usage, "cache_creation", "ephemeral_5m_input_tokens"),
        number(usage, "cache_creation", "ephemeral_1h_input_tokens"),
        number(usage, "output_tokens"),
    )


def recount(messages: list[object]) -> JsonObject:
    """Return the totals of finished answers, each one an Anthropic message with model and usage."""
    sums, cost = [0] * 5, Decimal(0)
    for message in messages:
        used = counts(at(message, "usage"))
        prices = LIST_PRICES[str(at(message, "model"))]
        sums = [total + count for total, count in zip(sums, used, strict=True)]
        cost += sum((Decimal(price) * count for price, count in zip(prices, used, strict=True)), Decimal(0))
    return {
        "steps": len(messages),
        "uncached_input_tokens": sums[0],
        "cache_read_input_tokens": sums[1],
        "cache_creation_5m_input_tokens": sums[2],
        "cache_creation_1h_input_tokens": sums[3],
        "output_tokens": sums[4],
        "cost_usd": cost / 10**6,
    }


def blocks_of(exchange: JsonObject) -> list[bytes]:
    """Return the content blocks of a request without their cache markers."""
    body = at(exchange, "request", "body")
    said = [block for message in listed(body, "messages") for block in listed(message, "content")]
    blocks = [*listed(body, "tools"), *listed(body, "system"), *said]
    return [
        json.dumps({name: value for name, value in block.items() if name != "cache_control"}).encode()
        for block in blocks
        if isinstance(block, dict)
    ]


def by_session(exchanges: list[JsonObject]) -> dict[str, list[JsonObject]]:
    """Group requests by their task: the first user message, which differs from session to session."""
    sessions: dict[str, list[JsonObject]] = defaultdict(list)
    for exchange in exchanges:
        sessions[str(at(exchange, "request", "body", "messages", 0, "content", 0, "text"))].append(exchange)
    return sessions


def test_truth_of_exchanges_equals_a_plain_recount(pairs: Corpus) -> None:
    exchanges = lines_of(pairs)
    told = {
        **recount([at(each, "response", "body") for each in exchanges]),
        "sessions": len(by_session(exchanges)),
    }
    assert pairs.truth.differences(told) == []


def test_truth_of_a_store_equals_a_plain_recount(store: Corpus) -> None:
    final = {
        str(at(line, "message", "id")): at(line, "message")
        for line in lines_of(store)
        if line["type"] == "assistant" and at(line, "message", "stop_reason") is not None
    }
    sessions = len(list(store.traces.glob("projects/*/*.jsonl")))
    assert store.truth.differences({**recount(list(final.values())), "sessions": sessions}) == []


def test_truth_names_each_wrong_total(pairs: Corpus) -> None:
    told: JsonObject = {**pairs.truth.totals, "steps": 1}
    del told["cost_usd"]
    assert pairs.truth.differences(told) == [
        f"steps: 1 instead of {pairs.truth.totals['steps']}",
        f"cost_usd: None instead of {pairs.truth.totals['cost_usd']}",
    ]


def test_exchanges_have_the_promised_shape(pairs: Corpus) -> None:
    exchanges = lines_of(pairs)
    blocks = [blocks_of(each) for each in exchanges]
    assert 45_000 < pairs.truth.bytes / len(exchanges) < 55_000
    assert 28 < sum(map(len, blocks)) / len(exchanges) < 36
    assert 12 < len(exchanges) / len(by_session(exchanges)) < 18
    assert {len(listed(each, "request", "body", "tools")) for each in exchanges} == {14}
    assert 17_000 < len(b"".join(blocks[0][:15])) < 22_000


def test_nine_tenths_of_the_bytes_were_sent_before(pairs: Corpus) -> None:
    seen: set[bytes] = set()
    sent = new = 0
    for block in (block for each in lines_of(pairs) for block in blocks_of(each)):
        sent += len(block)
        new += 0 if block in seen else len(block)
        seen.add(block)
    assert 0.88 < 1 - new / sent < 0.94


def test_each_request_continues_the_last_one_of_its_session(pairs: Corpus) -> None:
    for steps in by_session(lines_of(pairs)).values():
        for earlier, later in pairwise(map(blocks_of, steps)):
            assert later[: len(earlier)] == earlier
            assert len(later) > len(earlier)


def test_reported_input_grows_with_the_new_messages_alone(pairs: Corpus) -> None:
    for steps in by_session(lines_of(pairs)).values():
        inputs = [sum(counts(at(each, "response", "body", "usage"))[:4]) for each in steps]
        sizes = [len(b"".join(blocks_of(each))) for each in steps]
        for (tokens, more_tokens), (size, more) in zip(pairwise(inputs), pairwise(sizes), strict=True):
            assert (more_tokens - tokens) * 3.7 == pytest.approx(more - size, rel=0.2, abs=200)


def test_half_of_the_sessions_move_their_marker_to_the_last_block(pairs: Corpus) -> None:
    moving = 0
    sessions = by_session(lines_of(pairs))
    for steps in sessions.values():
        messages = [listed(each, "request", "body", "messages") for each in steps]
        marked = [
            [place for place, each in enumerate(said) if '"cache_control"' in json.dumps(each)]
            for said in messages
        ]
        last = [[len(said) - 1] for said in messages]
        assert marked in (last, [[]] * len(steps))
        moving += marked == last
    assert moving == pytest.approx(len(sessions) / 2, abs=1)


def test_sessions_are_interleaved_on_one_clock(pairs: Corpus) -> None:
    exchanges = lines_of(pairs)
    moments = [at(each, "logged_at") for each in exchanges]
    assert moments == sorted(moments, key=str)
    tasks = [str(at(each, "request", "body", "messages", 0)) for each in exchanges[100:200]]
    assert len(set(tasks)) >= 8


def test_some_words_are_not_ascii(pairs: Corpus) -> None:
    words = "".join(path.read_text() for path in pairs.traces.iterdir()).split()
    assert 0.01 < sum(not word.isascii() for word in words) / len(words) < 0.06


def test_a_store_holds_what_makes_stores_hard(store: Corpus) -> None:
    answers: dict[str, list[JsonObject]] = defaultdict(list)
    for line in lines_of(store):
        if line["type"] == "assistant":
            answers[f"{line['sessionId']} {at(line, 'message', 'id')}"].append(line)
    grown = [
        [number(line, "message", "usage", "output_tokens") for line in lines] for lines in answers.values()
    ]
    assert all(counts == sorted(counts) for counts in grown)
    assert sum(len(counts) == 3 for counts in grown) > 0.8 * len(grown)
    assert len(grown) == int(store.truth.totals["steps"]) + store.truth.duplicates
    assert store.truth.duplicates > 0
    assert len(list(store.traces.glob("projects/*/*/subagents/agent-*.jsonl"))) == 3
    assert len(list(store.traces.rglob("*.jsonl"))) == store.truth.files == 11


def test_a_store_chains_its_entries(store: Corpus) -> None:
    for file in store.traces.rglob("*.jsonl"):
        entries = [json.loads(line) for line in file.read_bytes().splitlines()]
        for earlier, later in pairwise(entries):
            assert later["parentUuid"] == (None if later["type"] == "system" else earlier["uuid"])


def test_a_sub_agents_task_is_an_argument_of_its_parents_call(store: Corpus) -> None:
    called = {
        block["input"]["prompt"]
        for line in lines_of(store)
        if line["type"] == "assistant" and not line["isSidechain"]
        for block in listed(line, "message", "content")
        if isinstance(block, dict) and block.get("name") == "Task"
    }
    tasks = {
        json.loads(file.read_bytes().splitlines()[0])["message"]["content"]
        for file in store.traces.glob("projects/*/*/subagents/*.jsonl")
    }
    assert tasks == called


@pytest.mark.parametrize(
    "name",
    [
        *("full-context-0.002gb", "full-context-0.002gb.zst", "full-context-0.002gb.gz", "claude-code-12mb"),
        *("long-session-40", "growing-session-40", "small-files-20", "large-file-1mb"),
    ],
)
def test_a_corpus_is_the_same_each_time(name: str, tmp_path: Path) -> None:
    first, second = corpus(name, tmp_path / "first"), corpus(name, tmp_path / "second")
    files = [path.relative_to(first.traces) for path in first.traces.rglob("*") if path.is_file()]
    assert first.truth == second.truth
    assert len(files) == first.truth.files
    assert all((first.traces / path).read_bytes() == (second.traces / path).read_bytes() for path in files)


def test_compressed_corpora_hold_the_same_bytes(tmp_path: Path) -> None:
    name = "full-context-0.002gb"
    plain, zst, gz = (corpus(name + ending, tmp_path) for ending in ("", ".zst", ".gz"))
    (lines,), (packed,), (zipped,) = (list(made.traces.iterdir()) for made in (plain, zst, gz))
    with zstandard.open(packed, "rb") as unpacked:
        assert unpacked.read() == lines.read_bytes()
    assert gzip.decompress(zipped.read_bytes()) == lines.read_bytes()
    assert plain.truth == zst.truth == gz.truth


def test_a_long_session_is_one_session_with_compactions(folder: Path) -> None:
    made = corpus("long-session-400", folder)
    exchanges = lines_of(made)
    lengths = [len(blocks_of(each)) for each in exchanges]
    shrunk = sum(later < earlier for earlier, later in pairwise(lengths))
    assert len(by_session(exchanges)) == made.truth.totals["sessions"] == 1
    assert shrunk == 2
    assert (
        made.truth.differences(
            {**recount([at(each, "response", "body") for each in exchanges]), "sessions": 1}
        )
        == []
    )


def test_an_unfinished_build_is_not_taken_for_a_corpus(tmp_path: Path) -> None:
    unfinished = tmp_path / ".small-files-2-v1.partial" / "traces"
    unfinished.mkdir(parents=True)
    (unfinished / "left.jsonl").write_text("{}\n")
    made = corpus("small-files-2", tmp_path)
    assert made.truth.files == len(list(made.traces.rglob("*.jsonl"))) == 2


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no corpus is called 'full-context'"):
        writer("full-context")
