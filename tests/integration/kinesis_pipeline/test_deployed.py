"""What is deployed is what the code describes: found by asking AWS, each with its own call."""

import json

import pytest

from lib.common import naming
from lib.kinesis_pipeline.settings import SYSTEM, Settings
from lib.local_cloud.cdk.template_compat import LOST
from tests.integration.conftest import TARGET
from tests.support import discovery, synthesis


def lost(kind):
    """Mark what the emulator does not keep: the test has to fail there, until the emulator learns it."""
    return pytest.mark.xfail(TARGET != "aws", reason=LOST[kind], raises=(AssertionError, KeyError), strict=True)


@pytest.fixture
def settings(environ):
    return Settings.read()


@pytest.fixture
def vpc(aws, settings):
    return discovery.vpc(aws("ec2"), SYSTEM, settings.suffix)


@pytest.fixture
def database(aws, settings):
    return discovery.database(aws("rds"), settings.name("database"))


@pytest.fixture
def mapping(aws, settings):
    found = aws("lambda").list_event_source_mappings(FunctionName=settings.name("function", "consumer"))
    return discovery.one(found["EventSourceMappings"], "event source mapping of the consumer")


def test_vpc_answers_dns(aws, vpc):
    for attribute, key in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
        answer = aws("ec2").describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
        assert answer[key]["Value"] is True


def test_subnets_lie_in_two_zones(aws, vpc):
    subnets = aws("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2


def test_no_route_leaves_the_vpc(aws, vpc):
    tables = aws("ec2").describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["RouteTables"]
    routes = [route for table in tables for route in table["Routes"]]
    assert routes
    assert not [route for route in routes if route.get("DestinationCidrBlock") == "0.0.0.0/0"]


def test_database_group_admits_only_the_functions(aws, vpc, settings):
    groups = discovery.groups(aws("ec2"), vpc["VpcId"])
    database = groups[settings.name("security_group", "database")]
    functions = groups[settings.name("security_group", "functions")]
    (permission,) = database["IpPermissions"]
    assert [pair["GroupId"] for pair in permission["UserIdGroupPairs"]] == [functions["GroupId"]]
    assert permission["FromPort"] == permission["ToPort"] == settings.database_port
    assert not permission.get("IpRanges")


def test_database_is_multi_az_encrypted_and_private(database):
    assert database["DBInstanceStatus"] == "available"
    assert database["MultiAZ"] is True
    assert database["StorageEncrypted"] is True
    assert database["PubliclyAccessible"] is False


def test_database_runs_the_chosen_version(database, settings):
    assert database["Engine"] == "postgres"
    assert database["EngineVersion"] == settings.engine_version
    assert database["Endpoint"]["Port"] == settings.database_port


def test_database_forces_tls(aws, database):
    pages = (
        aws("rds")
        .get_paginator("describe_db_parameters")
        .paginate(DBParameterGroupName=database["DBParameterGroups"][0]["DBParameterGroupName"])
    )
    values = {p["ParameterName"]: p.get("ParameterValue") for page in pages for p in page["Parameters"]}
    assert values["rds.force_ssl"] == "1"


def test_secret_is_described_and_holds_what_rds_puts_there(aws, settings):
    variables = discovery.function(aws("lambda"), settings.name("function", "database"))["Environment"]["Variables"]
    secrets = aws("secretsmanager")
    description = secrets.describe_secret(SecretId=variables["DB_SECRET_ARN"])
    assert description["Name"].startswith("rds!db-")
    value = secrets.get_secret_value(SecretId=variables["DB_SECRET_ARN"])["SecretString"]
    assert set(json.loads(value)) == {"username", "password"}


def test_stream_is_active_with_its_shards(aws, settings):
    summary = aws("kinesis").describe_stream_summary(StreamName=settings.name("stream"))["StreamDescriptionSummary"]
    assert summary["StreamStatus"] == "ACTIVE"
    assert summary["OpenShardCount"] == settings.stream_shards


@lost("AWS::Kinesis::Stream")
def test_stream_is_encrypted(aws, settings):
    summary = aws("kinesis").describe_stream_summary(StreamName=settings.name("stream"))["StreamDescriptionSummary"]
    assert summary["EncryptionType"] == "KMS"


@lost("AWS::Lambda::Function")
@pytest.mark.parametrize("part", ["consumer", "database"])
def test_function_lives_in_the_vpc(aws, settings, vpc, part):
    function = discovery.function(aws("lambda"), settings.name("function", part))
    assert len(function["VpcConfig"]["SubnetIds"]) == 2
    subnets = aws("ec2").describe_subnets(SubnetIds=function["VpcConfig"]["SubnetIds"])["Subnets"]
    assert {subnet["VpcId"] for subnet in subnets} == {vpc["VpcId"]}


@pytest.mark.parametrize("part", ["consumer", "database"])
def test_function_has_its_own_log_group(aws, settings, part):
    function = discovery.function(aws("lambda"), settings.name("function", part))
    groups = aws("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{function['FunctionName']}")["logGroups"]
    exact = [group for group in groups if group["logGroupName"] == f"/aws/lambda/{function['FunctionName']}"]
    assert discovery.one(exact, "log group")["retentionInDays"] == settings.log_days


def test_mapping_is_enabled_and_gives_up_into_the_bucket(mapping, aws, settings):
    account = aws("sts").get_caller_identity()["Account"]
    assert mapping["State"] == "Enabled"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"].endswith(f":{settings.bucket(account)}")


def test_bucket_blocks_the_public_and_keeps_versions(aws, settings):
    bucket = settings.bucket(aws("sts").get_caller_identity()["Account"])
    block = aws("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert aws("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def test_keys_rotate(aws, settings):
    aliases = aws("kms").get_paginator("list_aliases").paginate()
    wanted = f"alias/{SYSTEM}-"
    keys = [
        alias["TargetKeyId"]
        for page in aliases
        for alias in page["Aliases"]
        if alias["AliasName"].startswith(wanted) and alias["AliasName"].endswith(f"-{settings.suffix}")
    ]
    assert len(keys) == 3
    assert all(aws("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] for key in keys)


def test_alarms_tell_the_topic(aws, settings):
    pages = aws("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{SYSTEM}-")
    alarms = [a for page in pages for a in page["MetricAlarms"] if a["AlarmName"].endswith(f"-{settings.suffix}")]
    assert len(alarms) == 13
    topics = {action for alarm in alarms for action in alarm["AlarmActions"]}
    assert {topic.split(":")[-1] for topic in topics} == {settings.name("topic", "alarms")}


def test_the_migration_ran_in_the_deployment(aws, settings):
    answer = aws("lambda").invoke(
        FunctionName=settings.name("function", "database"), Payload=json.dumps({"action": "report"})
    )
    migrations = synthesis.ROOT / "lambda" / "kinesis_pipeline" / "database" / "migrations"
    applied = json.loads(answer["Payload"].read())["migrations"]
    assert applied == sorted(path.name for path in migrations.glob("*.sql"))


def test_the_schedule_has_the_function_look_after_the_events_weeks(aws, settings):
    (target,) = aws("events").list_targets_by_rule(Rule=settings.name("rule", "weeks"))["Targets"]
    assert target["Arn"].endswith(f":{settings.name('function', 'database')}")
    answer = aws("lambda").invoke(FunctionName=target["Arn"], Payload=target["Input"])
    assert json.loads(answer["Payload"].read())["ahead"] == 4


def test_the_same_name_with_one_character_more_is_not_found(aws, settings):
    longer = naming.check_suffix(f"{settings.suffix}2")
    with pytest.raises(discovery.NotDeployed):
        discovery.vpc(aws("ec2"), SYSTEM, longer)
    with pytest.raises(discovery.NotDeployed):
        discovery.database(aws("rds"), f"{SYSTEM}-{longer}")
