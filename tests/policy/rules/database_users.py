"""Who signs in to a database: each application by IAM as one user of its own; with the secret only what migrates."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lib.declared.model import Declaration, Resource, listed
from lib.declared.read import ROOT
from tests.policy.functions import folder_of, variables
from tests.policy.network_view import databases
from tests.policy.rule import rule
from tests.policy.rules.containers import containers
from tests.policy.rules.functions import FUNCTION, TASK
from tests.policy.rules.roles import statements

CONNECT, READ = "rds-db:connect", "secretsmanager:GetSecretValue"
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html
USER = re.compile(r"arn:[^:]+:rds-db:[^:]+:[^:]+:dbuser:\$\{[^}]+\.(?:DbiResourceId|DBClusterResourceId)\}/([^/*]+)")
MADE = re.compile(r"'([a-z_]+)'|CREATE ROLE (\w+)")


def clients(declaration: Declaration) -> Iterator[tuple[Resource, Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Yield whatever is told where a database is, its environment, and what its roles allow."""
    for owner, values in _told(declaration):
        if "DB_HOST" in values:
            roles = [owner.properties.get(key, "") for key in ("Role", "TaskRoleArn", "ExecutionRoleArn")]
            held = [s for role, _attribute in declaration.referred(roles) for s in statements(declaration, role)]
            yield owner, values, [s for s in held if s["Effect"] == "Allow"]


def _told(declaration: Declaration) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    yield from variables(declaration)
    for task, container in containers(declaration):
        named = [*container.get("Environment", []), *container.get("Secrets", [])]
        yield task, {item["Name"]: item.get("Value", item.get("ValueFrom")) for item in named}


def _resources(allowed: list[Mapping[str, Any]], action: str) -> list[str]:
    return [str(each) for s in allowed if action in listed(s["Action"]) for each in listed(s["Resource"])]


@rule(FUNCTION, TASK)
def database_users(declaration: Declaration) -> Iterator[str]:
    """Find applications that could be another user of the database than their own, the master user above all."""
    for owner, values, allowed in clients(declaration):
        user, users = values.get("DB_USER"), _resources(allowed, CONNECT)
        if user is None:
            if users:
                yield f"{owner.name}: is the master user, and may sign in by IAM as {users}"
            continue
        found = [USER.fullmatch(each) for each in users]
        if [match and match[1] for match in found] != [user]:
            yield f"{owner.name}: DB_USER is {user!r}, and {CONNECT} is allowed on {users}: allow it on that user alone"
        hosts = {host.name for host, _attribute in declaration.referred(values["DB_HOST"])}
        if {host.name for host, _attribute in declaration.referred(users)} - hosts:
            yield f"{owner.name}: may sign in to another database than the one of DB_HOST"
        if user not in _made():
            yield f"{owner.name}: DB_USER is {user!r}, which no migration makes"
        secrets = [name for name in values if name in ("DB_SECRET_ARN", "DB_PASSWORD")]
        if secrets or _resources(allowed, READ):
            yield f"{owner.name}: signs in by IAM, and could read the master user's secret"


def _made() -> set[str]:
    """Return the names that the migrations may make roles of."""
    texts = [path.read_text(encoding="utf-8") for path in ROOT.glob("lambda/*/database/migrations/*.sql")]
    return {name for text in texts for pair in MADE.findall(text) for name in pair if name}


@rule(FUNCTION, TASK)
def master_users(declaration: Declaration) -> Iterator[str]:
    """Find clients with the master user's secret: what migrates needs it, and nothing else."""
    for owner, values, _allowed in clients(declaration):
        migrates = owner.type == FUNCTION and (folder_of(declaration, owner) / "migrations").is_dir()
        if "DB_SECRET_ARN" in values and not migrates:
            yield f"{owner.name}: has the master user's secret, which only migrations need"


@rule("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")
def iam_authentication(declaration: Declaration) -> Iterator[str]:
    """Find databases without IAM authentication that an application signs in to by it.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Enabling.html
    """
    known = {database.name for database in databases(declaration)}
    for owner, values, _allowed in clients(declaration):
        for host, _attribute in declaration.referred(values["DB_HOST"]):
            on = host.properties.get("EnableIAMDatabaseAuthentication")
            if "DB_USER" in values and host.name in known and on is not True:
                yield f"{host.name}: {owner.name} signs in by IAM, and its authentication is {on!r}"
