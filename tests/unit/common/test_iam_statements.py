"""The statements that all systems share say what AWS documents for each service, and nothing wider."""

import pytest

from lib.common import iam_statements as iam
from lib.common import region

ACCOUNT = "123456789012"
HERE, THERE = region.pair({})
FUNCTION = f"arn:{region.partition(HERE)}:lambda:{HERE}:{ACCOUNT}:function:payment-api-dev"
GROUP = f"arn:{region.partition(HERE)}:logs:{HERE}:{ACCOUNT}:log-group:RDSOSMetrics"
CHINA = next(name for name, partition in region.known().items() if partition == "aws-cn")


def test_an_allowing_statement_has_what_it_is_given():
    assert iam.allow(("s3:GetObject",), ["arn:x"], Sid="Read") == {
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:x"],
        "Sid": "Read",
    }


def test_a_function_role_is_for_this_accounts_functions():
    statement = iam.trust("lambda.amazonaws.com", ACCOUNT)
    assert (statement["Principal"], statement["Action"]) == ({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


@pytest.mark.parametrize(
    ("path", "route"), [("/health", "/v1/GET/health"), ("/payments/{id}/refunds", "/v1/GET/payments/*/refunds")]
)
def test_a_route_of_an_api_is_its_stage_its_method_and_its_path(path, route):
    assert iam.api_route("v1", "GET", path) == route


def test_a_role_names_the_resources_that_it_is_assumed_for():
    condition = iam.trust("ecs-tasks.amazonaws.com", ACCOUNT, ("arn:x",))["Condition"]
    assert condition == {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": ["arn:x"]}}


def test_what_lambda_may_do_with_interfaces_the_functions_own_code_may_not():
    allowed, denied = iam.vpc_attachment(FUNCTION)
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    assert allowed["Action"] == denied["Action"] == list(iam.VPC_ENI_ACTIONS)
    assert denied["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": FUNCTION}}
    assert "Condition" not in allowed


def test_the_actions_are_those_of_awss_managed_policy():
    """AWSLambdaVPCAccessExecutionRole, without the actions on logs."""
    assert set(iam.VPC_ENI_ACTIONS) == {
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    }


def test_a_key_may_be_used_through_one_service():
    assert iam.via_service("s3", HERE) == {"StringEquals": {"kms:ViaService": f"s3.{HERE}.amazonaws.com"}}


@pytest.mark.parametrize(
    ("services", "regions", "values"),
    [
        (("kinesis", "s3"), (HERE,), [f"kinesis.{HERE}.amazonaws.com", f"s3.{HERE}.amazonaws.com"]),
        ("dynamodb", (HERE, THERE), [f"dynamodb.{HERE}.amazonaws.com", f"dynamodb.{THERE}.amazonaws.com"]),
    ],
)
def test_a_key_may_be_used_through_several(services, regions, values):
    assert iam.via_service(services, *regions) == {"StringEquals": {"kms:ViaService": values}}


def test_via_service_has_one_form_in_every_partition():
    assert iam.via_service("s3", CHINA)["StringEquals"]["kms:ViaService"].endswith(f".{CHINA}.amazonaws.com")


def test_logs_may_use_a_key_for_these_log_groups_only():
    statement = iam.key_for_log_groups(CHINA, "arn:x:*")
    assert statement["Principal"] == {"Service": f"logs.{CHINA}.{region.dns_suffix(CHINA)}"}
    assert statement["Condition"] == {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:x:*"}}


def test_alarms_of_this_account_only_may_use_a_topics_key():
    statement = iam.key_for_alarms(ACCOUNT)
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_eventbridge_is_asked_for_no_condition_that_it_does_not_send():
    statement = iam.key_for_undelivered_events()
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert "Condition" not in statement


def test_actions_on_a_log_group_name_it_with_what_follows():
    """CloudWatch Logs compares them with the ARN that ends in ``:*``, so one without it allows nothing."""
    make, write = iam.enhanced_monitoring(GROUP)
    assert ("logs:CreateLogGroup" in make["Action"], make["Resource"]) == (True, [f"{GROUP}:*"])
    assert ("logs:PutLogEvents" in write["Action"], write["Resource"]) == (True, [f"{GROUP}:log-stream:*"])


@pytest.mark.parametrize(
    ("alarms", "source"),
    [([], None), (["arn:a"], {"aws:SourceArn": "arn:a"}), (["arn:a", "arn:b"], {"aws:SourceArn": ["arn:a", "arn:b"]})],
)
def test_alarms_of_the_account_alone_may_publish(alarms, source):
    statement = iam.publish_alarms("arn:topic", "123", alarms)
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == (
        "Allow",
        ["sns:Publish"],
        ["arn:topic"],
    )
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"].get("ArnLike") == source
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123"}


def test_a_request_without_tls_is_refused():
    statement = iam.deny_insecure_transport("sqs:*", ["arn:x"])
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_bucket_refuses_tls_below_1_2_too():
    statements = iam.bucket_tls("arn:b", "arn:b/*")
    assert [s["Condition"] for s in statements] == [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    ]
    assert all(s["Resource"] == ["arn:b", "arn:b/*"] and s["Effect"] == "Deny" for s in statements)
