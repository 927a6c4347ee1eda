"""The price book finds the rate of a call: which model, at which tier, at which instant.

It is a value. The edge fills it with the cards of the models that a run has met, so that a
look-up here is an exact match and costs a dictionary access.
"""

from collections.abc import Mapping

from msgspec import Struct

from farthing.prices.card import Card, Cost, Rates, Unpriced, cost
from farthing.usage import Charge

STANDARD_TIERS = frozenset({"", "standard", "default", "auto"})


class ModelRef(Struct, frozen=True):
    """A model as a trace names it; `provider` is "" where the trace does not say."""

    provider: str
    model: str


class PriceBook(Struct, frozen=True):
    """Cards by model and tier; among those that apply at an instant the last one holds.

    `today_ns` prices calls whose time is not recorded, and reports say so. `edition` names the
    data, so that cached results know when prices have changed.
    """

    cards: Mapping[tuple[ModelRef, str], tuple[Card, ...]]
    today_ns: int
    edition: str = ""

    def card(self, ref: ModelRef, *, tier: str = "", at_ns: int | None = None) -> Card | Unpriced:
        """Return the card that holds at `at_ns`, or what is missing."""
        known = self.cards.get((ref, "" if tier in STANDARD_TIERS else tier))
        if known is None:
            return Unpriced(ref.model, self._missing(ref, tier))
        instant = self.today_ns if at_ns is None else at_ns
        for candidate in reversed(known):
            if candidate.applies(instant):
                return candidate
        return Unpriced(ref.model, "no price at that date")

    def rates(self, charge: Charge, *, provider: str = "", at_ns: int | None = None) -> Rates | Unpriced:
        """Return the per-token rates of this charge; the whole request decides about long context."""
        found = self.card(ModelRef(provider, charge.model), tier=charge.tier, at_ns=at_ns)
        return found if isinstance(found, Unpriced) else found.rates_for(charge.usage.input_tokens)

    def cost(self, charge: Charge, *, provider: str = "", at_ns: int | None = None) -> Cost | Unpriced:
        """Return what this charge cost, itemised, or why it has no price."""
        found = self.rates(charge, provider=provider, at_ns=at_ns)
        return found if isinstance(found, Unpriced) else cost(charge.usage, found, model=charge.model)

    def _missing(self, ref: ModelRef, tier: str) -> str:
        if tier in STANDARD_TIERS or (ref, "") not in self.cards:
            return f"no price for the model {ref.model!r}"
        return f"no price for the tier {tier!r} of the model {ref.model!r}"
