"""Amounts are exact, have their currency's decimals, and never more digits than a card network carries."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

# ISO 4217, from the standard's list: what has no decimals, and what has three.
NONE, THREE = {"ISK", "JPY", "KRW"}, {"BHD", "JOD", "KWD", "OMR", "TND"}


@pytest.fixture(scope="module")
def money(modules: SimpleNamespace) -> SimpleNamespace:
    """The module."""
    return modules.money


def test_the_decimals_are_those_of_iso_4217(money):
    decimals = {code: 0 if code in NONE else 3 if code in THREE else 2 for code in money.EXPONENTS}
    assert decimals == money.EXPONENTS
    assert set(decimals) > NONE | THREE | {"EUR", "USD"}


@given(data=st.data())
def test_text_and_money_are_two_ways_to_write_one_thing(money, data):
    currency = data.draw(st.sampled_from(sorted(money.EXPONENTS)))
    made = money.Money(data.draw(st.integers(1, money.LARGEST)), currency)
    assert money.parse(str(made), currency) == made
    assert Decimal(str(made)) == made.amount
    assert len(str(made).partition(".")[2]) == money.EXPONENTS[currency]
    assert sum(sign.isdigit() for sign in str(made)) <= 13  # "0.05" has a zero in front


@given(data=st.data())
def test_sums_of_minor_units_are_sums_of_decimals(money, data):
    currency = data.draw(st.sampled_from(sorted(money.EXPONENTS)))
    parts = [money.Money(minor, currency) for minor in data.draw(st.lists(st.integers(1, money.LARGEST), max_size=20))]
    whole = money.Money(sum(part.minor for part in parts), currency)
    assert whole.amount == sum((Decimal(str(part)) for part in parts), Decimal(0))


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12", "EUR", 1200),
        ("0.01", "EUR", 1),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("0.001", "KWD", 1),
        ("9999999999.99", "EUR", 10**12 - 1),
        ("999999999999", "JPY", 10**12 - 1),
        ("999999999.999", "KWD", 10**12 - 1),
    ],
)
def test_decimals_become_minor_units(money, text, currency, minor):
    assert money.parse(text, currency) == (minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "code", "message"),
    [
        ("1.00", "XXX", "unknown_currency", "AUD, BHD"),
        ("1.00", "eur", "unknown_currency", "Use one"),
        ("1.005", "EUR", "amount_precision", "at most 2"),
        ("1.000", "EUR", "amount_precision", "at most 2"),
        ("1.0", "JPY", "amount_precision", "at most 0"),
        ("1.0000", "KWD", "amount_precision", "at most 3"),
        ("0", "EUR", "amount_out_of_range", "from 0.01 to 9999999999.99"),
        ("0.00", "EUR", "amount_out_of_range", "from 0.01"),
        ("0", "JPY", "amount_out_of_range", "from 1 to"),
        ("10000000000.00", "EUR", "amount_out_of_range", "to 9999999999.99"),
        ("1000000000000", "JPY", "amount_out_of_range", "to 999999999999."),
        ("9" * 5000, "EUR", "amount_out_of_range", "from"),
    ],
)
def test_what_cannot_be_is_told_by_a_code(money, text, currency, code, message):
    with pytest.raises(money.MoneyError, match=message) as caught:
        money.parse(text, currency)
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["", "-1.00", "1e3", "1.", ".5", "1,00", " 1", "1\n", "١", "NaN"])
def test_only_digits_and_a_point_are_a_number(money, text):
    with pytest.raises(ValueError, match="digits"):
        money.parse(text, "EUR")
