"""Each check under moto in threes: nothing there, something wrong, something in order."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lib.analyse import aws, discovery
from lib.analyse.model import Context, Finding
from lib.analyse.prices import Prices
from lib.analyse.region_client import RegionClient
from tests.support.analyse.auditor import PRICED

OPTIONS = SimpleNamespace(
    detach_times=False, log_groups=("*",), streams="auto", log_tags=False, measure_ingestion=False
)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


def client(service: str) -> Any:
    return boto3.client(service, region_name=PRICED)


def run(check_id: str, *, attached_only: bool = False, **options: Any) -> list[Finding]:
    """Return what a check finds in the emulated account."""
    import threading

    found = {check.id: check for check in discovery.checks()}[check_id]
    account = aws.own_account(None, PRICED)
    place = RegionClient(account, PRICED, threading.Event())
    context = Context(account.id, PRICED, "aws", datetime.now(UTC), Prices.read(), attached_only)
    wanted = SimpleNamespace(**{**vars(OPTIONS), **options})
    items = list(discovery.collectors()[found.collector].collect(place, wanted))
    account.close()
    return [finding for item in items for finding in found.evaluate(item, context)]


def test_no_volumes_no_findings():
    assert run("zombie-volume") == []


def test_a_volume_that_nothing_uses_is_found_with_its_price():
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "Owner", "Value": "ann"}]}]
    kind = {"VolumeType": "gp3", "Iops": 4000, "Throughput": 200}
    made = client("ec2").create_volume(AvailabilityZone=f"{PRICED}a", Size=100, TagSpecifications=tags, **kind)
    client("ec2").create_snapshot(VolumeId=made["VolumeId"])
    (found,) = run("zombie-volume")
    assert (found.id, found.type, found.severity, found.tags) == (made["VolumeId"], "gp3", "medium", {"Owner": "ann"})
    assert found.cost is not None
    assert float(found.cost.monthly or 0) == 16.0
    assert datetime.fromisoformat(found.details["created_at"]).utcoffset() == timedelta(0)
    assert found.details["last_snapshot_at"].endswith("+00:00")
    assert found.details["detached_at"] is None
    assert found.details["created_days_ago"] == 0


def test_a_volume_in_use_is_in_order():
    client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    assert client("ec2").describe_volumes()["Volumes"]
    assert run("zombie-volume") == []


def group(*permissions: dict[str, Any]) -> str:
    ec2 = client("ec2")
    identifier = ec2.create_security_group(GroupName="a-group", Description="d")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=identifier, IpPermissions=list(permissions))
    return str(identifier)


def test_no_rules_no_findings():
    assert run("open-ingress") == []


def test_every_rule_open_to_the_world_is_one_finding():
    made = group(
        {
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "for all"}, {"CidrIp": "10.0.0.0/8"}],
            "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
        },
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
    )
    found = run("open-ingress")
    assert sorted((f.details["source"], f.type) for f in found) == [
        ("0.0.0.0/0", "all-traffic"),
        ("0.0.0.0/0", "sensitive-port"),
        ("::/0", "sensitive-port"),
    ]
    assert {f.details["group_id"] for f in found} == {made}
    assert {f.details["attached"] for f in found} == {False}
    assert "for all" in {f.details["description"] for f in found}


def test_rules_for_private_ranges_and_groups_are_in_order():
    ec2 = client("ec2")
    made = group({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]})
    itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": made}]}]
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=itself)
    assert run("open-ingress") == []


def test_a_group_that_something_uses_is_graver_and_one_that_nothing_uses_can_be_left_out():
    made = group({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]})
    assert [f.severity for f in run("open-ingress")] == ["medium"]
    assert run("open-ingress", attached_only=True) == []
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    client("ec2").create_network_interface(SubnetId=subnet, Groups=[made], Description="a balancer")
    (found,) = run("open-ingress", attached_only=True)
    assert (found.severity, found.details["users"], found.details["used_by"]) == ("high", 1, "a balancer")


def test_no_log_groups_no_findings():
    assert run("log-cost") == []


def test_a_log_group_that_keeps_everything_is_a_finding():
    logs = client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/production-app-1")
    logs.create_log_stream(logGroupName="/aws/lambda/production-app-1", logStreamName="s")
    logs.create_log_group(logGroupName="/aws/lambda/other")
    now = int(datetime.now(UTC).timestamp() * 1000)
    event = [{"timestamp": now, "message": "x" * 1000}]
    logs.put_log_events(logGroupName="/aws/lambda/production-app-1", logStreamName="s", logEvents=event)
    (found,) = run("log-cost", log_groups=("/aws/lambda/production-app-*",))
    assert (found.severity, found.details["streams"], found.estimate) == ("low", 1, True)
    assert found.details["average_stream_bytes"] == found.details["stored_bytes"] > 0


def test_a_log_group_that_forgets_is_in_order():
    client("logs").create_log_group(logGroupName="g")
    client("logs").put_retention_policy(logGroupName="g", retentionInDays=30)
    (found,) = run("log-cost")
    assert (found.severity, found.details["retention_days"]) == ("info", 30)
