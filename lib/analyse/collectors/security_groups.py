"""Reads security groups: their ingress rules from addresses, prefix lists resolved, and who uses them."""

from collections import defaultdict
from collections.abc import Iterator

from lib.analyse.collectors.volumes import tags
from lib.analyse.model import Collector, Rule, SecurityGroup
from lib.analyse.options import Options
from lib.analyse.region_client import RegionClient
from lib.common.json_types import JsonMapping

USERS_NAMED = 3
RULE = (
    "SecurityGroupRuleId",
    "GroupId",
    "IsEgress",
    "IpProtocol",
    "FromPort",
    "ToPort",
    "CidrIpv4",
    "CidrIpv6",
    "PrefixListId",
    "Description",
)
INTERFACE = ("NetworkInterfaceId", "Groups", "Attachment", "Description")
GROUP = ("GroupId", "GroupName", "VpcId", "Tags")


class PrefixLists:
    """Entries of managed prefix lists, each list asked for once."""

    def __init__(self, client: RegionClient) -> None:
        self._client = client
        self._known: dict[str, tuple[str, ...] | None] = {}

    def entries(self, identifier: str) -> tuple[str, ...] | None:
        """Return the CIDRs of a list, or None (and a note) when AWS refuses to tell them."""
        if identifier not in self._known:
            asked = {"PrefixListId": identifier, "MaxResults": 100}
            self._known[identifier] = None
            with self._client.optional(f"prefix list {identifier} could not be read", identifier):
                pages = self._client.pages("ec2", "get_managed_prefix_list_entries", "Entries", ("Cidr",), **asked)
                self._known[identifier] = tuple(row["Cidr"] for page in pages for row in page)
        return self._known[identifier]


def rule(row: JsonMapping, lists: PrefixLists) -> Rule | None:
    """Return an ingress rule whose source is addresses, or None for any other."""
    cidr = row.get("CidrIpv4") or row.get("CidrIpv6")
    prefix_list = row.get("PrefixListId")
    if row["IsEgress"] or not (cidr or prefix_list):
        return None
    ports = row["IpProtocol"] != "-1"
    return Rule(
        id=row["SecurityGroupRuleId"],
        protocol=row["IpProtocol"],
        from_port=row.get("FromPort") if ports else None,
        to_port=row.get("ToPort") if ports else None,
        source=str(cidr or prefix_list),
        cidrs=(cidr,) if cidr else lists.entries(str(prefix_list)),
        description=row.get("Description", ""),
    )


def _users(client: RegionClient) -> dict[str, tuple[int, list[str]]]:
    """Return, for each group, how many network interfaces use it, and what some of them are for."""
    users: dict[str, tuple[int, list[str]]] = {}
    for page in client.pages("ec2", "describe_network_interfaces", "NetworkInterfaces", INTERFACE, MaxResults=1000):
        for row in page:
            for group in row.get("Groups", ()):
                number, named = users.get(group["GroupId"], (0, []))
                if number < USERS_NAMED:
                    instance = row.get("Attachment", {}).get("InstanceId")
                    named.append(instance or row.get("Description") or row["NetworkInterfaceId"])
                users[group["GroupId"]] = (number + 1, named)
    return users


def _group(row: JsonMapping, rules: list[Rule], users: dict[str, tuple[int, list[str]]] | None) -> SecurityGroup:
    number, named = (users or {}).get(row["GroupId"], (0, []))
    return SecurityGroup(
        id=row["GroupId"],
        name=row.get("GroupName", ""),
        vpc=row.get("VpcId", ""),
        rules=tuple(rules),
        users=None if users is None else number,
        used_by=", ".join(named) + (", …" if number > USERS_NAMED else ""),
        tags=tags(row.get("Tags", ())),
    )


def collect(client: RegionClient, options: Options) -> Iterator[SecurityGroup]:
    """Yield every security group; the groups themselves come last, so that only their rules are held."""
    del options
    lists, rules = PrefixLists(client), defaultdict[str, list[Rule]](list)
    for page in client.pages("ec2", "describe_security_group_rules", "SecurityGroupRules", RULE, MaxResults=1000):
        for row in page:
            parsed = rule(row, lists)
            if parsed is not None:
                rules[row["GroupId"]].append(parsed)
    users: dict[str, tuple[int, list[str]]] | None = None
    with client.optional("what uses the groups is not known"):
        users = _users(client)
    for page in client.pages("ec2", "describe_security_groups", "SecurityGroups", GROUP, MaxResults=1000):
        for row in page:
            yield _group(row, rules.get(row["GroupId"], []), users)


COLLECTOR = Collector(
    "security_groups",
    (
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:GetManagedPrefixListEntries",
    ),
    collect,
)
