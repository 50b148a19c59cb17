"""A card number is found however it is written where it stands by itself; other numbers pass, but for chance."""

import string
from itertools import product
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.card_texts import PUBLISHED, Texts, hidden
from tests.support.payment import VISA, luhn

GAPS = ["", "", " ", "-", "  ", " - ", ".", "_", "/", "\u00a0", "\u2013", "\u200b", "\n", "\x00", "----"]
DRAWN = 2000
FORMS = [name for name, _ in hidden(VISA)]
# An issuer's prefix and a length that it issues, of the ranges in the module's table.
ISSUED = [
    *(("4", 16), ("4", 13), ("4", 19), ("51", 16), ("55", 16), ("2221", 16), ("2299", 16), ("2720", 16), ("2699", 16)),
    *(("34", 15), ("37", 15), ("300", 14), ("305", 16), ("3095", 14), ("36", 14), ("38", 19), ("39", 16)),
    *(("6011", 16), ("644", 16), ("649", 19), ("65", 16), ("3528", 16), ("3589", 19), ("62", 16), ("62", 17)),
    *(("62", 18), ("62", 19), ("81", 16), ("82", 16), ("508", 16), ("6069", 16), ("9792", 16), ("2200", 16)),
    *(("2205", 16), ("5018", 16), ("6763", 18), ("6703", 19), ("672", 19), ("9704", 16), ("5066", 16), ("9860", 16)),
]
NOT_ISSUED = [
    *(
        ("0", 16),
        ("1", 15),
        ("1", 16),
        ("7", 16),
        ("9", 16),
        ("4", 14),
        ("4", 17),
        ("50", 15),
        ("56", 15),
        ("2220", 16),
    ),
    *(("2721", 16), ("35", 15), ("3527", 16), ("3590", 16), ("306", 14), ("61", 16), ("643", 16), ("83", 16)),
]


def _number(prefix: str, length: int) -> str:
    """Return a number with Luhn's check digit that is no article's number."""
    start = (prefix + "13579" * 4)[: length - 1]
    return next(start + last for last in string.digits if luhn(start + last))


@st.composite
def written(draw: st.DrawFn) -> str:
    """Draw a card number as somebody may write it, with anything but letters and digits before and after it."""
    number = draw(st.sampled_from(PUBLISHED))
    between = draw(st.lists(st.sampled_from(GAPS), min_size=len(number) - 1, max_size=len(number) - 1))
    text = number[0] + "".join(gap + digit for gap, digit in zip(between, number[1:], strict=True))
    if draw(st.booleans()):
        text = text.translate({ord("0") + value: ord("\u0660") + value for value in range(10)})
    around = st.text(string.ascii_letters + " ,:;(", max_size=10)
    return f"{draw(around)}x{text}x{draw(around)}"


@pytest.fixture(scope="module")
def cards(modules: SimpleNamespace) -> SimpleNamespace:
    """The module."""
    return modules.cards


@given(text=written())
def test_a_card_number_with_any_gaps_is_found(cards, text):
    assert cards.found_in(text)


@pytest.mark.parametrize("form", FORMS)
def test_the_networks_numbers_are_found_in_every_form(cards, form):
    missed = [number for number in PUBLISHED if not cards.found_in(dict(hidden(number))[form])]
    assert not missed


@pytest.mark.parametrize(("prefix", "length"), ISSUED)
def test_what_issuers_issue_is_found(cards, prefix, length):
    assert cards.found_in(_number(prefix, length))


@pytest.mark.parametrize(("prefix", "length"), NOT_ISSUED)
def test_what_nobody_issues_passes(cards, prefix, length):
    assert not cards.found_in(_number(prefix, length))


@pytest.mark.parametrize("number", PUBLISHED)
def test_another_check_digit_passes(cards, number):
    assert not any(cards.found_in(number[:-1] + last) for last in string.digits if last != number[-1])


@pytest.mark.parametrize("kind", Texts("names").kinds)
def test_legitimate_references_pass(cards, kind):
    """At most one in a thousand of each kind is taken for a card number."""
    draw = Texts(kind).kinds[kind]
    assert sum(cards.found_in(draw()) for _ in range(DRAWN)) <= DRAWN / 1000


@pytest.mark.parametrize("length", Texts("names").numbers)
def test_random_digits_are_refused_by_chance_alone(cards, length):
    """Of random digits a share are valid numbers: of 16, a third have an issuer's prefix, and a tenth of those pass."""
    draw = Texts(str(length)).numbers[length]
    most = {12: 0.0, 13: 0.015, 16: 0.04, 19: 0.03}.get(length, 0.01)
    assert sum(cards.found_in(draw()) for _ in range(DRAWN)) <= DRAWN * most


@pytest.mark.parametrize(("before", "after"), list(product(("", "1", "99"), ("", "5", "77")))[1:])
def test_a_stretch_of_a_longer_number_passes(cards, before, after):
    assert not cards.found_in(f"{before}{VISA}{after}")


@pytest.mark.parametrize("after", ["1327", "2713", "0019", "12270", "1227123456"])
def test_only_a_date_may_follow_without_a_sign(cards, after):
    assert not cards.found_in(f"{VISA}{after}")


@pytest.mark.parametrize("text", ["4111 11111 111 1111 17", "99 41 11 11 11 11 11 11 11", "4111:11:1111:11:1111"])
def test_groups_that_nobody_prints_pass_in_a_longer_number(cards, text):
    assert not cards.found_in(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GB82 WEST 1234 5698 7654 32", False),  # the example of the registry
        ("DE75 5121 0800 1245 1261 99", False),
        ("XX00 4111 1111 1111 1111 99", True),  # not an IBAN by its check digits
        ("DE75512108001245126199 4111111111111111", True),
        ("12345678-1234-1234-1234-123456789012", False),
        ("550e8400-e29b-41d4-a716-446655440000 4111111111111111", True),
        ("550e8400-e29b-41d4-a716-446655440000", False),
        ("4006381333931", False),  # an article
        ("+4222222222222", False),
        ("+42 2222 222 2222", False),
        ("+4111111111111111", True),
        ("a 4222222222222 b", True),
        ("", False),
        ("411111111111", False),
    ],
)
def test_numbers_of_other_systems_hide_nothing(cards, text, found):
    assert cards.found_in(text) == found
