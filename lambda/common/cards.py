"""Finds what looks like a card number: 13 to 19 digits (ISO/IEC 7812) that pass Luhn's check, wherever they stand.

It looks at every stretch of a longer run of digits as well, for an expiry date may follow the number without a sign
between them. That refuses some numbers that are none (one in ten of 13 digits, most of 16), and lets none through.
"""

import re
from itertools import accumulate

SHORTEST, LONGEST = 13, 19
# Between the digits of what may be stored: white space, dashes, what reads like them, and what cannot be seen.
_ANY = r"[\s._/\x00\xad\u2010-\u2015\u2212\u200b-\u200f\u2060\ufeff-]*"
# In other headers a point separates numbers that are none, such as versions: they are neither stored nor logged.
_FEW = r"[\s\u2010-\u2015\u2212-]*"
_RUN, _RUN_IN_HEADER = (re.compile(rf"\d(?:{gap}\d){{{SHORTEST - 1},}}") for gap in (_ANY, _FEW))
# Two kinds of random digits that programs send, in shapes in which nobody writes a card number; both have a letter.
_UUID = re.compile(r"(?<![\w-])(?=[\d-]*[a-f])[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}(?![\w-])", re.ASCII | re.I)
_DIGEST = re.compile(r"(?<!\w)(?=\d*[a-f])[\da-f]{16,}(?!\w)", re.ASCII)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def _luhn(digits: list[int]) -> bool:
    """Tell whether a stretch of 13 to 19 of the digits passes Luhn's check.

    From a stretch's last digit backwards every second one is doubled. Which ones that are depends on where it ends,
    so there are two running totals, and a stretch's sum is the difference between two of their values.
    """
    totals = [
        [0, *accumulate(_DOUBLED[digit] if position % 2 == parity else digit for position, digit in enumerate(digits))]
        for parity in (0, 1)
    ]
    return any(
        (totals[end % 2][end] - totals[end % 2][start]) % 10 == 0
        for end in range(SHORTEST, len(digits) + 1)
        for start in range(max(0, end - LONGEST), end - SHORTEST + 1)
    )


def _holds(run: re.Pattern[str], text: str) -> bool:
    return any(_luhn([int(sign) for sign in digits if sign.isdecimal()]) for digits in run.findall(text))


def found_in(text: str) -> bool:
    """Tell whether a text that may be stored holds what looks like a card number."""
    return _RUN.search(text) is not None and _holds(_RUN, _UUID.sub("|", text))


def found_in_header(text: str) -> bool:
    """Tell whether a header that is neither stored nor logged holds what looks like a card number.

    Hexadecimal tokens (trace ids, signatures) are passed over: balancers and clients add them to every request, and
    one in a hundred of them would look like a card number.
    """
    return _RUN_IN_HEADER.search(text) is not None and _holds(_RUN_IN_HEADER, _DIGEST.sub("|", _UUID.sub("|", text)))
