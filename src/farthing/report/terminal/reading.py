"""What was read and how: files, what could not be used, how tokens were counted, how sure estimates are."""

from collections.abc import Iterator, Sequence

from farthing.analysis.profile import Profile
from farthing.report import parts, sentences
from farthing.report.terminal.layout import (
    Column,
    Row,
    Sheet,
    cut,
    entries,
    heading,
    table,
    wrapped,
)
from farthing.report.verdict import has_cost
from farthing.report.width import cells
from farthing.report.words import clean, count

_SKIPPED_MOST = 5
_NAME_MOST = 48


def reading(profile: Profile, sheet: Sheet) -> list[str]:
    """Return what was read, by format, and what was not, with the reason."""
    if not profile.sources:
        return []
    rows = [
        Row(
            (
                found.format or "(not read)",
                f"{found.files:,}",
                f"{found.records:,}" if found.format else "",
                f"{found.steps:,}" if found.format else "",
                f"{found.duplicates:,}" if found.duplicates else "",
                f"{found.skipped:,}" if found.skipped else "",
            )
        )
        for found in parts.formats(profile)
    ]
    columns = (
        Column("format", gives=True, least=16),
        Column("files", right=True),
        Column("records", right=True),
        Column("calls", right=True),
        Column("copies dropped", right=True),
        Column("skipped", right=True),
    )
    return [
        *heading("What was read", sheet),
        *table(columns, rows, sheet),
        *_skipped(profile, sheet),
        *entries(_remarks(profile), sheet),
    ]


def _skipped(profile: Profile, sheet: Sheet) -> list[str]:
    rows = [Row((row.where,), note=row.reason) for row in parts.skipped(profile)]
    if not rows:
        return []
    return [
        "",
        *table([Column("could not be used", gives=True)], cut(rows, _SKIPPED_MOST), sheet),
        "",
    ]


def _remarks(profile: Profile) -> Iterator[tuple[str, str]]:
    for rule, calls in parts.rules(profile):
        yield "counted", f"{rule}: {count(calls, 'call')}"
    for note in parts.notes(profile):
        yield "note", note
    yield "prices", profile.prices
    for row in profile.estimates if parts.used_tokens(profile) else ():
        yield "estimates", sentences.error(row)


def onwards(profile: Profile, command: str, sheet: Sheet) -> list[str]:
    """Return what to call next; `command` is what was called now."""
    command = clean(command)
    if not profile.totals.steps:
        return [*heading("How to go on", sheet), *_commands(_WITHOUT_TRACES, sheet)]
    shown = [
        (f"{command} --format html -o report.html", "the same with charts, in one file"),
        (f"{command} --session {_name(profile)}", "one session, step by step"),
        (f"{command} --by agent", "by agent, model, provider, tier or any label of the traces"),
        (f"{command} --top 30", "longer lists"),
    ]
    if has_cost(profile) and profile.projection.basis != "asked":
        shown.append((f"{command} --sessions-per-day 200", "the bill in production"))
    return [*heading("How to go on", sheet), *_commands(shown, sheet)]


def _name(profile: Profile) -> str:
    """Return the dearest session's id for a shell, or a place-holder where it is too long to be typed."""
    name = next((session.id for session in parts.sessions(profile)), "")
    is_handy = name == clean(name) and " " not in name and 0 < len(name) <= _NAME_MOST
    return _quoted(name) if is_handy else "ID"


_WITHOUT_TRACES = (
    ("farthing profile PATH", "a directory of traces, or one file"),
    ("farthing profile --help", "the formats and options"),
)


def _commands(shown: Sequence[tuple[str, str]], sheet: Sheet) -> list[str]:
    """Return commands with what each is for; beside each other where both fit on a line."""
    room = max(cells(command) for command, _ in shown)
    if room + max(cells(what) for _, what in shown) + 6 <= sheet.width:
        return [
            f"  {command}{' ' * (room - cells(command))}  {sheet.paint.soft(what)}" for command, what in shown
        ]
    lines: list[str] = []
    for command, what in shown:
        broken = wrapped(command, sheet.width - 2, first="  ", indent="      ")
        lines += [sheet.paint.soft(f"  # {what}"), *_continued(broken)]
    return lines


def _continued(lines: Sequence[str]) -> list[str]:
    """Return the lines of one command as a shell reads them."""
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


def _quoted(word: str) -> str:
    """Return a word as a shell takes it."""
    plain = word.replace("-", "").replace("_", "").replace(".", "").replace("/", "").replace(":", "")
    return word if plain.isalnum() and plain.isascii() else "'" + word.replace("'", "'\\''") + "'"
