"""The price book: the last card that applies holds, and what is missing is said."""

from farthing.prices.book import ModelRef, PriceBook
from farthing.prices.card import Card, Cost, Rates, Unpriced
from farthing.usage import Charge, Usage


def rates(each: int) -> Rates:
    return Rates(input=each, output=each, cache_read=each, cache_write_5m=each, cache_write_1h=each)


REF = ModelRef("seller", "model")
CARDS = (Card(rates=rates(5)), Card(rates=rates(3), from_ns=100))
BOOK = PriceBook(cards={(REF, ""): CARDS, (REF, "batch"): (Card(rates=rates(1), from_ns=50),)}, today_ns=200)
CHARGE = Charge(model="model", usage=Usage(output_tokens=10))


def test_the_newest_card_that_applies_holds() -> None:
    costs = [BOOK.cost(CHARGE, provider="seller", at_ns=at_ns) for at_ns in (0, 99, 100, None)]
    assert costs == [Cost(output=50), Cost(output=50), Cost(output=30), Cost(output=30)]


def test_every_name_of_the_standard_tier_is_the_standard_tier() -> None:
    for tier in ("", "standard", "default", "auto"):
        found = BOOK.card(REF, tier=tier)
        assert found is CARDS[1]


def test_what_is_missing_is_said() -> None:
    reasons = [
        BOOK.card(ModelRef("", "other")),
        BOOK.card(REF, tier="flex"),
        BOOK.card(REF, tier="batch", at_ns=49),
    ]
    assert reasons == [
        Unpriced("other", "no price for the model 'other'"),
        Unpriced("model", "no price for the tier 'flex' of the model 'model'"),
        Unpriced("model", "no price at that date"),
    ]
    assert isinstance(BOOK.cost(CHARGE, provider="elsewhere"), Unpriced)
