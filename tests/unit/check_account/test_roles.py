"""The service-linked roles follow from what is declared; a missing one comes with the command that creates it."""

import pytest
from botocore.exceptions import ClientError

from lib.check_account.checks import roles
from lib.check_account.model import Verdict
from tests.support.check_account import HOME, resource, system

RDS = next(role for role in roles.ROLES if role.name == "AWSServiceRoleForRDS")


@pytest.mark.parametrize(
    ("kind", "service"),
    [
        ("AWS::RDS::DBInstance", "rds.amazonaws.com"),
        ("AWS::ECS::Cluster", "ecs.amazonaws.com"),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing.amazonaws.com"),
        ("AWS::ApplicationAutoScaling::ScalableTarget", "ecs.application-autoscaling.amazonaws.com"),
        ("AWS::DynamoDB::GlobalTable", "replication.dynamodb.amazonaws.com"),
        ("AWS::ApiGateway::RestApi", "ops.apigateway.amazonaws.com"),
    ],
)
def test_a_resource_needs_the_role_of_its_service(kind, service):
    assert [role.service for role, _names in roles.needed_by([system(resource(kind))])] == [service]


def test_what_no_service_acts_for_needs_no_role():
    assert roles.checks([system(resource("AWS::S3::Bucket"), resource("AWS::DynamoDB::Table"))]) == []


def test_a_role_is_asked_for_once_for_all_systems():
    both = [system(resource("AWS::RDS::DBInstance"), name=name) for name in ("one", "two")]
    (check,) = roles.checks(both)
    assert check.needed == "exists (one, two)"


def role(arn):
    return {"Role": {"Path": "/", "RoleName": RDS.name, "RoleId": "A" * 16, "Arn": arn, "CreateDate": 0}}


def test_a_role_that_exists_is_good(aws):
    (check,) = roles.checks([system(resource("AWS::RDS::DBInstance"))])
    aws.answer("iam", "get_role", role("arn:aws:iam::123456789012:role/x"), {"RoleName": RDS.name}, HOME)
    (row,) = check.evaluate(check.collect(aws.account))
    assert (row.verdict, row.fix) == (Verdict.OK, "")


def test_a_missing_role_comes_with_the_command_and_the_call(aws):
    (check,) = roles.checks([system(resource("AWS::RDS::DBInstance"))])
    aws.error("iam", "get_role", "NoSuchEntity", HOME)
    (row,) = check.evaluate(check.collect(aws.account))
    assert row.verdict is Verdict.CHANGE
    assert row.fix == "aws iam create-service-linked-role --aws-service-name rds.amazonaws.com"
    assert [(call.operation, call.parameters) for call in row.calls] == [
        ("create_service_linked_role", {"AWSServiceName": "rds.amazonaws.com"})
    ]


def test_a_refusal_is_not_taken_for_a_missing_role(aws):
    aws.error("iam", "get_role", "AccessDenied", HOME)
    with pytest.raises(ClientError, match="AccessDenied"):
        roles.collect(aws.account, RDS)
