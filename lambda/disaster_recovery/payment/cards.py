"""Finds what looks like a card number: 13 to 19 digits, perhaps with signs between them, that pass Luhn's check.

Any stretch of a longer run counts. That refuses some numbers that are none, and lets no card number through.
https://www.iso.org/standard/70484.html (ISO/IEC 7812-1, annex B)
"""

import re

LENGTHS = range(13, 20)
_RUN = re.compile(r"\d(?:[\s._/\x00\xad\u2010-\u2015\u2212\u200b-\u200f\u2060\ufeff-]*\d){12,}")
# Callers name their requests by UUIDs. One in a few hundred would be refused; one with a letter is no card number.
_UUID = re.compile(r"(?<![\w-])(?=[\d-]*[a-f])[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?![\w-])", re.ASCII | re.I)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def _passes(digits: list[int]) -> bool:
    return (sum(digits[-1::-2]) + sum(_DOUBLED[digit] for digit in digits[-2::-2])) % 10 == 0


def found_in(text: str) -> bool:
    """Tell whether a text holds what looks like a card number."""
    for run in _RUN.findall(_UUID.sub("|", text)):
        digits = [int(sign) for sign in run if sign.isdecimal()]
        for length in LENGTHS:
            if any(_passes(digits[start : start + length]) for start in range(len(digits) - length + 1)):
                return True
    return False
