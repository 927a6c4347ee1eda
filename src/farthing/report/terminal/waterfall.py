"""One session in full: each call with what it sent at which price, what was new, and where a prefix broke."""

from collections.abc import Iterator, Sequence

from farthing.money import show_usd, to_decimal
from farthing.report import sentences
from farthing.report.steps import Told
from farthing.report.terminal.layout import Column, Row, Sheet, heading, paragraph, table, wrapped
from farthing.report.words import Money, cause, count, span_of_time, tokens, usd_like

_BAR = 12
_A_PAUSE_S = 1.0


def opening(name: str, steps: Sequence[Told], sheet: Sheet) -> list[str]:
    """Return what the session cost, and how to read what follows."""
    whole = sum(step.cost_picousd for step in steps)
    agents = len({step.agent for step in steps} - {""})
    told = f"{count(len(steps), 'call')}, {show_usd(whole)}"
    told += f", {count(agents, 'sub-agent')}" if agents else ""
    longest = max((step.tokens.input for step in steps), default=0)
    told += f"; the longest context has {tokens(longest)} tokens."
    legend = "In the bars ░ was read from the cache and █ was not."
    title = f"Session {name}: " if name else "Session: "
    first = [sheet.paint.strong(line) for line in wrapped(f"{title}{told}", sheet.width)]
    return [*first, *paragraph(legend, sheet, indent="")]


def steps(shown: Sequence[Told], sheet: Sheet) -> list[str]:
    """Return the steps as a table, each break below its step."""
    most = max((step.tokens.input for step in shown), default=0)
    money = usd_like(to_decimal(step.cost_picousd) for step in shown)
    models = {step.model for step in shown}
    rows = [_row(step, most, money, is_named=len(models) > 1) for step in shown]
    columns = (
        Column("step", right=True),
        Column("agent", gives=True, least=8),
        Column("model", gives=True, least=8, spare=True),
        Column("pause", right=True, spare=True),
        Column("context", right=True),
        Column("", mark=sheet.paint.bar),
        Column("read", right=True, spare=True),
        Column("written", right=True),
        Column("plain", right=True),
        Column("output", right=True),
        Column("cost", right=True),
        Column("what was new", gives=True, least=16, is_text=True),
    )
    return [*heading("Step by step, in tokens", sheet), *table(columns, rows, sheet)]


def _row(step: Told, most: int, money: Money, *, is_named: bool) -> Row:
    sent = step.tokens
    cells = (
        f"{step.step:,}",
        step.agent,
        step.model if is_named else "",
        span_of_time(step.waited_s) if step.waited_s and step.waited_s >= _A_PAUSE_S else "",
        tokens(sent.input),
        _context(sent.read, sent.input, most),
        *(tokens(number) if number else "" for number in (sent.read, sent.written, sent.plain)),
        tokens(sent.output),
        "no price" if step.unpriced and not step.cost_picousd else money(to_decimal(step.cost_picousd)),
        step.news,
    )
    return Row(cells, note=" ".join(_remarks(step)))


def _remarks(step: Told) -> Iterator[str]:
    for row in step.breaks:
        lost = f"{tokens(row.lost_tokens)} tokens paid again"
        yield f"! {cause(row.cause)}, {lost}. {sentences.broken(row)}"
    if step.unpriced:
        yield f"! {step.unpriced}"


def _context(read: int, whole: int, most: int) -> str:
    """Return a bar as long as the context, the part that was read from the cache in a lighter shade."""
    if not most:
        return ""
    length = max(round(whole / most * _BAR), 1)
    light = min(round(read / most * _BAR), length)
    return "░" * light + "█" * (length - light)
