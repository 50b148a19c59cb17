"""API Gateway's role for logs is one setting for an account and region: who has it, who would take it, who needs it."""

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from lib.check_account.checks import api_gateway
from lib.check_account.model import Verdict
from tests.support.check_account import HERE, HOME, THERE, resource, system

STAGE = resource("AWS::ApiGateway::Stage", AccessLogSetting={"DestinationArn": "arn:x"})
SETTING = resource("AWS::ApiGateway::Account")
ROLE = "arn:aws:iam::123456789012:role/service-role/logs"
OWNER, NAKED = system(STAGE, SETTING), system(STAGE)


def judged(found, *systems):
    check = next(iter(api_gateway.checks(systems)))
    (row,) = check.evaluate(found)
    return row


@pytest.mark.parametrize(
    ("properties", "writes"),
    [
        ({"AccessLogSetting": {"DestinationArn": "arn:x"}}, True),
        ({"MethodSettings": [{"LoggingLevel": "ERROR"}]}, True),
        ({"MethodSettings": [{"LoggingLevel": "OFF"}, {"MetricsEnabled": True}]}, False),
        ({}, False),
    ],
)
def test_a_stage_that_logs_needs_the_role(properties, writes):
    assert api_gateway.writes_logs(properties) is writes


def test_each_region_with_such_a_stage_is_checked():
    quiet = system(resource("AWS::ApiGateway::Stage", "q", THERE), name="quiet")
    assert [(check.region, check.needed) for check in api_gateway.checks([NAKED, quiet])] == [(HERE, "set (shop)")]


def test_a_role_that_is_set_serves_a_stack_that_leaves_it_alone():
    row = judged(api_gateway.Logging(ROLE, True, "other-live", ("orders/v1",)), NAKED)
    assert row.verdict is Verdict.OK
    assert "of other-live" in row.found
    assert "used by orders/v1" in row.found


def test_a_role_of_another_stack_must_not_be_taken_over():
    row = judged(api_gateway.Logging(ROLE, True, "other-live"), OWNER)
    assert (row.verdict, row.calls) == (Verdict.CHANGE, ())
    assert row.fix.startswith("deploy shop-live with API_ACCOUNT=false")


def test_a_role_of_nobody_s_stack_must_not_be_taken_over_either():
    row = judged(api_gateway.Logging(ROLE, True), OWNER)
    assert (row.verdict, "no stack of this repository" in row.found) == (Verdict.CHANGE, True)


def test_a_stack_keeps_its_own_role():
    assert judged(api_gateway.Logging(ROLE, True, "shop-live"), OWNER).verdict is Verdict.OK


def test_one_stack_may_set_the_role_itself():
    row = judged(api_gateway.Logging(""), OWNER)
    assert (row.verdict, row.found) == (Verdict.OK, "not set: shop-live sets it")


def test_two_stacks_must_not_both_set_it():
    row = judged(api_gateway.Logging(""), OWNER, system(STAGE, SETTING, name="other"))
    assert row.verdict is Verdict.CHANGE
    assert row.fix.endswith("(then deploy other-live, shop-live with API_ACCOUNT=false)")


def test_where_nobody_sets_it_the_calls_do():
    row = judged(api_gateway.Logging(""), NAKED)
    assert row.verdict is Verdict.CHANGE
    assert [call.operation for call in row.calls] == ["create_role", "attach_role_policy", "update_account"]
    assert row.fix == " && ".join(call.command for call in row.calls)


def test_a_role_that_is_gone_is_as_good_as_none():
    row = judged(api_gateway.Logging(ROLE, False), OWNER)
    assert (row.verdict, "does not exist any more" in row.found) == (Verdict.CHANGE, True)


def test_the_calls_are_ones_that_aws_has(aws):
    for call in api_gateway.creation(HERE):
        client = aws.account.client(call.service, call.region)
        operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[call.operation])
        assert not ParamValidator().validate(call.parameters, operation.input_shape).has_errors()


def api(aws, arn, stages):
    aws.answer("apigateway", "get_account", {"cloudwatchRoleArn": arn} if arn else {}, {})
    aws.answer("apigateway", "get_rest_apis", {"items": [{"id": "a1", "name": "orders"}]}, {})
    aws.answer("apigateway", "get_stages", {"item": stages}, {"restApiId": "a1"})


STAGES = [
    {"stageName": "v1", "accessLogSettings": {"format": "x"}},
    {"stageName": "v2", "methodSettings": {"*/*": {"loggingLevel": "INFO"}}},
    {"stageName": "v3", "methodSettings": {"*/*": {"loggingLevel": "OFF"}}},
]


def role(**tags):
    found = {"Path": "/", "RoleName": "logs", "RoleId": "A" * 16, "Arn": ROLE, "CreateDate": 0}
    return {"Role": {**found, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}}


def test_the_setting_its_users_and_its_stack_are_read(aws):
    api(aws, ROLE, STAGES)
    aws.answer("iam", "get_role", role(System="payment", EnvironmentSuffix="dev"), {"RoleName": "logs"}, HOME)
    wanted = api_gateway.Logging(ROLE, True, "payment-dev", ("orders/v1", "orders/v2"))
    assert api_gateway.collect(aws.account, HERE) == wanted


def test_a_role_without_tags_has_no_stack(aws):
    api(aws, ROLE, [])
    aws.answer("iam", "get_role", role(), None, HOME)
    assert api_gateway.collect(aws.account, HERE) == api_gateway.Logging(ROLE, True)


def test_a_region_may_have_none(aws):
    api(aws, "", [])
    assert api_gateway.collect(aws.account, HERE) == api_gateway.Logging("")


def test_a_role_that_iam_does_not_know_is_gone(aws):
    api(aws, ROLE, [])
    aws.error("iam", "get_role", "NoSuchEntity", HOME)
    assert api_gateway.collect(aws.account, HERE) == api_gateway.Logging(ROLE, False)


def test_a_refusal_is_not_taken_for_a_role_that_is_gone(aws):
    api(aws, ROLE, [])
    aws.error("iam", "get_role", "AccessDenied", HOME)
    with pytest.raises(ClientError, match="AccessDenied"):
        api_gateway.collect(aws.account, HERE)


def test_a_check_collects_in_its_region(aws):
    api(aws, "", [])
    check = next(iter(api_gateway.checks([NAKED])))
    assert check.collect(aws.account) == api_gateway.Logging("")
