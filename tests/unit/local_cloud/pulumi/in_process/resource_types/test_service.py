"""Containers, balancers and names: what a Pulumi program asks for is what the local cloud's API shows."""

import pytest

from tests.support.pulumi_programs.cloud import PROGRAMS, Applied, lacking, listed, started

pytestmark = pytest.mark.filterwarnings("ignore:aws.* has been deprecated in favor of:DeprecationWarning")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    yield from started(tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="module")
def applied(cloud):
    example = Applied(cloud, PROGRAMS / "example_service.py")
    example.before = listed(cloud)
    example.exports = example.up().exports
    return example


@pytest.fixture
def elb(applied):
    return applied.client("elbv2")


def attributes(answer):
    return {found["Key"]: found["Value"] for found in answer["Attributes"]}


def test_a_balancer(applied, elb):
    arn = applied.id("balancer")
    (found,) = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    wanted = {"Scheme": "internet-facing", "Type": "application", "SecurityGroups": [applied.id("group")]}
    assert lacking(wanted, found) == []
    assert {zone["SubnetId"] for zone in found["AvailabilityZones"]} == {applied.id("subnet0"), applied.id("subnet1")}
    (inner,) = elb.describe_load_balancers(LoadBalancerArns=[applied.id("inner")])["LoadBalancers"]
    assert inner["Scheme"] == "internal"
    wanted = {
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "idle_timeout.timeout_seconds": "61",
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": applied.id("logs"),
        "access_logs.s3.prefix": "alb",
        "routing.http.desync_mitigation_mode": "strictest",
    }
    assert lacking(wanted, attributes(elb.describe_load_balancer_attributes(LoadBalancerArn=arn))) == []
    (tags,) = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    assert tags["Tags"] == [{"Key": "Project", "Value": "p"}]


def test_targets(applied, elb):
    arn = applied.id("targets")
    (found,) = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    wanted = {
        "Port": 8080,
        "Protocol": "HTTP",
        "TargetType": "ip",
        "VpcId": applied.id("vpc"),
        "HealthCheckPath": "/health",
        "HealthCheckIntervalSeconds": 15,
        "HealthCheckTimeoutSeconds": 6,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 4,
        "HealthCheckProtocol": "HTTP",
        "Matcher": {"HttpCode": "200-299"},
    }
    assert lacking(wanted, found) == []
    wanted = {
        "deregistration_delay.timeout_seconds": "30",
        "stickiness.enabled": "true",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": "600",
        "load_balancing.algorithm.type": "least_outstanding_requests",
    }
    assert lacking(wanted, attributes(elb.describe_target_group_attributes(TargetGroupArn=arn))) == []
    (health,) = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert lacking({"Id": "10.0.0.9", "Port": 8081}, health["Target"]) == []


def test_listeners_and_their_rules(applied, elb):
    found = elb.describe_listeners(ListenerArns=[applied.id("http")])["Listeners"]
    redirect = {"Port": "443", "Protocol": "HTTPS", "StatusCode": "HTTP_301"}
    wanted = {"Port": 80, "Protocol": "HTTP", "DefaultActions": [{"Type": "redirect", "RedirectConfig": redirect}]}
    assert lacking([wanted], found) == []
    found = elb.describe_listeners(ListenerArns=[applied.id("https")])["Listeners"]
    wanted = {
        "Port": 443,
        "Protocol": "HTTPS",
        "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "Certificates": [{"CertificateArn": "arn:aws:acm:xx-test-1:123456789012:certificate/1"}],
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": applied.id("targets")}],
    }
    assert lacking([wanted], found) == []
    found = elb.describe_rules(RuleArns=[applied.id("rule")])["Rules"]
    fixed = {"ContentType": "text/plain", "StatusCode": "404", "MessageBody": "none"}
    wanted = {
        "Priority": "10",
        "Actions": [{"Type": "fixed-response", "FixedResponseConfig": fixed}],
        "Conditions": [
            {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a"]}},
            {"Field": "query-string"},
        ],
    }
    assert lacking([wanted], found) == []


def test_what_the_emulator_loses_is_told_and_lost(applied, elb):
    told = {record.title: [what for what, _why in record.differs] for record in applied.state().records.values()}
    assert {title: lines for title, lines in told.items() if lines} == {
        "rule": ["ListenerRule: conditions.queryStrings not kept"],
        "weights": ["ListenerRule: actions.forward not kept"],
        "target": ["scaling kept by moto, which scales nothing"],
        "table": ["scaling kept by moto, which scales nothing"],
    }
    (found,) = elb.describe_rules(RuleArns=[applied.id("weights")])["Rules"]
    assert "ForwardConfig" not in found["Actions"][0]
    (found,) = elb.describe_rules(RuleArns=[applied.id("rule")])["Rules"]
    assert "QueryStringConfig" not in found["Conditions"][1]


def test_a_listeners_headers(applied, elb):
    found = attributes(elb.describe_listener_attributes(ListenerArn=applied.id("http")))
    assert found["routing.http.response.server.enabled"] == "false"


def test_a_cluster(applied):
    ecs = applied.client("ecs")
    (found,) = ecs.describe_clusters(clusters=["example"], include=["SETTINGS", "TAGS"])["clusters"]
    wanted = {
        "settings": [{"name": "containerInsights", "value": "enhanced"}],
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "tags": [{"key": "Project", "value": "p"}],
        "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}],
    }
    assert lacking(wanted, found) == []


def test_a_task(applied):
    found = applied.client("ecs").describe_task_definition(taskDefinition="example")["taskDefinition"]
    role = applied.record("role").outputs["arn"]
    wanted = {
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": role,
        "taskRoleArn": role,
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "volumes": [{"name": "tmp"}, {"name": "h", "host": {"sourcePath": "/h"}}],
        "containerDefinitions": [
            {
                "name": "api",
                "image": "example:1",
                "portMappings": [{"containerPort": 8080}],
                "environment": [{"name": "GROUP", "value": applied.id("group")}],
                "readonlyRootFilesystem": True,
            }
        ],
    }
    assert lacking(wanted, found) == []
    arn = found["taskDefinitionArn"]
    assert applied.exports["revision"] == [arn, arn.rpartition(":")[0], 1]


def test_a_service(applied):
    ecs = applied.client("ecs")
    (found,) = ecs.describe_services(cluster="example", services=[applied.id("service")])["services"]
    network = {
        "subnets": [applied.id("subnet0"), applied.id("subnet1")],
        "securityGroups": [applied.id("group")],
        "assignPublicIp": "DISABLED",
    }
    wanted = {
        "desiredCount": 2,
        "launchType": "FARGATE",
        "taskDefinition": applied.exports["revision"][0],
        "networkConfiguration": {"awsvpcConfiguration": network},
        "propagateTags": "SERVICE",
        "loadBalancers": [
            {"targetGroupArn": applied.id("targets"), "containerName": "api", "containerPort": 8080},
        ],
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        "healthCheckGracePeriodSeconds": 60,
        "enableExecuteCommand": True,
    }
    assert lacking(wanted, found) == []


def test_scaling_is_kept_by_moto(applied):
    scaling = applied.client("application-autoscaling")
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    wanted = {
        "MinCapacity": 2,
        "MaxCapacity": 6,
        "ResourceId": applied.id("target"),
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    assert lacking(wanted, found) == []
    (found,) = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    predefined = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    wanted = {"TargetValue": 60.0, "PredefinedMetricSpecification": predefined, "ScaleInCooldown": 300}
    assert lacking(wanted, found["TargetTrackingScalingPolicyConfiguration"]) == []


def test_names(applied):
    route53 = applied.client("route53")
    zone = route53.get_hosted_zone(Id=applied.id("zone"))["HostedZone"]
    assert (zone["Name"], zone["Config"]["Comment"]) == ("example.test.", "a zone")
    tags = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=applied.id("zone"))
    assert tags["ResourceTagSet"]["Tags"] == [{"Key": "Project", "Value": "p"}]
    records = {}
    for title in ("zone", "bare-zone"):
        for found in route53.list_resource_record_sets(HostedZoneId=applied.id(title))["ResourceRecordSets"]:
            records[found["Name"], found.get("SetIdentifier")] = found
    balancer = applied.record("balancer").outputs
    alias = {"DNSName": f"{balancer['dnsName']}.", "HostedZoneId": balancer["zoneId"], "EvaluateTargetHealth": True}
    found = records["api.example.test.", None]["AliasTarget"]
    assert {**found, "DNSName": found["DNSName"].rstrip(".") + "."} == alias
    wanted = {"TTL": 60, "Type": "TXT", "ResourceRecords": [{"Value": '"a"'}, {"Value": '"b"'}]}
    assert lacking(wanted, records["text.bare.test.", None]) == []
    assert records["two.example.test.", "PRIMARY"]["Failover"] == "PRIMARY"
    assert records["two.example.test.", "SECONDARY"]["Failover"] == "SECONDARY"
    assert records["some.example.test.", "w"]["Weight"] == 5


def test_what_cloudwatch_calls_them(applied):
    balancer, targets = applied.exports["suffixes"]
    assert applied.id("balancer").endswith(f":loadbalancer/{balancer}")
    assert balancer.startswith("app/balancer-")
    assert applied.id("targets").endswith(f":{targets}")
    assert targets.startswith("targetgroup/targets-")


def test_a_second_run_changes_nothing(applied):
    assert applied.up().changed is False


def test_everything_is_removed(applied):
    route53 = applied.client("route53")
    change = {"Name": "x.example.test", "Type": "TXT", "TTL": 1, "ResourceRecords": [{"Value": '"by hand"'}]}
    route53.change_resource_record_sets(
        HostedZoneId=applied.id("zone"), ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": change}]}
    )
    applied.down()
    assert listed(applied.cloud) == applied.before
    assert (
        applied.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        == []
    )
