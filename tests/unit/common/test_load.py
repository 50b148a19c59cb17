"""Quotas of AWS and an instance class's processors are limits of a load, in units a second."""

from decimal import Decimal

from lib.common import load


def test_an_api_takes_what_the_accounts_quota_lets_through():
    assert load.gateway().takes == 2500
    assert load.gateway(calls=2).takes == 1250


def test_a_sender_is_counted_over_five_minutes():
    assert load.sender(6000).takes == 20


def test_a_database_takes_what_its_processors_do_all_the_time():
    found = load.database("db.t4g.medium", Decimal("0.4"), 1000)
    assert found.takes == 400
    assert "DATABASE_INSTANCE_CLASS=db.t4g.medium" in found.what
