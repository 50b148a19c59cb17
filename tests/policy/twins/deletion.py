"""Twins of the rules on deletions."""

from tests.policy.cases import REMOVED, Twin
from tests.policy.rules import deletion as rules
from tests.policy.spelling import KeptTwin

UNTIL = "customTimeouts"

TWINS: list[Twin] = [
    Twin(rules.held_by_interfaces, "cdktf", "aws_security_group", "functions", {"timeouts": REMOVED}),
    Twin(rules.held_by_interfaces, "cdktf", "aws_security_group", "functions", {"timeouts.delete": "44m"}),
    Twin(rules.held_by_interfaces, "cdktf", "aws_subnet", "functions", {"timeouts.delete": "1s"}),
    KeptTwin(
        rules.held_by_interfaces, "pulumi", "aws:ec2/securityGroup:SecurityGroup", "functions", {UNTIL: {}}, "payment"
    ),
    KeptTwin(
        rules.held_by_interfaces, "pulumi", "aws:ec2/subnet:Subnet", "functions", {UNTIL: {"delete": "20m"}}, "payment"
    ),
]
