from msgspec.structs import replace

from farthing.analysis.profile import Projection
from farthing.report.terminal.layout import Sheet
from farthing.report.terminal.reading import onwards, reading
from tests.report.profiles import NOTHING, UNRECORDED, USUAL, session


def test_what_was_read_and_what_was_not() -> None:
    assert reading(USUAL, Sheet())[2:] == [
        "  format       files  records  calls  copies dropped  skipped",
        "  claude-code      2    1,000    480              12",
        "  (not read)       1                                        1",
        "",
        "  could not be used",
        "  traces/notes.bin",
        "      a binary file; leave it out",
        "",
        "  counted    input counts leave cached tokens out (Anthropic): 400 calls",
        "  note       the system prompt is not recorded",
        "  prices     installed prices of 2026-03-01",
        "  estimates  what new blocks count: half are within 5%, 9 in 10 within 21%, measured on 300 with a",
        "             known count",
        "  estimates  what an answer without a final count counts: estimated; how well could not be measured",
        "             on these traces",
    ]
    assert reading(NOTHING, Sheet()) == []


def test_estimates_of_nothing_are_not_spoken_of() -> None:
    assert not any("estimates" in line for line in reading(UNRECORDED, Sheet()))


def test_commands_that_go_on() -> None:
    lines = onwards(replace(USUAL, projection=Projection()), "farthing profile traces", Sheet())
    assert lines[2:6] == [
        "  # the same with charts, in one file",
        "  farthing profile traces --format html -o report.html",
        "  # one session, step by step",
        "  farthing profile traces --session one",
    ]
    assert lines[-1] == "  farthing profile traces --sessions-per-day 200"


def test_a_long_command_is_broken_as_a_shell_reads_it() -> None:
    lines = onwards(USUAL, f"farthing profile {'long/' * 12}traces", Sheet(width=72))
    assert f"  farthing profile {'long/' * 12}traces \\" not in lines
    assert [line for line in lines if line.endswith(" \\")]
    assert max(map(len, lines)) <= 72


def test_an_id_that_cannot_be_typed_is_left_to_the_reader() -> None:
    def asked_for(name: str) -> str:
        lines = onwards(replace(USUAL, sessions=(session(name, "1"),)), "farthing profile", Sheet())
        return next(line.partition("--session ")[2] for line in lines if "--session " in line)

    assert asked_for("7/488e1d50-ca02") == "7/488e1d50-ca02"
    assert asked_for("[mms]a|b") == "'[mms]a|b'"
    assert asked_for("it's") == "'it'\\''s'"
    assert [asked_for("two words"), asked_for("x" * 60), asked_for("\x1b[2J")] == ["ID", "ID", "ID"]


def test_without_calls_it_says_what_to_point_at() -> None:
    assert onwards(NOTHING, "farthing profile", Sheet())[2] == (
        "  farthing profile PATH    a directory of traces, or one file"
    )
