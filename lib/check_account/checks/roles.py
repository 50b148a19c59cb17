"""Do the service-linked roles exist that the systems' services act through?

A service makes its role when it is first used, if the caller may; the first use then often fails, because the role is
not known everywhere yet. An account in which they exist already has neither problem.
https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from lib.check_account.account import Account, is_absent
from lib.check_account.model import Call, Check, Row, System, Verdict


@dataclass(frozen=True)
class ServiceLinkedRole:
    """A role that belongs to a service.

    Args:
        name: the role's name, the same in every account.
        service: the principal that it is created for.
        types: CloudFormation types, or services (``AWS::RDS::``), whose resources act through it.
    """

    name: str
    service: str
    types: tuple[str, ...]


ROLES = (
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html
    ServiceLinkedRole("AWSServiceRoleForRDS", "rds.amazonaws.com", ("AWS::RDS::",)),
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles-for-clusters.html
    ServiceLinkedRole("AWSServiceRoleForECS", "ecs.amazonaws.com", ("AWS::ECS::",)),
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-service-linked-roles.html
    ServiceLinkedRole(
        "AWSServiceRoleForElasticLoadBalancing",
        "elasticloadbalancing.amazonaws.com",
        ("AWS::ElasticLoadBalancingV2::LoadBalancer",),
    ),
    # https://docs.aws.amazon.com/autoscaling/application/userguide/services-that-can-integrate-ecs.html
    ServiceLinkedRole(
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "ecs.application-autoscaling.amazonaws.com",
        ("AWS::ApplicationAutoScaling::ScalableTarget",),
    ),
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/globaltables-security.html
    ServiceLinkedRole(
        "AWSServiceRoleForDynamoDBReplication", "replication.dynamodb.amazonaws.com", ("AWS::DynamoDB::GlobalTable",)
    ),
    # https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-auth-slr.html
    ServiceLinkedRole(
        "AWSServiceRoleForKeyManagementServiceMultiRegionKeys", "mrk.kms.amazonaws.com", ("AWS::KMS::ReplicaKey",)
    ),
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/using-service-linked-roles.html
    ServiceLinkedRole(
        "AWSServiceRoleForAPIGateway",
        "ops.apigateway.amazonaws.com",
        ("AWS::ApiGateway::RestApi", "AWS::ApiGateway::DomainName"),
    ),
)


def needed_by(systems: Sequence[System]) -> list[tuple[ServiceLinkedRole, list[str]]]:
    """Return each role that is needed, with the names of the systems that need it."""
    needing = []
    for role in ROLES:
        names = [system.name for system in systems if any(system.of(kind) for kind in role.types)]
        if names:
            needing.append((role, names))
    return needing


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each role that is needed; roles belong to the account and not to a region."""
    return [_check(role, names) for role, names in needed_by(systems)]


def collect(account: Account, role: ServiceLinkedRole) -> str:
    """Return the role's ARN, or '' when there is none.

    Raises:
        ClientError: IAM does not answer the question.
    """
    try:
        return str(account.client("iam").get_role(RoleName=role.name)["Role"]["Arn"])
    except ClientError as error:
        if is_absent(error):
            return ""
        raise


def evaluate(check: Check, role: ServiceLinkedRole, arn: str) -> list[Row]:
    """Return whether the role is there; where it is not, how it is created."""
    if arn:
        return [check.row(Verdict.OK, "exists")]
    command = f"aws iam create-service-linked-role --aws-service-name {role.service}"
    call = Call("iam", "create_service_linked_role", "", {"AWSServiceName": role.service}, command)
    return [check.row(Verdict.CHANGE, "missing", fix=command, calls=[call])]


def _check(role: ServiceLinkedRole, names: Sequence[str]) -> Check:
    check = Check(
        what=f"service-linked role {role.name}",
        region="",
        needed=f"exists ({', '.join(names)})",
        collect=lambda account: collect(account, role),
        evaluate=lambda arn: evaluate(check, role, arn),
    )
    return check
