"""Ingress rules that let the whole Internet in: by themselves, or together with others of their group."""

from collections.abc import Iterator, Sequence

from lib.analyse import combined_ingress, internet_exposure
from lib.analyse.model import SEVERITIES, Check, Context, Finding, Rule, SecurityGroup, rank
from lib.analyse.sensitive_ports import Ports

WEB = {80, 443}
_ICMP = {"icmp", "icmpv6", "1", "58"}


def ports(rule: Rule) -> str:
    """Return what a rule lets in, as a reader says it."""
    if rule.protocol == "-1":
        return "all traffic"
    if rule.protocol in _ICMP:
        kind = "" if rule.from_port in (None, -1) else f" type {rule.from_port}"
        return f"ICMP{'v6' if rule.protocol in ('icmpv6', '58') else ''}{kind}"
    if rule.from_port is None or rule.from_port == -1:
        return f"protocol {rule.protocol}"
    if rule.from_port == rule.to_port:
        return f"{rule.protocol} {rule.from_port}"
    return f"{rule.protocol} {rule.from_port}-{rule.to_port}"


def sensitive(rule: Rule, sensitive_ports: Ports) -> list[str]:
    """Return the services on whose ports the Internet has no business, of those that a rule covers."""
    known, first, last = sensitive_ports.get(combined_ingress.protocol(rule), {}), rule.from_port, rule.to_port
    if first is None or last is None:
        return []
    return sorted({name for port, name in known.items() if first <= port <= last})


def exposure(rule: Rule, sensitive_ports: Ports) -> tuple[str, str]:
    """Return the kind of a rule that is open to the Internet, and how severe it is on a group that is used."""
    if rule.protocol == "-1":
        return "all-traffic", "critical"
    if rule.protocol in _ICMP:
        return "icmp", "low"
    first, last = rule.from_port, rule.to_port
    if first is None or first == -1:
        return "protocol", "medium"
    if sensitive(rule, sensitive_ports):
        return "sensitive-port" if first == last else "sensitive-range", "high"
    if combined_ingress.protocol(rule) == "tcp" and first == last and first in WEB:
        return "web-port", "info"
    return "port" if first == last else "range", "medium"


def severity(kind_severity: str, users: int | None) -> str:
    """Return a severity, one step lower where nothing uses the group: it takes one call to attach it."""
    if users == 0 and rank(kind_severity) > rank("low"):
        return SEVERITIES[rank(kind_severity) - 1]
    return kind_severity


def open_rules(rules: Sequence[Rule]) -> Iterator[tuple[Rule, list[Rule]]]:
    """Yield the rules that let all of the Internet in, and, where they do so only together, what is open by that."""
    alone = []
    for rule in rules:
        if any(internet_exposure.everything(rule.cidrs or ())):
            alone.append(rule)
            yield rule, []
    for rule, opened in combined_ingress.together(rules).items():
        if rule not in alone:
            yield rule, opened


def _interfaces(number: int) -> str:
    return f"{number} interface{'' if number == 1 else 's'}" if number else "nothing"


def evaluate(group: SecurityGroup, context: Context) -> Iterator[Finding]:
    """Yield one finding for each rule of a group that lets the whole Internet in."""
    if context.attached_only and group.users == 0:
        return
    used = "nobody knows what" if group.users is None else _interfaces(group.users)
    for rule, opened in open_rules(group.rules):
        parts = opened or [rule]
        kind, level = max((exposure(part, context.sensitive_ports) for part in parts), key=lambda pair: rank(pair[1]))
        yield Finding(
            id=rule.id,
            arn=context.arn("ec2", f"security-group-rule/{rule.id}"),
            type=kind,
            severity=severity(level, group.users),
            title=f"{', '.join(map(ports, parts))} open to {rule.source}"
            f"{' and the rest of the Internet' if opened else ''} "
            f"in {group.name or group.id}, used by {used}",
            tags=group.tags,
            details={
                "group_id": group.id,
                "group_name": group.name,
                "vpc": group.vpc,
                "protocol": rule.protocol,
                "from_port": rule.from_port,
                "to_port": rule.to_port,
                "source": rule.source,
                "together": bool(opened),
                "open_ports": [ports(part) for part in parts],
                "services": sorted({name for part in parts for name in sensitive(part, context.sensitive_ports)}),
                "description": rule.description,
                "attached": None if group.users is None else group.users > 0,
                "users": group.users,
                "used_by": group.used_by,
            },
        )


CHECK = Check(
    "open-ingress",
    "Ingress open to the Internet",
    "security_groups",
    "Name the addresses or the security group that need the port, or reach it through Session Manager or a VPN.",
    evaluate,
    description="An ingress rule lets every address of the IPv4 or IPv6 Internet in, alone or together with other "
    "rules of its security group.",
    security=True,
)
