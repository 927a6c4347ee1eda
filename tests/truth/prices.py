"""List prices in decimal US dollars: genai-prices at the instant of the call, and literal rates where it
lacks.

`Usage` there counts cached tokens inside `input_tokens`, and a misspelt field is only a warning that prices
the rest: warnings are errors here.
"""

import warnings
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from genai_prices import Usage, calc_price

# Traces without an instant are priced at the rates of this day.
UNDATED = datetime(2026, 11, 23, tzinfo=UTC)

TIERS = frozenset({"flex", "priority"})

# USD per million tokens (uncached, read, output) of `deepseek-chat`, which genai-prices 0.2.3 leaves at its
# rates of early 2025. First row: api-docs.deepseek.com/quick_start/pricing, "Starting from 16:00 UTC Time on
# Sept 5th, 2025". Second: the cut of 2025-09-29 with V3.2-Exp, in force on 2026-04-13 by
# benchlm.ai/blog/posts/deepseek-api-pricing, and what LiteLLM worked with in the traces of 2026-04-10. Third:
# the name as an alias of V4 Flash, by chat-deep.ai/pricing of 2026-04-26, which also says when it ends.
DEEPSEEK_CHAT = (
    (datetime(2025, 9, 5, 16, tzinfo=UTC), Decimal("0.56"), Decimal("0.07"), Decimal("1.68")),
    (datetime(2025, 9, 29, tzinfo=UTC), Decimal("0.28"), Decimal("0.028"), Decimal("0.42")),
    (datetime(2026, 4, 24, tzinfo=UTC), Decimal("0.14"), Decimal("0.0028"), Decimal("0.28")),
)
DEEPSEEK_CHAT_ENDS = datetime(2026, 7, 24, tzinfo=UTC)
MILLION = Decimal(1_000_000)


def usd(
    model: str,
    *,
    provider: str | None,
    tier: str | None,
    at: datetime | None,
    uncached: int,
    read: int,
    written: int,
    written_1h: int,
    output: int,
) -> Decimal | None:
    """Return the list price of one call's tokens, or None where no price is known."""
    instant = at or UNDATED
    if model == "deepseek-chat" and DEEPSEEK_CHAT[0][0] <= instant < DEEPSEEK_CHAT_ENDS:
        _, plain, cached, out = max(row for row in DEEPSEEK_CHAT if row[0] <= instant)
        return (uncached * plain + read * cached + output * out) / MILLION
    usage = Usage(
        input_tokens=uncached + read + written,
        cache_read_tokens=read or None,
        cache_write_tokens=written or None,
        cache_write_1h_tokens=written_1h or None,
        output_tokens=output,
    )
    for name, seller in _names(model, provider):
        found = _calculated(usage, name, seller, tier if tier in TIERS else None, instant)
        if found is not None:
            return found
    return None


def _calculated(
    usage: Usage, model: str, provider: str | None, tier: str | None, instant: datetime
) -> Decimal | None:
    if not _known(model, provider):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return calc_price(
            usage,
            model,
            provider_id=provider,
            genai_request_timestamp=instant,
            price_context={"service_tier": tier} if tier else None,
        ).total_price


@cache
def _known(model: str, provider: str | None) -> bool:
    try:
        calc_price(Usage(input_tokens=1), model, provider_id=provider, genai_request_timestamp=UNDATED)
    except LookupError:
        return False
    return True


def _names(model: str, provider: str | None) -> tuple[tuple[str, str | None], ...]:
    """Return the names and sellers to look under.

    A gateway's `anthropic/claude-sonnet-4.6` is sold by `anthropic` as `claude-sonnet-4-6`. Nobody sells open
    weights under such a name, so they have no price here.
    """
    maker, slash, bare = model.partition("/")
    if provider is not None or not slash:
        return ((model, provider),)
    return ((bare, maker), (bare.replace(".", "-"), maker))
