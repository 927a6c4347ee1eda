"""From traces to a profile: what `profile` prints, and what other commands start from.

Sessions are analysed shard by shard on all cores; what a shard came to is kept, so that a second
run on the same traces only adds up.
"""

import csv
import io
import json
import pickle
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from farthing.analysis.account import Account
from farthing.analysis.conclude import conclude
from farthing.analysis.profile import Profile, SkippedRow, SourceRow
from farthing.analysis.session import analyse
from farthing.analysis.volatile import named
from farthing.analysis.waterfall import WaterfallStep, waterfall
from farthing.cli.quoting import Texts
from farthing.config.prices import load_prices
from farthing.errors import InputError
from farthing.ingest.formats import stamp
from farthing.ingest.intake import Intake, fold_shards, map_sessions
from farthing.prices.book import ModelRef, PriceBook
from farthing.session import Session

_YES = frozenset({"1", "true", "yes", "success", "resolved", "pass", "passed", "1.0"})
_NO = frozenset({"0", "false", "no", "failure", "unresolved", "fail", "failed", "0.0", ""})


class Asked(NamedTuple):
    """What the user wants to know besides the traces themselves."""

    by: tuple[str, ...] = ()
    sessions_per_day: float | None = None
    outcomes: Mapping[str, bool] = {}


def price_book(
    intake: Intake, *, price_files: Sequence[Path], cache: Path | None, today_ns: int
) -> PriceBook:
    """Return the prices of all models that the traces billed."""
    refs = [ModelRef(provider, model) for provider, model in intake.models]
    return load_prices(refs, today_ns=today_ns, price_files=price_files, cache_dir=cache)


def profile(intake: Intake, prices: PriceBook, asked: Asked) -> Profile:
    """Return the profile of all sessions. Texts are read where they tell why a prefix broke."""
    key = f"account {stamp('farthing.analysis').hex()} {prices.edition} {_day(prices)} {asked!r}"
    account = Account()
    for result in fold_shards(intake, partial(_account, prices, asked, Texts(intake.paths)), key=key):
        account.merge(pickle.loads(result))  # noqa: S301 (written by us, in our own cache)
    return conclude(
        account,
        sources=[*_sources(intake), *_unread(intake)],
        prices=prices.edition,
        sessions_per_day=asked.sessions_per_day,
    )


def one_session(intake: Intake, prices: PriceBook, session: str) -> list[WaterfallStep]:
    """Return every step of a session. Raises InputError if there is none of that id."""
    for found in map_sessions(intake, partial(_waterfall_if, session, prices)):
        if found is not None:
            return found
    raise InputError(
        f"no session {session!r} in these traces",
        where="--session",
        mend="`--format json` lists every id under sessions[]",
    )


def read_outcomes(path: Path) -> dict[str, bool]:
    """Return how sessions ended, by id: a CSV with the columns session and success, or JSON lines of both."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", where=str(path)) from None
    if text.lstrip()[:1] in ("{", "["):
        return dict(_json_outcome(row, path) for row in _json_rows(text, path))
    return dict(_csv_outcomes(text, path))


def _account(prices: PriceBook, asked: Asked, texts: Texts, sessions: Sequence[Session]) -> bytes:
    account = Account()
    for session in sessions:
        known = asked.outcomes.get(session.id)
        ended = session if known is None else replace(session, success=known)
        result = analyse(ended, prices, by=asked.by, floor_picousd=account.floor_picousd)
        breaks = replace(result.breaks, breaks=named(result.breaks.breaks, texts))
        account.add(replace(result, breaks=breaks))
    account.settle()
    return pickle.dumps(account, protocol=pickle.HIGHEST_PROTOCOL)


def _waterfall_if(wanted: str, prices: PriceBook, session: Session) -> list[WaterfallStep] | None:
    return waterfall(session, prices) if session.id == wanted else None


def _day(prices: PriceBook) -> int:
    """Undated calls are priced at today's rate, so what was kept holds for a day."""
    return prices.today_ns // 86_400_000_000_000


def _sources(intake: Intake) -> list[SourceRow]:
    return [
        SourceRow(
            path=source.path,
            format=source.format,
            records=source.records,
            steps=source.steps,
            duplicates=source.duplicates,
            skipped=tuple(SkippedRow(line.where, line.reason) for line in source.skipped),
            rules=dict(source.rules),
            notes=source.notes,
        )
        for source in intake.sources
    ]


def _unread(intake: Intake) -> list[SourceRow]:
    return [
        SourceRow(
            path=line.where,
            format="",
            records=0,
            steps=0,
            duplicates=0,
            skipped=(SkippedRow(line.where, line.reason),),
        )
        for line in intake.skipped
    ]


def _csv_outcomes(text: str, path: Path) -> list[tuple[str, bool]]:
    rows = csv.DictReader(io.StringIO(text))
    if not {"session", "success"} <= set(rows.fieldnames or ()):
        raise InputError("lacks the columns session and success", where=str(path), mend="name them in line 1")
    return [
        (row["session"], _success(row["success"], where=f"{path}, line {number}"))
        for number, row in enumerate(rows, start=2)
    ]


def _json_rows(text: str, path: Path) -> list[object]:
    try:
        if text.lstrip().startswith("["):
            rows: list[object] = json.loads(text)
            return rows
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=str(path)) from None


def _json_outcome(row: object, path: Path) -> tuple[str, bool]:
    match row:
        case {"session": str(session), "success": success}:
            return session, _success(str(success), where=f"{path}, session {session}")
        case _:
            raise InputError("each record needs a session and a success", where=str(path))


def _success(text: str, *, where: str) -> bool:
    word = text.strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise InputError(f"{text!r} is no outcome", where=where, mend="write true or false")
