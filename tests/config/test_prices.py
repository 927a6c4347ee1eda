"""Our cards must price as the installed data does, at any date, tier and size, to the picodollar."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import genai_prices
import pytest
from genai_prices.data import providers
from hypothesis import given
from hypothesis import strategies as st

from farthing.config.prices import load_prices, read_price_file
from farthing.errors import InputError, PolicyError
from farthing.money import parse_rate, to_decimal
from farthing.prices.book import ModelRef, PriceBook
from farthing.prices.card import Cost, Unpriced
from farthing.usage import Charge, Usage, cache_writes

NOW_NS = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp()) * 10**9
OLD_NS = int(datetime(2025, 3, 1, 12, tzinfo=UTC).timestamp()) * 10**9
MODELS = [
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-opus-4-6"),
    ("anthropic", "claude-haiku-5-5"),
    ("anthropic", "claude-3-5-sonnet-20241022"),
    ("openai", "gpt-4.1"),
    ("openai", "gpt-5.1-codex"),
    ("openai", "o3"),
    ("google", "gemini-2.5-pro"),
    ("deepseek", "deepseek-reasoner"),
]


def _book(tmp_path: Path | None = None, *files: Path) -> PriceBook:
    refs = [ModelRef(provider, model) for provider, model in MODELS]
    return load_prices(refs, today_ns=NOW_NS, price_files=files, cache_dir=tmp_path)


@given(
    where=st.sampled_from(MODELS),
    uncached=st.integers(0, 400_000),
    read=st.integers(0, 400_000),
    written=st.integers(0, 100_000),
    output=st.integers(0, 50_000),
    at_s=st.integers(1_700_000_000, 1_795_000_000),
)
def test_price_of_any_call_equals_the_installed_data(
    where: tuple[str, str], uncached: int, read: int, written: int, output: int, at_s: int
) -> None:
    provider, model = where
    usage = Usage(
        uncached_input_tokens=uncached,
        cache_read_input_tokens=read,
        cache_writes=cache_writes(five_minutes=written),
        output_tokens=output,
    )
    found = BOOK.cost(Charge(model=model, usage=usage), provider=provider, at_ns=at_s * 10**9)
    theirs = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=uncached + read + written,
            cache_read_tokens=read,
            cache_write_tokens=written,
            output_tokens=output,
        ),
        model,
        provider_id=provider,
        genai_request_timestamp=datetime.fromtimestamp(at_s, tz=UTC),
    )
    assert isinstance(found, Cost)
    assert to_decimal(found.total) == theirs.total_price


BOOK = _book()


def test_one_hour_writes_cost_twice_the_input_at_anthropic() -> None:
    usage = Usage(cache_writes=cache_writes(one_hour=1_000_000))
    found = BOOK.cost(Charge(model="claude-sonnet-4-5", usage=usage), provider="anthropic")
    assert isinstance(found, Cost)
    assert to_decimal(found.total) == Decimal(12)  # above 200,000 tokens: 2 x $6


def test_batch_costs_half_at_any_date() -> None:
    usage = Usage(uncached_input_tokens=100, output_tokens=10)
    for at_ns in (OLD_NS, NOW_NS):
        full = BOOK.cost(Charge(model="gpt-4.1", usage=usage), provider="openai", at_ns=at_ns)
        half = BOOK.cost(Charge(model="gpt-4.1", usage=usage, tier="batch"), provider="openai", at_ns=at_ns)
        assert isinstance(full, Cost)
        assert isinstance(half, Cost)
        assert half.total * 2 == full.total


def test_the_overlay_holds_where_the_data_has_not_caught_up() -> None:
    book = load_prices([ModelRef("deepseek", "deepseek-chat")], today_ns=NOW_NS)
    charge = Charge(model="deepseek-chat", usage=Usage(uncached_input_tokens=10, output_tokens=1))
    april = int(datetime(2026, 4, 10, tzinfo=UTC).timestamp()) * 10**9
    found = book.cost(charge, provider="deepseek", at_ns=april)
    assert isinstance(found, Cost)
    assert found.total == 10 * parse_rate("0.28") + parse_rate("0.42")


def test_unknown_models_and_tiers_are_unpriced_and_say_which() -> None:
    usage = Usage(output_tokens=1)
    book = load_prices([ModelRef("", "no-such-model-9")], today_ns=NOW_NS)
    assert book.cost(Charge(model="no-such-model-9", usage=usage)) == Unpriced(
        "no-such-model-9", "no price for the model 'no-such-model-9'"
    )
    found = BOOK.cost(Charge(model="gpt-4.1", usage=usage, tier="ultrafast"), provider="openai")
    assert found == Unpriced("gpt-4.1", "no price for the tier 'ultrafast' of the model 'gpt-4.1'")


def test_cards_kept_on_disk_give_the_same_book(tmp_path: Path) -> None:
    first = _book(tmp_path)
    assert (tmp_path / "prices.json").exists()
    assert _book(tmp_path) == first
    (tmp_path / "prices.json").write_text("{ damaged")
    assert _book(tmp_path) == first


def test_own_prices_win_and_start_on_their_date(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[[price]]\nmodel = "gpt-4.1"\ninput = "10"\noutput = "80"\n'
        '[[price]]\nmodel = "gpt-4.1"\ninput = "5"\noutput = "40"\nfrom = 2026-01-01\n'
    )
    book = _book(None, own)
    usage = Usage(uncached_input_tokens=1)
    for at_ns, rate in ((OLD_NS, "10"), (NOW_NS, "5")):
        found = book.cost(Charge(model="gpt-4.1", usage=usage), provider="openai", at_ns=at_ns)
        assert isinstance(found, Cost)
        assert found.total == parse_rate(rate)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[price]]\nmodel = "m"\ninput = "1"\n', "'output' is missing"),
        ('[[price]]\nmodel = "m"\nimput = "1"\noutput = "1"\n', "did you mean 'input'?"),
        ('[[price]]\nmodel = "m"\ninput = 1.5\noutput = "1"\n', "must be a string"),
        ('[[price]]\nmodel = "m"\ninput = "-1"\noutput = "1"\n', "is not an amount"),
        ('[[price]]\nmodel = "m"\ninput = "1"\noutput = "1"\nfrom = "soon"\n', "must be a date"),
        ("price = 3", "no [[price]] table"),
        ("[[price", "is not TOML"),
    ],
)
def test_a_bad_price_file_is_refused_with_place_and_mend(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(PolicyError, match=str(path)) as caught:
        read_price_file(path)
    assert says in str(caught.value)


def test_a_missing_price_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_price_file(tmp_path / "none.toml")


def test_every_priced_model_of_the_data_makes_cards() -> None:
    refs = [ModelRef(provider.id, model.id) for provider in providers for model in provider.models[:3]]
    book = load_prices(refs, today_ns=NOW_NS)
    assert len({ref for ref, _ in book.cards}) > len(refs) * 0.7
