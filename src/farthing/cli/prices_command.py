"""`farthing prices MODEL`: the rate used for a model at an instant, and its source."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from farthing.cli.reading import cache_directory
from farthing.config.prices import load_prices
from farthing.money import format_usd
from farthing.prices.book import ModelRef
from farthing.prices.card import Card, Rates, Unpriced

_NS_PER_S = 1_000_000_000
_FIELDS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")


@click.command("prices")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option("--provider", default="", help="The provider, where the name alone is not enough.")
@click.option("--tier", default="", help="Service tier: batch, flex, priority or fast.")
@click.option("--at", "at", type=click.DateTime(), help="The instant, in UTC. Default: now.")
@click.option(
    "--prices", "price_files", multiple=True, type=click.Path(path_type=Path), help="Your own prices."
)
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", help="How to write it."
)
def command(
    models: tuple[str, ...],
    provider: str,
    tier: str,
    at: datetime | None,
    price_files: tuple[Path, ...],
    style: str,
) -> int:
    """Show the rates of each MODEL in US dollars per million tokens, and where they come from.

    Exits with 1 if a model has no price: farthing never guesses one.
    """
    today_ns = time.time_ns()
    at_ns = today_ns if at is None else int(at.replace(tzinfo=UTC).timestamp()) * _NS_PER_S
    refs = [ModelRef(provider, model) for model in models]
    book = load_prices(refs, today_ns=today_ns, price_files=price_files, cache_dir=cache_directory())
    found = {ref.model: book.card(ref, tier=tier, at_ns=at_ns) for ref in refs}
    if style == "json":
        rows = [_as_json(model, card) for model, card in found.items()]
        click.echo(json.dumps({"schema": "farthing/prices/1", "prices": rows}, indent=2))
    else:
        click.echo("\n".join(line for model, card in found.items() for line in _as_text(model, card)))
    return 1 if any(isinstance(card, Unpriced) for card in found.values()) else 0


def _as_text(model: str, card: Card | Unpriced) -> list[str]:
    if isinstance(card, Unpriced):
        return [f"{model}: {card.reason}; add it with --prices FILE"]
    lines = [f"{model}  (USD per million tokens; {card.source})"]
    lines.append("  " + "  ".join(f"{field} {_usd(card.rates, field)}" for field in _FIELDS))
    for long in card.long_context:
        shown = "  ".join(f"{field} {_usd(long.rates, field)}" for field in _FIELDS)
        lines.append(f"  above {long.above_tokens} input tokens, whole request: {shown}")
    return lines


def _as_json(model: str, card: Card | Unpriced) -> dict[str, object]:
    if isinstance(card, Unpriced):
        return {"model": model, "unpriced": card.reason}
    return {
        "model": model,
        "source": card.source,
        **{field: _usd(card.rates, field) for field in _FIELDS},
        "long_context": [
            {"above_tokens": long.above_tokens, **{field: _usd(long.rates, field) for field in _FIELDS}}
            for long in card.long_context
        ],
    }


def _usd(rates: Rates, field: str) -> str:
    picousd_per_token: int = getattr(rates, field)
    return format_usd(picousd_per_token * 1_000_000)
