"""What a load of payments meets follows from the settings, and none of it is below what they are made for."""

from decimal import Decimal

from lib.common.load import LOGS
from lib.payment import load
from lib.payment.settings import Settings


def takes(**environ: str) -> dict[str, Decimal]:
    found = load.of(Settings.read(environ))
    return {limit.what.partition("=")[0]: limit.takes for limit in found.limits}


def test_nothing_takes_less_than_the_api_lets_through():
    for environment in ("dev", "staging"):
        assert min(takes(ENVIRONMENT=environment).values()) == load.of(Settings.read({"ENVIRONMENT": environment})).rate


def test_functions_take_what_one_was_measured_to():
    assert takes(FUNCTION_CONCURRENCY="30", API_BURST="30")["30 functions at once, each with one connection"] == (
        30 * load.FUNCTION_RATE
    )


def test_without_reserved_functions_the_burst_is_what_runs_at_once():
    found = takes(FUNCTION_CONCURRENCY="0", API_BURST="40")
    assert found["40 functions at once, each with one connection"] == 40 * load.FUNCTION_RATE


def test_a_larger_class_takes_more():
    name = "processors of DATABASE_INSTANCE_CLASS"
    assert takes(DATABASE_INSTANCE_CLASS="db.r6g.large")[name] == 2 * load.SQL_RATE > takes()[name]


def test_a_payment_is_a_call_of_each_service_and_one_record():
    uses = dict(load.of(Settings.read({})).uses)
    assert uses.pop(LOGS) == Decimal(load.LOG_BYTES) / 10**9
    assert {count for (_, name), count in uses.items() if not name.startswith("Lambda-GB")} == {1}
    assert ("AmazonS3", "Requests-Tier1") in uses
