"""Rules about prices that the installed price data does not state, each with its source and date.

The data (genai-prices) dates its batch and tier variants from the day it recorded them; the
discount itself is older. It also leaves some names at rates that have changed since. Every row
names its page; a row goes once the data has caught up.
"""

from datetime import date

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


class DatedRates(Struct, frozen=True, kw_only=True):
    """The rates of one model from one UTC day on, in USD per million tokens."""

    model: str
    starts: date
    input: str
    cache_read: str
    output: str
    source: str


DATED_RATES = (
    DatedRates(
        model="deepseek-chat",
        starts=date(2025, 9, 5),
        input="0.56",
        cache_read="0.07",
        output="1.68",
        source="DeepSeek, models and pricing page, 2025-09-05",
    ),
    DatedRates(
        model="deepseek-chat",
        starts=date(2025, 9, 29),
        input="0.28",
        cache_read="0.028",
        output="0.42",
        source="DeepSeek, V3.2-Exp price cut, 2025-09-29; equal to the costs in traces of 2026-04-10",
    ),
    DatedRates(
        model="deepseek-chat",
        starts=date(2026, 4, 24),
        input="0.14",
        cache_read="0.0028",
        output="0.28",
        source="the name as an alias of V4 Flash, as reported on 2026-04-26; not checked against a bill",
    ),
)


class ToolFee(Struct, frozen=True, kw_only=True):
    """What requests of a server tool cost, in USD per thousand, for models whose names begin with `model`."""

    provider: str
    tool: str
    per_thousand: str
    source: str
    model: str = ""


TOOL_FEES = (
    ToolFee(
        provider="anthropic",
        tool="web_fetch",
        per_thousand="0",
        source="Anthropic, pricing page, 2026-08-21: web fetch has no fee of its own",
    ),
    ToolFee(
        provider="openai",
        tool="web_search",
        per_thousand="10",
        source="OpenAI, pricing page, 2026-10",
    ),
    ToolFee(
        provider="openai",
        tool="file_search",
        per_thousand="2.50",
        source="OpenAI, pricing page, 2026-10",
    ),
    ToolFee(
        provider="google",
        tool="web_search",
        per_thousand="14",
        model="gemini-3",
        source="Gemini API, pricing page, 2026-09: grounding with Google Search from Gemini 3 on",
    ),
    ToolFee(
        provider="google",
        tool="web_search",
        per_thousand="35",
        model="gemini-2.5",
        source="Gemini API, pricing page, 2026-09: grounding with Google Search",
    ),
)
