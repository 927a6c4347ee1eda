"""What was read and how: files, what could not be used, how tokens were counted, how sure estimates are."""

from farthing.analysis.profile import Profile
from farthing.report import parts, sentences
from farthing.report.web.page import (
    Section,
    folded,
    heading,
    name,
    number,
    paragraph,
    table,
    text,
    wide,
)
from farthing.report.words import count

_ROWS = 200


def reading(profile: Profile) -> Section:
    """Return what was read, by format and by file, and what was not, with the reason."""
    if not profile.sources:
        return Section("reading", "What was read", "What was read")
    lines = count(len(parts.skipped(profile)), "line")
    body = (
        _formats(profile),
        folded(f"{lines} about what could not be used", _skipped(profile)),
        folded("Files", _files(profile)),
        _remarks(profile),
    )
    return Section("reading", "What was read", "What was read", "".join(body))


def _formats(profile: Profile) -> str:
    head = [text("format"), number("files"), number("records"), number("calls"), number("copies dropped")]
    rows = [
        [
            text(found.format or "(not read)"),
            number(f"{found.files:,}"),
            number(f"{found.records:,}" if found.format else ""),
            number(f"{found.steps:,}" if found.format else ""),
            number(f"{found.duplicates:,}" if found.duplicates else ""),
        ]
        for found in parts.formats(profile)
    ]
    return table("", head, rows)


def _files(profile: Profile) -> str:
    head = [
        text("file"),
        wide(text("format")),
        number("calls"),
        wide(number("records")),
        wide(number("copies")),
    ]
    rows = [
        [
            name(source.path),
            wide(text(source.format)),
            number(f"{source.steps:,}"),
            wide(number(f"{source.records:,}")),
            wide(number(f"{source.duplicates:,}" if source.duplicates else "")),
        ]
        for source in profile.sources[:_ROWS]
    ]
    return table("", head, rows) + _more(len(profile.sources))


def _skipped(profile: Profile) -> str:
    rows = parts.skipped(profile)
    shown = [[name(row.where), text(row.reason)] for row in rows[:_ROWS]]
    return table("", [text("where"), text("why")], shown) + _more(len(rows))


def _more(number_of_rows: int) -> str:
    left = number_of_rows - _ROWS
    return paragraph(f"… and {left:,} more, in the JSON report.", "note") if left > 0 else ""


def _remarks(profile: Profile) -> str:
    told = [f"{rule}: {count(calls, 'call')}." for rule, calls in parts.rules(profile)]
    told += [f"{sentences.capital(note)}." for note in parts.notes(profile)]
    told += [f"Prices: {profile.prices}."] if profile.prices else []
    guessed = [
        f"{sentences.capital(sentences.error(row))}."
        for row in profile.estimates
        if parts.used_tokens(profile)
    ]
    return (
        heading("How tokens were counted and priced")
        + "".join(paragraph(sentences.capital(each)) for each in told)
        + (heading("Estimates") + "".join(paragraph(each) for each in guessed) if guessed else "")
    )
