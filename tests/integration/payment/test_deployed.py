"""What is deployed of the payment system, found by asking AWS, is what the requirements ask for."""

import json

import pytest

from lib.common import naming, region
from lib.payment.settings import SYSTEM, Settings
from tests.support import discovery

PARTS = ("api", "drain", "database")
KEYS = ("database", "audit", "operations")


def named(part=""):
    """Return the name of one of the system's resources."""
    return f"{SYSTEM}-{part}-{naming.suffix()}" if part else f"{SYSTEM}-{naming.suffix()}"


@pytest.fixture
def vpc(aws):
    return discovery.vpc(aws("ec2"), SYSTEM, naming.suffix())


@pytest.fixture
def subnets(aws, vpc):
    """The VPC's subnets by tier."""
    wanted = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    found: dict[str, list[dict[str, object]]] = {}
    for page in aws("ec2").get_paginator("describe_subnets").paginate(Filters=wanted):
        for subnet in page["Subnets"]:
            found.setdefault(discovery.tags(subnet["Tags"])["Tier"], []).append(subnet)
    return found


@pytest.fixture
def database(aws):
    return discovery.database(aws("rds"), named())


@pytest.fixture
def bucket(aws):
    """The audit bucket's name, which holds account and region."""
    account = aws("sts").get_caller_identity()["Account"]
    wanted = f"payment-audit-{account}-{region.primary()}-{naming.suffix()}"
    names = [found["Name"] for found in aws("s3").list_buckets()["Buckets"]]
    return discovery.one([name for name in names if name == wanted], f"bucket {wanted}")


@pytest.fixture
def balancer(aws):
    return discovery.one(aws("elbv2").describe_load_balancers(Names=[named()])["LoadBalancers"], "load balancer")


@pytest.fixture
def api(aws):
    pages = aws("apigateway").get_paginator("get_rest_apis").paginate()
    return discovery.one([a for page in pages for a in page["items"] if a["name"] == named()], f"API {named()}")


@pytest.fixture
def key(aws):
    return lambda part: aws("kms").describe_key(KeyId=f"alias/{named(part)}")["KeyMetadata"]


def tables(aws, subnets, tier):
    """Return the default routes of a tier."""
    ids = [subnet["SubnetId"] for subnet in subnets[tier]]
    found = aws("ec2").describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": ids}])["RouteTables"]
    return [route for table in found for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"]


# --- the network: five things and more


@pytest.mark.parametrize("attribute", ["enableDnsSupport", "enableDnsHostnames"])
def test_the_network_resolves_names(aws, vpc, attribute):
    answer = aws("ec2").describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
    assert answer[attribute[0].upper() + attribute[1:]]["Value"] is True


def test_the_network_is_tagged(vpc):
    assert {"Environment", "Project", "Repository", "Author", "System", "EnvironmentSuffix"} <= set(
        discovery.tags(vpc["Tags"])
    )


def test_each_tier_spans_the_same_zones_of_the_region(subnets):
    zones = {tier: {subnet["AvailabilityZone"] for subnet in found} for tier, found in subnets.items()}
    assert set(zones) == {"functions", "database"}
    assert zones["functions"] == zones["database"]
    assert len(zones["functions"]) >= 2
    assert all(zone.startswith(region.primary()) for zone in zones["functions"])


@pytest.mark.parametrize("tier", ["functions", "database"])
def test_no_tier_has_a_way_out(aws, subnets, tier):
    assert tables(aws, subnets, tier) == []


def test_services_are_reached_by_endpoints(aws, vpc):
    found = aws("ec2").describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["VpcEndpoints"]
    assert {endpoint["ServiceName"].rpartition(".")[2] for endpoint in found} == {"s3", "secretsmanager", "kms"}
    assert {endpoint["State"].lower() for endpoint in found} == {"available"}


def test_the_database_lets_in_the_functions_and_nobody_else(aws, vpc, database):
    groups = discovery.groups(aws("ec2"), vpc["VpcId"])
    (permission,) = groups[named("database")]["IpPermissions"]
    assert [pair["GroupId"] for pair in permission["UserIdGroupPairs"]] == [groups[named("functions")]["GroupId"]]
    assert permission["IpRanges"] == []
    assert permission["FromPort"] == permission["ToPort"] == database["Endpoint"]["Port"]


# --- the database: four things


def test_the_database_is_postgresql_of_the_pinned_version(database):
    assert database["Engine"] == "postgres"
    assert database["EngineVersion"].startswith("17.")


def test_the_database_is_encrypted_with_its_own_key(database, key):
    assert database["StorageEncrypted"] is True
    assert database["KmsKeyId"] in (key("database")["Arn"], key("database")["KeyId"])


def test_the_database_is_private_and_backed_up(database):
    assert database["PubliclyAccessible"] is False
    assert database["BackupRetentionPeriod"] >= 1


def test_the_database_demands_tls(aws, database):
    (group,) = database["DBParameterGroups"]
    pages = (
        aws("rds")
        .get_paginator("describe_db_parameters")
        .paginate(DBParameterGroupName=group["DBParameterGroupName"], Source="user")
    )
    values = {p["ParameterName"]: p.get("ParameterValue") for page in pages for p in page["Parameters"]}
    assert values["rds.force_ssl"] == "1"


def test_the_password_is_in_a_secret_that_the_migration_alone_is_told_of(aws):
    for part in ("api", "drain"):
        assert "DB_SECRET_ARN" not in discovery.function(aws("lambda"), named(part))["Environment"]["Variables"]
    function = discovery.function(aws("lambda"), named("database"))
    secret = aws("secretsmanager").describe_secret(SecretId=function["Environment"]["Variables"]["DB_SECRET_ARN"])
    assert secret["Name"].startswith("rds!db-")


# --- keys: two things


@pytest.mark.parametrize("part", KEYS)
def test_a_key_is_the_customers_and_enabled(key, part):
    assert (key(part)["KeyManager"], key(part)["KeyState"]) == ("CUSTOMER", "Enabled")


@pytest.mark.parametrize("part", KEYS)
def test_a_key_rotates(aws, key, part):
    assert aws("kms").get_key_rotation_status(KeyId=key(part)["KeyId"])["KeyRotationEnabled"] is True


# --- functions: four things


@pytest.mark.parametrize("part", PARTS)
def test_a_function_runs_a_current_python_in_the_network(aws, subnets, part):
    found = discovery.function(aws("lambda"), named(part))
    assert found["Runtime"] == "python3.14"
    assert set(found["VpcConfig"]["SubnetIds"]) == {subnet["SubnetId"] for subnet in subnets["functions"]}


@pytest.mark.parametrize("part", PARTS)
def test_a_function_gives_up_into_a_queue(aws, part):
    found = discovery.function(aws("lambda"), named(part))
    assert found["DeadLetterConfig"]["TargetArn"].endswith(f":{named('dead-letters')}")


@pytest.mark.parametrize("part", PARTS)
def test_a_functions_lines_end_some_day(aws, part):
    assert discovery.log_days_fit(aws("logs"), f"/aws/lambda/{named(part)}")


def test_the_apis_function_has_its_concurrency(aws):
    found = aws("lambda").get_function_concurrency(FunctionName=named("api"))
    assert found["ReservedConcurrentExecutions"] >= 1


def test_the_outbox_is_drained_every_minute(aws):
    rule = aws("events").describe_rule(Name=named("drain"))
    assert (rule["State"], rule["ScheduleExpression"]) == ("ENABLED", "rate(1 minute)")
    targets = aws("events").list_targets_by_rule(Rule=named("drain"))["Targets"]
    assert [target["Arn"].rpartition(":")[2] for target in targets] == [named("drain")]


# --- the audit trail: four things


def test_the_audit_bucket_keeps_versions_under_a_lock(aws, bucket):
    assert aws("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    lock = aws("s3").get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert lock["ObjectLockEnabled"] == "Enabled"
    assert lock["Rule"]["DefaultRetention"]["Days"] >= 1


def test_the_audit_bucket_is_encrypted_with_its_own_key(aws, bucket, key):
    (rule,) = aws("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key("audit")["Arn"]
    assert rule["BucketKeyEnabled"] is True


def test_the_audit_bucket_is_closed(aws, bucket):
    block = aws("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert list(block.values()) == [True] * 4


def test_the_audit_bucket_refuses_plain_requests_and_other_keys(aws, bucket):
    statements = json.loads(aws("s3").get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    refused = [json.dumps(s["Condition"]) for s in statements if s["Effect"] == "Deny"]
    assert any("aws:SecureTransport" in condition for condition in refused)
    assert any("server-side-encryption-aws-kms-key-id" in condition for condition in refused)


def test_old_audit_records_stay_and_can_be_read(aws, bucket):
    (rule,) = aws("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert {"Expiration", "Transitions"}.isdisjoint(rule)


# --- the load balancer: two things


def test_the_load_balancer_is_internal_and_careful(aws, balancer):
    answer = aws("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])
    attributes = {item["Key"]: item["Value"] for item in answer["Attributes"]}
    assert balancer["Scheme"] == "internal"
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"


def test_the_load_balancer_reaches_the_function(aws, balancer):
    (group,) = aws("elbv2").describe_target_groups(LoadBalancerArn=balancer["LoadBalancerArn"])["TargetGroups"]
    assert group["TargetType"] == "lambda"
    targets = aws("elbv2").describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    assert [t["Target"]["Id"].rpartition(":")[2] for t in targets] == [named("api")]


# --- the API: one thing, and what guards it


def test_the_api_has_a_stage_with_logs_traces_and_limits(aws, api):
    stage = aws("apigateway").get_stage(restApiId=api["id"], stageName="v1")
    modes = {discovery.function(aws("lambda"), named(part))["TracingConfig"]["Mode"] for part in PARTS}
    assert modes == {"Active" if stage["tracingEnabled"] else "PassThrough"}  # both, or a trace has a hole
    assert "accessLogSettings" in stage
    limits = stage["methodSettings"]["*/*"]
    assert limits["throttlingRateLimit"] >= 1
    assert limits["dataTraceEnabled"] is False


def test_payments_need_a_key_and_a_valid_body(aws, api):
    gateway = aws("apigateway")
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api["id"])
    ids = {item["path"]: item["id"] for page in pages for item in page["items"]}
    method = gateway.get_method(restApiId=api["id"], resourceId=ids["/payments"], httpMethod="POST")
    assert method["apiKeyRequired"] is True
    assert method["requestModels"].keys() == {"application/json"}
    assert method["requestParameters"] == {"method.request.header.Idempotency-Key": True}


def test_the_firewall_guards_the_api(aws, api):
    arn = f"arn:aws:apigateway:{region.primary()}::/restapis/{api['id']}/stages/v1"
    found = aws("wafv2").get_web_acl_for_resource(ResourceArn=arn)["WebACL"]
    assert found["Name"] == named()


# --- and the rest


def test_every_alarm_tells_somebody(aws):
    pages = aws("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{SYSTEM}-")
    mine = [a for page in pages for a in page["MetricAlarms"] if a["AlarmName"].endswith(f"-{naming.suffix()}")]
    assert len(mine) == 20
    assert all(action.endswith(f":{named('alarms')}") for alarm in mine for action in alarm["AlarmActions"])
    assert all(alarm["AlarmActions"] for alarm in mine)


def test_no_function_may_do_everything(aws):
    iam = aws("iam")
    for part in PARTS:
        role = Settings.read().name("role", part)
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            assert not [s for s in document["Statement"] if "*" in s["Action"]]


@pytest.mark.parametrize("other", ["dev2", "i", "t"])
def test_another_suffix_finds_nothing(aws, other):
    with pytest.raises(discovery.NotDeployed):
        discovery.vpc(aws("ec2"), SYSTEM, other)
