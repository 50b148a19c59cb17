"""Finds card numbers in text: an issuer's prefix, a length that it issues, Luhn's check digit (ISO/IEC 7812).

A number counts where it stands by itself: from the beginning of a run of digits to its end, or as groups of a longer
one, as people write them. A stretch inside a longer number does not count: of the digits of two random identifiers,
one has such a stretch. What remains is chance: about three in a hundred random numbers of 16 digits are valid card
numbers, and nothing in them says that they are none. tests/benchmarks/card_numbers.py measures both sides.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain

SHORTEST, LONGEST = 13, 19
# Prefixes and the lengths that are issued with them. The networks publish no common list; this one follows
# https://en.wikipedia.org/wiki/Payment_card_number and the networks' own documents that it names. Not in it: UATP
# (a "1" and 14 digits), with which every tenth number of 15 digits would begin.
ISSUERS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("4", (13, 16, 19)),  # Visa
    ("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),  # Mastercard
    ("3[47]", (15,)),  # American Express
    ("30[0-5]|3095|3[689]", (14, 16, 19)),  # Diners Club International
    ("6011|64[4-9]|65", (16, 19)),  # Discover, and Troy, RuPay, Elo and Verve in the same range
    ("352[89]|35[3-8]", (16, 19)),  # JCB
    ("62", (16, 17, 18, 19)),  # UnionPay
    ("81|82|508|60(?:69|7|8)|9792|220[0-5]", (16,)),  # RuPay, Troy, Mir, BORICA
    ("5018|5020|5038|5893|6304|6759|676[1-3]|6703", (16, 18, 19)),  # Maestro, Bancontact
    ("672|9704", (16, 19)),  # girocard, Napas
    ("5019|506|507[89]|504175|509|627780|6277|636|637|638|639|606282|604[0-2]|9860|8600|5614|1946", (16, 19)),
)
_BY_LENGTH = {
    length: re.compile("|".join(prefix for prefix, lengths in ISSUERS if length in lengths))
    for length in range(SHORTEST, LONGEST + 1)
}
# Between the digits of one number: white space, what cannot be seen, points, dashes, slashes.
_GAP = r"[\s\x00-\x1f\x7f._/-]"
_NUMBER = re.compile(rf"\d(?:{_GAP}*\d){{{SHORTEST - 1},}}", re.ASCII)
_GROUP = re.compile(r"\d+", re.ASCII)
# Groups, or single digits, between any other signs, as in a list.
_SIGNS = "[^0-9A-Za-z]{1,4}"
_LIST = re.compile(
    rf"(?<!\d)(?:\d{{4}}(?:{_SIGNS}\d{{4,6}}){{2,3}}(?:{_SIGNS}\d{{1,5}})?"
    rf"|\d(?P<sign>{_SIGNS})\d(?:(?P=sign)\d){{{SHORTEST - 2},{LONGEST - 2}}})(?!\d)",
    re.ASCII,
)
# How the groups of a number are printed and typed; other groups count only where they are the whole number.
_PRINTED = frozenset(
    {
        *((4, 4, 4, 4), (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (6, 13), (8, 8)),
        *((4, 4, 4, 1), (4, 4, 5), (4, 3, 3, 3), (4, 4, 4, 2), (4, 4, 4, 3), (5, 5, 5), (6, 10), (6, 6, 4), (4, 12)),
    }
)
# What follows a number without a sign between: month and year in either order, then perhaps the security code.
_EXPIRY = re.compile(r"(?:(?:0[1-9]|1[0-2])(?:20)?[2-4]\d|(?:20)?[2-4]\d(?:0[1-9]|1[0-2]))(?:\d{3,4})?", re.ASCII)
_SHORTEST_EXPIRY, _LONGEST_EXPIRY = 4, 10
_UUID = re.compile(r"(?<![\w-])(?=[\d-]*[a-f])[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}(?![\w-])", re.ASCII | re.I)
_IBAN = re.compile(
    r"(?<![^\W_])[A-Z]{2}\d\d(?:[A-Z\d]{11,30}|(?: [A-Z\d]{4}){2,7}(?: [A-Z\d]{1,3})?)(?![^\W_])", re.ASCII
)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
# Digits after a plus sign; ITU-T E.164 allows 15, and none as long as an American Express number is in use.
_PHONE_LONGEST = 13


def _valid(digits: str) -> bool:
    """Tell whether digits are a number that an issuer can have given to a card."""
    prefix = _BY_LENGTH.get(len(digits))
    if prefix is None or not prefix.match(digits):
        return False
    values = [int(digit) for digit in reversed(digits)]
    return (sum(values[::2]) + sum(_DOUBLED[value] for value in values[1::2])) % 10 == 0


def _is_article(digits: str) -> bool:
    """Tell whether 13 digits are an article's number (EAN, GTIN-13) by its own check digit, which is another sum.

    Those of Germany and Japan begin as Visa's old numbers of 13 digits do.
    """
    values = [int(digit) for digit in digits]
    return len(values) == SHORTEST and (sum(values[::2]) + 3 * sum(values[1::2])) % 10 == 0


def _is_account(text: str) -> bool:
    """Tell whether a text is an IBAN: letters count as 10 to 35, and the number leaves 1 when divided by 97."""
    plain = text.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _alone(digits: str) -> Iterator[str]:
    """Yield what a group of digits can be by itself."""
    if not _is_article(digits):
        yield digits.lstrip("0")
    for length in range(max(SHORTEST, len(digits) - _LONGEST_EXPIRY), min(LONGEST, len(digits) - _SHORTEST_EXPIRY) + 1):
        if _EXPIRY.fullmatch(digits, length):
            yield digits[:length]


def _printed(groups: list[str]) -> Iterator[str]:
    """Yield the digits of groups that are a number as it is printed, perhaps with the expiry date behind the last."""
    *before, last = groups
    for length in (len(last), *range(max(1, len(last) - _LONGEST_EXPIRY), len(last) - _SHORTEST_EXPIRY + 1)):
        followed = length == len(last) or _EXPIRY.fullmatch(last, length)
        if (*map(len, before), length) in _PRINTED and followed:
            yield "".join(before) + last[:length]


def _candidates(number: str) -> Iterator[str]:
    """Yield the digits of a number that stand by themselves."""
    groups = _GROUP.findall(number)
    if len(groups) > 1:
        yield "".join(groups)
    for start, first in enumerate(groups):
        yield from _alone(first)
        for end in range(start + 2, min(start + 5, len(groups)) + 1):
            yield from _printed(groups[start:end])


def _is_phone(text: str, match: re.Match[str]) -> bool:
    digits = sum(map(len, _GROUP.findall(match[0])))
    return text[match.start() - 1 : match.start()] == "+" and digits <= _PHONE_LONGEST


def _simple(text: str) -> str:
    """Return a text with the digits of every script as 0 to 9, and with signs of ASCII for all others."""
    signs = []
    for sign in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(sign)
        if sign.isascii():
            signs.append(sign)
        elif category == "Nd":
            signs.append(str(unicodedata.decimal(sign)))
        elif category[0] in "ZCM" or category in ("Pd", "Sm"):
            signs.append("-")
        else:
            signs.append("x" if category[0] in "LN" else ":")
    return "".join(signs)


def found_in(text: str) -> bool:
    """Tell whether a text holds a card number."""
    if not text.isascii():
        text = _simple(text)
    if _NUMBER.search(text) is None and _LIST.search(text) is None:
        return False
    text = _UUID.sub("x", text)
    text = _IBAN.sub(lambda match: "x" if _is_account(match[0]) else match[0], text)
    numbers = (match[0] for match in _NUMBER.finditer(text) if not _is_phone(text, match))
    lists = (match[0] for match in _LIST.finditer(text))
    return any(_valid(digits) for number in chain(numbers, lists) for digits in _candidates(number))
