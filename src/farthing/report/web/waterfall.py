"""One session as pictures: what each call paid for, what it sent, and where a prefix broke."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

from farthing.analysis.profile import BreakRow
from farthing.analysis.waterfall import WaterfallStep
from farthing.money import show_usd, to_decimal
from farthing.report import sentences
from farthing.report.steps import Told, told
from farthing.report.web.charts import Axis, Layer, columns
from farthing.report.web.page import (
    Cell,
    Section,
    figure,
    folded,
    key,
    number,
    paragraph,
    table,
    text,
    wide,
    with_note,
)
from farthing.report.words import cause, count, kind, round_tokens, span_of_time, tokens, usd_like
from farthing.segment import SegmentKind

_COLUMNS_MOST = 160  # of more steps, neighbours share a column
_ROWS_MOST = 1_000

# What nobody recorded mostly stands in front of the tools.
_FRONT_TO_BACK = sorted(SegmentKind, key=lambda each: each is not SegmentKind.REMAINDER)

Bin = Sequence[int]


def waterfall(name: str, steps: Sequence[WaterfallStep], breaks: Sequence[BreakRow]) -> Section:
    """Return a session's calls one by one; empty without any. `breaks` are those of this session."""
    if not steps:
        return Section("session", "One session", "One session")
    shown = told(steps, breaks)
    bins = _bins(len(shown))
    flags = [
        (place, f"step {row.step:,}: {cause(row.cause)}, {tokens(row.lost_tokens)} tokens paid again")
        for place, steps_of in enumerate(bins)
        for at in steps_of
        for row in shown[at].breaks
    ]
    body = (
        paragraph(_lead(name, shown)),
        _costs(shown, bins, flags),
        _contexts(steps, bins, flags),
        folded("The calls", _table(shown)),
    )
    return Section("session", "One session", "One session, call by call", "".join(body))


def _lead(name: str, shown: Sequence[Told]) -> str:
    whole = sum(step.cost_picousd for step in shown)
    cost = f", {show_usd(whole)}" if whole else ""
    told = f"{name}: {count(len(shown), 'call')}{cost}." if name else f"{count(len(shown), 'call')}{cost}."
    return f"{told} A flag marks a call that did not read what had been cached."


def _bins(steps: int) -> list[Bin]:
    size = ceil(steps / _COLUMNS_MOST)
    return [range(first, min(first + size, steps)) for first in range(0, steps, size)]


def _crowded(bins: Sequence[Bin]) -> str:
    return f", {len(bins[0])} calls a column" if len(bins[0]) > 1 else ""


def _numbers(bins: Sequence[Bin]) -> list[str]:
    return [f"{each[0] + 1:,}" if len(each) == 1 else f"{each[0] + 1:,} to {each[-1] + 1:,}" for each in bins]


def _costs(shown: Sequence[Told], bins: Sequence[Bin], flags: Sequence[tuple[int, str]]) -> str:
    """Return what each call paid for, by price class; in tokens where nothing has a price."""
    is_priced = any(step.cost_picousd for step in shown)
    bills = [step.picousd if is_priced else step.tokens for step in shown]
    found = (
        ("read", "read from the cache", [bill.read for bill in bills]),
        ("written", "written to the cache", [bill.written for bill in bills]),
        ("plain", "input at the plain price", [bill.plain for bill in bills]),
        ("out", "output", [bill.output for bill in bills]),
        ("other", "other models' lines", [bill.other for bill in bills]),
    )
    layers = [
        Layer(name, style, [float(sum(values[at] for at in each)) for each in bins])
        for style, name, values in found
        if any(values)
    ]
    sums = [to_decimal(sum(shown[at].cost_picousd for at in each)) for each in bins]
    money = usd_like(sums, figures=2)
    axis = Axis("cost", lambda value: money(to_decimal(round(value))), lambda value: show_usd(round(value)))
    title = f"What each call paid for{_crowded(bins)}"
    chart = columns(
        title,
        layers,
        numbers=_numbers(bins),
        x=_STEPS,
        y=axis if is_priced else _TOKENS,
        marked=flags,
    )
    return figure(chart, f"{title}, in {'dollars' if is_priced else 'tokens'}", _key(layers, flags))


_TOKENS = Axis("tokens", round_tokens, lambda value: tokens(round(value)))
_STEPS = Axis("step", str, str)


def _contexts(steps: Sequence[WaterfallStep], bins: Sequence[Bin], flags: Sequence[tuple[int, str]]) -> str:
    """Return what each call sent, by kind of content; of calls that share a column, the last."""
    sums = [_by_kind(steps[each[-1]]) for each in bins]
    layers = [
        Layer(kind(each.value), each.value, [float(found[each]) for found in sums])
        for each in _FRONT_TO_BACK
        if any(found[each] for found in sums)
    ]
    title = f"What each call sent{_crowded(bins)}"
    chart = columns(title, layers, numbers=_numbers(bins), x=_STEPS, y=_TOKENS, marked=flags)
    return figure(chart, f"{title}, in tokens by kind of content", _key(layers, flags))


def _by_kind(step: WaterfallStep) -> Counter[SegmentKind]:
    found: Counter[SegmentKind] = Counter()
    for share in step.input:
        found[share.kind] += share.tokens
    return found


def _key(layers: Sequence[Layer], flags: Sequence[tuple[int, str]]) -> str:
    entries = [(layer.style, layer.name) for layer in layers]
    return key([*entries, *([("flag", "prefix broken")] if flags else [])])


def _table(shown: Sequence[Told]) -> str:
    money = usd_like(to_decimal(step.cost_picousd) for step in shown)
    head = [number("step"), wide(text("agent")), wide(number("pause")), number("context"), number("read")]
    head += [
        wide(number("written")),
        wide(number("plain")),
        number("output"),
        number("cost"),
        text("what was new"),
    ]
    rows = [
        [
            number(f"{step.step:,}"),
            wide(text(step.agent)),
            wide(number(span_of_time(step.waited_s) if step.waited_s and step.waited_s >= 1 else "")),
            number(tokens(step.tokens.input)),
            number(tokens(step.tokens.read)),
            wide(number(tokens(step.tokens.written))),
            wide(number(tokens(step.tokens.plain))),
            number(tokens(step.tokens.output)),
            number(
                "no price"
                if step.unpriced and not step.cost_picousd
                else money(to_decimal(step.cost_picousd))
            ),
            _news(step),
        ]
        for step in shown[:_ROWS_MOST]
    ]
    left = len(shown) - _ROWS_MOST
    more = paragraph(f"… and {left:,} more; the terminal report lists all.", "note") if left > 0 else ""
    return table("", head, rows) + more


def _news(step: Told) -> Cell:
    broken = " ".join(
        f"{sentences.capital(cause(row.cause))}. {sentences.broken(row)}" for row in step.breaks
    )
    return with_note(text(step.news), broken)
