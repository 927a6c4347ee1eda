"""Rules about prices that the installed price data does not state, each with its source and date.

The data (genai-prices) dates its batch and tier variants from the day it recorded them; the
discount itself is older. What stands here is only what a provider's own page says.
"""

from msgspec import Struct


class TierRule(Struct, frozen=True, kw_only=True):
    """A tier's price as a fraction of the standard one, for every model of a provider."""

    provider: str
    tier: str
    numerator: int
    denominator: int
    source: str


TIER_RULES = (
    TierRule(
        provider="anthropic",
        tier="batch",
        numerator=1,
        denominator=2,
        source="Anthropic, batch processing page, 2026-08-21: 50 % of all token prices, cache tokens too",
    ),
    TierRule(
        provider="openai",
        tier="batch",
        numerator=1,
        denominator=2,
        source="OpenAI, batch guide, 2026-10: 50 % of all token prices",
    ),
    TierRule(
        provider="anthropic",
        tier="priority",
        numerator=1,
        denominator=1,
        source="Anthropic, service tiers page, 2026-08-21: priority capacity is committed; list price shown",
    ),
)
