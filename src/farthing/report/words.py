"""How figures and names are written in every report: short, plain, and the same everywhere.

It is also the border that text from a trace crosses on its way to a screen: `clean` lets nothing
through that could move a cursor, change a colour or turn the direction of reading.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from farthing.money import PICOUSD_PER_USD, show_usd

Amount = Decimal | str  # dollars as the profile has them, or a sum of such
Money = Callable[[Amount | None], str]

NOTHING = "–"
_UNITS = ((1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G"), (1_000_000_000_000, "T"))
_TIMES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_ROUGH_FIGURES = 3

_KINDS: Mapping[str, str] = {
    "tools": "tool schemas",
    "system": "system prompt",
    "task": "first message",
    "user": "user messages",
    "assistant": "earlier answers",
    "reasoning": "earlier thinking",
    "tool_call": "earlier tool calls",
    "tool_result": "tool results",
    "media": "images and files",
    "summary": "summaries",
    "remainder": "unrecorded",
    "output": "new output",
}
_OUTPUTS: Mapping[str, str] = {
    "assistant": "text",
    "reasoning": "thinking",
    "tool_call": "tool calls",
    "remainder": "unrecorded",
    "output": "unrecorded",
}
_PARTS_OF: Mapping[str, str] = {
    "tools": "schema of",
    "tool_call": "calls of",
    "tool_result": "results of",
}
_PIECES_OF: Mapping[str, str] = {
    "tools": "the schema of",
    "tool_call": "a call of",
    "tool_result": "a result of",
}
_PIECES: Mapping[str, str] = {
    "system": "the system prompt",
    "task": "the first message",
    "user": "a user message",
    "assistant": "an answer",
    "reasoning": "some thinking",
    "tool_call": "a tool call",
    "tool_result": "a tool result",
    "media": "an image or file",
    "summary": "a summary",
}
_SHORT: Mapping[str, str] = {
    "tools": "schema",
    "user": "user message",
    "assistant": "answer",
    "reasoning": "thinking",
    "tool_call": "call",
    "tool_result": "result",
    "summary": "summary",
}
_CAUSES: Mapping[str, str] = {
    "volatile_text": "text that changes by itself",
    "system_changed": "system prompt changed",
    "tools_reordered": "tools in another order",
    "tools_changed": "list of tools changed",
    "history_edited": "history edited",
    "compaction": "history summarised",
    "parameters_changed": "a parameter changed",
    "model_changed": "another model",
    "idle_gap": "paused longer than the cache lives",
    "below_minimum": "too short to be cached",
    "evicted": "lost by the provider",
    "unknown": "the traces do not show why",
    "retried": "last exchange replaced",
    "branched": "went back to an earlier point",
    "parallel": "sent in parallel",
    "out_of_reach": "markers too far apart",
}
_DERIVED = "derived: "
_UNNAMED = ("", "not recorded")


def usd(amount: Amount | None) -> str:
    """Return dollars for people; a dash where nothing is known."""
    return NOTHING if amount is None else show_usd(int(Decimal(amount) * PICOUSD_PER_USD))


def usd_like(amounts: Iterable[Amount | None], *, figures: int = 3) -> Money:
    """Return how the amounts of one column are written: alike, the largest with so many figures or more.

    What is not nothing never looks so: an amount too small for the column is written "<$0.01".
    """
    known = (Decimal(each) for each in amounts if each is not None)
    most = max(known, default=Decimal(0)) or Decimal(1)
    digits = max(2, figures - 1 - most.adjusted())
    least = Decimal(1).scaleb(-digits)

    def shown(amount: Amount | None) -> str:
        if amount is None:
            return NOTHING
        exact = Decimal(amount)
        if not exact:
            return "$0"
        return f"<${least:f}" if 0 < exact < least / 2 else f"${exact:,.{digits}f}"

    return shown


def rough_usd(amount: Amount | None) -> str:
    """Return dollars with three figures at most, as befits what is only estimated."""
    exact = Decimal(amount or 0)
    if amount is None or abs(exact) < 100:
        return usd(amount)
    place = Decimal(1).scaleb(exact.adjusted() - _ROUGH_FIGURES + 1)
    return f"${exact.quantize(place):,f}" if place > 1 else f"${exact:,.0f}"


def tokens(count: int) -> str:
    """Return a count with three figures at most: 842, 1.25k, 12.3M."""
    if abs(count) < 1_000:
        return str(count)
    unit, letter = next(((unit, letter) for unit, letter in _UNITS if abs(count) < unit * 999.5), _UNITS[-1])
    amount = count / unit
    digits = 2 if abs(amount) < 9.995 else 1 if abs(amount) < 99.95 else 0
    return f"{amount:.{digits}f}{letter}"


def round_tokens(number: float) -> str:
    """Return a round count, as it stands on an axis: 500, 50k, 1.5M."""
    unit, letter = next(((unit, letter) for unit, letter in reversed(_UNITS) if number >= unit), (1, ""))
    return f"{number / unit:g}{letter}"


def percent(share: float | None) -> str:
    """Return a part of one as a whole percentage; what is neither nothing nor all never looks so."""
    if share is None:
        return NOTHING
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"


def count(number: int, thing: str, things: str = "") -> str:
    """Return a number with its noun: "1 call", "1,204 calls"."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def times(factor: float) -> str:
    """Return "3.1 ×", "24 ×"."""
    return f"{factor:.1f} ×" if factor < 9.95 else f"{factor:,.0f} ×"


def span_of_time(seconds: float) -> str:
    """Return a time in its two largest units: "40 s", "3 min 5 s", "2 h 5 min", "3 d 4 h"."""
    left, said = round(seconds), list[str]()
    for size, unit in _TIMES:
        number, left = divmod(left, size)
        if number:
            said.append(f"{number} {unit}")
        elif said:
            break
    return " ".join(said[:2]) or "0 s"


def day(moment: str) -> str:
    """Return the day of an ISO 8601 instant: "3 March 2026"; "" of ""."""
    if not moment:
        return ""
    at = datetime.fromisoformat(moment).astimezone(UTC)
    return f"{at.day} {at:%B %Y}"


def kind(name: str) -> str:
    """Return what a kind of input is called."""
    return _KINDS.get(name, name)


def output(form: str) -> str:
    """Return what a form of output is called."""
    return _OUTPUTS.get(form, form)


def part(kind_name: str, name: str) -> str:
    """Return what a part of a context is called: "results of Read", "system prompt"."""
    if kind_name == "remainder":
        return unrecorded(name)
    return f"{_PARTS_OF[kind_name]} {name}" if name and kind_name in _PARTS_OF else kind(kind_name)


def piece(kind_name: str, name: str) -> str:
    """Return what a single block is called: "a result of Read", "the system prompt"."""
    if kind_name == "remainder" and name in _UNNAMED:
        return "what is not recorded"
    if name and kind_name in _PIECES_OF:
        return f"{_PIECES_OF[kind_name]} {name}"
    return _PIECES.get(kind_name) or part(kind_name, name)


def short(kind_name: str, name: str) -> str:
    """Return what a block is called where room is short: "Read result", "answer"."""
    if kind_name == "remainder":
        return unrecorded(name).removesuffix(" (unrecorded)")
    if name and kind_name in _PARTS_OF:
        return f"{name} {_SHORT[kind_name]}"
    return _SHORT.get(kind_name) or kind(kind_name)


def unrecorded(name: str) -> str:
    """Return what input that the source does not show is called: "system prompt and tools (unrecorded)"."""
    if name.startswith(_DERIVED):
        return f"{name.removeprefix(_DERIVED)} (unrecorded)"
    return "unrecorded" if name in _UNNAMED else name


def cause(name: str) -> str:
    """Return why a prefix broke, in words."""
    return _CAUSES.get(name, name)


def clean(text: str) -> str:
    """Return text on one line, with a mark in the place of each character that is not for reading."""
    if text.isascii() and text.isprintable():
        return text
    shown = (each if each.isprintable() else " " if each.isspace() else "�" for each in text)
    return "".join(shown)
