"""What is deployed in both regions, found by asking AWS, is what the requirements ask for."""

import json

import pytest

from lib.common import naming, region
from lib.disaster_recovery.settings import HEALTH_BURST, SYSTEM, Settings
from tests.support import discovery

PLACES = region.pair()
ROLES = dict(zip(PLACES, ("primary", "secondary"), strict=True))
TIERS = ("database", "functions")

pytestmark = pytest.mark.parametrize("place", PLACES, ids=["primary", "secondary"])


def named(part=""):
    """Return the name of one of the system's resources, the same in both regions."""
    return f"{SYSTEM}-{part}-{naming.suffix()}" if part else f"{SYSTEM}-{naming.suffix()}"


@pytest.fixture
def here(aws, place):
    """Make a client of a service in the region at hand."""
    return lambda service: aws(service, region_name=place)


@pytest.fixture
def other(place):
    return next(name for name in PLACES if name != place)


@pytest.fixture
def vpc(here):
    return discovery.vpc(here("ec2"), SYSTEM, naming.suffix())


@pytest.fixture
def groups(here, vpc):
    return discovery.groups(here("ec2"), vpc["VpcId"])


@pytest.fixture
def whole(here):
    name = Settings.read().global_cluster
    found = here("rds").describe_global_clusters(GlobalClusterIdentifier=name)["GlobalClusters"]
    return discovery.one(found, f"global database {named()}")


@pytest.fixture
def cluster(here):
    return discovery.one(here("rds").describe_db_clusters(DBClusterIdentifier=named())["DBClusters"], "cluster")


@pytest.fixture
def table(here):
    return here("dynamodb").describe_table(TableName=named())["Table"]


@pytest.fixture
def api(here):
    pages = here("apigateway").get_paginator("get_rest_apis").paginate()
    return discovery.one([a for page in pages for a in page["items"] if a["name"] == named()], f"API {named()}")


@pytest.fixture
def key(here):
    return lambda part: here("kms").describe_key(KeyId=f"alias/{named(part)}")["KeyMetadata"]


# --- networks


def test_a_network_spans_two_zones_with_private_subnets(here, vpc, place):
    found = here("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in found}) >= 2
    assert all(subnet["AvailabilityZone"].startswith(place) for subnet in found)
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in found)


def test_a_network_has_no_way_to_the_internet(here, vpc):
    mine = [{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]
    assert here("ec2").describe_internet_gateways(Filters=mine)["InternetGateways"] == []


def test_the_networks_do_not_overlap_and_are_peered(here, aws, vpc, other):
    across = discovery.vpc(aws("ec2", region_name=other), SYSTEM, naming.suffix())
    assert across["CidrBlock"] != vpc["CidrBlock"]
    tables = here("ec2").describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["RouteTables"]
    routes = [r for t in tables for r in t["Routes"] if r.get("DestinationCidrBlock") == across["CidrBlock"]]
    assert len(routes) == len(TIERS)
    assert all(route["VpcPeeringConnectionId"].startswith("pcx-") for route in routes)


def test_the_peering_is_accepted(here, vpc):
    found = here("ec2").describe_vpc_peering_connections()["VpcPeeringConnections"]
    mine = [p for p in found if vpc["VpcId"] in (p["RequesterVpcInfo"]["VpcId"], p["AccepterVpcInfo"]["VpcId"])]
    assert [p["Status"]["Code"] for p in mine] == ["active"]


def test_dynamodb_and_s3_are_reached_without_the_internet(here, vpc):
    pages = (
        here("ec2")
        .get_paginator("describe_vpc_endpoints")
        .paginate(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])
    )
    services = {e["ServiceName"].rpartition(".")[2] for page in pages for e in page["VpcEndpoints"]}
    assert {"dynamodb", "s3"} <= services


def test_the_database_lets_in_functions_and_nobody_else(groups, cluster):
    permissions = groups[named("database")]["IpPermissions"]
    pairs = [pair["GroupId"] for permission in permissions for pair in permission["UserIdGroupPairs"]]
    assert pairs == [groups[named("functions")]["GroupId"]]
    assert {permission["FromPort"] for permission in permissions} == {cluster["Port"]}
    assert "0.0.0.0/0" not in json.dumps(permissions)


def test_the_functions_reach_no_address_of_the_world(groups):
    assert "0.0.0.0/0" not in json.dumps(groups[named("functions")]["IpPermissionsEgress"])


# --- the database


def test_the_global_database_has_a_cluster_here(whole, place):
    arns = [member["DBClusterArn"] for member in whole["GlobalClusterMembers"]]
    assert [arn for arn in arns if arn.split(":")[3] == place]
    assert len(arns) == 2


def test_the_global_database_is_encrypted_and_of_the_pinned_version(whole, place):
    assert whole["StorageEncrypted"] is True
    assert (whole["Engine"], whole["EngineVersion"].split(".")[0]) == ("aurora-postgresql", "17")


def test_only_the_primary_cluster_writes(whole, place):
    writing = {member["DBClusterArn"].split(":")[3]: member["IsWriter"] for member in whole["GlobalClusterMembers"]}
    assert writing[place] is (ROLES[place] == "primary")


def test_the_cluster_is_encrypted_with_a_key_of_its_own_region(cluster, key, place):
    assert cluster["StorageEncrypted"] is True
    assert cluster["KmsKeyId"] in (key("data")["Arn"], key("data")["KeyId"])
    assert key("data")["Arn"].split(":")[3] == place


def test_the_cluster_has_an_instance_of_a_class_that_global_databases_take(here, cluster):
    members = [member["DBInstanceIdentifier"] for member in cluster["DBClusterMembers"]]
    assert members != []
    for member in members:
        instance = discovery.database(here("rds"), member)
        assert instance["DBInstanceClass"].startswith("db.r")
        assert instance["PubliclyAccessible"] is False


def test_the_cluster_demands_tls(here, cluster):
    pages = (
        here("rds")
        .get_paginator("describe_db_cluster_parameters")
        .paginate(DBClusterParameterGroupName=cluster["DBClusterParameterGroup"])
    )
    values = {p["ParameterName"]: p.get("ParameterValue") for page in pages for p in page["Parameters"]}
    assert values["rds.force_ssl"] == "1"


def test_the_password_is_a_secret_in_both_regions(here):
    assert here("secretsmanager").describe_secret(SecretId=named("database"))["Name"] == named("database")


# --- the table


def test_the_table_has_a_replica_in_the_other_region(table, other):
    replicas = {replica["RegionName"]: replica["ReplicaStatus"] for replica in table["Replicas"]}
    assert replicas[other] == "ACTIVE"


def test_the_table_is_encrypted_and_can_go_back_in_time(here, table):
    assert table["SSEDescription"]["SSEType"] == "KMS"
    backups = here("dynamodb").describe_continuous_backups(TableName=named())["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


# --- keys, functions, the API


@pytest.mark.parametrize("part", ["data", "operations"])
def test_a_key_is_the_customers_own_and_rotates(here, key, part):
    assert (key(part)["KeyManager"], key(part)["KeyState"]) == ("CUSTOMER", "Enabled")
    assert here("kms").get_key_rotation_status(KeyId=key(part)["KeyId"])["KeyRotationEnabled"] is True


def test_the_payment_function_runs_in_the_network_of_its_region(here, vpc):
    found = discovery.function(here("lambda"), named("payment"))
    assert found["VpcConfig"]["VpcId"] == vpc["VpcId"]
    assert found["Environment"]["Variables"]["HOME_REGION"] == PLACES[0]


def test_the_payment_functions_have_their_concurrency(here):
    found = here("lambda").get_function_concurrency(FunctionName=named("payment"))
    assert found["ReservedConcurrentExecutions"] > HEALTH_BURST


def test_verification_runs_on_a_schedule(here):
    rule = here("events").describe_rule(Name=named("verification"))
    assert rule["State"] == "ENABLED"
    targets = here("events").list_targets_by_rule(Rule=named("verification"))["Targets"]
    assert [target["Arn"].rpartition(":")[2] for target in targets] == [named("verification")]


def test_no_function_may_do_everything(here, place):
    iam = here("iam")
    for part in ("payment", "verification"):
        role = Settings.read().name("role", part, where=place)
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            assert not [s for s in document["Statement"] if "*" in s["Action"]]


def test_the_api_has_a_stage_with_logs_traces_and_limits(here, api):
    stage = here("apigateway").get_stage(restApiId=api["id"], stageName="v1")
    function = discovery.function(here("lambda"), named("payment"))
    assert stage["tracingEnabled"] is (function["TracingConfig"]["Mode"] == "Active")  # both, or a trace has a hole
    assert "accessLogSettings" in stage
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] >= 1


def test_the_apis_lines_end_some_day(here, api):
    stage = here("apigateway").get_stage(restApiId=api["id"], stageName="v1")
    arn = stage["accessLogSettings"]["destinationArn"]
    assert discovery.log_days_fit(here("logs"), arn.split(":log-group:")[1].removesuffix(":*"))


def test_payments_need_an_idempotency_key(here, api):
    gateway = here("apigateway")
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api["id"])
    ids = {item["path"]: item["id"] for page in pages for item in page["items"]}
    method = gateway.get_method(restApiId=api["id"], resourceId=ids["/payments"], httpMethod="POST")
    assert method["requestParameters"] == {"method.request.header.Idempotency-Key": True}


# --- who notices


def test_a_health_check_asks_this_region(here, api, place):
    pages = here("route53").get_paginator("list_health_checks").paginate()
    checks = [c["HealthCheckConfig"] for page in pages for c in page["HealthChecks"]]
    mine = [c for c in checks if c["FullyQualifiedDomainName"].startswith(f"{api['id']}.execute-api.{place}.")]
    assert [c["ResourcePath"] for c in mine] == ["/v1/health/ready"]


def test_every_alarm_tells_somebody_in_its_own_region(here, place):
    pages = here("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{SYSTEM}-")
    mine = [a for page in pages for a in page["MetricAlarms"] if a["AlarmName"].endswith(f"-{naming.suffix()}")]
    assert len(mine) >= 10
    assert all(alarm["AlarmActions"] for alarm in mine)
    assert {action.split(":")[3] for alarm in mine for action in alarm["AlarmActions"]} == {place}


@pytest.mark.parametrize("metric", ["AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"])
def test_the_lag_is_watched_in_either_role(here, metric):
    pages = here("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{SYSTEM}-")
    assert metric in {alarm.get("MetricName") for page in pages for alarm in page["MetricAlarms"]}


@pytest.mark.parametrize("suffix", ["dev2", "i", "t"])
def test_another_suffix_finds_nothing(here, suffix):
    with pytest.raises(discovery.NotDeployed):
        discovery.vpc(here("ec2"), SYSTEM, suffix)
