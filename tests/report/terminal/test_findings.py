from msgspec.structs import replace

from farthing.report.terminal import findings
from farthing.report.terminal.layout import Sheet
from tests.report.profiles import NOTHING, ONE_SESSION, UNPRICED, UNRECORDED, USUAL


def test_breaks_by_cause_say_how_they_are_mended() -> None:
    lines = findings.breaks(USUAL, Sheet())
    assert lines[4:8] == [
        "  cause                        times  tokens paid again   cost",
        "  text that changes by itself     30               400k  $1.10",
        "      mend: move the changing value out of the system prompt, behind the last message, or leave it",
        "      out",
    ]


def test_the_dearest_breaks_quote_what_stands_there() -> None:
    lines = findings.breaks(USUAL, Sheet())
    at = lines.index("  the dearest                  tokens    cost  step  session")
    assert lines[at + 1 :] == [
        "  text that changes by itself   40.0k  $0.110     2  one",
        "      A date or time in it changes. From token 1,200 on, at the system prompt: “It is 12:04:31 on",
        "      Monday”",
        "  the traces do not show why    9.00k       –     9  two",
        "      Nothing visible changed in 3 s. From the first token on, at what is not recorded",
        "",
        "  No broken prefixes, though they look it: last exchange replaced 4 × (2.00k tokens).",
    ]


def test_where_nothing_broke_it_is_said_or_left_out() -> None:
    replaced = replace(USUAL, break_causes=USUAL.break_causes[2:], breaks=())
    assert findings.breaks(replaced, Sheet())[2].startswith("  No prefix broke")
    assert findings.breaks(NOTHING, Sheet()) == []


def test_breaks_without_a_price_have_no_column_for_it() -> None:
    assert "cost" not in " ".join(findings.breaks(UNPRICED, Sheet()))


def test_steps_that_look_mechanical_say_why() -> None:
    lines = findings.signatures(USUAL, Sheet())
    assert lines[3].split("  ")[1] == "a result of Read"
    assert lines[4] == "      looks mechanical: 97% are a call to Read alone, 40 tokens in the median"
    assert lines[-1] == "  120 calls of the strongest model look mechanical: $2.40 (24% of the bill)."
    assert findings.signatures(NOTHING, Sheet()) == []


def test_the_ten_dearest_sessions_and_how_they_ended() -> None:
    lines = findings.tail(USUAL, Sheet())
    assert len(lines) == 14
    assert lines[2] == "  The dearest 5% of the sessions have 40% of the cost."
    assert lines[4] == "  one      2026-03-01 10:00  12 min 34 s     20    12.3k  $2.50    25%  yes"
    assert findings.tail(ONE_SESSION, Sheet()) == []
    assert findings.tail(UNRECORDED, Sheet()) == []


def test_without_a_price_the_largest_sessions_come_first() -> None:
    lines = findings.tail(UNPRICED, Sheet())
    assert lines[1].startswith("The largest sessions")
    assert [line.split()[0] for line in lines[3:]] == ["large", "small"]


def test_loops() -> None:
    assert findings.loops(USUAL, Sheet())[4] == "  Bash    7 ×  3 to 19               $0.210  one"
    assert findings.loops(NOTHING, Sheet()) == []


def test_a_lever_carries_its_spend_its_mend_and_its_assumption() -> None:
    assert findings.levers(USUAL, Sheet(width=90))[4:9] == [
        "",
        "      $1.10   11%  order    text that changes by itself breaks the prefix: 400,000 tokens",
        "                            paid again",
        "                            mend: move the changing value out of the system prompt",
        "                            assumed: what was sent before could have been read again",
    ]
    assert findings.levers(NOTHING, Sheet()) == []


def test_an_assumption_is_not_repeated_but_always_there() -> None:
    twice = replace(USUAL, levers=(USUAL.levers[0], USUAL.levers[0], USUAL.levers[1]))
    assumed = [line.strip() for line in findings.levers(twice, Sheet()) if "assumed:" in line]
    assert assumed == [
        "assumed: what was sent before could have been read again",
        "assumed: the same as above",
        "assumed: a cheaper model answers alike",
    ]


def test_many_levers_are_cut() -> None:
    many = replace(USUAL, levers=USUAL.levers * 4)
    assert findings.levers(many, Sheet(top=5))[-1] == "  … and 3 more"
    assert sum("mend:" in line for line in findings.levers(many, Sheet(top=7))) == 8
