"""`farthing profile` as a user meets it: reports in three shapes, bad input in one clear line each."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.runs import farthing

EXAMPLES = Path(__file__).parents[2] / "examples/claude-code-sessions"
SESSION = EXAMPLES / "Users-dain-workspace-JSSoundRecorder/7acd37a8-2745-4b58-a8a9-46164b22ad9e.jsonl.gz"


def as_json(*arguments: str, home: Path, stdin: bytes = b"") -> Any:
    run = farthing("profile", *arguments, "--format", "json", home=home, stdin=stdin)
    assert run.code == 0, run.err
    return json.loads(run.out)


def call(number: int, **usage: object) -> str:
    """Return a raw exchange as a line."""
    counted = {"input_tokens": 10, "output_tokens": 2, **usage}
    request = {"model": "claude-opus-5", "messages": [{"role": "user", "content": "hi"}]}
    response = {"id": f"msg_{number}", "model": "claude-opus-5", "type": "message", "usage": counted}
    return json.dumps({"request": request, "response": {**response, "content": []}})


def skips(report: Any) -> str:
    return "\n".join(line["reason"] for source in report["sources"] for line in source["skipped"])


def test_the_example_costs_what_it_costs_and_the_report_follows_its_schema(tmp_path: Path) -> None:
    report = as_json(str(EXAMPLES), home=tmp_path)
    assert report["totals"]["cost_usd"] == "15.94957825"
    assert (report["totals"]["steps"], report["totals"]["sessions"]) == (484, 30)
    schema = json.loads(farthing("profile", "--json-schema", home=tmp_path).out)
    jsonschema.validate(report, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**report, "totals": {}}, schema)


def test_a_second_run_says_the_same_and_so_does_one_without_a_cache(tmp_path: Path) -> None:
    first = as_json(str(EXAMPLES), home=tmp_path)
    assert (tmp_path / "cache").exists()
    assert as_json(str(EXAMPLES), home=tmp_path) == first
    assert as_json(str(EXAMPLES), "--no-cache", home=tmp_path) == first


def test_the_text_report_fits_its_terminal(tmp_path: Path) -> None:
    for columns in ("100", "80"):
        run = farthing("profile", str(EXAMPLES), home=tmp_path, COLUMNS=columns)
        assert run.code == 0, run.err
        assert "$15.95" in run.out
        assert max(map(len, run.out.splitlines())) <= int(columns)
        assert "\x1b" not in run.out


def test_a_page_is_written_whole_and_one_session_is_shown_step_by_step(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    run = farthing("profile", str(EXAMPLES), "--format", "html", "-o", str(page), home=tmp_path)
    assert run.code == 0, run.err
    assert page.read_text().startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".report")] == []
    session = "7acd37a8-2745-4b58-a8a9-46164b22ad9e"
    run = farthing("profile", str(EXAMPLES), "--session", session, home=tmp_path)
    assert run.code == 0, run.err
    assert "36" in run.out


def test_standard_input_is_a_source_like_any_other(tmp_path: Path) -> None:
    content = gzip.decompress(SESSION.read_bytes())
    from_file = as_json(str(SESSION), home=tmp_path)["totals"]
    assert as_json("-", home=tmp_path, stdin=content)["totals"] == from_file


def test_no_content_leaves_out_every_word(tmp_path: Path) -> None:
    report = as_json(str(EXAMPLES), "--no-content", home=tmp_path)
    excerpts = [row["excerpt"] for row in [*report["breaks"], *report["blocks"]]]
    assert set(excerpts) <= {""}


def test_the_bill_is_projected_and_split_as_asked(tmp_path: Path) -> None:
    report = as_json(
        str(EXAMPLES), "--sessions-per-day", "1000", "--by", "model", "--by", "agent", home=tmp_path
    )
    projection = report["projection"]
    assert float(projection["per_day_usd"]) == pytest.approx(15.94957825 / 30 * 1000, rel=1e-6)
    assert float(projection["low_usd"]) < float(projection["per_day_usd"]) < float(projection["high_usd"])
    assert {row["dimension"] for row in report["groups"]} == {"model", "agent"}


def test_outcomes_give_the_cost_of_a_success(tmp_path: Path) -> None:
    sessions = [row["id"] for row in as_json(str(EXAMPLES), home=tmp_path)["sessions"]]
    outcomes = tmp_path / "outcomes.csv"
    outcomes.write_text(
        "session,success\n" + "".join(f"{id_},{n % 2 == 0}\n" for n, id_ in enumerate(sessions))
    )
    found = as_json(str(EXAMPLES), "--outcomes", str(outcomes), home=tmp_path)["per_session"]
    assert (found["outcomes"], found["successes"]) == (30, 15)
    assert float(found["per_success_usd"]) == pytest.approx(15.94957825 / 15)
    outcomes.write_text("session,success\nx,perhaps\n")
    run = farthing("profile", str(EXAMPLES), "--outcomes", str(outcomes), home=tmp_path)
    assert run.code == 2
    assert "line 2" in run.err


def test_own_prices_price_what_has_none(tmp_path: Path) -> None:
    traces = tmp_path / "calls.jsonl"
    traces.write_text(call(1).replace("claude-opus-5", "our-own-model"))
    totals = as_json(str(traces), home=tmp_path)["totals"]
    assert (totals["unpriced_steps"], totals["cost_usd"]) == (1, "0")
    assert totals["at_least"]
    prices = tmp_path / "prices.toml"
    prices.write_text('[[price]]\nmodel = "our-own-model"\ninput = "10"\noutput = "80"\n')
    totals = as_json(str(traces), "--prices", str(prices), home=tmp_path)["totals"]
    assert (totals["unpriced_steps"], totals["cost_usd"]) == (0, "0.00026")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 40, "binary content"),
        ("{'a': 1}\n".encode("utf-16"), "UTF-16"),
        (b"words, and no trace\n", "not a trace"),
    ],
)
def test_what_is_no_trace_costs_one_line_and_the_rest_is_read(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    folder = tmp_path / "traces"
    folder.mkdir()
    (folder / "good.jsonl").write_text(call(1))
    (folder / "odd.jsonl").write_bytes(content)
    report = as_json(str(folder), home=tmp_path)
    assert report["totals"]["steps"] == 1
    assert reason.lower() in skips(report).lower()
    assert farthing("profile", str(folder), "--strict", home=tmp_path).code == 2


def test_damaged_lines_are_named_and_the_others_count(tmp_path: Path) -> None:
    traces = tmp_path / "calls.jsonl"
    lines = [call(1), '{"request": {"model": "cl', call(2), call(3, input_tokens=-5), call(4)]
    traces.write_text("\n".join(lines))
    report = as_json(str(traces), home=tmp_path)
    assert report["totals"]["steps"] == 3
    assert len(report["sources"][0]["skipped"]) == 2


def test_a_truncated_compressed_file_gives_what_can_be_read(tmp_path: Path) -> None:
    traces = tmp_path / "calls.jsonl.gz"
    packed = gzip.compress("\n".join(call(number) for number in range(2_000)).encode(), mtime=0)
    traces.write_bytes(packed[: len(packed) * 3 // 4])
    report = as_json(str(traces), home=tmp_path)
    assert 0 < report["totals"]["steps"] < 2_000
    assert report["sources"][0]["notes"] or report["sources"][0]["skipped"]


def test_loops_of_links_and_unreadable_files_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "traces"
    folder.mkdir()
    (folder / "good.jsonl").write_text(call(1))
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere").symlink_to(tmp_path / "missing")
    report = as_json(str(folder), home=tmp_path)
    assert report["totals"]["steps"] == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    traces = tmp_path / "calls.jsonl"
    traces.write_text(call(1))
    traces.chmod(0)
    assert "permission" in skips(as_json(str(tmp_path), home=tmp_path)).lower()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["/no/such/place"], "/no/such/place"),
        ([], "no path was given"),
        ([str(SESSION), "--session", "nobody"], "no session 'nobody'"),
        ([str(SESSION), "-o", "/no/such/place/report.txt"], "cannot be written"),
        ([str(SESSION), "--prices", "/no/such/prices.toml"], "cannot be read"),
        ([str(SESSION), "--sessions-per-day", "0"], "sessions-per-day"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_2(tmp_path: Path, arguments: list[str], says: str) -> None:
    run = farthing("profile", *arguments, home=tmp_path)
    assert run.code == 2
    assert says in run.err
    assert "Traceback" not in run.err


def test_an_empty_folder_says_that_there_is_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "traces"
    folder.mkdir()
    run = farthing("profile", str(folder), home=tmp_path)
    assert run.code in (0, 2)
    assert "no " in (run.out + run.err).lower()


def test_without_a_path_the_local_agents_sessions_are_found(tmp_path: Path) -> None:
    store = tmp_path / ".claude/projects/p"
    store.mkdir(parents=True)
    (store / "7acd37a8-2745-4b58-a8a9-46164b22ad9e.jsonl").write_bytes(gzip.decompress(SESSION.read_bytes()))
    assert as_json(home=tmp_path)["totals"]["steps"] == 36


def test_import_and_profile_give_the_same_numbers(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    tables = tmp_path / "tables"
    run = farthing("import", str(EXAMPLES), "-o", str(tables), home=tmp_path)
    assert run.code == 0, run.err
    assert as_json(str(tables), home=tmp_path)["totals"] == as_json(str(EXAMPLES), home=tmp_path)["totals"]
    assert farthing("import", str(EXAMPLES), "-o", str(tables), home=tmp_path).code == 2
