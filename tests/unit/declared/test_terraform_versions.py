"""What a provider is too old for is left out of the copy that it gets, and named with the version that brought it."""

import pytest

from lib.declared import terraform_versions
from lib.declared.terraform_versions import ADDED, VALUES, for_provider, numbers

TABLE = "aws_dynamodb_table.replica.deletion_protection_enabled"


def configuration() -> dict:
    replica = {"region_name": "x", "deletion_protection_enabled": True}
    return {
        "resource": {
            "aws_dynamodb_table": {"one": {"name": "one", "replica": [replica, dict(replica)]}},
            "aws_lambda_function": {"api": {"runtime": "python3.14"}},
        }
    }


def test_an_older_provider_is_spared_what_it_does_not_know():
    given = configuration()
    found, left_out = for_provider(given, "5.100.0")
    assert found["resource"]["aws_dynamodb_table"]["one"]["replica"] == [{"region_name": "x"}] * 2
    assert found["resource"]["aws_lambda_function"]["api"]["runtime"] == "python3.13"
    assert left_out == [
        f"{TABLE} (AWS provider 6.9.0)",
        "aws_lambda_function.runtime = python3.14 (AWS provider 6.20.0): python3.13 instead",
    ]
    assert given == configuration()


def test_a_newer_provider_gets_all_of_it():
    assert for_provider(configuration(), "6.25.0") == (configuration(), [])


def test_the_version_that_brought_it_has_it():
    found, left_out = for_provider(configuration(), ADDED[TABLE])
    assert found["resource"]["aws_dynamodb_table"] == configuration()["resource"]["aws_dynamodb_table"]
    assert len(left_out) == 1  # the runtime came later


def test_versions_are_compared_by_number():
    assert numbers("6.9.0") < numbers("6.20.0") < numbers("6.100.0-beta1")


@pytest.mark.parametrize("version", [*ADDED.values(), *(value.version for value in VALUES.values())])
def test_every_row_is_younger_than_the_oldest_judge(version: str):
    assert numbers(version) > (5, 100, 0)


def test_a_configuration_without_resources_has_nothing_to_leave_out():
    assert terraform_versions.for_provider({}, "5.100.0") == ({}, [])
