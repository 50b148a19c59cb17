"""``scripts/check_versions`` asks RDS with parameters that it has, and reads every page of the answer (X7)."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lib.common import region

OPTION = {"MultiAZCapable": True, "AvailabilityZones": [{"Name": "a"}, {"Name": "b"}, {"Name": "c"}]}


@pytest.fixture(name="stub")
def fixture_stub() -> Iterator[tuple[Any, Stubber]]:
    """Make a real client, whose stubber refuses parameters that RDS does not have."""
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    client = boto3.client("rds", region_name=region.primary(), **keys)
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def test_every_page_of_versions_is_read(script: Any, stub: tuple[Any, Stubber]) -> None:
    """RDS gives 100 at a time; those that it still offers."""
    client, stubber = stub
    wanted = {"Engine": "postgres", "IncludeAll": False}
    page = {"DBEngineVersions": [{"EngineVersion": "1.1"}], "Marker": "more"}
    stubber.add_response("describe_db_engine_versions", page, wanted)
    page = {"DBEngineVersions": [{"EngineVersion": "1.2"}]}
    stubber.add_response("describe_db_engine_versions", page, {**wanted, "Marker": "more"})
    assert script.offered(client, "postgres") == ["1.1", "1.2"]


def test_every_page_of_options_is_read(script: Any, stub: tuple[Any, Stubber]) -> None:
    """Those of the version and the instance class, in a VPC."""
    client, stubber = stub
    wanted = {"Engine": "postgres", "EngineVersion": "1.1", "DBInstanceClass": "db.t4g.medium", "Vpc": True}
    page: dict[str, Any] = {"OrderableDBInstanceOptions": [], "Marker": "more"}
    stubber.add_response("describe_orderable_db_instance_options", page, wanted)
    page = {"OrderableDBInstanceOptions": [OPTION]}
    stubber.add_response("describe_orderable_db_instance_options", page, {**wanted, "Marker": "more"})
    assert script.zones(client, script.Stack("x", "postgres", "1.1", "db.t4g.medium"), "1.1") == 3
