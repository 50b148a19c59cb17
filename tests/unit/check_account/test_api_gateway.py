"""API Gateway's role for logs is one setting for an account and region: is it there, whose is it, may it write?"""

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from lib.check_account.checks import api_gateway
from lib.check_account.model import Verdict
from tests.support.check_account import HERE, HOME, THERE, resource, system

STAGE = resource("AWS::ApiGateway::Stage", AccessLogSetting={"DestinationArn": "arn:x"})
ROLE = "arn:aws:iam::123456789012:role/service-role/logs"
NAKED = system(STAGE)


def judged(found):
    check = next(iter(api_gateway.checks([NAKED])))
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


MAKES_ONE = ["create_role", "attach_role_policy", "update_account"]


def test_a_role_of_no_stack_serves_everybody():
    row = judged(api_gateway.Logging(ROLE, True, users=("orders/v1",)))
    assert (row.verdict, row.calls) == (Verdict.OK, ())
    assert "of no stack of this repository" in row.found
    assert "used by orders/v1" in row.found


def test_a_role_of_a_stack_goes_with_it_and_another_takes_its_place():
    row = judged(api_gateway.Logging(ROLE, True, "other-live"))
    assert row.verdict is Verdict.CHANGE
    assert "(of other-live), and goes with it" in row.found
    assert row.fix.startswith("take the setting out of the state of other-live first")
    assert [call.operation for call in row.calls] == MAKES_ONE


def test_a_role_that_may_not_write_is_told_with_what_it_lacks():
    row = judged(api_gateway.Logging(ROLE, True, denied=("logs:PutLogEvents",)))
    assert (row.verdict, "may not logs:PutLogEvents" in row.found) == (Verdict.CHANGE, True)
    assert [call.operation for call in row.calls] == MAKES_ONE


def test_where_there_is_none_the_calls_make_one():
    row = judged(api_gateway.Logging(""))
    assert (row.verdict, row.found) == (Verdict.CHANGE, "not set")
    assert [call.operation for call in row.calls] == MAKES_ONE
    assert row.fix == " && ".join(call.command for call in row.calls)


def test_a_role_that_is_gone_is_as_good_as_none():
    row = judged(api_gateway.Logging(ROLE, False))
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


def allowed(aws, *denied):
    results = [
        {"EvalActionName": action, "EvalDecision": "implicitDeny" if action in denied else "allowed"}
        for action in api_gateway.ACTIONS
    ]
    asked = {"PolicySourceArn": ROLE, "ActionNames": list(api_gateway.ACTIONS)}
    aws.answer("iam", "simulate_principal_policy", {"EvaluationResults": results}, asked, HOME)


def role(**tags):
    found = {"Path": "/", "RoleName": "logs", "RoleId": "A" * 16, "Arn": ROLE, "CreateDate": 0}
    return {"Role": {**found, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}}


def test_the_setting_its_users_and_its_stack_are_read(aws):
    api(aws, ROLE, STAGES)
    aws.answer("iam", "get_role", role(System="payment", EnvironmentSuffix="dev"), {"RoleName": "logs"}, HOME)
    allowed(aws)
    wanted = api_gateway.Logging(ROLE, True, "payment-dev", (), ("orders/v1", "orders/v2"))
    assert api_gateway.collect(aws.account, HERE) == wanted


def test_a_role_without_tags_has_no_stack(aws):
    api(aws, ROLE, [])
    aws.answer("iam", "get_role", role(), None, HOME)
    allowed(aws)
    assert api_gateway.collect(aws.account, HERE) == api_gateway.Logging(ROLE, True)


def test_what_the_role_may_not_do_is_asked_of_iam(aws):
    api(aws, ROLE, [])
    aws.answer("iam", "get_role", role(), None, HOME)
    allowed(aws, "logs:PutLogEvents")
    assert api_gateway.collect(aws.account, HERE) == api_gateway.Logging(ROLE, True, denied=("logs:PutLogEvents",))


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
