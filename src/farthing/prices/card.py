"""A rate card is what one model costs at one tier, from one date on, in picodollars per token.

Providers switch the whole request to a dearer card once its input passes a threshold, and some
charge by the hour of the day; both are plain data here. Dates matter: a trace from last year
is priced at last year's rate.
"""

from msgspec import Struct

from farthing.usage import FIVE_MINUTES_S, ONE_HOUR_S, Usage

_NS_PER_S = 1_000_000_000
_SECONDS_PER_DAY = 86_400
_THIRTY_MINUTES_S = 1_800


class Rates(Struct, frozen=True, kw_only=True):
    """Picodollars per token, and per server-tool request; `input` is for uncached tokens.

    `cache_write_5m` is also the rate of OpenAI's 30-minute writes and of writes whose TTL the
    source does not say (Anthropic's default TTL is five minutes: prompt caching page, 2026-08).
    """

    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    server_tools: tuple[tuple[str, int], ...] = ()

    def cache_write(self, ttl_s: int | None) -> int | None:
        """Return the rate of a write that lives `ttl_s` seconds; None if it has no known price."""
        if ttl_s is None or ttl_s in (FIVE_MINUTES_S, _THIRTY_MINUTES_S):
            return self.cache_write_5m
        return self.cache_write_1h if ttl_s == ONE_HOUR_S else None

    def scaled(self, numerator: int, denominator: int) -> "Rates":
        """Return the token rates times a fraction, rounded half up; server tools keep their price."""
        return Rates(
            input=_scale(self.input, numerator, denominator),
            output=_scale(self.output, numerator, denominator),
            cache_read=_scale(self.cache_read, numerator, denominator),
            cache_write_5m=_scale(self.cache_write_5m, numerator, denominator),
            cache_write_1h=_scale(self.cache_write_1h, numerator, denominator),
            server_tools=self.server_tools,
        )


class LongContext(Struct, frozen=True):
    """The rates of a whole request whose input is more than `above_tokens`."""

    above_tokens: int
    rates: Rates


class Card(Struct, frozen=True, kw_only=True):
    """Rates valid from `from_ns` (None: always) and, if `daily_s` is set, in that part of a UTC day.

    `daily_s` is (start, end) in seconds since midnight, end excluded. `source` says where the
    numbers come from, with its date.
    """

    rates: Rates
    long_context: tuple[LongContext, ...] = ()
    from_ns: int | None = None
    daily_s: tuple[int, int] | None = None
    source: str = ""

    def applies(self, at_ns: int) -> bool:
        if self.from_ns is not None and at_ns < self.from_ns:
            return False
        if self.daily_s is None:
            return True
        start_s, end_s = self.daily_s
        return start_s <= at_ns // _NS_PER_S % _SECONDS_PER_DAY < end_s

    def rates_for(self, input_tokens: int) -> Rates:
        """Return the rates of a request with so much input, cached tokens included."""
        found = self.rates
        for step in self.long_context:
            if input_tokens > step.above_tokens:
                found = step.rates
        return found


class Cost(Struct, frozen=True, kw_only=True):
    """What one charge cost, in picodollars, by price class. The parts sum to `total`."""

    uncached: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_write_other: int = 0
    output: int = 0
    server_tools: int = 0

    @property
    def total(self) -> int:
        written = self.cache_write_5m + self.cache_write_1h + self.cache_write_other
        return self.uncached + self.cache_read + written + self.output + self.server_tools


class Unpriced(Struct, frozen=True):
    """There is no price for this; never $0, never a guess."""

    model: str
    reason: str


def cost(usage: Usage, rates: Rates, *, model: str = "") -> Cost | Unpriced:
    """Return the itemised cost; Unpriced names the first thing in `usage` that has no rate."""
    written = {FIVE_MINUTES_S: 0, ONE_HOUR_S: 0, None: 0}
    for write in usage.cache_writes:
        rate = rates.cache_write(write.ttl_s)
        if rate is None:
            return Unpriced(model, f"no price for cache writes of {write.ttl_s} s")
        key = write.ttl_s if write.ttl_s in written else None
        written[key] += write.tokens * rate
    fees = 0
    for tool, requests in usage.server_tools:
        fee = dict(rates.server_tools).get(tool)
        if fee is None and requests:
            return Unpriced(model, f"no price for the server tool {tool}")
        fees += (fee or 0) * requests
    return Cost(
        uncached=usage.uncached_input_tokens * rates.input,
        cache_read=usage.cache_read_input_tokens * rates.cache_read,
        cache_write_5m=written[FIVE_MINUTES_S],
        cache_write_1h=written[ONE_HOUR_S],
        cache_write_other=written[None],
        output=usage.output_tokens * rates.output,
        server_tools=fees,
    )


def _scale(rate: int, numerator: int, denominator: int) -> int:
    return (2 * rate * numerator + denominator) // (2 * denominator)
