"""Texts with and without card numbers: what callers send as their references, and how a card number gets into one."""

import datetime as dt
import random
import string
import uuid
from collections.abc import Callable, Iterator, Mapping

from hypothesis import strategies as st

# Test numbers that networks and processors publish, of 13 to 19 digits.
PUBLISHED = (
    "4111111111111111",
    "4012888888881881",
    "4222222222222",
    "378282246310005",
    "371449635398431",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "2720992593319364",
    "6011111111111117",
    "30569309025904",
    "38520000023237",
    "3530111333300000",
    "6205500000000000004",
    "6759649826438453",
)
_UPPER_BASE_32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SUPERSCRIPT = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
_CIRCLED = "\u24ea\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468"


class Texts:
    """Draws texts that hold no card number, of many kinds; the same ones each time.

    Args:
        seed: of the generator.
    """

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self.kinds: Mapping[str, Callable[[], str]] = {
            "UUID": lambda: str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "UUID, hexadecimal": lambda: f"{self._random.getrandbits(128):032x}",
            "SHA-256": lambda: f"{self._random.getrandbits(256):064x}",
            "ULID": lambda: "".join(self._random.choices(_UPPER_BASE_32, k=26)),
            "base 62, 32 signs": lambda: "".join(self._random.choices(string.ascii_letters + string.digits, k=32)),
            "X-Ray trace": lambda: f"Root=1-{self._random.getrandbits(32):08x}-{self._random.getrandbits(96):024x}",
            "padded to 16": lambda: f"{self._random.randrange(10**9):016}",
            "padded to 20": lambda: f"{self._random.randrange(10**10):020}",
            "snowflake": lambda: str(int(self._moment() * 1000) - 1288834974657 << 22 | self._random.getrandbits(22)),
            "milliseconds": lambda: str(int(self._moment() * 1e3)),
            "microseconds": lambda: str(int(self._moment() * 1e6)),
            "nanoseconds": lambda: str(int(self._moment() * 1e9)),
            "ISO 8601": lambda: self._time("%Y-%m-%d %H:%M:%S.%f"),
            "time without signs": lambda: self._time("%Y%m%d%H%M%S%f"),
            "date and number": lambda: self._time("ORD-%Y-%m-%d-") + self.digits(6),
            "date and number without signs": lambda: self._time("%Y%m%d") + self.digits(8),
            "order, 3-7-7": lambda: f"{self._random.choice('1234')}{self.digits(2)}-{self.digits(7)}-{self.digits(7)}",
            "invoice": lambda: f"INV-{self._random.randrange(2020, 2030)}/{self.digits(6)}",
            "telephone": lambda: f"+{self._random.choice(('1', '39', '44', '49'))} {self.digits(3)} {self.digits(7)}",
            "IBAN, German": lambda: self._iban("DE", "n" * 18),
            "IBAN, British": lambda: self._iban("GB", "aaaa" + "n" * 14),
            "IBAN, Italian, in groups": lambda: in_groups(self._iban("IT", "a" + "n" * 22), 4),
            "IBAN, French, in groups": lambda: in_groups(self._iban("FR", "n" * 23), 4),
            "article (EAN-13)": self._article,
            "addresses": lambda: ", ".join(self._address() for _ in range(3)),
        }
        self.numbers: Mapping[int, Callable[[], str]] = {
            length: lambda length=length: self.digits(length)  # type: ignore[misc]
            for length in (12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 24)
        }

    def digits(self, length: int) -> str:
        """Draw that many digits."""
        return "".join(self._random.choices(string.digits, k=length))

    def _moment(self) -> float:
        return self._random.uniform(1.7e9, 1.9e9)

    def _time(self, form: str) -> str:
        return dt.datetime.fromtimestamp(self._moment(), dt.UTC).strftime(form)

    def _address(self) -> str:
        return ".".join(str(self._random.randrange(256)) for _ in range(4))

    def _iban(self, country: str, form: str) -> str:
        account = "".join(
            self._random.choice(string.digits if sign == "n" else string.ascii_uppercase) for sign in form
        )
        rest = int("".join(str(int(sign, 36)) for sign in f"{account}{country}00")) % 97
        return f"{country}{98 - rest:02}{account}"

    def _article(self) -> str:
        digits = self.digits(12)
        return f"{digits}{-sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits)) % 10}"


def in_groups(text: str, length: int, sign: str = " ") -> str:
    """Return a text in groups of that length."""
    return sign.join(text[start : start + length] for start in range(0, len(text), length))


def printed(number: str, sign: str = " ") -> str:
    """Return a card number in the groups in which it is printed on a card."""
    if len(number) not in (14, 15):
        return in_groups(number, 4, sign)
    return sign.join((number[:4], number[4:10], number[10:]))


def _script(digits: str) -> Callable[[str], str]:
    return lambda number: number.translate({ord(str(value)): sign for value, sign in enumerate(digits)})


def _from(zero: int) -> str:
    return "".join(chr(zero + value) for value in range(10))


_GAPS = {
    "space": " ",
    "dash": "-",
    "point": ".",
    "underscore": "_",
    "slash": "/",
    "line": "\n",
    "NUL": "\x00",
    "tab": "\t",
    "two spaces": "  ",
    "spaced dash": " - ",
    "dashes": "----",
    "no-break space": "\u00a0",
    "en dash": "\u2013",
    "minus": "\u2212",
    "zero width": "\u200b",
    "soft hyphen": "\u00ad",
    "wide space": "\u3000",
    "accent": "\u0301",
}
_LISTS = {
    "comma": ",",
    "comma and space": ", ",
    "colon": ":",
    "bar": "|",
    "plus": "+",
    "star": "*",
    "tilde": "~",
    "semicolon": ";",
    "backslash": "\\",
    "equals": "=",
    "quotes": "','",
    "middle dot": "\u00b7",
}
_AROUND = (
    *(
        "card{}",
        "tok_{}",
        "x{}y",
        "{}x",
        "\x00{}",
        "\u00e9{}",
        "({})",
        "1) {}",
        "{}.",
        "ORD-{}-7",
        "{0} {0}",
        "{0},{0}",
    ),
    *("{} 12 27 123", "{}/12/27/123", "{} exp 12/27", "{}1227", "{}2712", "{}1227123", "123 {}", "2026-11-30 {}"),
    *("{} 2026-11-30", "{}=27121010000012300", "%B{}^DOE/J^2712101", "{0},{0}", "{}@example.com", "https://x/{}?a=1"),
)
_SCRIPTS = {
    "Arabic": _from(0x660),
    "Bengali": _from(0x9E6),
    "Devanagari": _from(0x966),
    "full width": _from(0xFF10),
    "bold": _from(0x1D7CE),
    "superscript": _SUPERSCRIPT,
    "circled": _CIRCLED,
}


def hidden(number: str) -> Iterator[tuple[str, str]]:
    """Yield the forms in which a card number may stand in a text, by name."""
    yield "by itself", number
    yield "after zeros", f"000{number}"
    for name, sign in {**_GAPS, **_LISTS}.items():
        yield f"groups, {name}", printed(number, sign)
        yield f"digits, {name}", sign.join(number)
    for name, digits in _SCRIPTS.items():
        yield f"{name} digits", _script(digits)(number)
    for form in _AROUND:
        yield repr(form), form.format(number)
        yield f"{form!r}, in groups", form.format(printed(number))
    yield "pairs", in_groups(number, 2)
    yield "halves", in_groups(number, 8)


# What may stand around a number without changing what it is.
AROUND = st.text(string.ascii_letters, max_size=5)


@st.composite
def card_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a card number, and how somebody may write it."""
    number = draw(st.sampled_from(PUBLISHED))
    return number, printed(number, draw(st.sampled_from(["", " ", "-", "."])))
