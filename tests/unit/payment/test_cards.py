"""Whatever looks like a card number is found, however it is written and wherever it stands; UUIDs are not."""

import random
import string
import uuid
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.payment import VISA, luhn

GAPS = ["", "", " ", "-", "  ", " - ", ".", "_", "/", "\u00a0", "\u2013", "\u200b", "\n", "\x00", "----"]
# Published test numbers of the networks, 13 to 19 digits.
KNOWN = [
    VISA,
    "4222222222222",
    "378282246310005",
    "5555555555554444",
    "6011111111111117",
    "30569309025904",
    "3530111333300000",
    "6205500000000000004",
    "6759649826438453",
    "2223003122003222",
]


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Draw digits that pass Luhn's check."""
    digits = draw(st.text(string.digits, min_size=12, max_size=18))
    return next(digits + last for last in string.digits if luhn(digits + last))


@st.composite
def written(draw: st.DrawFn, gaps: list[str]) -> str:
    """Draw a card number as somebody may write it, in a text."""
    number = draw(numbers())
    between = draw(st.lists(st.sampled_from(gaps), min_size=len(number) - 1, max_size=len(number) - 1))
    signs = number[0] + "".join(gap + digit for gap, digit in zip(between, number[1:], strict=True))
    if draw(st.booleans()):
        signs = signs.translate({ord("0") + value: ord("\u0660") + value for value in range(10)})
    return draw(st.text(max_size=10)) + signs + draw(st.text(max_size=10))


@pytest.fixture(scope="module")
def cards(modules: SimpleNamespace) -> SimpleNamespace:
    """The module."""
    return modules.cards


@given(text=written(GAPS))
def test_a_card_number_is_found_in_any_text(cards, text):
    assert cards.found_in(text)


@given(text=written(["", " ", "-", "\u2011", "--"]))
def test_a_card_number_is_found_in_any_header(cards, text):
    assert cards.found_in_header(text) or cards._DIGEST.search(text)  # pylint: disable=protected-access


@pytest.mark.parametrize("number", KNOWN)
@pytest.mark.parametrize("form", ["{}", "card{}", "tok_{}", "{}x", "99{}", "{} 12 27 123", "\x00{}"])
def test_the_networks_numbers_are_found(cards, number, form):
    text = form.format(number)
    assert cards.found_in(text)
    assert cards.found_in(form.format(" ".join(number[place : place + 4] for place in range(0, len(number), 4))))
    assert cards.found_in_header(text)


@given(st.text(string.digits, min_size=0, max_size=40))
def test_what_is_found_is_what_luhn_says_of_any_stretch(cards, digits):
    """The quick way and the plain way agree, on every stretch of 13 to 19 digits."""
    plainly = any(
        luhn(digits[start : start + length]) for length in range(13, 20) for start in range(len(digits) - length + 1)
    )
    assert cards.found_in(digits) == cards.found_in_header(f"x {digits}") == plainly


@pytest.mark.parametrize(
    "text",
    ["", "411111111111", "4111111111112", "4111:1111:1111:1111", "4111,1111,1111,1111", "2026-11-23T10:00:00.123456Z"],
)
def test_other_digits_are_left_alone(cards, text):
    assert not cards.found_in(text)
    assert not cards.found_in_header(text)


def test_uuids_are_no_card_numbers(cards):
    """One in a hundred would be, by its digits: the test draws enough of them to know."""
    chance = random.Random("uuids")
    drawn = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(3000)]
    assert not any(cards.found_in(text) or cards.found_in_header(text) for text in [*drawn, *map(str.upper, drawn)])
    assert sum(cards.found_in(text.replace("-", "")) for text in drawn) > 3


@pytest.mark.parametrize(
    "text",
    [
        "12345678-1234-1234-1234-123456789012",
        "4111-1111-1111-1111",
        "x550e8400-e29b-41d4-a716-4111111111111111",
        "41111111-1111-1111-a1b2-123456789012-x",
        "550e8400-e29b-41d4-a716-446655440000 4111111111111111",
    ],
)
def test_what_only_resembles_a_uuid_hides_nothing(cards, text):
    assert cards.found_in(text)


def test_trace_ids_and_signatures_are_no_card_numbers_in_headers(cards):
    """They come with every request; in what is stored they would be looked at."""
    chance = random.Random("traces")
    drawn = [f"{chance.getrandbits(bits):0{bits // 4}x}" for bits in (64, 96, 128, 256) for _ in range(1500)]
    suspicious = [text for text in drawn if cards.found_in(text)]
    assert len(suspicious) > 20
    assert not any(cards.found_in_header(f"Root=1-67891233-{text}") for text in drawn)
    assert not any(cards.found_in_header(f"00-{text}-01") for text in drawn)
    assert not any(cards.found_in_header(f"2.0 {text}.cloudfront.net (CloudFront)") for text in drawn)


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.139 Safari/537.36",
        "_ga=GA1.2.1234567890.1700000000",
        "203.0.113.195, 70.41.3.18, 150.172.238.178",
        "Mon, 23 Nov 2026 10:00:00 GMT",
    ],
)
def test_ordinary_headers_pass(cards, text):
    assert not cards.found_in_header(text)
