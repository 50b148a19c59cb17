"""Deletions have the time that AWS takes."""

import re
from collections.abc import Iterator

from lib.declared.model import Declaration
from tests.policy.network_view import groups_of, subnets_of
from tests.policy.rule import TERRAFORM, rule

INTERFACE_MINUTES = 45  # until Lambda has removed the interfaces of its functions
MINUTES = {"m": 1, "h": 60}


@rule("AWS::Lambda::Function", tools=TERRAFORM)
def held_by_interfaces(declaration: Declaration) -> Iterator[str]:
    """Find groups and subnets of functions whose deletion is given up before Lambda has removed its interfaces.

    It takes up to 45 minutes. CloudFormation, which has no such time-out, waits by itself.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-vpcconfig.html
    https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/security_group.html.markdown
    https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/subnet.html.markdown
    """
    resources = {resource.name: resource for resource in declaration.resources}
    functions = declaration.of("AWS::Lambda::Function")
    held = {name for one in functions for name in (*groups_of(declaration, one), *subnets_of(declaration, one))}
    for name in sorted(held):
        text = str(resources[name].options.get("timeouts", {}).get("delete", ""))
        # As Go writes durations: https://pkg.go.dev/time#ParseDuration
        found = re.fullmatch(r"(\d+)(m|h)", text)
        if not found or int(found[1]) * MINUTES[found[2]] < INTERFACE_MINUTES:
            yield f"{name}: its deletion may take {text or 'as long as by default'}: allow {INTERFACE_MINUTES}m or more"
