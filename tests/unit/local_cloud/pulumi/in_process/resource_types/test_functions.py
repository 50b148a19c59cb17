"""Functions, queues, schedules and web APIs: what a Pulumi program asks for is what the local cloud's API shows."""

import io
import json
import urllib.request
import zipfile

import pytest

from lib.common import region
from tests.support.pulumi_programs.cloud import PROGRAMS, Applied, lacking, listed, started

pytestmark = pytest.mark.filterwarnings("ignore:aws.* has been deprecated in favor of:DeprecationWarning")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    yield from started(tmp_path_factory.mktemp("functions"))


@pytest.fixture(scope="module")
def applied(cloud):
    example = Applied(cloud, PROGRAMS / "example_functions.py")
    example.before = listed(cloud)
    example.exports = example.up().exports
    return example


@pytest.fixture
def gateway(applied):
    return applied.client("apigateway")


@pytest.fixture
def queue(applied):
    return applied.record("queue").outputs["arn"]


@pytest.fixture
def dead(applied):
    return applied.record("dead").outputs["arn"]


def test_a_function(applied, dead):
    client, name = applied.client("lambda"), applied.id("function")
    found = client.get_function(FunctionName=name)
    wanted = {
        "Runtime": "python3.13",
        "Handler": "main.handler",
        "MemorySize": 256,
        "Timeout": 15,
        "Role": applied.record("role").outputs["arn"],
        "DeadLetterConfig": {"TargetArn": dead},
        "Environment": {"Variables": {"GREETING": "hello", "NUMBER": "1"}},
        "TracingConfig": {"Mode": "Active"},
        "Architectures": ["arm64"],
    }
    assert lacking(wanted, found["Configuration"]) == []
    assert found["Concurrency"]["ReservedConcurrentExecutions"] == 5
    assert found["Tags"] == {"Project": "p"}
    with urllib.request.urlopen(found["Code"]["Location"]) as answer:
        assert zipfile.ZipFile(io.BytesIO(answer.read())).namelist() == ["main.py"]


def test_a_function_is_what_it_calls_itself(applied):
    arn, qualified, invoke = applied.exports["function"]
    assert arn.endswith(f":function:{applied.id('function')}")
    assert qualified == f"{arn}:$LATEST"
    assert invoke.endswith(f":lambda:path/2015-03-31/functions/{arn}/invocations")


def test_what_is_different_here_is_told(applied):
    told = {record.title: [what for what, _why in record.differs] for record in applied.state().records.values()}
    assert {title: lines for title, lines in told.items() if lines} == {}


def test_a_function_is_invoked_once(applied):
    assert json.loads(applied.exports["result"]) == {"statusCode": 200, "body": "hello"}


def test_an_image_is_a_function_without_reservation(applied):
    found = applied.client("lambda").get_function(FunctionName=applied.id("image"))
    assert found["Code"]["ImageUri"] == "example:1"
    assert "Concurrency" not in found


def test_a_mapping(applied, queue):
    found = applied.client("lambda").get_event_source_mapping(UUID=applied.id("mapping"))
    wanted = {
        "BatchSize": 5,
        "EventSourceArn": queue,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "State": "Disabled",
    }
    assert lacking(wanted, found) == []


def test_a_permission(applied):
    policy = applied.client("lambda").get_policy(FunctionName=applied.id("function"))["Policy"]
    (statement,) = json.loads(policy)["Statement"]
    wanted = {"Sid": applied.id("permission"), "Action": "lambda:InvokeFunction"}
    assert lacking(wanted, statement) == []
    assert applied.id("api") in json.dumps(statement["Condition"])


def test_queues(applied, queue, dead):
    sqs = applied.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=applied.id("queue"), AttributeNames=["All"])["Attributes"]
    wanted = {"VisibilityTimeout": "90", "ReceiveMessageWaitTimeSeconds": "20", "QueueArn": queue}
    assert lacking(wanted, found) == []
    assert json.loads(found["RedrivePolicy"]) == {"deadLetterTargetArn": dead, "maxReceiveCount": 3}
    assert json.loads(found["Policy"])["Statement"][0]["Resource"] == queue
    found = sqs.get_queue_attributes(QueueUrl=applied.id("dead"), AttributeNames=["All"])["Attributes"]
    assert lacking({"MessageRetentionPeriod": "1209600", "SqsManagedSseEnabled": "true"}, found) == []
    assert sqs.list_queue_tags(QueueUrl=applied.id("queue"))["Tags"] == {"Project": "p"}


def test_a_method(applied, gateway):
    api, path = applied.id("api"), applied.id("path")
    assert gateway.get_resource(restApiId=api, resourceId=path)["path"] == "/payments"
    found = gateway.get_method(restApiId=api, resourceId=path, httpMethod="POST")
    wanted = {
        "authorizationType": "NONE",
        "apiKeyRequired": False,
        "requestValidatorId": applied.id("validator"),
        "requestModels": {"application/json": "Payment"},
        "requestParameters": {"method.request.header.Idempotency-Key": True},
        "methodIntegration": {
            "type": "AWS_PROXY",
            "httpMethod": "POST",
            "uri": applied.exports["function"][2],
            "timeoutInMillis": 29000,
        },
    }
    assert lacking(wanted, found) == []
    found = gateway.get_request_validator(restApiId=api, requestValidatorId=applied.id("validator"))
    assert (found["validateRequestBody"], found["validateRequestParameters"]) == (True, True)
    assert gateway.get_model(restApiId=api, modelName="Payment")["schema"] == '{"type": "object"}'


def test_an_api(applied, gateway):
    found = gateway.get_rest_api(restApiId=applied.id("api"))
    wanted = {"description": "an API", "endpointConfiguration": {"types": ["REGIONAL"]}, "tags": {"Project": "p"}}
    assert lacking(wanted, found) == []
    found = gateway.get_gateway_response(restApiId=applied.id("api"), responseType="BAD_REQUEST_BODY")
    assert lacking({"statusCode": "422", "responseTemplates": {"application/json": "{}"}}, found) == []


def test_a_stage(applied, gateway):
    api = applied.id("api")
    found = gateway.get_stage(restApiId=api, stageName="live")
    wanted = {
        "deploymentId": applied.id("deployment"),
        "tracingEnabled": True,
        "variables": {"a": "b"},
        "accessLogSettings": {
            "destinationArn": applied.record("logs").outputs["arn"],
            "format": "$context.requestId",
        },
        "methodSettings": {
            "*/*": {
                "metricsEnabled": True,
                "loggingLevel": "ERROR",
                "throttlingBurstLimit": 20,
                "throttlingRateLimit": 10.0,
            }
        },
    }
    assert lacking(wanted, found) == []
    assert applied.exports["url"] == f"https://{api}.execute-api.{applied.cloud.region}.amazonaws.com/live"


def test_the_program_answers(applied):
    url = f"http://127.0.0.1:{applied.cloud.port}/restapis/{applied.id('api')}/live/_user_request_/payments"
    request = urllib.request.Request(url, b"{}", {"Idempotency-Key": "1", "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        assert answer.read() == b"hello"


def test_a_plan_with_its_key(applied, gateway):
    found = gateway.get_usage_plan(usagePlanId=applied.id("plan"))
    wanted = {
        "throttle": {"burstLimit": 20, "rateLimit": 10.0},
        "quota": {"limit": 1000, "period": "DAY"},
        "apiStages": [{"apiId": applied.id("api"), "stage": "live"}],
    }
    assert lacking(wanted, found) == []
    (key,) = gateway.get_usage_plan_keys(usagePlanId=applied.id("plan"))["items"]
    assert key["id"] == applied.id("key")


def test_a_keys_value_is_a_secret(applied, gateway):
    value = gateway.get_api_key(apiKey=applied.id("key"), includeValue=True)["value"]
    assert (applied.exports["key"], applied.exports["length"]) == ("[secret]", "[secret]")
    assert value
    assert value not in json.dumps([record.outputs for record in applied.state().records.values()])


def test_a_firewall(applied):
    waf = applied.client("wafv2")
    arn = applied.record("acl").outputs["arn"]
    name = arn.split("/")[-2]
    found = waf.get_web_acl(Name=name, Scope="REGIONAL", Id=applied.id("acl"))["WebACL"]
    rules = [
        {
            "Name": "common",
            "Priority": 1,
            "OverrideAction": {"None": {}},
            "Statement": {
                "ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"},
            },
        },
        {
            "Name": "rate",
            "Priority": 2,
            "Action": {"Block": {}},
            "Statement": {"RateBasedStatement": {"Limit": 1000, "AggregateKeyType": "IP"}},
        },
    ]
    assert lacking({"DefaultAction": {"Allow": {}}, "Rules": rules, "Description": "d"}, found) == []
    stage = applied.record("stage").outputs["arn"]
    assert waf.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["ARN"] == arn


def test_rules_and_their_targets(applied, queue, dead):
    events, name = applied.client("events"), applied.id("rule")
    assert lacking({"ScheduleExpression": "rate(1 hour)", "State": "DISABLED"}, events.describe_rule(Name=name)) == []
    (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
    wanted = {
        "Arn": queue,
        "Input": '{"a": 1}',
        "DeadLetterConfig": {"Arn": dead},
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
    }
    assert lacking(wanted, target) == []
    assert target["Id"].startswith("to-queue-")
    found = events.describe_rule(Name=applied.id("pattern"))
    assert (json.loads(found["EventPattern"]), found["State"]) == ({"source": ["tap"]}, "ENABLED")


def test_a_schedule(applied):
    group, name = applied.id("schedule").split("/")
    found = applied.client("scheduler").get_schedule(GroupName=group, Name=name)
    target = {"Arn": applied.exports["function"][0], "RetryPolicy": {"MaximumRetryAttempts": 2}}
    wanted = {
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "DISABLED",
        "Target": target,
    }
    assert (group, lacking(wanted, found)) == ("default", [])


def test_everything_is_in_the_programs_region(applied):
    assert {record.region for record in applied.state().records.values()} == {region.primary({})}


def test_a_second_run_changes_nothing_and_still_knows_the_secrets(applied):
    again = applied.up()
    assert (again.changed, again.exports) == (False, applied.exports)


def test_everything_is_removed(applied):
    applied.down()
    left = listed(applied.cloud)
    left["logs describe_log_groups"] = []  # a function's own, which outlives it on AWS too
    assert left == applied.before
