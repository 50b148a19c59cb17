"""Roles are taken on by one service, for this account's resources where the service says whose they are."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from lib.common import region
from lib.common.iam_statements import allow
from lib.pulumi_components.policies import AwsContext, service_role
from tests.support.program import ACCOUNT, Program, Provider, run

CONTEXT = AwsContext(region.primary({}), ACCOUNT)
SOURCE = CONTEXT.arn("ecs", "*")


def trust(*sources, service="x.amazonaws.com"):
    """Return the trust statement of a role for a service, with these sources."""

    def declare():
        own = pulumi.ResourceOptions(provider=aws.Provider("aws", region=CONTEXT.region))
        statements = [allow(["s3:GetObject"], ["arn:x"])]
        service_role("role", "role", service=service, sources=sources, context=CONTEXT, statements=statements, opts=own)

    found = run(declare, Provider(Program(), 2), "stack", {})
    (statement,) = json.loads(found.one("iam/role:Role")["assumeRolePolicy"])["Statement"]
    return statement


@pytest.mark.parametrize("sources", [(), (SOURCE,)])
def test_one_service_may_take_it_on(sources):
    statement = trust(*sources)
    assert (statement["Principal"], statement["Action"]) == ({"Service": "x.amazonaws.com"}, "sts:AssumeRole")


def test_for_this_accounts_resources_only():
    condition = trust(SOURCE)["Condition"]
    assert condition["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert condition["ArnLike"] == {"aws:SourceArn": [SOURCE]}


def test_arns_are_of_the_partition_region_and_account():
    assert CONTEXT.arn("logs", "x") == f"arn:{region.partition(CONTEXT.region)}:logs:{CONTEXT.region}:{ACCOUNT}:x"
