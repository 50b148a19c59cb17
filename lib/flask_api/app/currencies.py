"""How many decimals an amount has: as many as its currency, by ISO 4217."""

import json
from pathlib import Path

# The same file as the functions' lambda/common/money.py reads; the image has it where the repository has it.
_FILE = Path(__file__).resolve().parents[2] / "common" / "currencies.json"
DECIMALS: dict[str, int] = json.loads(_FILE.read_bytes())
AS_JSON = json.dumps(DECIMALS, separators=(",", ":"))  # for PostgreSQL, which has no list of its own


def decimals(amount: str) -> int:
    """Return how many decimals an amount is written with."""
    return len(amount.partition(".")[2])


def unlike(amount: str) -> list[str]:
    """Return the currencies that have more or fewer decimals than an amount is written with."""
    return [currency for currency, count in DECIMALS.items() if count != decimals(amount)]


def wrong(amount: str, currency: str) -> str:
    """Return what to write instead of an amount, or nothing when it is right for its currency."""
    count = DECIMALS.get(currency, decimals(amount))
    if count == decimals(amount):
        return ""
    example = f"12.{'5'.ljust(count, '0')}" if count else "12"
    return f"write an amount in {currency} with {count or 'no'} decimals, such as '{example}'"
