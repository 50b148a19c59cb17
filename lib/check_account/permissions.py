"""Which IAM actions it takes to create, read, update and delete what a system declares.

CloudFormation's resource schemas say it for every type; cfn-lint carries them. What Terraform's AWS provider calls
beyond them stands in :mod:`lib.check_account.tools`.
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html#schema-properties-handlers
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from cfnlint.data import AdditionalSpecs
from cfnlint.helpers import load_resource

from lib.common.json_types import JsonMapping
from lib.declared import schemas

# IAM's prefix of a service, where it is not CloudFormation's name of it in small letters.
PREFIXES = {"applicationautoscaling": "application-autoscaling", "elasticloadbalancingv2": "elasticloadbalancing"}
ALWAYS = frozenset({"iam"})
# What a type needs of a service that the system may declare nothing of.
OTHERS: Mapping[str, frozenset[str]] = {
    # The caller's own permissions create the secret of a password that RDS manages.
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-permissions
    "AWS::RDS::DBCluster": frozenset({"secretsmanager"}),
    "AWS::RDS::DBInstance": frozenset({"secretsmanager"}),
}
# What has a statement of its own, with conditions.
SEPARATE = frozenset({"iam:passrole", "iam:createservicelinkedrole"})


@lru_cache
def authorization() -> JsonMapping:
    """Return AWS's list of actions and the resources that each takes, by service, in small letters.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
    """
    return dict(load_resource(AdditionalSpecs, "Policies.json"))


def service_of(kind: str) -> str:
    """Return IAM's prefix for a CloudFormation type: ``rds`` for ``AWS::RDS::DBInstance``."""
    name = kind.split("::")[1].lower()
    return PREFIXES.get(name, name)


def resource_types(action: str) -> tuple[str, ...]:
    """Return the types of resource that an action can be limited to, in small letters; none for most lists."""
    service, _colon, name = action.lower().partition(":")
    described = authorization().get(service, {}).get("Actions", {}).get(name, {})
    return tuple(one.lower() for one in described.get("Resources", ()))


def known(action: str) -> bool:
    """Return whether AWS has an action; schemas name some that IAM does not know."""
    service, _colon, name = action.lower().partition(":")
    return name in authorization().get(service, {}).get("Actions", {})


def actions(kinds: Iterable[str], more: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the actions that resources of these types take, each once, sorted.

    A schema names what every property could need, S3's tables for instance: actions of services of which nothing is
    declared are left out.

    Args:
        kinds: CloudFormation types, and what stands for a resource that CloudFormation does not have.
        more: further actions by type, as the deploying tool needs them.
    """
    declared = sorted(set(kinds))
    services = ALWAYS | {service_of(kind) for kind in declared if kind.startswith("AWS::")}
    by_name: dict[str, str] = {}
    for kind in declared:
        of_kind = services | OTHERS.get(kind, frozenset())
        for action in [*_of_schema(kind), *more.get(kind, ())]:
            small = action.lower()
            if small.partition(":")[0] in of_kind and small not in SEPARATE and known(action):
                by_name.setdefault(small, f"{small.partition(':')[0]}:{action.partition(':')[2]}")
    return sorted(by_name.values())


def _of_schema(kind: str) -> Iterator[str]:
    described = schemas.schema(kind)
    for handler in described.get("handlers", {}).values():
        for action in handler.get("permissions", ()):
            yield from _expanded(action)
    yield from (described.get("tagging") or {}).get("permissions", ())


def _expanded(action: str) -> Iterator[str]:
    """Yield an action, or the actions that a pattern such as ``dynamodb:Describe*`` stands for."""
    service, _colon, name = action.partition(":")
    if not name.endswith("*"):
        yield action
        return
    every = authorization().get(service.lower(), {}).get("Actions", {})
    yield from (f"{service}:{one}" for one in every if one.startswith(name[:-1].lower()))
