"""Fills the price book: from the user's price files, the installed genai-prices data and our overlay.

genai-prices takes a third of a second to import, so the cards of each model that was ever met
are kept in the cache directory, under the versions they were made with. Nothing is fetched.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path

import msgspec
from xxhash import xxh3_128_hexdigest

from farthing.errors import InputError, PolicyError
from farthing.money import parse_rate
from farthing.prices.book import ModelRef, PriceBook
from farthing.prices.card import Card, Rates

_CARDS_VERSION = 4
_NS_PER_S = 1_000_000_000
_REQUIRED_KEYS = ("model", "input", "output")
_OPTIONAL_KEYS = ("cache_read", "cache_write_5m", "cache_write_1h", "from")

_CardsByTier = dict[str, tuple[Card, ...]]


def load_prices(
    refs: Iterable[ModelRef],
    *,
    today_ns: int,
    price_files: Sequence[Path] = (),
    cache_dir: Path | None = None,
) -> PriceBook:
    """Return the book for `refs`; a model without a price is simply not in it.

    The user's own prices win over the installed data. Raises PolicyError for a price file with
    an unknown key or value, InputError for one that cannot be read.
    """
    own = {model: cards for path in price_files for model, cards in read_price_file(path).items()}
    store = _CardStore(cache_dir)
    cards: dict[tuple[ModelRef, str], tuple[Card, ...]] = {}
    for ref in sorted(set(refs), key=lambda ref: (ref.provider, ref.model)):
        for tier, dated in own.get(ref.model, {}).items() or store.cards(ref).items():
            cards[(ref, tier)] = dated
    store.save()
    edition = f"{store.edition}, own {xxh3_128_hexdigest(msgspec.json.encode(own))}" if own else store.edition
    return PriceBook(cards=cards, today_ns=today_ns, edition=edition)


def read_price_file(path: Path) -> dict[str, _CardsByTier]:
    """Return the cards of a file of `[[price]]` tables, by model."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"is not TOML: {error}", where=str(path)) from None
    tables = document.get("price", [])
    if not isinstance(tables, list) or not tables:
        raise PolicyError("has no [[price]] table", where=str(path), mend='write [[price]] model = "…"')
    found: dict[str, _CardsByTier] = {}
    for number, table in enumerate(tables, start=1):
        where = f"{path}, [[price]] number {number}"
        model, card = price_table(table, where=where)
        found.setdefault(model, {"": ()})
        found[model][""] = tuple(sorted((*found[model][""], card), key=lambda card: card.from_ns or 0))
    return found


def price_table(table: Mapping[str, object], *, where: str) -> tuple[str, Card]:
    """Return the model and card that one `[[price]]` table of a price or policy file writes.

    Rates are strings in USD per million tokens. A rate that is left out is the input rate: no
    discount and no premium is assumed. Raises PolicyError naming the key.
    """
    for key in table:
        if key not in (*_REQUIRED_KEYS, *_OPTIONAL_KEYS):
            raise PolicyError(f"unknown key {key!r}", where=where, mend=_nearest(key))
    for key in _REQUIRED_KEYS:
        if key not in table:
            raise PolicyError(f"the key {key!r} is missing", where=where)
    given = {key: _rate(key, value, where) for key, value in table.items() if key not in ("model", "from")}
    fallback = given["input"]
    rates = Rates(
        input=fallback,
        output=given["output"],
        cache_read=given.get("cache_read", fallback),
        cache_write_5m=given.get("cache_write_5m", fallback),
        cache_write_1h=given.get("cache_write_1h", fallback),
    )
    return str(table["model"]), Card(rates=rates, from_ns=_start(table.get("from"), where), source=where)


def _rate(key: str, value: object, where: str) -> int:
    if not isinstance(value, str):
        raise PolicyError(f'{key} must be a string of USD per million tokens, such as "2.50"', where=where)
    try:
        return parse_rate(value)
    except InputError as error:
        raise PolicyError(f"{key}: {error.fact}", where=where, mend=error.mend) from None


def _start(value: object, where: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, date):
        raise PolicyError("from must be a date, such as 2026-01-01", where=where)
    return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()) * _NS_PER_S


def _nearest(key: str) -> str:
    known = (*_REQUIRED_KEYS, *_OPTIONAL_KEYS)
    near = get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(known)}"


class _CardStore:
    """Cards from the installed data, kept on disk between runs; a damaged file is made anew."""

    def __init__(self, cache_dir: Path | None) -> None:
        self.edition = f"genai-prices {version('genai-prices')}, overlay {_CARDS_VERSION}"
        self._path = None if cache_dir is None else cache_dir / "prices.json"
        self._known: dict[str, _CardsByTier] = {}
        self._changed = False
        if self._path is not None:
            with suppress(OSError, msgspec.MsgspecError):
                kept = msgspec.json.decode(self._path.read_bytes(), type=_KeptCards)
                if kept.edition == self.edition:
                    self._known = kept.cards

    def cards(self, ref: ModelRef) -> _CardsByTier:
        key = f"{ref.provider}\n{ref.model}"
        if key not in self._known:
            from farthing.config.installed_prices import installed_cards  # noqa: PLC0415 (costs 0.3 s)

            self._known[key] = installed_cards(ref)
            self._changed = True
        return self._known[key]

    def save(self) -> None:
        if self._path is None or not self._changed:
            return
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_suffix(".draft")
            draft.write_bytes(msgspec.json.encode(_KeptCards(self.edition, self._known)))
            draft.replace(self._path)


class _KeptCards(msgspec.Struct):
    edition: str
    cards: dict[str, _CardsByTier]
