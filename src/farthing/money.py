"""Money is an integer number of picodollars, so that sums are exact and order never matters.

One US dollar is 10**12 picodollars. The unit is chosen so that a price list needs no
fractions: USD per million tokens x 1,000,000 is picodollars per token, and $0.0025 per
million tokens is still a whole number. A rate that is not whole is rounded half to even
once, here at the border; nothing inside is ever rounded.
"""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from farthing.errors import InputError

PICOUSD_PER_USD = 10**12


def parse_usd(text: str) -> int:
    """Return the picodollars that `text` ("12", "$0.05", "1e-6") writes in US dollars.

    Raises InputError for what is not an amount, is negative or is finer than a picodollar.
    """
    picousd = _decimal(text) * PICOUSD_PER_USD
    if picousd != picousd.to_integral_value():
        raise InputError(f"{text!r} is finer than a picodollar", mend="give at most 12 decimals")
    return int(picousd)


def parse_rate(usd_per_million_tokens: str | Decimal) -> int:
    """Return picodollars per token, rounded half to even. Raises InputError as `parse_usd` does."""
    amount = usd_per_million_tokens
    exact = (_decimal(amount) if isinstance(amount, str) else _checked(amount, str(amount))) * 1_000_000
    return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))


def to_decimal(picousd: int) -> Decimal:
    """Return the exact amount in US dollars."""
    return Decimal(picousd).scaleb(-12)


def format_usd(picousd: int) -> str:
    """Return US dollars as an exact decimal string without exponent or trailing zeros: "15.94957825"."""
    whole, part = divmod(abs(picousd), PICOUSD_PER_USD)
    digits = f"{part:012d}".rstrip("0")
    sign = "-" if picousd < 0 else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def show_usd(picousd: int) -> str:
    """Return dollars for people: "$1,234.50", "$0.0042"; cents from ten cents up, else two figures."""
    amount = to_decimal(picousd)
    if amount == 0 or abs(amount) >= Decimal("0.1"):
        shown = f"{abs(amount):,.2f}"
    else:
        shown = f"{abs(amount):.{-amount.adjusted() + 1}f}"
    return f"-${shown}" if picousd < 0 else f"${shown}"


def _decimal(text: str) -> Decimal:
    try:
        amount = Decimal(text.strip().removeprefix("$").replace(",", ""))
    except InvalidOperation:
        raise InputError(f"{text!r} is not an amount of US dollars", mend='write it as "1.25"') from None
    return _checked(amount, text)


def _checked(amount: Decimal, text: str) -> Decimal:
    if not amount.is_finite() or amount < 0:
        raise InputError(f"{text!r} is not an amount of US dollars", mend='write it as "1.25"')
    return amount
