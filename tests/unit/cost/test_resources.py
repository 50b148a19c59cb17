"""What each type of resource is paid for follows from its properties, as AWS's price pages say."""

from decimal import Decimal

import pytest

from lib.cost.model import HOUR, MONTH, Rate, Standing, Unpriced, Use
from lib.cost.resources import FREE, PRICERS, parts
from lib.declared.model import Declaration, Resource

HERE, THERE = "eu-west-1", "eu-west-2"


def resource(kind: str, name: str = "it", **properties: object) -> Resource:
    return Resource(kind, name, properties, HERE)


def declaration(*resources: Resource) -> Declaration:
    return Declaration("any", "cdk", "dev", HERE, resources)


def standing(kind: str, *others: Resource, **properties: object) -> dict[str, tuple[Decimal, str]]:
    """Return how many of each price stand, and how often it is paid."""
    one = resource(kind, **properties)
    found = list(parts(one, declaration(one, *others)))
    return {part.rate.name: (part.quantity, part.per) for part in found if isinstance(part, Standing)}


def uses(kind: str, **properties: object) -> set[str]:
    """Return the names of the prices that are paid by use."""
    one = resource(kind, **properties)
    return {part.rate.name for part in parts(one, declaration(one)) if isinstance(part, Use)}


def unpriced(kind: str, **properties: object) -> set[str]:
    one = resource(kind, **properties)
    return {part.what for part in parts(one, declaration(one)) if isinstance(part, Unpriced)}


def test_no_type_is_both_free_and_paid_for():
    assert not set(FREE) & set(PRICERS)


def test_what_is_free_has_no_part():
    assert list(parts(resource("AWS::EC2::VPC"), declaration())) == []


def test_a_type_that_nobody_knows_is_named():
    (part,) = parts(resource("AWS::Braket::Device"), declaration())
    assert isinstance(part, Unpriced)
    assert part.what == "AWS::Braket::Device"
    assert "lib/cost/resources" in part.why


def test_an_interface_endpoint_is_paid_for_in_each_zone():
    assert standing("AWS::EC2::VPCEndpoint", VpcEndpointType="Interface", SubnetIds=["a", "b", "c"]) == {
        "VpcEndpoint-Hours": (3, HOUR)
    }


@pytest.mark.parametrize("properties", [{}, {"VpcEndpointType": "Gateway"}])
def test_a_gateway_endpoint_is_free(properties):
    assert not list(parts(resource("AWS::EC2::VPCEndpoint", **properties), declaration()))


@pytest.mark.parametrize(("scheme", "addresses"), [("internet-facing", 3), ("internal", 0)])
def test_a_public_load_balancer_has_an_address_in_each_subnet(scheme, addresses):
    found = standing("AWS::ElasticLoadBalancingV2::LoadBalancer", Scheme=scheme, Subnets=["a", "b", "c"])
    assert found.get("PublicIPv4:InUseAddress", (0, HOUR)) == (addresses, HOUR)


def test_each_rule_of_a_web_acl_is_paid_for():
    assert standing("AWS::WAFv2::WebACL", Rules=[{}, {}]) == {"WebACLV2": (1, MONTH), "RuleV2": (2, MONTH)}


@pytest.mark.parametrize(("destination", "paid"), [({}, True), ({"LogDestinationType": "s3"}, False)])
def test_flow_logs_are_paid_for_where_they_go_to_cloudwatch(destination, paid):
    assert ("VendedLog-Bytes" in uses("AWS::EC2::FlowLog", **destination)) is paid


@pytest.mark.parametrize(
    ("properties", "names"),
    [
        ({"MultiAZ": False}, {"InstanceUsage:db.t4g.medium CreateDBInstance:0014", "RDS:GP3-Storage"}),
        ({"MultiAZ": True}, {"Multi-AZUsage:db.t4g.medium CreateDBInstance:0014", "RDS:Multi-AZ-GP3-Storage"}),
    ],
)
def test_a_standby_has_prices_of_its_own(properties, names):
    found = standing(
        "AWS::RDS::DBInstance",
        DBInstanceClass="db.t4g.medium",
        StorageType="gp3",
        AllocatedStorage="20",
        **properties,
    )
    assert set(found) == names
    assert Decimal(20) in {quantity for quantity, _ in found.values()}


def test_an_instance_of_a_cluster_is_auroras_and_has_no_storage():
    found = standing("AWS::RDS::DBInstance", DBInstanceClass="db.r6g.2xlarge", DBClusterIdentifier="c")
    assert found == {"InstanceUsage:db.r6g.2xl CreateDBInstance:0021": (1, HOUR)}


@pytest.mark.parametrize(("instance_class", "paid"), [("db.t4g.medium", True), ("db.r6g.large", False)])
def test_classes_that_are_burstable_pay_for_credits(instance_class, paid):
    for cluster in ({}, {"DBClusterIdentifier": "c"}):
        found = uses(
            "AWS::RDS::DBInstance", DBInstanceClass=instance_class, StorageType="gp3", AllocatedStorage=20, **cluster
        )
        assert any(name.startswith("CPUCredits:db.t4g") for name in found) is paid


@pytest.mark.parametrize("kind", ["AWS::RDS::DBInstance", "AWS::RDS::DBCluster"])
def test_the_secret_that_rds_makes_is_paid_for(kind):
    properties = {"DBInstanceClass": "db.m6g.large", "StorageType": "gp3", "AllocatedStorage": 20}
    own = {"AWSSecretsManager-Secrets": (1, MONTH)}
    assert own.items() <= standing(kind, ManageMasterUserPassword=True, **properties).items()
    assert not own.items() <= standing(kind, **properties).items()


@pytest.mark.parametrize("kind", ["AWS::RDS::DBInstance", "AWS::RDS::DBCluster"])
def test_advanced_insights_are_named(kind):
    properties = {"DBInstanceClass": "db.m6g.large", "StorageType": "gp3", "AllocatedStorage": 20}
    assert "Database Insights, advanced" in unpriced(kind, DatabaseInsightsMode="advanced", **properties)
    assert not unpriced(kind, DatabaseInsightsMode="standard", **properties)


def test_storage_of_another_type_is_named():
    assert unpriced("AWS::RDS::DBInstance", DBInstanceClass="db.m6g.large", StorageType="io2") == {
        "storage of the type io2"
    }


@pytest.mark.parametrize(("hours", "extended"), [(24, None), (25, (4, HOUR))])
def test_records_that_stay_longer_than_a_day_are_paid_for_by_shard(hours, extended):
    found = standing("AWS::Kinesis::Stream", ShardCount=4, RetentionPeriodHours=hours)
    assert (found["Storage-ShardHour"], found.get("Extended-ShardHour")) == ((4, HOUR), extended)


def test_a_stream_on_demand_has_no_shards():
    mode = {"StreamMode": "ON_DEMAND"}
    assert standing("AWS::Kinesis::Stream", StreamModeDetails=mode) == {"OnDemand-StreamHour": (1, HOUR)}
    assert uses("AWS::Kinesis::Stream", StreamModeDetails=mode) == {
        "OnDemand-BilledIncomingBytes",
        "OnDemand-BilledOutgoingBytes",
    }


@pytest.mark.parametrize(
    ("regions", "write"), [([HERE], "WriteRequestUnits"), ([HERE, THERE], "ReplWriteRequestUnits")]
)
def test_a_tables_writes_are_replicated_where_it_has_several_regions(regions, write):
    assert write in uses("AWS::DynamoDB::GlobalTable", Replicas=[{"Region": region} for region in regions])


def test_a_table_is_paid_for_in_each_region():
    table = resource("AWS::DynamoDB::GlobalTable", Replicas=[{"Region": HERE}, {"Region": THERE}])
    found = [part.region for part in parts(table, declaration(table)) if isinstance(part, Use)]
    assert found.count(HERE) == found.count(THERE) == 3


def test_continuous_backups_are_paid_for():
    replica = {"Region": HERE, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    assert "TimedPITRStorage-ByteHrs" in uses("AWS::DynamoDB::GlobalTable", Replicas=[replica])
    assert "TimedPITRStorage-ByteHrs" not in uses("AWS::DynamoDB::GlobalTable", Replicas=[{"Region": HERE}])


@pytest.mark.parametrize(
    ("architectures", "names"),
    [(["arm64"], {"Request-ARM", "Lambda-GB-Second-ARM"}), (None, {"Request", "Lambda-GB-Second"})],
)
def test_a_functions_price_is_its_architectures(architectures, names):
    assert uses("AWS::Lambda::Function", Architectures=architectures, MemorySize=512) == names


def test_a_functions_time_names_its_memory():
    function = resource("AWS::Lambda::Function", MemorySize=512)
    assert "Lambda's time with 0.5 GB" in {part.what for part in parts(function, declaration(function))}


@pytest.mark.parametrize(
    ("kind", "on"),
    [
        ("AWS::Lambda::Function", {"TracingConfig": {"Mode": "Active"}}),
        ("AWS::ApiGateway::Stage", {"TracingEnabled": True}),
    ],
)
def test_traces_are_paid_for_where_they_are_on(kind, on):
    assert "XRay-TracesStored" in uses(kind, **on)
    assert "XRay-TracesStored" not in uses(kind)


@pytest.mark.parametrize(("on", "paid"), [(True, True), (False, False)])
def test_detailed_metrics_of_an_api_are_paid_for_where_they_are_on(on, paid):
    found = uses("AWS::ApiGateway::Stage", MethodSettings=[{"MetricsEnabled": on}])
    assert ("CW:MetricMonitorUsage" in found) is paid


@pytest.mark.parametrize(("architecture", "arm"), [("ARM64", "ARM-"), ("X86_64", "")])
def test_a_service_is_paid_for_by_all_of_its_tasks(architecture, arm):
    platform = {"CpuArchitecture": architecture}
    task = resource("AWS::ECS::TaskDefinition", "task", Cpu="512", Memory="1024", RuntimePlatform=platform)
    found = standing("AWS::ECS::Service", task, TaskDefinition="${task.Arn}", DesiredCount=3)
    assert found == {f"Fargate-{arm}vCPU-Hours:perCPU": (Decimal("1.5"), HOUR), f"Fargate-{arm}GB-Hours": (3, HOUR)}


@pytest.mark.parametrize(("value", "count"), [("enhanced", 1), ("enabled", 1), ("disabled", 0)])
def test_container_insights_are_named_where_they_are_on(value, count):
    settings = [{"Name": "containerInsights", "Value": value}]
    assert len(unpriced("AWS::ECS::Cluster", ClusterSettings=settings)) == count


def test_a_secret_is_paid_for_in_each_region():
    secret = resource("AWS::SecretsManager::Secret", ReplicaRegions=[{"Region": THERE}])
    found = [part.region for part in parts(secret, declaration(secret)) if isinstance(part, Standing)]
    assert found == ["", THERE]


@pytest.mark.parametrize(("rotates", "versions"), [(True, True), (False, False)])
def test_the_versions_of_a_key_that_rotates_are_paid_for(rotates, versions):
    assert ("KMS-Keys" in uses("AWS::KMS::Key", EnableKeyRotation=rotates)) is versions


def test_an_alarm_is_paid_for_by_its_metrics():
    sums = [{"Id": "e", "Expression": "a/b"}, {"Id": "a", "MetricStat": {}}, {"Id": "b", "MetricStat": {}}]
    assert standing("AWS::CloudWatch::Alarm", Metrics=sums) == {"CW:AlarmMonitorUsage": (2, MONTH)}
    assert standing("AWS::CloudWatch::Alarm", MetricName="CPUUtilization") == {"CW:AlarmMonitorUsage": (1, MONTH)}


@pytest.mark.parametrize(
    ("config", "options"),
    [
        ({"Type": "HTTP"}, 0),
        ({"Type": "HTTPS"}, 1),
        ({"Type": "HTTPS_STR_MATCH", "RequestInterval": 10, "MeasureLatency": True}, 4),
    ],
)
def test_each_option_of_a_health_check_is_paid_for(config, options):
    found = standing("AWS::Route53::HealthCheck", HealthCheckConfig=config)
    assert found["Health-Check-AWS"] == (1, MONTH)
    assert found.get("Health-Check-Option-AWS", (0, MONTH)) == (options, MONTH)


@pytest.mark.parametrize(
    ("properties", "kind"), [({}, "STANDARD"), ({"LogGroupClass": "INFREQUENT_ACCESS"}, "INFREQUENT_ACCESS")]
)
def test_a_log_groups_price_is_its_classes(properties, kind):
    assert uses("AWS::Logs::LogGroup", **properties) == {f"{kind}/ingestion", f"{kind}/storage"}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("AWS::EC2::EIP", {"PublicIPv4:InUseAddress"}),
        ("AWS::EC2::NatGateway", {"NatGateway-Hours", "NatGateway-Bytes"}),
        ("AWS::CloudWatch::Dashboard", {"DashboardsUsageHour"}),
        ("AWS::ECR::Repository", {"TimedStorage-ByteHrs"}),
        ("AWS::S3::Bucket", {"TimedStorage-ByteHrs", "Requests-Tier1", "Requests-Tier2"}),
        ("AWS::SNS::Topic", {"DeliveryAttempts-SMTP"}),
        ("AWS::SQS::Queue", {"Requests-Tier1"}),
        ("AWS::RDS::GlobalCluster", {"Aurora:ReplicatedWriteIO"}),
    ],
)
def test_what_needs_no_property_has_its_prices(kind, names):
    one = resource(kind)
    found = {part.rate.name for part in parts(one, declaration(one)) if not isinstance(part, Unpriced)}
    assert found == names


def test_traffic_between_regions_is_named():
    assert unpriced("AWS::EC2::VPCPeeringConnection") == {"traffic over the peering connection"}


def test_a_rate_is_its_service_and_name():
    assert Rate("a", "b") == Rate("a", "b") != Rate("a", "c")
