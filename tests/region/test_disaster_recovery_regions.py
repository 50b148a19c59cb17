"""Writing other names into lib/AWS_REGION and lib/AWS_REGION_DR moves the whole pair, in any partition."""

import json
import re

import pytest

from lib.common import region
from lib.common.errors import SettingError
from tests.support import disaster_recovery
from tests.support.disaster_recovery import ROLES, Configuration
from tests.support.regions import chosen, moved_lib, region_names


def pairs() -> list[tuple[str, str]]:
    """Return pairs within a partition: chosen regions and their neighbours, the partition's global one among them."""
    by_partition: dict[str, list[str]] = {}
    for name, partition in sorted(region.known().items()):
        by_partition.setdefault(partition, []).append(name)
    found = []
    for name in chosen():
        others = by_partition[region.partition(name)]
        if len(others) > 1:
            found.append((name, others[(others.index(name) + 1) % len(others)]))
    whole = region.global_region(found[0][0])
    return [*found, (whole, found[0][0]), (found[0][0], whole)]


@pytest.fixture(scope="module")
def synthesised() -> dict[tuple[str, str], Configuration]:
    """What was synthesised so far."""
    return {}


@pytest.fixture(params=pairs(), ids="-and-".join)
def moved(request, synthesised, tmp_path, monkeypatch):
    """A pair, and what was synthesised when nothing but the files with the regions was changed."""
    first, second = request.param
    monkeypatch.setattr(region, "FOLDER", moved_lib(tmp_path, AWS_REGION=first, AWS_REGION_DR=second))
    if request.param not in synthesised:
        synthesised[request.param] = disaster_recovery.read(disaster_recovery.synthesise({}))
    return request.param, synthesised[request.param]


def test_no_other_region_is_named(moved):
    pair, found = moved
    assert region_names(json.dumps(found.json)) == {*pair, region.global_region(pair[0])}


def test_only_what_is_told_of_health_checks_is_elsewhere(moved):
    pair, found = moved
    for provider in found.json["provider"]["aws"]:
        if provider["alias"] == "global":
            assert region.global_region(pair[0]) not in pair
            kinds = {r.kind for r in found.resources if r.values.get("provider") == "aws.global"}
            assert kinds <= {
                "aws_kms_key",
                "aws_kms_alias",
                "aws_sns_topic",
                "aws_sns_topic_policy",
                "aws_cloudwatch_metric_alarm",
            }


def test_every_arn_is_of_the_pairs_partition(moved):
    pair, found = moved
    partitions = re.findall(r"\barn:(aws[a-z-]*):", json.dumps(found.json))
    assert len(partitions) >= 40
    assert set(partitions) == {region.partition(pair[0])}


def test_host_names_and_regional_services_end_as_the_partition_says(moved):
    pair, found = moved
    for role, name in zip(ROLES, pair, strict=True):
        suffix = region.dns_suffix(name)
        key = found.one("aws_kms_key", role, "operations")
        assert f'"logs.{name}.{suffix}"' in key["policy"]
        check = found.one("aws_route53_health_check", part=f"{role}-check")
        assert check["fqdn"].endswith(f".execute-api.{name}.{suffix}")


def test_each_side_is_in_its_region_and_knows_the_other(moved):
    pair, found = moved
    for role, name, peer in zip(ROLES, pair, reversed(pair), strict=True):
        assert found.alias(role)["region"] == name
        environment = found.one("aws_lambda_function", role, "/payment")["environment"]["variables"]
        assert environment["PEER_REGION"] == peer
        services = {e["service_name"] for e in found.of("aws_vpc_endpoint", role)}
        assert services == {f"com.amazonaws.{name}.{service}" for service in ("dynamodb", "kms", "s3")}
    assert found.one("aws_vpc_peering_connection")["peer_region"] == pair[1]
    assert found.one("aws_dynamodb_table")["replica"][0]["region_name"] == pair[1]


def test_at_least_six_pairs_in_three_partitions():
    found = pairs()
    assert len(set(found)) >= 6
    assert len({region.partition(first) for first, _second in found}) >= 3
    assert all(region.partition(first) == region.partition(second) for first, second in found)


def test_a_pair_across_partitions_is_refused():
    by_partition = {partition: name for name, partition in region.known().items()}
    first, second = by_partition["aws"], by_partition["aws-cn"]
    with pytest.raises(SettingError, match="replicates nothing between partitions"):
        disaster_recovery.synthesise({"AWS_REGION": first, "AWS_REGION_DR": second})
