"""A Pulumi program with every type of the functions' and the web APIs' tables."""

import json

import pulumi
import pulumi_aws as aws

VERSION = "2012-10-17"
ALLOW = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)
provider = aws.Provider("main", default_tags={"tags": {"Project": "p"}})
opts = pulumi.ResourceOptions(provider=provider)
role = aws.iam.Role("role", assume_role_policy=TRUST, opts=opts)
dead = aws.sqs.Queue("dead", message_retention_seconds=1209600, sqs_managed_sse_enabled=True, opts=opts)
queue = aws.sqs.Queue(
    "queue",
    name="example-queue",
    visibility_timeout_seconds=90,
    receive_wait_time_seconds=20,
    opts=opts,
    redrive_policy=dead.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})),
)
aws.sqs.QueuePolicy(
    "send",
    queue_url=queue.url,
    opts=opts,
    policy=queue.arn.apply(lambda arn: json.dumps({"Version": VERSION, "Statement": [{**ALLOW, "Resource": arn}]})),
)

SOURCE = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'hello'}\n"
function = aws.lambda_.Function(
    "function",
    role=role.arn,
    runtime="python3.13",
    handler="main.handler",
    memory_size=256,
    timeout=15,
    code=pulumi.AssetArchive({"main.py": pulumi.StringAsset(SOURCE)}),
    reserved_concurrent_executions=5,
    environment={"variables": {"GREETING": "hello", "NUMBER": "1"}},
    dead_letter_config={"target_arn": dead.arn},
    tracing_config={"mode": "Active"},
    architectures=["arm64"],
    source_code_hash="1",
    opts=opts,
)
invocation = aws.lambda_.Invocation(
    "invocation", function_name=function.name, input=json.dumps({"a": 1}), triggers={"code": "1"}, opts=opts
)
aws.lambda_.Function(
    "image", role=role.arn, package_type="Image", image_uri="example:1", reserved_concurrent_executions=-1, opts=opts
)
mapping = aws.lambda_.EventSourceMapping(
    "mapping",
    event_source_arn=queue.arn,
    function_name=function.arn,
    batch_size=5,
    enabled=False,
    function_response_types=["ReportBatchItemFailures"],
    opts=opts,
)

api = aws.apigateway.RestApi("api", description="an API", endpoint_configuration={"types": "REGIONAL"}, opts=opts)
path = aws.apigateway.Resource("path", rest_api=api.id, parent_id=api.root_resource_id, path_part="payments", opts=opts)
model = aws.apigateway.Model(
    "model",
    rest_api=api.id,
    name="Payment",
    content_type="application/json",
    schema=json.dumps({"type": "object"}),
    opts=opts,
)
validator = aws.apigateway.RequestValidator(
    "validator", rest_api=api.id, validate_request_body=True, validate_request_parameters=True, opts=opts
)
method = aws.apigateway.Method(
    "method",
    rest_api=api.id,
    resource_id=path.id,
    http_method="POST",
    authorization="NONE",
    api_key_required=False,
    request_validator_id=validator.id,
    request_models={"application/json": model.name},
    request_parameters={"method.request.header.Idempotency-Key": True},
    opts=opts,
)
integration = aws.apigateway.Integration(
    "integration",
    rest_api=api.id,
    resource_id=path.id,
    http_method=method.http_method,
    type="AWS_PROXY",
    integration_http_method="POST",
    uri=function.invoke_arn,
    timeout_milliseconds=29000,
    opts=opts,
)
aws.apigateway.Response(
    "bad",
    rest_api_id=api.id,
    response_type="BAD_REQUEST_BODY",
    status_code="422",
    response_templates={"application/json": "{}"},
    opts=opts,
)
deployment = aws.apigateway.Deployment(
    "deployment",
    rest_api=api.id,
    triggers={"code": "1"},
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[integration]),
)
logs = aws.cloudwatch.LogGroup("logs", opts=opts)
stage = aws.apigateway.Stage(
    "stage",
    rest_api=api.id,
    deployment=deployment.id,
    stage_name="live",
    xray_tracing_enabled=True,
    access_log_settings={"destination_arn": logs.arn, "format": "$context.requestId"},
    variables={"a": "b"},
    opts=opts,
)
aws.apigateway.MethodSettings(
    "settings",
    rest_api=api.id,
    stage_name=stage.stage_name,
    method_path="*/*",
    settings={
        "metrics_enabled": True,
        "logging_level": "ERROR",
        "throttling_burst_limit": 20,
        "throttling_rate_limit": 10,
    },
    opts=opts,
)
key = aws.apigateway.ApiKey("key", opts=opts)
plan = aws.apigateway.UsagePlan(
    "plan",
    throttle_settings={"burst_limit": 20, "rate_limit": 10},
    quota_settings={"limit": 1000, "period": "DAY"},
    api_stages=[
        {
            "api_id": api.id,
            "stage": stage.stage_name,
            "throttles": [
                {"path": "/payments/POST", "burst_limit": 2, "rate_limit": 1},
            ],
        }
    ],
    opts=opts,
)
empty = aws.apigateway.UsagePlan("empty", opts=opts)
aws.apigateway.UsagePlan("simple", api_stages=[{"api_id": api.id, "stage": stage.stage_name}], opts=opts)
aws.apigateway.UsagePlanKey("member", key_id=key.id, key_type="API_KEY", usage_plan_id=plan.id, opts=opts)
permission = aws.lambda_.Permission(
    "permission",
    action="lambda:InvokeFunction",
    function=function.name,
    principal="apigateway.amazonaws.com",
    source_arn=pulumi.Output.concat(api.execution_arn, "/*/*"),
    opts=opts,
)


def visible(name: str) -> dict[str, object]:
    """Return what WAF wants to know of every rule."""
    return {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": True}


acl = aws.wafv2.WebAcl(
    "acl",
    scope="REGIONAL",
    default_action={"allow": {}},
    visibility_config=visible("acl"),
    description="d",
    rules=[
        {
            "name": "common",
            "priority": 1,
            "override_action": {"none": {}},
            "visibility_config": visible("common"),
            "statement": {
                "managed_rule_group_statement": {
                    "name": "AWSManagedRulesCommonRuleSet",
                    "vendor_name": "AWS",
                }
            },
        },
        {
            "name": "rate",
            "priority": 2,
            "action": {"block": {}},
            "visibility_config": visible("rate"),
            "statement": {"rate_based_statement": {"limit": 1000, "aggregate_key_type": "IP"}},
        },
    ],
    opts=opts,
)
aws.wafv2.WebAclAssociation("guard", resource_arn=stage.arn, web_acl_arn=acl.arn, opts=opts)
rule = aws.cloudwatch.EventRule("rule", schedule_expression="rate(1 hour)", is_enabled=False, opts=opts)
aws.cloudwatch.EventTarget(
    "to-queue",
    rule=rule.name,
    arn=queue.arn,
    input=json.dumps({"a": 1}),
    dead_letter_config={"arn": dead.arn},
    retry_policy={"maximum_retry_attempts": 2, "maximum_event_age_in_seconds": 60},
    opts=opts,
)
aws.cloudwatch.EventRule("pattern", event_pattern=json.dumps({"source": ["tap"]}), opts=opts)
aws.scheduler.Schedule(
    "schedule",
    schedule_expression="rate(1 day)",
    flexible_time_window={"mode": "OFF"},
    state="DISABLED",
    target={"arn": function.arn, "role_arn": role.arn, "retry_policy": {"maximum_retry_attempts": 2}},
    opts=opts,
)

pulumi.export("result", invocation.result)
pulumi.export("url", stage.invoke_url)
pulumi.export("key", key.value)
pulumi.export("length", key.value.apply(len))
pulumi.export("function", [function.arn, function.qualified_arn, function.invoke_arn])
