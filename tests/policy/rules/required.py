"""Values that a type has to have, each with the reason: defaults that are not safe, and flags that must not turn."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lib.declared.model import Declaration, Resource
from tests.policy.rule import rule

EC2 = "https://docs.aws.amazon.com/vpc/latest/userguide"
RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide"
AURORA = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide"
R53 = "https://docs.aws.amazon.com/Route53/latest"


@dataclass(frozen=True)
class Required:
    """What a property of a type has to be.

    Attributes:
        type: CloudFormation's.
        path: of the property.
        allowed: its values; None is among them where AWS's own default is right.
        why: what happens otherwise.
        source: where AWS says so.
        when: which resources of the type it is about.
    """

    type: str
    path: str
    allowed: frozenset[Any]
    why: str
    source: str
    when: Callable[[Resource], bool] = lambda _resource: True


def alone(resource: Resource) -> bool:
    """Return whether a database instance is none of a cluster's."""
    return not resource.properties.get("DBClusterIdentifier")


def member(resource: Resource) -> bool:
    """Return whether a database instance is one of a cluster's."""
    return not alone(resource)


ON, OFF = frozenset({True}), frozenset({False})
DEFAULT_OFF, DEFAULT_ON = frozenset({False, None}), frozenset({True, None})
ROOTS = frozenset({"rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"})
SECONDS = frozenset({0, 1, 5, 10, 15, 30, 60})
INSIGHTS_DAYS = frozenset({7, 465, *(31 * months for months in range(1, 24))})
INSTANCE, CLUSTER = "AWS::RDS::DBInstance", "AWS::RDS::DBCluster"
HEALTH = "AWS::Route53::HealthCheck"

REQUIRED = (
    Required("AWS::EC2::VPC", "EnableDnsSupport", ON, "no name is resolved", f"{EC2}/AmazonDNS-concepts.html"),
    Required(
        "AWS::EC2::VPC", "EnableDnsHostnames", ON, "private names lead to public addresses", f"{EC2}/vpc-dns.html"
    ),
    Required(
        "AWS::EC2::VPC",
        "InstanceTenancy",
        frozenset({None, "default"}),
        "hardware of one's own is paid for",
        f"{EC2}/create-vpc.html",
    ),
    Required(
        "AWS::EC2::Subnet",
        "MapPublicIpOnLaunch",
        OFF,
        "what is launched gets an address of the internet",
        f"{EC2}/subnet-public-ip.html",
    ),
    Required(
        "AWS::EC2::Subnet",
        "AssignIpv6AddressOnCreation",
        DEFAULT_OFF,
        "IPv6 is not private here",
        f"{EC2}/subnet-public-ip.html",
    ),
    Required(
        "AWS::EC2::EIP",
        "Domain",
        frozenset({"vpc"}),
        "NAT takes addresses of a VPC only",
        f"{EC2}/nat-gateway-working-with.html",
    ),
    Required(
        "AWS::EC2::NatGateway",
        "ConnectivityType",
        frozenset({None, "public"}),
        "there is no way out",
        f"{EC2}/vpc-nat-gateway.html",
    ),
    Required(
        "AWS::EC2::FlowLog",
        "TrafficType",
        frozenset({"ALL", "REJECT"}),
        "what was refused is not seen",
        f"{EC2}/flow-logs-basics.html",
    ),
    Required(
        "AWS::EC2::FlowLog",
        "ResourceType",
        frozenset({"VPC"}),
        "a part of the network only",
        f"{EC2}/flow-logs-basics.html",
    ),
    Required(
        "AWS::EC2::FlowLog",
        "LogDestinationType",
        frozenset({None, "cloud-watch-logs"}),
        "there is no such place",
        f"{EC2}/flow-logs-cwl.html",
    ),
    Required(
        "AWS::EC2::FlowLog",
        "MaxAggregationInterval",
        frozenset({None, 60, 600}),
        "EC2 takes 60 and 600 s",
        f"{EC2}/flow-logs-basics.html",
    ),
    Required(
        "AWS::EC2::VPCPeeringConnection",
        "PeerOwnerId",
        frozenset({None, "123456789012"}),
        "another account's",
        "https://docs.aws.amazon.com/vpc/latest/peering/create-vpc-peering-connection.html",
    ),
    Required(
        "Terraform::aws_vpc_peering_connection_accepter",
        "AutoAccept",
        ON,
        "the other region waits for a person",
        "https://docs.aws.amazon.com/vpc/latest/peering/accept-vpc-peering-connection.html",
    ),
    Required(
        INSTANCE,
        "PubliclyAccessible",
        OFF,
        "it has an address of the internet",
        f"{RDS}/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
    ),
    Required(INSTANCE, "CopyTagsToSnapshot", ON, "nobody knows whose a snapshot is", f"{RDS}/USER_Tagging.html", alone),
    Required(CLUSTER, "CopyTagsToSnapshot", ON, "nobody knows whose a snapshot is", f"{AURORA}/USER_Tagging.html"),
    Required(
        INSTANCE, "CACertificateIdentifier", ROOTS, "clients have no root of that name", f"{RDS}/UsingWithRDS.SSL.html"
    ),
    Required(
        INSTANCE,
        "StorageType",
        frozenset({"gp3"}),
        "gp2 costs more and has fewer operations",
        f"{RDS}/CHAP_Storage.html",
        alone,
    ),
    Required(
        INSTANCE,
        "EnablePerformanceInsights",
        ON,
        "nobody sees what a query waits for",
        f"{RDS}/USER_PerfInsights.html",
        alone,
    ),
    Required(
        CLUSTER,
        "DatabaseInsightsMode",
        frozenset({"standard", "advanced"}),
        "there is no such mode",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Database-Insights.html",
    ),
    Required(
        INSTANCE,
        "DatabaseInsightsMode",
        frozenset({"standard", "advanced"}),
        "there is no such mode",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Database-Insights.html",
        alone,
    ),
    Required(
        CLUSTER,
        "PerformanceInsightsEnabled",
        ON,
        "nobody sees what a query waits for",
        f"{AURORA}/USER_PerfInsights.html",
    ),
    Required(
        CLUSTER,
        "PerformanceInsightsRetentionPeriod",
        INSIGHTS_DAYS,
        "RDS takes 7, 465 or months of 31 days",
        f"{AURORA}/USER_PerfInsights.Overview.cost.html",
    ),
    Required(
        INSTANCE,
        "PerformanceInsightsRetentionPeriod",
        INSIGHTS_DAYS,
        "RDS takes 7, 465 or months of 31 days",
        f"{RDS}/USER_PerfInsights.Overview.cost.html",
        alone,
    ),
    Required(
        INSTANCE,
        "MonitoringInterval",
        SECONDS | {None},
        "RDS takes these intervals only",
        f"{RDS}/USER_Monitoring.OS.Enabling.html",
    ),
    Required(
        INSTANCE,
        "PromotionTier",
        frozenset(range(16)),
        "Aurora takes 0 to 15",
        f"{AURORA}/Concepts.AuroraHighAvailability.html",
        member,
    ),
    Required(
        "AWS::Lambda::Function",
        "TracingConfig.Mode",
        frozenset({None, "Active", "PassThrough"}),
        "there is no other mode",
        "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
    ),
    Required(
        "AWS::Lambda::Function",
        "PackageType",
        frozenset({None, "Zip"}),
        "the package is a zip",
        "https://docs.aws.amazon.com/lambda/latest/dg/python-package.html",
    ),
    Required(
        "AWS::Logs::LogGroup",
        "LogGroupClass",
        frozenset({None, "STANDARD"}),
        "metric filters and metrics are lost",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html",
    ),
    Required(
        "AWS::SQS::Queue",
        "FifoQueue",
        DEFAULT_OFF,
        "Lambda's dead letters go to standard queues only",
        "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
    ),
    Required(
        "AWS::Route53::RecordSet",
        "Type",
        frozenset({"A", "AAAA"}),
        "an alias is an address",
        f"{R53}/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html",
    ),
    Required(
        "AWS::Route53::RecordSet",
        "Failover",
        frozenset({None, "PRIMARY", "SECONDARY"}),
        "there is no such role",
        f"{R53}/APIReference/API_ResourceRecordSet.html",
    ),
    Required(
        HEALTH,
        "HealthCheckConfig.FailureThreshold",
        frozenset(range(1, 11)),
        "Route 53 takes 1 to 10",
        f"{R53}/APIReference/API_HealthCheckConfig.html",
    ),
    Required(
        HEALTH,
        "HealthCheckConfig.RequestInterval",
        frozenset({10, 30}),
        "Route 53 takes 10 and 30 s",
        f"{R53}/APIReference/API_HealthCheckConfig.html",
    ),
    Required(
        HEALTH,
        "HealthCheckConfig.Type",
        frozenset({"HTTPS"}),
        "the API answers HTTPS only",
        f"{R53}/DeveloperGuide/dns-failover-determining-health-of-endpoints.html",
    ),
    Required(
        HEALTH,
        "HealthCheckConfig.Port",
        frozenset({443}),
        "the API answers there only",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api.html",
    ),
    Required(
        HEALTH,
        "HealthCheckConfig.EnableSNI",
        ON,
        "API Gateway knows its APIs by name",
        f"{R53}/APIReference/API_HealthCheckConfig.html",
    ),
    Required(
        HEALTH,
        "HealthCheckConfig.Disabled",
        DEFAULT_OFF,
        "the check is always healthy",
        f"{R53}/APIReference/API_HealthCheckConfig.html",
    ),
    Required(
        HEALTH,
        "HealthCheckConfig.Inverted",
        DEFAULT_OFF,
        "a healthy region counts as lost",
        f"{R53}/APIReference/API_HealthCheckConfig.html",
    ),
    Required(
        "AWS::ApiGateway::RestApi",
        "DisableExecuteApiEndpoint",
        DEFAULT_OFF,
        "Route 53's health checks ask a region's own name",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-disable-default-endpoint.html",
    ),
    Required(
        "AWS::ApiGateway::Model",
        "ContentType",
        frozenset({"application/json"}),
        "no other body is validated",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html",
    ),
    Required(
        "AWS::Kinesis::Stream",
        "StreamModeDetails.StreamMode",
        frozenset({None, "PROVISIONED", "ON_DEMAND"}),
        "there is no such mode",
        "https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html",
    ),
)


@rule(*sorted({row.type for row in REQUIRED}))
def required_values(declaration: Declaration) -> Iterator[str]:
    """Find values that a type must not have, and those that are missing where the default is not safe."""
    for row in REQUIRED:
        for resource in declaration.of(row.type):
            value = resource.at(row.path)
            if row.when(resource) and _plain(value) not in row.allowed:
                yield f"{resource.name}: {row.path} is {value!r}: {row.why} ({row.source})"


def _plain(value: Any) -> Any:
    """Return a value as the table has it: CloudFormation takes numbers as texts, and a set takes no list."""
    if isinstance(value, str) and value.isdigit() and len(value) < 12:
        return int(value)
    return value if isinstance(value, str | int | bool | None) else repr(value)


@rule("AWS::RDS::DBInstance")
def storage_sizes(declaration: Declaration) -> Iterator[str]:
    """Find storage that RDS refuses, or that cannot grow.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html: 10 percent more at least
    """
    for instance in declaration.of("AWS::RDS::DBInstance"):
        if not alone(instance):
            continue
        size, largest = (int(instance.properties.get(key, 0)) for key in ("AllocatedStorage", "MaxAllocatedStorage"))
        if not 20 <= size <= 65_536 or not size * 1.1 <= largest <= 65_536:
            yield f"{instance.name}: {size} GiB, up to {largest}: 20 to 65536, and room to grow"


@rule("AWS::EC2::VPC")
def default_groups(declaration: Declaration) -> Iterator[str]:
    """Find networks whose default security group lets its members speak to each other and to anybody.

    https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html. CloudFormation cannot take it over:
    the CDK's way is a function of its own, and nothing of the pipeline is in that group.
    """
    for group in declaration.of("Terraform::aws_default_security_group"):
        if any(group.properties.get(key) for key in ("Ingress", "Egress")):
            yield f"{group.name}: lets something in or out"
    closed = {
        vpc.name
        for g in declaration.of("Terraform::aws_default_security_group")
        for vpc, _attribute in declaration.referred(g.properties.get("VpcId", ""))
    }
    for vpc in declaration.of("AWS::EC2::VPC"):
        if declaration.tool != "cdk" and vpc.name not in closed:
            yield f"{vpc.name}: its default security group is open"
        if vpc.name not in {
            found.name
            for log in declaration.of("AWS::EC2::FlowLog")
            for found, _attribute in declaration.referred(log.properties.get("ResourceId", ""))
        }:
            yield f"{vpc.name}: has no flow log"


RECORDS: Mapping[str, str] = {
    "AWS::ApiGateway::DomainName": "RegionalDomainName",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "DNSName",
}


@rule("AWS::Route53::RecordSet")
def records(declaration: Declaration) -> Iterator[str]:
    """Find aliases of nothing that is declared, of another zone than their name's, and failover without a check.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-types.html. The health of an alias says
    nothing of API Gateway, and much of a load balancer.
    """
    for record in declaration.of("AWS::Route53::RecordSet"):
        names = declaration.referred(record.at("AliasTarget.DNSName", ""))
        zones = declaration.referred(record.at("AliasTarget.HostedZoneId", ""))
        if [(f.type, a) for f, a in names] not in [[pair] for pair in RECORDS.items()]:
            yield f"{record.name}: leads to {record.at('AliasTarget.DNSName')!r}"
        if [f.name for f, _a in names] != [f.name for f, _a in zones]:
            yield f"{record.name}: the zone is {record.at('AliasTarget.HostedZoneId')!r}"
        balanced = any(found.type.endswith("LoadBalancer") for found, _attribute in names)
        if record.at("AliasTarget.EvaluateTargetHealth") is not balanced:
            yield f"{record.name}: EvaluateTargetHealth is {record.at('AliasTarget.EvaluateTargetHealth')}"
        checks = [found.type for found, _attribute in declaration.referred(record.properties.get("HealthCheckId", ""))]
        if record.properties.get("Failover") == "PRIMARY" and checks != [HEALTH]:
            yield f"{record.name}: nothing says when to fail over"
    roles = sorted(
        str(r.properties["Failover"]) for r in declaration.of("AWS::Route53::RecordSet") if "Failover" in r.properties
    )
    if roles and roles != ["PRIMARY", "SECONDARY"]:
        yield f"the records are {roles}: one of each"


@rule(HEALTH)
def health_checks(declaration: Declaration) -> Iterator[str]:
    """Find health checks of a path that no API answers, or of no API."""
    from tests.policy.rules.apis import paths

    stages = {str(stage.properties["StageName"]) for stage in declaration.of("AWS::ApiGateway::Stage")}
    known = {f"/{stage}{path}" for stage in stages for path in paths(declaration).values()}
    for check in declaration.of(HEALTH):
        config = check.properties["HealthCheckConfig"]
        if str(config.get("ResourcePath")).partition("?")[0] not in known:
            yield f"{check.name}: asks for {config.get('ResourcePath')!r}: {sorted(known)}"
        named = [found.type for found, _attribute in declaration.referred(config.get("FullyQualifiedDomainName", ""))]
        if named != ["AWS::ApiGateway::RestApi"] and config.get("FullyQualifiedDomainName") not in {
            str(name.properties["DomainName"]) for name in declaration.of("AWS::ApiGateway::DomainName")
        }:
            yield f"{check.name}: asks {config.get('FullyQualifiedDomainName')!r}"
