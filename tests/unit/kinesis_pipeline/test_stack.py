"""The pipeline's template says what K1 and K2 ask for: by property, never by hashed id."""

from collections import Counter

import pytest

from tests.support import synthesis
from tests.support.ec2_text import refused
from tests.support.production import PRODUCTION
from tests.support.synthesis import named, of_type, only

FUNCTION = "AWS::Lambda::Function"

# CDK adds nothing of its own to this stack: no provider framework, no log retention, no bucket emptier.
EXPECTED = {
    "AWS::CloudWatch::Alarm": 13,
    "AWS::EC2::FlowLog": 1,
    "AWS::EC2::RouteTable": 2,
    "AWS::EC2::SecurityGroup": 3,
    "AWS::EC2::SecurityGroupEgress": 2,
    "AWS::EC2::SecurityGroupIngress": 2,
    "AWS::EC2::Subnet": 2,
    "AWS::EC2::SubnetRouteTableAssociation": 2,
    "AWS::EC2::VPC": 1,
    "AWS::EC2::VPCEndpoint": 2,
    "AWS::Events::Rule": 1,
    "AWS::IAM::Policy": 3,
    "AWS::IAM::Role": 3,
    "AWS::KMS::Alias": 3,
    "AWS::KMS::Key": 3,
    "AWS::Kinesis::Stream": 1,
    "AWS::Lambda::EventSourceMapping": 1,
    "AWS::Lambda::Function": 2,
    "AWS::Lambda::Permission": 1,
    "AWS::Logs::LogGroup": 5,
    "AWS::RDS::DBInstance": 1,
    "AWS::RDS::DBParameterGroup": 1,
    "AWS::RDS::DBSubnetGroup": 1,
    "AWS::S3::Bucket": 1,
    "AWS::S3::BucketPolicy": 1,
    "AWS::SNS::Topic": 1,
    "AWS::SQS::Queue": 1,
    "AWS::SQS::QueuePolicy": 1,
    "AWS::SNS::TopicPolicy": 1,
    "Custom::DatabaseSchema": 1,
}


@pytest.fixture(scope="module")
def dev():
    return synthesis.template()


@pytest.fixture(scope="module")
def production():
    return synthesis.template(ENVIRONMENT="production", ENVIRONMENT_SUFFIX="live", ALARM_EMAIL="team@example.com")


def test_exact_counts(dev):
    assert Counter(resource["Type"] for resource in dev["Resources"].values()) == EXPECTED


def test_stream_is_encrypted_with_the_systems_own_key(dev):
    _name, stream = only(dev, "AWS::Kinesis::Stream")
    key = stream["StreamEncryption"]["KeyId"]["Fn::GetAtt"][0]
    assert dev["Resources"][key]["Type"] == "AWS::KMS::Key"


def test_every_key_rotates(dev):
    assert {key["Properties"]["EnableKeyRotation"] for key in of_type(dev, "AWS::KMS::Key").values()} == {True}


def test_mapping_delivers_partially_bisects_and_gives_up_into_the_bucket(dev):
    bucket, _properties = only(dev, "AWS::S3::Bucket")
    stream, _properties = only(dev, "AWS::Kinesis::Stream")
    _name, mapping = only(dev, "AWS::Lambda::EventSourceMapping")
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [stream, "Arn"]}
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [bucket, "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True


def test_mapping_tries_are_bounded_in_number_and_in_age(dev):
    _name, mapping = only(dev, "AWS::Lambda::EventSourceMapping")
    _name, stream = only(dev, "AWS::Kinesis::Stream")
    assert 0 < mapping["MaximumRetryAttempts"] <= 100
    assert 60 <= mapping["MaximumRecordAgeInSeconds"] <= (stream["RetentionPeriodHours"] - 1) * 3600


def test_a_stream_may_keep_records_for_longer_than_lambda_tries_them():
    found = synthesis.template(STREAM_HOURS="8760", EVENT_RETENTION_DAYS="800")
    _name, mapping = only(found, "AWS::Lambda::EventSourceMapping")
    assert mapping["MaximumRecordAgeInSeconds"] == 7 * 24 * 3600


def test_new_code_waits_for_the_schema(dev):
    (consumer,) = [r for name, r in of_type(dev, FUNCTION).items() if name.startswith("Consumer")]
    (schema,) = of_type(dev, "Custom::DatabaseSchema")
    assert schema in consumer["DependsOn"]


def test_mapping_waits_for_the_schema_and_the_permissions(dev):
    (mapping,) = of_type(dev, "AWS::Lambda::EventSourceMapping").values()
    types = {dev["Resources"][name]["Type"] for name in mapping["DependsOn"]}
    assert types == {"Custom::DatabaseSchema", "AWS::IAM::Policy"}


def test_database_is_multi_az_private_and_encrypted(dev):
    _name, database = only(dev, "AWS::RDS::DBInstance")
    assert database["MultiAZ"] is True
    assert database["PubliclyAccessible"] is False
    assert database["StorageEncrypted"] is True
    assert dev["Resources"][database["KmsKeyId"]["Fn::GetAtt"][0]]["Type"] == "AWS::KMS::Key"


def test_database_storage_is_gp3_and_grows(dev):
    _name, database = only(dev, "AWS::RDS::DBInstance")
    assert database["StorageType"] == "gp3"
    assert database["MaxAllocatedStorage"] > int(database["AllocatedStorage"])


def test_no_password_is_written_anywhere(dev):
    _name, database = only(dev, "AWS::RDS::DBInstance")
    assert database["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in database
    assert "resolve:secretsmanager" not in str(dev)


def test_database_refuses_connections_without_tls(dev):
    _name, group = only(dev, "AWS::RDS::DBParameterGroup")
    assert group["Parameters"]["rds.force_ssl"] == "1"
    assert group["Parameters"]["ssl_min_protocol_version"] == "TLSv1.2"


def test_functions_trust_the_authorities_of_rds_alone(dev):
    for function in of_type(dev, FUNCTION).values():
        assert "DB_CA_FILE" not in function["Properties"]["Environment"]["Variables"]


def test_database_takes_the_first_version_of_the_list(dev):
    from lib.common import rds_versions

    _name, database = only(dev, "AWS::RDS::DBInstance")
    assert database["EngineVersion"] == rds_versions.ENGINES["postgres"].versions[0]
    assert database["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"


def test_another_version_of_the_list_can_be_chosen():
    from lib.common import rds_versions

    wanted = rds_versions.ENGINES["postgres"].versions[1]
    _name, database = only(synthesis.template(POSTGRES_VERSION=wanted), "AWS::RDS::DBInstance")
    assert database["EngineVersion"] == wanted


def test_production_keeps_its_data(production):
    (database,) = of_type(production, "AWS::RDS::DBInstance").values()
    assert database["Properties"]["DeletionProtection"] is True
    assert database["Properties"]["BackupRetentionPeriod"] == 35
    assert database["DeletionPolicy"] == "Snapshot"
    kept = [*of_type(production, "AWS::S3::Bucket").values(), *of_type(production, "AWS::Kinesis::Stream").values()]
    kept += of_type(production, "AWS::KMS::Key").values()
    assert {resource["DeletionPolicy"] for resource in kept} == {"RetainExceptOnCreate"}
    assert {resource["UpdateReplacePolicy"] for resource in kept} == {"Retain"}


def test_dev_leaves_nothing_behind(dev):
    policies = {resource.get("DeletionPolicy", "Delete") for resource in dev["Resources"].values()}
    assert policies == {"Delete"}
    assert only(dev, "AWS::RDS::DBInstance")[1]["DeletionProtection"] is False


def test_network_has_no_way_out(dev):
    kinds = {resource["Type"] for resource in dev["Resources"].values()}
    assert not kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route"}
    assert {s["Properties"]["MapPublicIpOnLaunch"] for s in of_type(dev, "AWS::EC2::Subnet").values()} == {False}


def test_subnets_lie_in_two_zones(dev):
    zones = [str(s["Properties"]["AvailabilityZone"]) for s in of_type(dev, "AWS::EC2::Subnet").values()]
    assert len(set(zones)) == 2


def test_the_zones_are_the_same_when_the_account_is_known(dev):
    """The CDK would ask AWS for the zones of a known account, and lay the subnets out anew."""
    known = of_type(synthesis.template(ACCOUNT_ID="123456789012"), "AWS::EC2::Subnet")
    assert known == of_type(dev, "AWS::EC2::Subnet")


def test_only_the_functions_reach_the_database(dev):
    groups = of_type(dev, "AWS::EC2::SecurityGroup")
    by_name = {group["Properties"]["GroupName"]: name for name, group in groups.items()}
    database, functions = by_name["kinesis-pipeline-database-dev"], by_name["kinesis-pipeline-functions-dev"]
    rules = [
        rule["Properties"]
        for rule in of_type(dev, "AWS::EC2::SecurityGroupIngress").values()
        if rule["Properties"]["GroupId"] == {"Fn::GetAtt": [database, "GroupId"]}
    ]
    assert [rule["SourceSecurityGroupId"] for rule in rules] == [{"Fn::GetAtt": [functions, "GroupId"]}]
    assert {(rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) for rule in rules} == {(5432, 5432, "tcp")}
    assert "SecurityGroupIngress" not in groups[database]["Properties"]


def test_the_port_follows_its_setting():
    found = synthesis.template(DATABASE_PORT="6543")
    assert only(found, "AWS::RDS::DBInstance")[1]["Port"] == "6543"
    assert 6543 in {
        rule["Properties"]["FromPort"] for rule in of_type(found, "AWS::EC2::SecurityGroupIngress").values()
    }
    variables = named(found, FUNCTION, "FunctionName", "kinesis-pipeline-consumer-dev")["Environment"]["Variables"]
    assert variables["DB_PORT"] == "6543"


def test_ec2_takes_every_description(dev):
    groups = [r["Properties"] for r in of_type(dev, "AWS::EC2::SecurityGroup").values()]
    rules = [
        rule
        for group in groups
        for rule in (*group.get("SecurityGroupIngress", []), *group.get("SecurityGroupEgress", []))
    ]
    rules += [
        r["Properties"] for way in ("Ingress", "Egress") for r in of_type(dev, f"AWS::EC2::SecurityGroup{way}").values()
    ]
    texts = [found["GroupDescription"] for found in groups] + [found["Description"] for found in rules]
    assert len(texts) >= 6
    assert refused(texts) == []


def test_every_log_group_has_retention_and_a_key(dev):
    groups = [group["Properties"] for group in of_type(dev, "AWS::Logs::LogGroup").values()]
    assert all(group["RetentionInDays"] and group["KmsKeyId"] for group in groups)


def test_each_function_writes_to_its_own_log_group(dev):
    names = {g["Properties"]["LogGroupName"] for g in of_type(dev, "AWS::Logs::LogGroup").values()}
    for function in of_type(dev, FUNCTION).values():
        assert f"/aws/lambda/{function['Properties']['FunctionName']}" in names
        assert "LogGroup" in function["Properties"]["LoggingConfig"]


def test_database_logs_have_a_group_before_rds_makes_one(dev):
    (database,) = of_type(dev, "AWS::RDS::DBInstance").values()
    waits = {dev["Resources"][n]["Properties"]["LogGroupName"] for n in database["DependsOn"]}
    exports = database["Properties"]["EnableCloudwatchLogsExports"]
    assert waits == {f"/aws/rds/instance/kinesis-pipeline-dev/{export}" for export in exports}


def test_functions_run_a_current_python_on_arm(dev):
    for function in of_type(dev, FUNCTION).values():
        assert function["Properties"]["Runtime"] == "python3.14"
        assert function["Properties"]["Architectures"] == ["arm64"]


def test_bucket_is_private_encrypted_and_versioned(dev):
    _name, bucket = only(dev, "AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["BucketKeyEnabled"] is True
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"


def test_bucket_refuses_plain_http(dev):
    _name, policy = only(dev, "AWS::S3::BucketPolicy")
    denials = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [statement["Condition"] for statement in denials]


def test_every_alarm_tells_the_topic(dev):
    topic, _properties = only(dev, "AWS::SNS::Topic")
    for alarm in of_type(dev, "AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": topic}]


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("iterator-age", "IteratorAge"),
        ("consumer-errors", "Errors"),
        ("consumer-throttles", "Throttles"),
        ("set-aside", "SetAside"),
        ("failure-bucket", "PutRequests"),
        ("database-cpu", "CPUUtilization"),
        ("database-storage", "FreeStorageSpace"),
        ("database-connections", "DatabaseConnections"),
        ("weeks-ahead", "WeeksAhead"),
        ("dead-letters", "ApproximateNumberOfMessagesVisible"),
    ],
)
def test_alarm_watches_its_metric(dev, name, metric):
    alarm = named(dev, "AWS::CloudWatch::Alarm", "AlarmName", f"kinesis-pipeline-{name}-dev")
    assert alarm["MetricName"] == metric


def test_the_events_weeks_are_looked_after_after_the_schema_is_there(dev):
    schedule, rule = only(dev, "AWS::Events::Rule")
    (target,) = rule["Targets"]
    function, _attribute = target["Arn"]["Fn::GetAtt"]
    (schema,) = of_type(dev, "Custom::DatabaseSchema")
    assert target["Input"] == '{"action":"weeks"}'
    assert dev["Resources"][function]["Properties"]["FunctionName"] == "kinesis-pipeline-database-dev"
    assert schema in dev["Resources"][schedule]["DependsOn"]


def test_the_days_of_an_event_are_those_of_the_settings(production):
    found = named(production, FUNCTION, "FunctionName", "kinesis-pipeline-database-live")["Environment"]["Variables"]
    assert found["EVENT_RETENTION_DAYS"] == "450"


def test_a_schedule_that_stopped_is_told(dev):
    """Two runs that say nothing are no data, which has an action of its own."""
    alarm = named(dev, "AWS::CloudWatch::Alarm", "AlarmName", "kinesis-pipeline-weeks-ahead-dev")
    _name, rule = only(dev, "AWS::Events::Rule")
    assert rule["ScheduleExpression"] == f"rate({alarm['Period'] // 2 // 3600} hours)"
    assert (alarm["TreatMissingData"], len(alarm["InsufficientDataActions"])) == ("missing", 1)


def test_bucket_counts_the_requests_that_the_alarm_watches(dev):
    _name, bucket = only(dev, "AWS::S3::Bucket")
    alarm = named(dev, "AWS::CloudWatch::Alarm", "AlarmName", "kinesis-pipeline-failure-bucket-dev")
    wanted = {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}
    assert [found["Id"] for found in bucket["MetricsConfigurations"]] == [wanted["FilterId"]]


def test_alarm_mail_goes_to_the_address_of_the_settings(dev, production):
    _name, subscription = only(production, "AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "team@example.com")
    assert not of_type(dev, "AWS::SNS::Subscription")


def test_everything_taggable_carries_the_tags(dev):
    tagged = [
        r
        for r in dev["Resources"].values()
        if r["Type"]
        in {
            "AWS::Kinesis::Stream",
            "AWS::KMS::Key",
            "AWS::Lambda::Function",
            "AWS::RDS::DBInstance",
            "AWS::S3::Bucket",
            "AWS::EC2::VPC",
            "AWS::EC2::Subnet",
            "AWS::IAM::Role",
            "AWS::SNS::Topic",
            "AWS::Logs::LogGroup",
            "AWS::CloudWatch::Alarm",
            "AWS::EC2::SecurityGroup",
            "AWS::Lambda::EventSourceMapping",
        }
    ]
    assert len(tagged) > 20
    for resource in tagged:
        tags = {tag["Key"] for tag in resource["Properties"]["Tags"]}
        assert {"Environment", "Project", "Repository", "Author", "System", "EnvironmentSuffix"} <= tags


def test_every_physical_name_ends_with_the_suffix(production):
    keys = {"StreamName", "FunctionName", "RoleName", "TopicName", "AlarmName", "DBInstanceIdentifier", "GroupName"}
    names = [
        value
        for resource in production["Resources"].values()
        for key, value in resource["Properties"].items()
        if key in keys and isinstance(value, str)
    ]
    assert len(names) >= 15
    assert all(name.endswith("-live") for name in names)


def test_schema_runs_again_when_a_migration_changes(dev):
    import hashlib

    folder = synthesis.ROOT / "lambda" / "kinesis_pipeline" / "database" / "migrations"
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.sql")))).hexdigest()
    assert only(dev, "Custom::DatabaseSchema")[1]["Migrations"] == digest


def test_outputs_name_what_users_need(dev):
    assert set(dev["Outputs"]) == {
        "StreamName",
        "FailureBucket",
        "ConsumerFunction",
        "DatabaseFunction",
        "DatabaseEndpoint",
        "DatabaseSecretArn",
        "AlarmTopicArn",
        "VpcId",
    }


def test_another_environment_is_refused_before_anything_is_changed(production):
    """A parameter keeps its first value, whatever the default has become, and a rule is looked at before a change."""
    (assertion,) = production["Rules"]["SameEnvironment"]["Assertions"]
    assert production["Parameters"]["DeployedAs"]["Default"] == "production"
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "DeployedAs"}, "production"]}
    assert "--parameters DeployedAs=production" in assertion["AssertDescription"]


def test_other_zones_are_refused_before_anything_is_changed(production):
    """What was left to CloudFormation may be written down: nothing is known of it."""
    (assertion,) = production["Rules"]["SameAvailabilityZones"]["Assertions"]
    assert production["Parameters"]["DeployedAvailabilityZones"]["Default"] == "a,b"
    assert assertion["Assert"] == {"Fn::Contains": [["a,b", ""], {"Ref": "DeployedAvailabilityZones"}]}
    assert "and AVAILABILITY_ZONES='a,b' is refused, for the subnets" in assertion["AssertDescription"]


def test_zones_that_are_written_down_are_not_looked_up_again(dev):
    (assertion,) = dev["Rules"]["SameAvailabilityZones"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "DeployedAvailabilityZones"}, ""]}


def test_what_only_the_shell_says_is_told_where_it_matters(monkeypatch):
    sentences = []
    monkeypatch.setattr("aws_cdk.Annotations.add_info", lambda _self, sentence: sentences.append(sentence))
    synthesis.synthesise({"LOG_DAYS": "30"})
    assert sentences == []
    synthesis.synthesise({"LOG_DAYS": "30", "ENVIRONMENT": "staging"})
    synthesis.synthesise({"LOG_DAYS": "365", **PRODUCTION})
    synthesis.synthesise({"LOG_DAYS": "30", **PRODUCTION})
    told = [sentence for sentence in sentences if "ALARM_EMAIL" not in sentence]
    assert len(told) == 1
    assert told[0].startswith("tap: LOG_DAYS='30' is from the environment in the place of '365':")
