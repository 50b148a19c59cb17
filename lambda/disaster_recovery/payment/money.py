"""Amounts of money: exact decimals, each with a currency, which says how many decimals there may be."""

from decimal import Decimal

# ISO 4217, list one, column "minor unit" (https://www.six-group.com/iso4217). Another currency is a word here.
_BY_DECIMALS = {
    0: "ISK JPY KRW",
    2: "AUD CAD CHF CZK DKK EUR GBP HUF NOK PLN RON SEK USD",
    3: "BHD JOD KWD OMR TND",
}
DECIMALS = {currency: decimals for decimals, names in _BY_DECIMALS.items() for currency in names.split()}
LARGEST_DIGITS = 12  # of minor units, as on card networks (ISO 8583, field 4)


def exact(text: str, currency: str) -> Decimal:
    """Return an amount with as many decimals as its currency has.

    Args:
        text: digits, and perhaps a point and more digits.
        currency: an ISO 4217 code.

    Raises:
        ValueError: what is wrong with it; the message repeats no value.
    """
    if currency not in DECIMALS:
        raise ValueError(f"currency is one of {', '.join(sorted(DECIMALS))}.")
    decimals, amount = DECIMALS[currency], Decimal(text)
    if -int(amount.as_tuple().exponent) > decimals:
        raise ValueError(f"amount has at most {decimals} decimals in {currency}.")
    if not 0 < amount < Decimal(10) ** (LARGEST_DIGITS - decimals):
        raise ValueError(f"amount is more than 0 and has at most {LARGEST_DIGITS - decimals} digits before the point.")
    return amount.quantize(Decimal(1).scaleb(-decimals))
