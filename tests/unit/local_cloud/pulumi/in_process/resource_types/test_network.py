"""Networks, identities and observation: what a Pulumi program asks for is what the local cloud's API shows."""

import json

import pytest

from lib.common import region
from tests.support.pulumi_programs.cloud import PROGRAMS, Applied, lacking, listed, pairs, started

pytestmark = pytest.mark.filterwarnings("ignore:aws.* has been deprecated in favor of:DeprecationWarning")
TAGS = {"Project": "p", "Name": "default"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    yield from started(tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def applied(cloud):
    example = Applied(cloud, PROGRAMS / "example_network.py")
    example.before = listed(cloud)
    example.exports = example.up().exports
    return example


def only(answer, key):
    (found,) = answer[key]
    return found


def test_a_vpc(applied):
    ec2, vpc = applied.client("ec2"), applied.id("vpc")
    found = only(ec2.describe_vpcs(VpcIds=[vpc]), "Vpcs")
    assert lacking({"CidrBlock": "10.0.0.0/16"}, found) == []
    assert sorted(found["Tags"], key=str) == sorted(pairs({**TAGS, "Name": "own"}), key=str)
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        attribute = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)
        assert attribute[name[0].upper() + name[1:]]["Value"] is True


def test_a_subnet_in_the_zone_that_the_program_asked_for(applied):
    found = only(applied.client("ec2").describe_subnets(SubnetIds=[applied.id("subnet")]), "Subnets")
    wanted = {
        "CidrBlock": "10.0.1.0/24",
        "VpcId": applied.id("vpc"),
        "AvailabilityZone": f"{applied.cloud.region}b",
        "MapPublicIpOnLaunch": True,
    }
    assert lacking(wanted, found) == []
    assert sorted(found["Tags"], key=str) == sorted(pairs(TAGS), key=str)


def test_a_gateway_is_attached(applied):
    found = only(
        applied.client("ec2").describe_internet_gateways(InternetGatewayIds=[applied.id("gateway")]), "InternetGateways"
    )
    assert only(found, "Attachments")["VpcId"] == applied.id("vpc")


def test_a_nat_gateway_routes(applied):
    ec2 = applied.client("ec2")
    found = only(ec2.describe_nat_gateways(NatGatewayIds=[applied.id("nat")]), "NatGateways")
    assert found["SubnetId"] == applied.id("subnet")
    table = only(ec2.describe_route_tables(RouteTableIds=[applied.id("table")]), "RouteTables")
    routes = [route for route in table["Routes"] if route.get("NatGatewayId")]
    assert lacking([{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": applied.id("nat")}], routes) == []
    assert only(table, "Associations")["SubnetId"] == applied.id("subnet")
    assert only(ec2.describe_addresses(AllocationIds=[applied.id("address")]), "Addresses")["Domain"] == "vpc"


def rules(applied, title):
    """Return a group's rules: of entry, of exit."""
    filters = [{"Name": "group-id", "Values": [applied.id(title)]}]
    found = applied.client("ec2").describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    return [rule for rule in found if not rule["IsEgress"]], [rule for rule in found if rule["IsEgress"]]


def test_groups_have_the_rules_of_the_program_and_no_other(applied):
    wanted_in = {
        "FromPort": 80,
        "ToPort": 81,
        "IpProtocol": "tcp",
        "Description": "from the second",
        "ReferencedGroupInfo": {"GroupId": applied.id("second")},
    }
    entries, exits = rules(applied, "first")
    assert (lacking([wanted_in], entries), exits) == ([], [])
    entries, exits = rules(applied, "second")
    assert (entries, lacking([{"CidrIpv4": "10.0.0.0/8", "IpProtocol": "-1"}], exits)) == ([], [])
    assert rules(applied, "closed") == ([], [])


def test_a_name_that_the_program_leaves_out_is_pulumis(applied):
    groups = applied.client("ec2").describe_security_groups(GroupIds=[applied.id("first"), applied.id("second")])
    names = {group["GroupId"]: group["GroupName"] for group in groups["SecurityGroups"]}
    assert names[applied.id("first")][:6] == "first-"
    assert len(names[applied.id("first")]) == len("first-1234567")
    assert names[applied.id("second")] == "second-group"


def test_endpoints(applied):
    ec2, region = applied.client("ec2"), applied.cloud.region
    found = only(ec2.describe_vpc_endpoints(VpcEndpointIds=[applied.id("s3")]), "VpcEndpoints")
    wanted = {
        "ServiceName": f"com.amazonaws.{region}.s3",
        "VpcEndpointType": "Gateway",
        "RouteTableIds": [applied.id("table")],
    }
    assert lacking(wanted, found) == []
    found = only(ec2.describe_vpc_endpoints(VpcEndpointIds=[applied.id("secrets")]), "VpcEndpoints")
    wanted = {"VpcEndpointType": "Interface", "SubnetIds": [applied.id("subnet")]}
    assert lacking(wanted, found) == []


def test_a_flow_log(applied):
    found = only(applied.client("ec2").describe_flow_logs(FlowLogIds=[applied.id("flow")]), "FlowLogs")
    wanted = {
        "ResourceId": applied.id("vpc"),
        "TrafficType": "REJECT",
        "LogDestinationType": "cloud-watch-logs",
        "LogDestination": applied.record("logs").outputs["arn"],
    }
    assert lacking(wanted, found) == []


def test_keys(applied):
    kms = applied.client("kms")
    found = kms.describe_key(KeyId=applied.id("alias"))["KeyMetadata"]
    assert lacking({"KeyId": applied.id("key"), "Description": "a key", "Enabled": True}, found) == []
    rotation = kms.get_key_rotation_status(KeyId=applied.id("key"))
    assert lacking({"KeyRotationEnabled": True, "RotationPeriodInDays": 100}, rotation) == []
    assert kms.describe_key(KeyId=applied.id("off"))["KeyMetadata"]["Enabled"] is False
    assert kms.describe_key(KeyId=applied.id("on"))["KeyMetadata"]["Enabled"] is True
    assert kms.get_key_rotation_status(KeyId=applied.id("off"))["KeyRotationEnabled"] is False
    tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=applied.id("key"))["Tags"]}
    assert tags == TAGS


def test_a_role_with_its_policies(applied):
    iam, name = applied.client("iam"), applied.id("role")
    found = iam.get_role(RoleName=name)["Role"]
    assert lacking({"Description": "a role", "MaxSessionDuration": 7200, "Path": "/tap/"}, found) == []
    assert found["AssumeRolePolicyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert sorted(iam.list_role_policies(RoleName=name)["PolicyNames"]) == ["inline", "read"]
    statement = iam.get_role_policy(RoleName=name, PolicyName="read")["PolicyDocument"]["Statement"][0]
    assert statement["Resource"] == applied.record("key").outputs["arn"]
    for title in ("role", "managed"):
        attached = only(iam.list_attached_role_policies(RoleName=applied.id(title)), "AttachedPolicies")
        assert attached["PolicyName"] == "AmazonECSTaskExecutionRolePolicy"


def test_secrets(applied):
    secrets = applied.client("secretsmanager")
    found = secrets.describe_secret(SecretId="example/secret")
    wanted = {"ARN": applied.id("secret"), "Description": "d", "KmsKeyId": applied.record("key").outputs["arn"]}
    assert lacking(wanted, found) == []
    assert secrets.get_secret_value(SecretId="example/secret")["SecretString"] == "correct horse"
    assert [replica["Region"] for replica in found["ReplicationStatus"]] == [region.pair({})[1]]
    for title in ("secret", "other"):
        assert "Deny" in secrets.get_resource_policy(SecretId=applied.id(title))["ResourcePolicy"]


def test_log_groups(applied):
    logs = applied.client("logs")
    found = only(logs.describe_log_groups(logGroupNamePrefix="/example/logs"), "logGroups")
    assert lacking({"retentionInDays": 30, "kmsKeyId": applied.record("key").outputs["arn"]}, found) == []
    assert logs.list_tags_for_resource(resourceArn=applied.record("logs").outputs["arn"])["tags"] == TAGS
    found = only(logs.describe_log_groups(logGroupNamePrefix=applied.id("forever")), "logGroups")
    assert "retentionInDays" not in found


def test_a_topic(applied):
    sns, arn = applied.client("sns"), applied.id("topic")
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert lacking({"DisplayName": "Alarms", "KmsMasterKeyId": applied.id("key")}, found) == []
    assert json.loads(found["Policy"])["Statement"][0]["Effect"] == "Deny"
    subscription = only(sns.list_subscriptions_by_topic(TopicArn=arn), "Subscriptions")
    assert lacking({"Protocol": "email", "Endpoint": "a@example.com"}, subscription) == []


def test_alarms(applied):
    cloudwatch = applied.client("cloudwatch")
    found = only(cloudwatch.describe_alarms(AlarmNames=["example-alarm"]), "MetricAlarms")
    wanted = {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "MetricName": "CPUUtilization",
        "Namespace": "AWS/ECS",
        "Period": 60,
        "Statistic": "Average",
        "Threshold": 80.5,
        "AlarmActions": [applied.id("topic")],
        "OKActions": [applied.id("topic")],
        "Dimensions": [{"Name": "ClusterName", "Value": "c"}],
        "TreatMissingData": "breaching",
        "AlarmDescription": "why",
    }
    assert lacking(wanted, found) == []
    assert cloudwatch.get_dashboard(DashboardName="example")["DashboardBody"] == '{"widgets": []}'


def test_what_the_emulator_loses_is_told(applied):
    told = {record.title: [tuple(line) for line in record.differs] for record in applied.state().records.values()}
    assert {title: lines for title, lines in told.items() if lines} == {
        "flow": [("FlowLog: iamRoleArn, maxAggregationInterval, tags not kept", "lost by its ec2")],
        "s3": [("VpcEndpoint: policy not kept", "lost by its ec2")],
        "secrets": [("VpcEndpoint: privateDnsEnabled, securityGroupIds not kept", "lost by its ec2")],
        "rate": [("MetricAlarm: metricQueries not kept", "lost by its cloudwatch")],
    }


def test_what_is_told_to_be_lost_is_lost(applied):
    ec2, cloudwatch = applied.client("ec2"), applied.client("cloudwatch")
    flow = only(ec2.describe_flow_logs(FlowLogIds=[applied.id("flow")]), "FlowLogs")
    assert not {"DeliverLogsPermissionArn", "MaxAggregationInterval", "LogFormat"} & set(flow)
    assert flow["Tags"] == []
    endpoint = only(ec2.describe_vpc_endpoints(VpcEndpointIds=[applied.id("secrets")]), "VpcEndpoints")
    assert not {"PrivateDnsEnabled", "Groups", "PolicyDocument"} & set(endpoint)
    assert "Metrics" not in only(cloudwatch.describe_alarms(AlarmNames=[applied.id("rate")]), "MetricAlarms")


def test_exports_are_those_of_the_program_with_secrets_masked(applied):
    main = applied.client("ec2").describe_security_groups(GroupIds=[applied.id("closed")])["SecurityGroups"][0]
    assert main["GroupName"] == "default"
    assert applied.exports == {
        "account": "123456789012",
        "partition": "aws",
        "group": applied.id("closed"),
        "alias": applied.record("key").outputs["arn"],
        "password": "[secret]",
        "nested": {"ids": [applied.id("subnet"), "[secret]"]},
        "tags": {**TAGS, "Name": "own"},
    }


def test_no_secret_is_in_the_state(applied):
    (path,) = (applied.cloud.folder / "pulumi").glob("*.json")
    assert "correct horse" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_needs_another_is_made_after_it(applied):
    order = [record.title for record in applied.state().records.values()]
    for first, then in (("vpc", "subnet"), ("gateway", "address"), ("address", "nat"), ("nat", "route")):
        assert order.index(first) < order.index(then), (first, then)


def test_a_second_run_changes_nothing_and_exports_the_same(applied):
    records = applied.state().records
    again = applied.up()
    assert (again.changed, again.exports) == (False, applied.exports)
    assert applied.state().records == records


def test_everything_is_removed(applied):
    deletion = applied.id("key")
    applied.down()
    assert listed(applied.cloud) == applied.before
    assert applied.state().records == {}
    assert applied.client("kms").describe_key(KeyId=deletion)["KeyMetadata"]["KeyState"] == "PendingDeletion"
