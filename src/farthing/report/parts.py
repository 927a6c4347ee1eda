"""Rows of the profile as people look at them: the kinds of a context, the formats that were read.

The profile's tables are fine, for programs; here their rows stand together under one name each, for
the terminal and for the page alike. Only sums of what stands in the profile are made.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from farthing.analysis.profile import Profile, SegmentRow, SessionLine, SkippedRow, TokenRow
from farthing.report import words


class Billed(NamedTuple):
    """Tokens by what they were billed as, all times to live of a cache together."""

    read: int
    written: int
    plain: int
    out: int


class Kind(NamedTuple):
    """A kind of content over all calls. `share` is of the cost, or of the tokens where nothing has a price.

    `style` is its name among colours.
    """

    label: str
    style: str
    share: float | None
    cost_usd: Decimal
    new_tokens: int
    resent_tokens: int
    billed: Billed

    @property
    def cached_share(self) -> float | None:
        """How much of its input was read from the cache; None if there is no input."""
        whole = self.billed.read + self.billed.written + self.billed.plain
        return self.billed.read / whole if whole else None


class FormatRead(NamedTuple):
    """What all files of one format gave together."""

    format: str
    files: int
    records: int
    steps: int
    duplicates: int
    skipped: int


def kinds(profile: Profile) -> list[Kind]:
    """Return the kinds of content, the dearest first."""
    whole_usd = sum((Decimal(row.cost_usd) for row in profile.segments), Decimal(0))
    whole_tokens = sum(all_tokens(row) for row in profile.segments)
    grouped: defaultdict[tuple[str, str], list[SegmentRow]] = defaultdict(list)
    for row in profile.segments:
        grouped[label(row), style(row)].append(row)
    found = [_kind(*key, rows, whole_usd, whole_tokens) for key, rows in grouped.items()]
    return sorted(found, key=lambda kind: (-kind.cost_usd, -kind.new_tokens - kind.resent_tokens, kind.label))


def all_tokens(row: SegmentRow) -> int:
    """Return the tokens of a part over all calls."""
    return row.new_tokens + row.resent_tokens


def input_tokens(row: TokenRow) -> int:
    """Return the tokens that went in, whatever they were billed as."""
    return row.uncached_input_tokens + row.cache_read_input_tokens + written_tokens(row)


def written_tokens(row: TokenRow) -> int:
    """Return the tokens that were written to a cache."""
    return (
        row.cache_creation_5m_input_tokens
        + row.cache_creation_1h_input_tokens
        + row.cache_creation_other_input_tokens
    )


def label(row: SegmentRow) -> str:
    """Return the name under which a part stands."""
    if row.kind == "output":
        return f"output: {words.output(row.form)}"
    return words.part(row.kind, row.name if row.kind == "remainder" else "")


def style(row: SegmentRow) -> str:
    """Return the kind whose colour a part has."""
    return row.kind


def used_tokens(profile: Profile) -> int:
    """Return all tokens that were counted; 0 where no usage is recorded."""
    return input_tokens(profile.totals) + profile.totals.output_tokens


def sessions(profile: Profile) -> list[SessionLine]:
    """Return the sessions, dearest first; where nothing has a price, those with most tokens first."""
    if Decimal(profile.totals.cost_usd):
        return list(profile.sessions)
    return sorted(profile.sessions, key=lambda row: (-row.input_tokens - row.output_tokens, row.id))


def formats(profile: Profile) -> list[FormatRead]:
    """Return what was read by format, most calls first; files that are no source come last, format ""."""
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for source in profile.sources:
        sums[source.format].update(
            files=1,
            records=source.records,
            steps=source.steps,
            duplicates=source.duplicates,
            skipped=len(source.skipped),
        )
    found = [
        FormatRead(name, s["files"], s["records"], s["steps"], s["duplicates"], s["skipped"])
        for name, s in sums.items()
    ]
    return sorted(found, key=lambda read: (not read.format, -read.steps, read.format))


def rules(profile: Profile) -> list[tuple[str, int]]:
    """Return the rules by which cached tokens were told apart, with the calls of each."""
    together: Counter[str] = Counter()
    for source in profile.sources:
        together.update(source.rules)
    return together.most_common()


def notes(profile: Profile) -> list[str]:
    """Return what readers had to say, each remark once."""
    return list(dict.fromkeys(note for source in profile.sources for note in source.notes))


def skipped(profile: Profile) -> list[SkippedRow]:
    """Return all that could not be used, in the order of the files."""
    return [row for source in profile.sources for row in source.skipped]


def _kind(name: str, colour: str, rows: Sequence[SegmentRow], whole_usd: Decimal, whole_tokens: int) -> Kind:
    cost = sum((Decimal(row.cost_usd) for row in rows), Decimal(0))
    tokens = sum(all_tokens(row) for row in rows)
    part = float(cost / whole_usd) if whole_usd else tokens / whole_tokens if whole_tokens else None
    return Kind(
        label=name,
        style=colour,
        share=part,
        cost_usd=cost,
        new_tokens=sum(row.new_tokens for row in rows),
        resent_tokens=sum(row.resent_tokens for row in rows),
        billed=billed(*rows),
    )


def billed(*rows: TokenRow) -> Billed:
    """Return the tokens of these rows by what they were billed as."""
    return Billed(
        read=sum(row.cache_read_input_tokens for row in rows),
        written=sum(written_tokens(row) for row in rows),
        plain=sum(row.uncached_input_tokens for row in rows),
        out=sum(row.output_tokens for row in rows),
    )


def cached_share(row: TokenRow) -> float | None:
    """Return how much of the input of a row was read from the cache; None if there is none."""
    whole = input_tokens(row)
    return row.cache_read_input_tokens / whole if whole else None
