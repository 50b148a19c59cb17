"""The view as a template: references are functions, values or parameters, and cfn-lint judges Terraform's resources."""

import json

import cfnlint.api
import pytest
from cfnlint.config import ManualArgs

from lib.declared.model import Declaration, Resource
from lib.declared.template import EXCEPTIONS, as_template, left_out, logical_id, regions
from tests.support.terraform import HOME, OTHER, declared

QUEUE = {"aws_sqs_queue.q": {"name": "queue"}}
FUNCTION = {
    "aws_lambda_function.f": {
        "function_name": "f",
        "handler": "handler.handler",
        "runtime": "python3.13",
        "role": "${aws_iam_role.r.arn}",
        "filename": "f.zip",
        "timeout": 30,
    },
    "aws_iam_role.r": {
        "assume_role_policy": json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
                ],
            }
        )
    },
}


def lint(template):
    config = ManualArgs(regions=[HOME], ignore_checks=list(EXCEPTIONS))
    return [f"{match.rule.id} {match.message}" for match in cfnlint.api.lint(json.dumps(template), config=config)]


def view(*resources):
    return Declaration("s", "cdk", "dev", HOME, resources)


def alias(name, *others):
    """Return the name of an alias in the template, and the template's parameters."""
    found = as_template(view(Resource("AWS::KMS::Alias", "alias", {"AliasName": name}, HOME), *others))
    return found["Resources"]["Alias"]["Properties"]["AliasName"], sorted(found.get("Parameters", {}))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", "plain"),
        ("${a.b/q.QueueUrl}", {"Ref": "ABQ"}),
        ("${a.b/q.Arn}", {"Fn::GetAtt": ["ABQ", "Arn"]}),
        ("${a.b/q.QueueName}", "name"),
        ("${a.b/q.Arn}/${a.b/q.QueueUrl}/${a.b/q.QueueName}", {"Fn::Sub": "${ABQ.Arn}/${ABQ}/name"}),
        ("${a.b/q.KmsMasterKeyId}", {"Fn::Sub": "k/${ABQ}"}),
        ("x/${a.b/q.KmsMasterKeyId}", {"Fn::Sub": "x/k/${ABQ}"}),
        ("${aws:username}", "${aws:username}"),
        ("x/${aws:username}", "x/${aws:username}"),
        ("${aws:username}/${a.b/q.Arn}", {"Fn::Sub": "${!aws:username}/${ABQ.Arn}"}),
    ],
)
def test_a_reference_is_a_function_or_a_value(name, expected):
    queue = Resource("AWS::SQS::Queue", "a.b/q", {"QueueName": "name", "KmsMasterKeyId": "k/${a.b/q.QueueUrl}"}, HOME)
    assert alias(name, queue) == (expected, [])


@pytest.mark.parametrize(
    "target",
    [
        Resource("AWS::SQS::Queue", "q", {}, OTHER),
        Resource("Terraform::aws_x", "q", {}, HOME),
        Resource("AWS::KMS::Key", "q", {}, HOME),
    ],
)
def test_what_the_template_cannot_refer_to_is_a_parameter(target):
    assert alias("${q.InvokeArn}", target) == ({"Ref": "QInvokeArn"}, ["QInvokeArn"])
    assert alias("x/${q.InvokeArn}", target) == ({"Fn::Sub": "x/${QInvokeArn}"}, ["QInvokeArn"])


def test_documents_are_texts_where_cloudformation_asks_for_texts():
    found = as_template(
        declared(
            {
                "aws_cloudwatch_dashboard.d": {"dashboard_name": "d", "dashboard_body": '{"widgets": []}'},
                "aws_api_gateway_gateway_response.g": {"response_templates": {"application/json": '{"a": 1}'}},
                "aws_kms_key.k": {"policy": '{"Statement": []}'},
            }
        )
    )["Resources"]
    properties = {name: resource["Properties"] for name, resource in found.items()}
    assert properties["AwsCloudwatchDashboardD"]["DashboardBody"] == '{"widgets": []}'
    assert properties["AwsApiGatewayGatewayResponseG"]["ResponseTemplates"] == {"application/json": '{"a": 1}'}
    assert properties["AwsKmsKeyK"]["KeyPolicy"] == {"Statement": []}


def test_each_region_is_a_template_and_names_lead_back():
    found = declared({**QUEUE, "aws_sqs_queue.other": {"name": "queue", "provider": "aws.other"}})
    assert regions(found) == sorted([HOME, OTHER])
    (here,) = as_template(found)["Resources"].values()
    (there,) = as_template(found, OTHER)["Resources"].values()
    assert [here["Metadata"], there["Metadata"]] == [{"Name": "aws_sqs_queue.q"}, {"Name": "aws_sqs_queue.other"}]


def test_what_cloudformation_does_not_have_is_left_out_and_told():
    custom = Resource("Custom::Schema", "schema", {"ServiceToken": "t"}, HOME)
    found = view(custom, Resource("Terraform::aws_x", "x", {}, HOME))
    assert list(as_template(found)["Resources"]) == ["Schema"]
    assert [resource.name for resource in left_out(found)] == ["x"]


def test_only_dependencies_that_no_reference_says_are_written():
    waits = {"depends_on": ["aws_sqs_queue.q", "aws_sqs_queue.other", "aws_default_security_group.d"]}
    others = {"aws_sqs_queue.other": {}, "aws_default_security_group.d": {}}
    found = declared({**QUEUE, **others, "aws_sqs_queue_policy.p": {"queue_url": "${aws_sqs_queue.q.url}", **waits}})
    assert as_template(found)["Resources"]["AwsSqsQueuePolicyP"]["DependsOn"] == ["AwsSqsQueueOther"]


def test_what_a_part_waits_for_is_not_what_its_owner_waits_for():
    part = {"target_group_arn": "${aws_lb_target_group.t.arn}", "target_id": "i", "depends_on": ["aws_sqs_queue.q"]}
    found = declared({**QUEUE, "aws_lb_target_group.t": {}, "aws_lb_target_group_attachment.a": part})
    assert "DependsOn" not in as_template(found)["Resources"]["AwsLbTargetGroupT"]


def test_logical_ids_have_letters_and_digits():
    assert logical_id("aws_x.a-b/c_1") == "AwsXABC1"


def test_cfn_lint_finds_nothing_in_a_function_of_terraforms():
    assert lint(as_template(declared(FUNCTION))) == []


@pytest.mark.parametrize(
    ("argument", "value", "finding"),
    [
        ("runtime", "python3.31", "E3030"),
        ("handler", "handler handler", "E3031"),
        ("memory_size", 100, "E3034"),
        ("tracing_config", {"mode": "Actvie"}, "E3030"),
    ],
)
def test_cfn_lint_finds_what_is_broken(argument, value, finding):
    broken = {**FUNCTION["aws_lambda_function.f"], argument: value}
    found = lint(as_template(declared({**QUEUE, **FUNCTION, "aws_lambda_function.f": broken})))
    assert [message for message in found if message.startswith(finding)]


def test_cfn_lint_finds_a_broken_trust_policy():
    text = FUNCTION["aws_iam_role.r"]["assume_role_policy"].replace("2012-10-17", "2012-10-71")
    found = lint(as_template(declared({**FUNCTION, "aws_iam_role.r": {"assume_role_policy": text}})))
    assert [message for message in found if "2012-10-71" in message]
