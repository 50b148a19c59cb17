"""What gives way without a word has an alarm: databases, gateways, firewalls, tasks, certificates."""

from collections.abc import Iterator, Mapping

from lib.common.rds_instances import burstable
from lib.declared.model import Declaration, Resource
from tests.policy.network_view import databases
from tests.policy.rule import rule
from tests.policy.rules.production import member

# By type, the metrics that an alarm has to be on. Those of databases follow from what they are.
METRICS: Mapping[str, tuple[str, ...]] = {
    # https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
    "AWS::EC2::NatGateway": ("ErrorPortAllocation",),
    "AWS::ECS::Service": ("CPUUtilization", "MemoryUtilization"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("HTTPCode_ELB_5XX_Count",),
    "AWS::WAFv2::WebACL": ("BlockedRequests",),
}
DATABASE = ("CPUUtilization", "DatabaseConnections", "FreeableMemory")
STORAGE = {"AWS::RDS::DBInstance": "FreeStorageSpace", "AWS::RDS::DBCluster": "FreeLocalStorage"}


@rule("AWS::RDS::DBInstance", *METRICS)
def unwatched(declaration: Declaration) -> Iterator[str]:
    """Find what no alarm is on, by the metrics that tell of its end.

    An alarm is on a resource when its dimensions have the resource's reference or its physical name.
    """
    alarms = declaration.of("AWS::CloudWatch::Alarm")
    for resource in declaration.resources:
        for metric in (*METRICS.get(resource.type, ()), *_counted(resource, declaration)):
            if not any(_on(alarm, metric, resource, declaration) for alarm in alarms):
                yield f"{resource.name}: no alarm on {metric}"
    for database in (each for each in databases(declaration) if not member(each)):
        for metric in (*DATABASE, STORAGE[database.type], *_credits(database, declaration)):
            if not any(_on(alarm, metric, database, declaration) for alarm in alarms):
                yield f"{database.name}: no alarm on {metric}"


@rule("AWS::ElasticLoadBalancingV2::Listener", "AWS::ApiGateway::DomainName")
def unwatched_certificates(declaration: Declaration) -> Iterator[str]:
    """Find certificates that callers are shown, and whose end no alarm of the region tells."""
    watched = {
        (alarm.region, str(each["Value"]))
        for alarm in declaration.of("AWS::CloudWatch::Alarm")
        if alarm.properties.get("MetricName") == "DaysToExpiry"
        for each in alarm.properties["Dimensions"]
    }
    for listener in declaration.of("AWS::ElasticLoadBalancingV2::Listener"):
        for shown in listener.properties.get("Certificates", []):
            if (listener.region, shown["CertificateArn"]) not in watched:
                yield f"{listener.name}: no alarm on the end of {shown['CertificateArn']}"
    for domain in declaration.of("AWS::ApiGateway::DomainName"):
        if (domain.region, domain.at("RegionalCertificateArn")) not in watched:
            yield f"{domain.name}: no alarm on the end of {domain.at('RegionalCertificateArn')}"


def _counted(resource: Resource, declaration: Declaration) -> tuple[str, ...]:
    """Return the metric of a service's tasks, where its cluster has Container Insights, which write it."""
    settings = [each for cluster in declaration.of("AWS::ECS::Cluster") for each in cluster.at("ClusterSettings", [])]
    counts = {"Name": "containerInsights", "Value": "disabled"} not in settings
    return ("RunningTaskCount",) if resource.type == "AWS::ECS::Service" and counts else ()


def _credits(database: Resource, declaration: Declaration) -> tuple[str, ...]:
    members = [
        each
        for each in declaration.of("AWS::RDS::DBInstance")
        if each is database or database in [found for found, _ in declaration.referred(each.at("DBClusterIdentifier"))]
    ]
    spends = any(burstable(str(each.at("DBInstanceClass"))) for each in members)
    return ("CPUSurplusCreditsCharged",) if spends else ()


NAMES = ("DBClusterIdentifier", "DBInstanceIdentifier", "ServiceName", "LoadBalancerName", "Name")


def _on(alarm: Resource, metric: str, resource: Resource, declaration: Declaration) -> bool:
    if alarm.properties.get("MetricName") != metric or alarm.region != resource.region:
        return False
    named = {str(resource.properties[key]) for key in NAMES if key in resource.properties}
    values = [str(each["Value"]) for each in alarm.properties.get("Dimensions", [])]
    referred = [found for value in values for found, _ in declaration.referred(value)]
    return resource in referred or bool(named & set(values))
