"""What is deployed of the Flask API, found by asking AWS, is what the requirements ask for."""

import json

import pytest

from lib.common import naming, region
from lib.flask_api.settings import SYSTEM
from tests.support import discovery


@pytest.fixture
def name():
    """The name that most resources of the system have."""
    return f"{SYSTEM}-{naming.suffix()}"


@pytest.fixture
def vpc(aws):
    return discovery.vpc(aws("ec2"), SYSTEM, naming.suffix())


@pytest.fixture
def subnets(aws, vpc):
    """The VPC's subnets by tier."""
    pages = (
        aws("ec2").get_paginator("describe_subnets").paginate(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])
    )
    found: dict[str, list[dict[str, object]]] = {}
    for page in pages:
        for subnet in page["Subnets"]:
            found.setdefault(discovery.tags(subnet["Tags"])["Tier"], []).append(subnet)
    return found


@pytest.fixture
def balancer(aws, name):
    found = aws("elbv2").describe_load_balancers(Names=[name])["LoadBalancers"]
    return discovery.one(found, f"load balancer {name}")


@pytest.fixture
def service(aws, name):
    return discovery.one(aws("ecs").describe_services(cluster=name, services=[name])["services"], f"service {name}")


@pytest.fixture
def container(aws, service):
    task = aws("ecs").describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    return discovery.one(task["containerDefinitions"], "container of the task")


@pytest.fixture
def cluster(aws, name):
    return discovery.one(aws("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"], f"cluster {name}")


@pytest.mark.parametrize("attribute", ["enableDnsSupport", "enableDnsHostnames"])
def test_the_network_resolves_names(aws, vpc, attribute):
    answer = aws("ec2").describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
    assert answer[attribute[0].upper() + attribute[1:]]["Value"] is True


def test_the_network_has_the_tags_of_the_specification(vpc):
    tags = discovery.tags(vpc["Tags"])
    assert tags["Project"] == "ecommerce-api"
    assert {"Environment", "Repository", "Author", "System", "EnvironmentSuffix", "Name"} <= set(tags)


def test_each_tier_spans_the_same_zones(subnets):
    zones = {tier: {subnet["AvailabilityZone"] for subnet in found} for tier, found in subnets.items()}
    assert set(zones) == {"public", "tasks", "database"}
    assert len(zones["public"]) in (2, 3)
    assert zones["public"] == zones["tasks"] == zones["database"]
    assert all(zone.startswith(region.primary()) for zone in zones["public"])


def test_the_database_tier_has_no_way_out(aws, subnets):
    ids = [subnet["SubnetId"] for subnet in subnets["database"]]
    tables = aws("ec2").describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": ids}])["RouteTables"]
    table = discovery.one(tables, "route table of the database's subnets")
    assert [route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"] == []


@pytest.mark.parametrize(("tier", "key", "start"), [("public", "GatewayId", "igw-"), ("tasks", "NatGatewayId", "nat-")])
def test_the_other_tiers_have_theirs(aws, subnets, tier, key, start):
    ids = [subnet["SubnetId"] for subnet in subnets[tier]]
    tables = aws("ec2").describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": ids}])["RouteTables"]
    ways = [r.get(key, "") for t in tables for r in t["Routes"] if r.get("DestinationCidrBlock") == "0.0.0.0/0"]
    assert len(ways) == len(tables) >= 1
    assert all(way.startswith(start) for way in ways)


def test_groups_let_in_the_tier_before_them(aws, vpc):
    groups = discovery.groups(aws("ec2"), vpc["VpcId"])
    suffix = naming.suffix()
    before = {"tasks": {"load-balancer"}, "database": {"tasks", "functions"}}
    for target, sources in before.items():
        permissions = groups[f"{SYSTEM}-{target}-{suffix}"]["IpPermissions"]
        pairs = [pair["GroupId"] for permission in permissions for pair in permission["UserIdGroupPairs"]]
        assert sorted(pairs) == sorted(groups[f"{SYSTEM}-{source}-{suffix}"]["GroupId"] for source in sources)
        assert not any(permission["IpRanges"] for permission in permissions)


def test_traffic_is_logged(aws, vpc):
    found = aws("ec2").describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc["VpcId"]]}])["FlowLogs"]
    flow = discovery.one(found, "flow log of the VPC")
    assert flow["TrafficType"] == "ALL"
    assert flow["LogDestination"].endswith(f":/{SYSTEM}-flows-{naming.suffix()}")


def test_the_load_balancer_is_public_and_careful(aws, balancer):
    answer = aws("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])
    attributes = {item["Key"]: item["Value"] for item in answer["Attributes"]}
    assert balancer["Scheme"] == "internet-facing"
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert attributes["access_logs.s3.enabled"] == "true"


def test_the_listener_reaches_the_services_target_group(aws, balancer, service):
    listeners = aws("elbv2").describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    forwards = [a for listener in listeners for a in listener["DefaultActions"] if a["Type"] == "forward"]
    assert [action["TargetGroupArn"] for action in forwards] == [service["loadBalancers"][0]["targetGroupArn"]]


def test_the_log_bucket_is_closed(aws, balancer):
    attributes = aws("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])
    bucket = {item["Key"]: item["Value"] for item in attributes["Attributes"]}["access_logs.s3.bucket"]
    block = aws("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    assert len(block) == 4


def test_the_service_runs_on_fargate_and_takes_failures_back(service):
    assert service["desiredCount"] >= 1
    assert service["capacityProviderStrategy"][0]["capacityProvider"] == "FARGATE"
    assert service["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}


def test_lines_go_to_the_region_of_the_deployment(container):
    options = container["logConfiguration"]["options"]
    assert options["awslogs-region"] == region.primary()


def test_the_tasks_sign_in_by_iam_and_are_told_of_no_secret(container):
    environment = {item["name"]: item["value"] for item in container["environment"]}
    assert environment["DB_USER"] == "shop_api"
    assert not container.get("secrets")
    assert not [name for name in environment if "SECRET" in name or "PASSWORD" in name]


def test_the_image_is_of_the_stacks_repository(aws, container, name):
    repository = discovery.one(
        aws("ecr").describe_repositories(repositoryNames=[name])["repositories"], f"repository {name}"
    )
    assert container["image"].startswith(repository["repositoryUri"])
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"]["scanOnPush"] is True
    policy = aws("ecr").get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
    assert len(json.loads(policy)["rules"]) == 2


def test_the_cluster_is_encrypted_and_backed_up(cluster):
    assert cluster["StorageEncrypted"] is True
    assert cluster["BackupRetentionPeriod"] >= 7
    assert cluster["Engine"] == "aurora-postgresql"


def test_writer_and_reader_are_private_and_apart(aws, cluster):
    names = [member["DBInstanceIdentifier"] for member in cluster["DBClusterMembers"]]
    assert len(names) == 2
    found = [aws("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0] for name in names]
    assert len({instance["AvailabilityZone"] for instance in found}) == 2
    assert [instance["PubliclyAccessible"] for instance in found] == [False, False]


def test_scaling_has_three_targets(aws, name):
    scaling = aws("application-autoscaling")
    resource = f"service/{name}/{name}"
    found = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])["ScalableTargets"]
    assert discovery.one(found, f"scalable target {resource}")["MinCapacity"] >= 1
    policies = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]
    assert len(policies) == 3


def test_keys_rotate(aws):
    kms = aws("kms")
    for part in ("database", "operations"):
        key = kms.describe_key(KeyId=f"alias/{SYSTEM}-{part}-{naming.suffix()}")["KeyMetadata"]
        assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True


def test_every_alarm_tells_somebody(aws):
    pages = aws("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{SYSTEM}-")
    mine = [a for page in pages for a in page["MetricAlarms"] if a["AlarmName"].endswith(f"-{naming.suffix()}")]
    assert len(mine) == 14
    assert all(alarm["AlarmActions"] for alarm in mine)


def test_logs_end_some_day(aws, container):
    assert discovery.log_days_fit(aws("logs"), container["logConfiguration"]["options"]["awslogs-group"])


@pytest.mark.parametrize("other", ["dev2", "i", "t"])
def test_another_suffix_finds_nothing(aws, other):
    with pytest.raises(discovery.NotDeployed):
        discovery.vpc(aws("ec2"), SYSTEM, other)
