"""What a provider counted for one call, in disjoint parts that sum to its totals.

Providers disagree on what `input_tokens` includes (Anthropic leaves cached tokens out, the
others put them in), so that question is settled where bytes are read, in `wire/` and
`traces/`, and never again: here every token is in exactly one part and totals are properties.
"""

from msgspec import Struct

FIVE_MINUTES_S = 300
ONE_HOUR_S = 3600


class CacheWrite(Struct, frozen=True):
    """Tokens written to the provider's cache for `ttl_s` seconds; None where the source does not say."""

    ttl_s: int | None
    tokens: int


class Usage(Struct, frozen=True, kw_only=True):
    """Token counts of one model at one tier. Writes stand longest TTL first, as they are billed.

    `reasoning_tokens` is the part of `output_tokens` that was reasoning. `server_tools` counts
    requests billed one by one, such as ("web_search", 3). Raises ValueError on a negative count.
    """

    uncached_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_writes: tuple[CacheWrite, ...] = ()
    output_tokens: int = 0
    reasoning_tokens: int = 0
    server_tools: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if self.uncached_input_tokens < 0 or self.cache_read_input_tokens < 0 or self.output_tokens < 0:
            raise ValueError("a token count is negative")
        for write in self.cache_writes:
            if write.tokens < 0:
                raise ValueError("a cache write is negative")

    @property
    def cache_creation_input_tokens(self) -> int:
        return sum([write.tokens for write in self.cache_writes]) if self.cache_writes else 0

    @property
    def input_tokens(self) -> int:
        """All input: uncached, read from cache and written to it."""
        return self.uncached_input_tokens + self.cache_read_input_tokens + self.cache_creation_input_tokens

    def written_for(self, ttl_s: int | None) -> int:
        """Return the tokens written with exactly this TTL."""
        return sum(write.tokens for write in self.cache_writes if write.ttl_s == ttl_s)


class Charge(Struct, frozen=True, kw_only=True):
    """One line of a call's bill. A call may carry several: compaction, an advisor, a fall-back.

    `tier` is the service tier that the provider returned, not the one asked for: "" (standard),
    "batch", "flex", "priority", "fast". `part` names an extra line: "compaction", "advisor".
    """

    model: str
    usage: Usage
    tier: str = ""
    part: str = ""


def cache_writes(*, five_minutes: int = 0, one_hour: int = 0, unknown: int = 0) -> tuple[CacheWrite, ...]:
    """Return the non-empty writes in billing order: one hour, five minutes, TTL not recorded."""
    counts = ((ONE_HOUR_S, one_hour), (FIVE_MINUTES_S, five_minutes), (None, unknown))
    return tuple(CacheWrite(ttl_s, tokens) for ttl_s, tokens in counts if tokens)
