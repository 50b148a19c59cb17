"""How pulumi-aws calls what the Terraform provider behind it calls otherwise.

A type's name follows from its token, and a property's from its argument: camelCase, and the plural for a block that
can be repeated. The tables have what does not follow; the source of each row is the package's own documentation of the
type beside that of the Terraform provider.
"""

import re
from collections.abc import Iterable, Iterator

from lib.declared import terraform_schema
from lib.declared.model import DeclarationError

# How the types of a module begin in Terraform, where it is not with the module's name.
MODULES = {"apigateway": ("aws_api_gateway_",), "ec2": ("aws_ec2_", "aws_")}
TYPES = {
    "aws:apigateway/response:Response": "aws_api_gateway_gateway_response",
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:rds/instance:Instance": "aws_db_instance",
    "aws:rds/parameterGroup:ParameterGroup": "aws_db_parameter_group",
    "aws:rds/subnetGroup:SubnetGroup": "aws_db_subnet_group",
}
# Inputs and outputs, by Terraform's type; "" is every type.
PROPERTIES = {
    ("", "restApi"): "rest_api_id",
    ("aws_api_gateway_stage", "deployment"): "deployment_id",
    ("aws_cloudwatch_metric_alarm", "name"): "alarm_name",
    ("aws_lambda_function", "code"): "filename",
    ("aws_lambda_function", "name"): "function_name",
    ("aws_lambda_permission", "function"): "function_name",
    ("aws_sns_topic_subscription", "topic"): "topic_arn",
}
PLURALS = (("sses", "ss"), ("ies", "y"), ("ses", "s"), ("s", ""))


def snake(name: str) -> str:
    """Return a camelCase name in snake_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def terraform_type(token: str) -> str:
    """Return the Terraform type of a Pulumi type such as ``aws:ec2/vpc:Vpc``.

    Raises:
        DeclarationError: no type of the provider has a name that follows from it.
    """
    if token in TYPES:
        return TYPES[token]
    module, _, title = token.removeprefix("aws:").partition("/")
    name = snake(title.partition(":")[2])
    possible = [prefix + name for prefix in MODULES.get(module, (f"aws_{module}_",))]
    known = next(filter(terraform_schema.exists, possible), "")
    if not known:
        raise DeclarationError(
            f"{token}: {' or '.join(possible)} is not a resource type of Terraform: add its name to {__name__}."
        )
    return known


def candidates(kind: str, name: str) -> Iterator[str]:
    """Yield what a property can be called in Terraform, the most likely first."""
    for owner in (kind, ""):
        if (owner, name) in PROPERTIES:
            yield PROPERTIES[owner, name]
    plain = snake(name)
    yield plain
    for plural, single in PLURALS:
        if plain.endswith(plural):
            yield plain.removesuffix(plural) + single


def argument(kind: str, name: str, known: Iterable[str]) -> str:
    """Return which of the known names a property has in Terraform; "" for none."""
    names = frozenset(known)
    return next((candidate for candidate in candidates(kind, name) if candidate in names), "")
