"""ARNs of what a system names itself, from the names that it declares."""

import re
from collections.abc import Mapping

from lib.check_account import permissions
from lib.check_account.model import System
from lib.common import region as regions

ACCOUNT = "123456789012"  # stands for the account's number in names that hold it
# A property that is a resource's own name, in CloudFormation's spelling: RoleName, DBInstanceIdentifier, Family.
NAME = re.compile(r"(Name|Identifier|Family)$")
# A part of a name that is another resource's id: API Gateway's log groups have the API's.
REFERENCE = re.compile(r"\$\{[^}]*\}")
# How ARNs go on after "arn:<partition>:<service>:<region>:<account>:", by IAM's prefix of the service. {name} is each
# name; what AWS numbers beside it stands as a wildcard. No other form of these services is needed for a deployment.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
FORMS: Mapping[str, tuple[str, ...]] = {
    "cloudtrail": ("trail/{name}",),
    "cloudwatch": ("alarm:{name}", "dashboard/{name}"),
    "dynamodb": ("table/{name}", "table/{name}/*"),
    "ecr": ("repository/{name}",),
    "ecs": ("cluster/{name}", "service/{name}/*", "task-definition/{name}:*"),
    "elasticloadbalancing": ("loadbalancer/app/{name}/*", "listener/app/{name}/*", "targetgroup/{name}/*"),
    "events": ("rule/{name}",),
    "iam": ("role/{name}",),
    "kinesis": ("stream/{name}",),
    "lambda": ("function:{name}", "function:{name}:*", "event-source-mapping:*"),
    "logs": ("log-group:{name}", "log-group:{name}:*"),
    # The snapshot that is left behind is named after the database; the defaults are what no group is declared for.
    "rds": ("*:{name}", "*:{name}-*-final", "og:default*", "pg:default*", "cluster-pg:default*"),
    "secretsmanager": ("secret:{name}", "secret:{name}-*"),  # AWS adds six characters
    "sns": ("{name}", "{name}:*"),
    "sqs": ("{name}",),
}
# Neither a region nor an account, or no region, stands in these.
BUCKETS = ("{name}", "{name}/*")
NO_REGION = frozenset({"iam"})


def fits(action: str) -> bool:
    """Return whether an action takes ARNs of one of the forms: a role's does not change a user, say."""
    service = action.partition(":")[0]
    types = permissions.authorization().get(service, {}).get("Resources", {})
    for kind in permissions.resource_types(action):
        for arn in types.get(kind, {}).get("ARNFormats", ()):
            start = arn.split(":", 5)[-1].removesuffix(".*")
            if service == "s3" or any(form.startswith(("*", start)) for form in FORMS[service]):
                return True
    return False


def generalised(name: str, system: System, account: str) -> str:
    """Return the pattern of a name: one for all that begin with the system's name and end with the environment's.

    Args:
        name: a physical name; it may have a path, as a log group's has.
        system: whose it is.
        account: what stands for the account's number.
    """
    parts = []
    for part in name.split("/"):
        whole = part.startswith(f"{system.name}-") and part.endswith(f"-{system.suffix}")
        parts.append(f"{system.name}-*{system.suffix}" if whole else part)
    return "/".join(parts).replace(ACCOUNT, account)


def declared(system: System, account: str) -> dict[str, list[str]]:
    """Return the patterns of the names that a system declares, by IAM's prefix of the service.

    What CloudFormation names itself begins with the stack's name.
    """
    by_service: dict[str, set[str]] = {}
    for resource in system.declaration.resources:
        if not resource.type.startswith("AWS::"):
            continue
        own = by_service.setdefault(permissions.service_of(resource.type), set())
        for key, value in resource.properties.items():
            if NAME.search(key) and isinstance(value, str) and f"-{system.suffix}/" in f"{value}/":
                own.add(generalised(value, system, account))
            elif key == "LogGroupName" and REFERENCE.search(value):
                own.add(REFERENCE.sub("*", value))
        if system.declaration.tool == "cdk":
            own.add(f"{system.name}-{system.suffix}-*")
    return {service: sorted(names) for service, names in by_service.items() if names}


def patterns(system: System, account: str) -> dict[str, list[str]]:
    """Return the ARNs that a system's own resources have, by IAM's prefix of the service."""
    partition = regions.partition(system.declaration.region)
    by_service: dict[str, list[str]] = {}
    for service, own in declared(system, account).items():
        if service == "s3":
            by_service[service] = [f"arn:{partition}:s3:::{form.format(name=name)}" for name in own for form in BUCKETS]
        elif service in FORMS:
            where = "" if service in NO_REGION else "*"
            arns = [f"arn:{partition}:{service}:{where}:{account}:{form}" for form in FORMS[service]]
            by_service[service] = list(dict.fromkeys(arn.replace("{name}", name) for name in own for arn in arns))
    if system.of("AWS::RDS::"):
        # The secrets of passwords that RDS manages; RDS names them.
        by_service.setdefault("secretsmanager", []).append(f"arn:{partition}:secretsmanager:*:{account}:secret:rds!*")
    return by_service
