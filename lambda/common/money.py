"""Amounts of money: exact decimals, each with a currency that says how many decimals it may have."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

# How many decimals a currency has: ISO 4217, list one, column "minor unit" (https://www.six-group.com/iso4217).
# lib/common/currencies.json is the one source: it lies beside this module in a package. It has one currency of each
# kind and those of the neighbourhood; another one is a line there.
_HERE = Path(__file__).resolve()
_FILES = (_HERE.with_name("currencies.json"), _HERE.parents[2] / "lib" / "common" / "currencies.json")
EXPONENTS: dict[str, int] = json.loads(next(path for path in _FILES if path.is_file()).read_bytes())
# Card networks carry twelve digits of minor units (ISO 8583, field 4). One more could look like a card number.
LARGEST = 10**12 - 1
_TEXT = re.compile(r"([0-9]+)(?:\.([0-9]+))?", re.ASCII)


class MoneyError(ValueError):
    """An amount that cannot be; ``code`` is that of the API's answer, the message repeats no value."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Money(NamedTuple):
    """An amount in the currency's minor units (cents, yen, fils), which is what is stored and added up."""

    minor: int
    currency: str

    @property
    def amount(self) -> Decimal:
        """The amount in the currency's unit, with as many decimals as the currency has."""
        return Decimal(self.minor).scaleb(-EXPONENTS[self.currency])

    def __str__(self) -> str:
        return f"{self.amount:f}"


def parse(text: str, currency: str) -> Money:
    """Return the money that a decimal number and a currency mean.

    Args:
        text: digits, and perhaps a point and more digits; no sign, no exponent.
        currency: an ISO 4217 code.

    Raises:
        MoneyError: ``unknown_currency``; ``amount_precision``, more decimals than the currency has (zeros as well:
            "1.000" may be meant as a thousand); ``amount_out_of_range``, nothing or more than LARGEST.
        ValueError: the text is no such number.
    """
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        raise MoneyError("unknown_currency", f"Use one of these currencies: {', '.join(EXPONENTS)}.")
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError("an amount is digits, and perhaps a point and more digits")
    whole, decimals = match[1], match[2] or ""
    if len(decimals) > exponent:
        raise MoneyError("amount_precision", f"An amount in {currency} has at most {exponent} decimals.")
    minor = int(whole + decimals.ljust(exponent, "0")) if len(whole) <= 12 else LARGEST + 1
    if not 0 < minor <= LARGEST:
        least, most = Money(1, currency), Money(LARGEST, currency)
        raise MoneyError("amount_out_of_range", f"An amount in {currency} is from {least} to {most}.")
    return Money(minor, currency)
