"""What is in a deployment of a REST API, so that a change of any part of it leads to a new deployment.

A deployment is a snapshot: what is changed in the API afterwards is served with the next one.
https://docs.aws.amazon.com/apigateway/latest/developerguide/updating-api.html
"""

import json
from collections.abc import Mapping

from cdktf import TerraformResource
from constructs import Construct

PREFIX = "aws_api_gateway_"
# AWS's table of what needs a new deployment names none of these; a change of every other type leads to one.
NOT_DEPLOYED = frozenset(
    {
        "account",
        "base_path_mapping",
        "client_certificate",
        "deployment",
        "domain_name",
        "domain_name_access_association",
        "method_settings",
        "stage",
        "usage_plan",
        "usage_plan_key",
    }
)
# Terraform's own, and what only describes.
IGNORED = frozenset({"//", "depends_on", "lifecycle", "provider", "description", "tags"})


def deployed_parts(scope: Construct) -> list[TerraformResource]:
    """Return what is in the deployment of the API that is declared in this scope so far."""
    return [
        part
        for part in scope.node.find_all()
        if isinstance(part, TerraformResource)
        and part.terraform_resource_type.startswith(PREFIX)
        and part.terraform_resource_type.removeprefix(PREFIX) not in NOT_DEPLOYED
    ]


def triggers(scope: Construct, parts: list[TerraformResource]) -> Mapping[str, str]:
    """Return the arguments of each part as JSON text, by its path in the scope: a plan names the part that changes.

    References stay in the text, and Terraform puts values in their place: a function with another ARN is a change.
    """
    return {part.node.path.removeprefix(f"{scope.node.path}/"): _arguments(part) for part in parts}


def _arguments(part: TerraformResource) -> str:
    (named,) = part.to_terraform()["resource"].values()
    (arguments,) = named.values()
    kept = {name: value for name, value in arguments.items() if name not in IGNORED}
    return json.dumps(kept, sort_keys=True)
