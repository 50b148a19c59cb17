"""Identities of payments and refunds: new ones are greater than older ones, and none looks like a card number.

They hold neither digits (ten or so in a row happen in every hundredth UUID) nor vowels (words happen too).
"""

import os
import re
import time

ALPHABET = "bcdfghjklmnpqrstvwxyz"  # in the order of ASCII, in which the database sorts
MOMENT, CHANCE = 11, 17  # letters: milliseconds until the year 13000; 74 bits nobody can guess
_LETTERS = (ALPHABET * 13)[:256].encode()  # a letter for each byte: some come 13 times in 256, the others 12 times
_ID = re.compile(rf"(?:pay|ref)_[{ALPHABET}]{{{MOMENT + CHANCE}}}")


def new(kind: str) -> str:
    """Return a new identity of a payment (``pay``) or a refund (``ref``)."""
    moment, letters = time.time_ns() // 1_000_000, ""
    for _ in range(MOMENT):
        moment, rest = divmod(moment, len(ALPHABET))
        letters = ALPHABET[rest] + letters
    return f"{kind}_{letters}{os.urandom(CHANCE).translate(_LETTERS).decode()}"


def valid(text: str, kind: str) -> bool:
    """Tell whether a text can be an identity of that kind."""
    return text.startswith(kind) and _ID.fullmatch(text) is not None
