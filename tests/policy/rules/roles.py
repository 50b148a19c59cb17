"""Roles: the service that uses one is the one that may take it on, its keys are used through a service, no more."""

import re
from collections.abc import Iterator, Mapping

from lib.common import region
from lib.declared.model import Declaration, Resource, listed
from tests.policy import iam_reference as iam
from tests.policy.arns import resolved
from tests.policy.rule import rule
from tests.policy.rules.iam import IDENTITY, conditions, principals

# Which property of what names a role, and for which service.
USERS: Mapping[tuple[str, str], str] = {
    ("AWS::EC2::FlowLog", "DeliverLogsPermissionArn"): "vpc-flow-logs.amazonaws.com",
    ("AWS::ECS::TaskDefinition", "ExecutionRoleArn"): "ecs-tasks.amazonaws.com",
    ("AWS::ECS::TaskDefinition", "TaskRoleArn"): "ecs-tasks.amazonaws.com",
    ("AWS::Lambda::Function", "Role"): "lambda.amazonaws.com",
    ("AWS::RDS::DBCluster", "MonitoringRoleArn"): "monitoring.rds.amazonaws.com",
    ("AWS::RDS::DBInstance", "MonitoringRoleArn"): "monitoring.rds.amazonaws.com",
}
# Services by whose hands a key is used.
# https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
VIA = {"dynamodb", "kinesis", "lambda", "logs", "rds", "s3", "secretsmanager", "sns", "sqs"}
# The value's form is the same in every partition, as AWS's managed policies and the CDK's own code have it.
VIA_FORM = re.compile(r"(?P<service>[a-z0-9]+)\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")


def policies(declaration: Declaration, role: Resource) -> Iterator[Resource]:
    """Yield the policies of a role."""
    for kind in IDENTITY:
        for policy in declaration.of(kind):
            holders = [*listed(policy.properties.get("Roles")), *listed(policy.properties.get("RoleName"))]
            if any(found is role for holder in holders for found, _attribute in declaration.referred(holder)):
                yield policy


@rule("AWS::IAM::Role")
def roles_for_others(declaration: Declaration) -> Iterator[str]:
    """Find roles that their user cannot take on, that nobody uses, and policies of no role."""
    used = set()
    for (kind, key), service in USERS.items():
        for user in declaration.of(kind):
            for role, attribute in declaration.referred(user.properties.get(key, "")):
                used.add(role.name)
                trusted = [
                    name for s in role.at("AssumeRolePolicyDocument.Statement") for name in principals(s, "Service")
                ]
                if trusted != [service]:
                    yield f"{user.name}: {key} is a role for {trusted}, not for {service}"
                if not attribute.endswith("Arn"):
                    yield f"{user.name}: {key} takes the role's ARN, not its {attribute}"
    for role in declaration.of("AWS::IAM::Role"):
        if role.name not in used:
            yield f"{role.name}: nothing that is declared uses this role"
        if not list(policies(declaration, role)):
            yield f"{role.name}: a role without a policy"


@rule("AWS::IAM::Role")
def managed_policies(declaration: Declaration) -> Iterator[str]:
    """Find AWS's managed policies: they allow more than one system needs, and AWS changes them."""
    for role in declaration.of("AWS::IAM::Role"):
        for policy in listed(role.properties.get("ManagedPolicyArns")):
            yield f"{role.name}: has the managed policy {policy}: write what it may do"


@rule(*IDENTITY)
def keys_without_a_service(declaration: Declaration) -> Iterator[str]:
    """Find roles that may use a key by themselves: only a service of the key's own region works with it.

    But for the codes of a key for hashes, which only the function itself asks for.
    """
    for resource, path, statement in declaration.statements():
        actions = listed(statement.get("Action"))
        uses = [action for action in actions if action.startswith("kms:") and action != "kms:GenerateMac"]
        if resource.type not in IDENTITY or not uses or statement.get("Effect") != "Allow":
            continue
        values = [
            str(v)
            for operator, key, vs in conditions(statement)
            if key == "kms:ViaService" and operator == "StringEquals"
            for v in vs
        ]
        arns = [resolved(str(name), declaration).split(":") for name in listed(statement.get("Resource"))]
        keys = {arn[3] for arn in arns if len(arn) > 3}
        if not values:
            yield f"{resource.name}: {path}: {uses} without kms:ViaService"
        for value in values:
            found = VIA_FORM.fullmatch(value)
            if not found or found["service"] not in VIA or found["region"] not in keys:
                yield f"{resource.name}: {path}: kms:ViaService is {value!r}: <service>.<region>.amazonaws.com"


@rule("AWS::Lambda::Function")
def network_interfaces(declaration: Declaration) -> Iterator[str]:
    """Find functions in a VPC whose role cannot attach them, or whose own code could make and delete any interface.

    Lambda's calls carry no ``lambda:SourceFunctionArn``, those of the function's code do:
    https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
    """
    for function in declaration.of("AWS::Lambda::Function"):
        if not function.at("VpcConfig.SubnetIds"):
            continue
        allowed, denied = set[str](), set[str]()
        for role, _attribute in declaration.referred(function.properties["Role"]):
            for statement in statements(declaration, role):
                actions = {str(action) for action in listed(statement.get("Action"))} & iam.INTERFACES
                if statement["Effect"] == "Allow":
                    allowed |= actions
                elif _of_the_code(declaration, function, statement) and listed(statement["Resource"]) == ["*"]:
                    denied |= actions
        if allowed != iam.INTERFACES:
            yield f"{function.name}: its role lacks {sorted(iam.INTERFACES - allowed)}: Lambda cannot attach it"
        if allowed - denied:
            yield f"{function.name}: its own code may use {sorted(allowed - denied)}"


def statements(declaration: Declaration, role: Resource) -> Iterator[Mapping[str, object]]:
    """Yield the statements of a role's policies."""
    names = {policy.name for policy in policies(declaration, role)}
    yield from (statement for holder, _path, statement in declaration.statements() if holder.name in names)


def _of_the_code(declaration: Declaration, function: Resource, statement: Mapping[str, object]) -> bool:
    """Return whether a statement is about the calls of a function's own code."""
    name = str(function.properties["FunctionName"])
    partition = region.partition(function.region)
    own = f"arn:{partition}:lambda:{function.region}:"
    return any(
        key == "lambda:SourceFunctionArn"
        and operator in ("ArnEquals", "ArnLike")
        and all(
            (str(value).startswith(own) and str(value).endswith(f":function:{name}"))
            or any(found is function for found, _attribute in declaration.referred(value))
            for value in values
        )
        for operator, key, values in conditions(statement)
    )


@rule("AWS::Lambda::Function")
def traces(declaration: Declaration) -> Iterator[str]:
    """Find functions that write traces and may not, or may and do not.

    https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """
    for function in declaration.of("AWS::Lambda::Function"):
        allowed = {
            action
            for role, _attribute in declaration.referred(function.properties["Role"])
            for statement in statements(declaration, role)
            for action in listed(statement.get("Action"))
            if str(action).startswith("xray:") and statement["Effect"] == "Allow"
        }
        wanted = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
        if allowed != (wanted if function.at("TracingConfig.Mode") == "Active" else set()):
            yield f"{function.name}: tracing is {function.at('TracingConfig.Mode')!r}, and it may {sorted(allowed)}"
