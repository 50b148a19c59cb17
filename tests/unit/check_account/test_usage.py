"""How much of each quota is declared, and how much is used: counted as AWS counts it, on every page."""

import pytest
from botocore.exceptions import ClientError

from lib.check_account.checks import usage
from tests.support.check_account import HERE, THERE, resource, system

BY_CODE = {quota.code: quota for quota in usage.QUOTAS}
VPC, BALANCERS, ACLS, SHARDS = "L-F678F1CE", "L-53DA6B97", "L-2EC3DE7B", "L-0918CF54"
NAT, FARGATE, GATEWAY = "L-FE5A380F", "L-3032A538", "L-1B52E74A"


def declared(code, *resources):
    return BY_CODE[code].declared(system(*resources), HERE)


def used(aws, code, quota=None):
    return BY_CODE[code].used(aws.account, HERE, quota or {})


def test_no_quota_is_there_twice():
    assert len({(quota.service, quota.code) for quota in usage.QUOTAS}) == len(usage.QUOTAS)


def test_only_what_lies_in_the_region_counts():
    assert declared(VPC, resource("AWS::EC2::VPC"), resource("AWS::EC2::VPC", "b", THERE)) == 1


def test_only_application_load_balancers_count():
    kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    made = [resource(kind, "a", Type="application"), resource(kind, "b"), resource(kind, "c", Type="network")]
    assert declared(BALANCERS, *made) == 2


def test_an_endpoint_without_a_type_is_a_gateway_s():
    made = [resource("AWS::EC2::VPCEndpoint"), resource("AWS::EC2::VPCEndpoint", "b", VpcEndpointType="Interface")]
    assert (declared(GATEWAY, *made), declared("L-29B6F2EB", *made)) == (1, 1)


def test_a_gateway_without_a_known_subnet_counts_too():
    assert declared(NAT, resource("AWS::EC2::NatGateway"), resource("AWS::EC2::NatGateway", "b", THERE)) == 1


def test_two_gateways_in_a_zone_count_twice():
    subnet = resource("AWS::EC2::Subnet", "s", AvailabilityZone="a")
    gateways = [resource("AWS::EC2::NatGateway", name, SubnetId="${s.SubnetId}") for name in ("n", "m")]
    assert declared(NAT, subnet, *gateways) == 2


def test_streams_count_by_shards():
    assert declared(SHARDS, resource("AWS::Kinesis::Stream", ShardCount=3), resource("AWS::Kinesis::Stream", "b")) == 3


def tasks(*more, **service):
    task = resource("AWS::ECS::TaskDefinition", Cpu="512")
    return declared(FARGATE, task, resource("AWS::ECS::Service", **service), *more)


def test_a_deployment_runs_twice_the_tasks():
    assert tasks(DesiredCount=4) == 4


def test_as_many_tasks_count_as_scaling_allows():
    target = resource("AWS::ApplicationAutoScaling::ScalableTarget", MaxCapacity=6)
    assert tasks(target, DesiredCount=2, DeploymentConfiguration={"MaximumPercent": 100}) == 3


def test_a_cluster_without_a_service_takes_no_vcpus():
    assert declared(FARGATE, resource("AWS::ECS::Cluster")) == 0


def test_only_what_is_reserved_counts():
    made = [resource("AWS::Lambda::Function", name, FunctionName=name) for name in ("a", "b")]
    made.append(resource("AWS::Lambda::Function", "c", FunctionName="c", ReservedConcurrentExecutions=5))
    assert usage.reserving(system(*made), HERE) == {"c": 5}


def test_a_function_that_is_not_there_has_reserved_nothing(aws):
    aws.error("lambda", "get_function_concurrency", "ResourceNotFoundException")
    assert usage.reservation(aws.account.client("lambda", HERE), "x") == 0


def test_a_refusal_is_not_taken_for_nothing_reserved(aws):
    aws.error("lambda", "get_function_concurrency", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        usage.reservation(aws.account.client("lambda", HERE), "x")


def test_every_page_counts(aws):
    aws.answer("ec2", "describe_vpcs", {"Vpcs": [{}, {}], "NextToken": "more"}, {})
    aws.answer("ec2", "describe_vpcs", {"Vpcs": [{}]}, {"NextToken": "more"})
    assert used(aws, VPC) == 3


def test_the_fullest_zone_counts(aws):
    gateways = [{"SubnetId": name} for name in ("a1", "b1", "a2")]
    aws.answer("ec2", "describe_nat_gateways", {"NatGateways": gateways})
    subnets = [{"SubnetId": f"{zone}{n}", "AvailabilityZone": zone} for zone in "ab" for n in (1, 2)]
    aws.answer("ec2", "describe_subnets", {"Subnets": subnets}, {})
    assert used(aws, NAT) == 2


def test_network_load_balancers_in_the_account_do_not_count(aws):
    found = [{"Type": "application"}, {"Type": "network"}]
    aws.answer("elbv2", "describe_load_balancers", {"LoadBalancers": found}, {})
    assert used(aws, BALANCERS) == 1


def test_regional_web_acls_count(aws):
    aws.answer("wafv2", "list_web_acls", {"WebACLs": [{}]}, {"Scope": "REGIONAL", "Limit": 100})
    assert used(aws, ACLS) == 1


def test_open_shards_count(aws):
    answer = {"ShardLimit": 500, "OpenShardCount": 7, "OnDemandStreamCount": 0, "OnDemandStreamCountLimit": 50}
    aws.answer("kinesis", "describe_limits", answer, {})
    assert used(aws, SHARDS) == 7


METRIC = {"MetricNamespace": "AWS/Usage", "MetricName": "ResourceCount", "MetricDimensions": {"Service": "Fargate"}}


@pytest.mark.parametrize(("points", "figure"), [([{"Maximum": 1.5}, {"Maximum": 4.0}], 4), ([], 0)])
def test_the_metric_of_a_quota_is_read(aws, points, figure):
    aws.answer("cloudwatch", "get_metric_statistics", {"Datapoints": points})
    assert used(aws, FARGATE, {"UsageMetric": METRIC}) == figure


def test_a_quota_without_a_metric_counts_nothing(aws):
    assert used(aws, FARGATE) == 0


def test_addresses_count(aws):
    aws.answer("ec2", "describe_addresses", {"Addresses": [{}]}, {})
    assert used(aws, "L-0263D0A3") == 1
