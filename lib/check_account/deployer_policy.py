"""The IAM policies of a deployer: what the declared resources take, and what the deploying tool takes itself.

How narrow they are, service by service:

- What carries the system's name (roles, functions, tables, buckets, log groups, databases, ...) can be changed under
  the names that the system declares, and under no others.
- What AWS numbers (networks, keys, REST APIs, web ACLs, ...) can be changed in the system's regions: an ARN of it is
  not known before it exists. Who shares the account with others adds conditions on tags.
- Descriptions and lists can be read in the regions: most of them take no ARN.
- ``iam:PassRole`` passes the system's roles to the services that they trust, ``iam:CreateServiceLinkedRole`` makes the
  roles that its services act through.
"""

import json
import re
from collections.abc import Iterable, Sequence

from lib.check_account import names, permissions, tools
from lib.check_account.checks import roles
from lib.check_account.model import System
from lib.common import region as regions
from lib.common.json_types import JsonMapping, JsonObject
from lib.declared.model import listed

# Characters of a managed policy, white space not counted; and how many can be attached to a role.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST, ATTACHED = 6144, 10
GLOBAL = frozenset({"iam", "route53", "s3"})  # services, or lists of them, that answer outside the system's regions
READ = re.compile(r"[^:]+:(describe|list)", re.I)
Statement = JsonObject


def policies(system: System, account: str) -> dict[str, JsonObject]:
    """Return the documents of managed policies by their names, as few as hold everything.

    Args:
        system: whose deployer it is.
        account: the account's number, or ``*``.
    """
    by_name = {}
    for part, statements in tools.parts(system, account, resource_statements(system, account)).items():
        documents = split(statements)
        for number, one in enumerate(documents, start=1):
            name = f"{system.name}-{system.suffix}-{part}"
            by_name[f"{name}-{number}" if len(documents) > 1 else name] = one
    return by_name


def resource_statements(system: System, account: str) -> list[Statement]:
    """Return what it takes to create, read, update and delete what a system declares."""
    kinds = sorted({resource.type for resource in system.declaration.resources})
    needed = permissions.actions(kinds, tools.more(system.declaration.tool))
    patterns = names.patterns(system, account)
    named: dict[str, list[str]] = {}
    anywhere: list[str] = []
    regional: list[str] = []
    for action in needed:
        service = action.partition(":")[0]
        if service in patterns and permissions.resource_types(action) and not _is_list(action):
            if names.fits(action):
                named.setdefault(service, []).append(action)
        else:
            (anywhere if service in GLOBAL else regional).append(action)
    where = {"StringEquals": {"aws:RequestedRegion": sorted({r.region for r in system.declaration.resources})}}
    statements = [_allow(actions, patterns[service]) for service, actions in named.items()]
    statements += [_allow(regional, ["*"], where)] if regional else []
    statements += [_allow(anywhere, ["*"])] if anywhere else []
    return [*statements, *pass_role(system, patterns.get("iam", [])), *service_linked_roles(system, account)]


def _is_list(action: str) -> bool:
    """Return whether an action is asked for everything there is; S3 lists a bucket's objects."""
    return bool(READ.match(action)) and not (action.startswith("s3:") and permissions.resource_types(action))


def pass_role(system: System, arns: Sequence[str]) -> list[Statement]:
    """Return the right to give the system's roles to the services that they trust.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    services = set()
    for role in system.of("AWS::IAM::Role"):
        trust = role.properties.get("AssumeRolePolicyDocument", {})
        for statement in listed(trust.get("Statement", [])):
            services.update(listed(statement.get("Principal", {}).get("Service")))
    if not services:
        return []
    condition = {"StringEquals": {"iam:PassedToService": sorted(services)}}
    return [_allow(["iam:PassRole"], [arn for arn in arns if ":role/" in arn], condition)]


def service_linked_roles(system: System, account: str) -> list[Statement]:
    """Return the right to let services make the roles that they act through.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/create-service-linked-role.html
    """
    services = [role.service for role, _names in roles.needed_by([system])]
    partition = regions.partition(system.declaration.region)
    arn = f"arn:{partition}:iam::{account}:role/aws-service-role/*"
    condition = {"StringEquals": {"iam:AWSServiceName": services}}
    return [_allow(["iam:CreateServiceLinkedRole"], [arn], condition)] if services else []


def _allow(actions: Sequence[str], resources: Sequence[str], condition: JsonMapping | None = None) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": dict(condition)} if condition else statement


def size(statements: Iterable[Statement]) -> int:
    """Return how many characters AWS counts of a document with these statements."""
    return len(json.dumps(document(statements), separators=(",", ":")))


def document(statements: Iterable[Statement]) -> JsonObject:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def split(statements: Iterable[Statement], longest: int = LONGEST) -> list[JsonObject]:
    """Return documents that AWS takes as managed policies; a statement too long for one is divided by its actions."""
    groups: list[list[Statement]] = [[]]
    waiting = list(statements)
    while waiting:
        statement = waiting.pop(0)
        if size([*groups[-1], statement]) <= longest:
            groups[-1].append(statement)
        elif groups[-1]:
            groups.append([])
            waiting.insert(0, statement)
        else:
            half = len(statement["Action"]) // 2
            waiting[:0] = [
                {**statement, "Action": part} for part in (statement["Action"][:half], statement["Action"][half:])
            ]
    return [document(part) for part in groups if part]


def explanation(system: System, policy: JsonMapping) -> str:
    """Return what the policies are and how they are created, for a human."""
    tool = system.declaration.tool
    head = (
        f"{len(policy)} managed policies for who deploys {system.name} with {tools.TITLES[tool]}. IAM takes "
        f"{LONGEST:,} characters in each, and {ATTACHED} of them for a role:"
    )
    sizes = [f"  {name}: {size(one['Statement']):,} characters" for name, one in policy.items()]
    create = [
        "Save the output as policies.json, then for each of them:",
        '  aws iam create-policy --policy-name NAME --policy-document "$(jq \'.["NAME"]\' policies.json)"',
    ]
    return "\n".join([head, *sizes, *create, *tools.NOTES[tool]])
