"""What of a network is paid for: gateways, endpoints, addresses, load balancers, firewalls, traffic.

https://aws.amazon.com/vpc/pricing/
https://aws.amazon.com/elasticloadbalancing/pricing/
https://aws.amazon.com/waf/pricing/
"""

from collections.abc import Iterable

from lib.analyse.price_list.services import APPLICATION, named
from lib.cost.model import HOUR, MONTH, Part, Pricers, Rate, Unpriced, Use, gigabytes, millions, one
from lib.declared.model import Declaration, Resource, listed

ADDRESS = Rate("AmazonVPC", "PublicIPv4:InUseAddress")
ENDPOINT, ENDPOINT_BYTES = Rate("AmazonVPC", "VpcEndpoint-Hours"), Rate("AmazonVPC", "VpcEndpoint-Bytes")
VENDED = Rate("AmazonCloudWatch", "VendedLog-Bytes")
WEB_ACL, RULE, INSPECTED = (Rate("awswaf", name) for name in ("WebACLV2", "RuleV2", "RequestV2-Tier1"))


def _nat(_resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield one("NAT gateway", Rate("AmazonEC2", "NatGateway-Hours"), HOUR)
    yield gigabytes("traffic through a NAT gateway", Rate("AmazonEC2", "NatGateway-Bytes"))


def _address(_resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield one("public IPv4 address", ADDRESS, HOUR)


def _endpoint(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    if resource.at("VpcEndpointType", "Gateway") == "Interface":  # those of gateways are free
        zones = len(listed(resource.at("SubnetIds")))
        yield one("interface endpoint, in each of its zones", ENDPOINT, HOUR, zones)
        yield gigabytes("traffic through an interface endpoint", ENDPOINT_BYTES)


def _balancer(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield one("Application Load Balancer", Rate("AWSELB", named("LoadBalancerUsage", APPLICATION)), HOUR)
    if resource.at("Scheme", "internet-facing") == "internet-facing":
        # One address in each subnet; while it is busy it may have more.
        yield one("public IPv4 address", ADDRESS, HOUR, len(listed(resource.at("Subnets"))))
    yield Unpriced(
        "data transfer to the internet", "by the gigabyte, and by where to: the EC2 price page has its tiers"
    )
    # At rest a fraction of one: 25 new connections a second, 3,000 open ones or 1 GB an hour make one.
    yield Use("capacity unit of the load balancer", Rate("AWSELB", named("LCUUsage", APPLICATION)), "hour")


def _firewall(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield one("web ACL", WEB_ACL, MONTH)
    yield one("rule of a web ACL", RULE, MONTH, len(listed(resource.at("Rules"))))
    yield millions("requests that a web ACL looks at", INSPECTED)


def _flow_log(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    if resource.at("LogDestinationType", "cloud-watch-logs") == "cloud-watch-logs":
        yield gigabytes("VPC flow logs", VENDED)


def _peering(_resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield Unpriced("traffic over the peering connection", "by the gigabyte, by the pair of regions: the EC2 price page")


PRICERS: Pricers = {
    "AWS::EC2::EIP": _address,
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::EC2::NatGateway": _nat,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::VPCPeeringConnection": _peering,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer,
    "AWS::WAFv2::WebACL": _firewall,
}
