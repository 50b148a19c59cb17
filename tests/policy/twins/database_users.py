"""Twins of the rules on who signs in to a database."""

from typing import Any

from tests.policy.cases import Twin
from tests.policy.rules import database_users
from tests.policy.rules.database_users import CONNECT, READ

FUNCTION, POLICY = "aws:lambda/function:Function", "aws:iam/rolePolicy:RolePolicy"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
CDK_POLICY, CDK_FUNCTION = "AWS::IAM::Policy", "AWS::Lambda::Function"
STATEMENTS = "PolicyDocument.Statement"
SECRET = {"Effect": "Allow", "Action": [READ], "Resource": ["arn:aws:secretsmanager:x:123456789012:secret:x-AbCdEf"]}


def as_another(old: str, new: str) -> Any:
    """Return a change of the user in the statements that let somebody sign in."""

    def changed(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        text = [dict(statement) for statement in statements]
        for statement in text:
            if CONNECT in str(statement["Action"]):
                statement["Resource"] = _replaced(statement["Resource"], old, new)
        return text

    return changed


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [_replaced(item, old, new) for item in value]
    return {key: _replaced(item, old, new) for key, item in value.items()} if isinstance(value, dict) else value


def also(statement: object) -> Any:
    """Return a change that adds a statement."""
    return lambda statements: [*statements, statement]


RECOVERY = "aws_lambda_function"  # in which nothing signs in to the database

TWINS: list[Twin] = [
    *(
        Twin(check, "cdktf", RECOVERY, "payment", {f"environment.variables.{name}": "x"})
        for check, name in (
            (database_users.database_users, "DB_USER"),
            (database_users.iam_authentication, "DB_USER"),
            (database_users.master_users, "DB_SECRET_ARN"),
        )
    ),
    Twin(
        database_users.master_users, "pulumi", FUNCTION, "api", {"environment.variables.DB_SECRET_ARN": "x"}, "payment"
    ),
    Twin(
        database_users.database_users,
        "cdk",
        CDK_POLICY,
        "ConsumerRole",
        {STATEMENTS: as_another("pipeline_consumer", "*")},
    ),
    Twin(database_users.database_users, "cdk", CDK_POLICY, "ConsumerRole", {STATEMENTS: also(SECRET)}),
    Twin(
        database_users.database_users,
        "cdk",
        CDK_FUNCTION,
        "Consumer",
        {"Environment.Variables.DB_USER": "pipeline_admin"},
    ),
    Twin(database_users.master_users, "cdk", CDK_FUNCTION, "Consumer", {"Environment.Variables.DB_SECRET_ARN": "x"}),
    Twin(
        database_users.iam_authentication, "cdk", "AWS::RDS::DBInstance", "", {"EnableIAMDatabaseAuthentication": False}
    ),
    Twin(
        database_users.database_users,
        "pulumi",
        POLICY,
        "api",
        {"policy.Statement": as_another("/payment_api", "/payment_drain")},
        "payment",
    ),
    Twin(database_users.database_users, "pulumi", POLICY, "drain", {"policy.Statement": also(SECRET)}, "payment"),
    Twin(
        database_users.iam_authentication,
        "pulumi",
        "aws:rds/instance:Instance",
        "",
        {"iamDatabaseAuthenticationEnabled": False},
        "payment",
    ),
    Twin(
        database_users.iam_authentication,
        "pulumi",
        "aws:rds/cluster:Cluster",
        "",
        {"iamDatabaseAuthenticationEnabled": False},
        "flask-api",
    ),
    Twin(database_users.database_users, "pulumi", POLICY, "task", {"policy.Statement": also(SECRET)}, "flask-api"),
    Twin(
        database_users.database_users,
        "pulumi",
        TASK,
        "",
        {"containerDefinitions.0.environment": also({"name": "DB_PASSWORD", "value": "x"})},
        "flask-api",
    ),
]
