"""Twins of the rules on functions, containers, load balancers and APIs."""

from collections.abc import Iterator
from typing import Any

from tests.policy.cases import REMOVED, Twin
from tests.policy.rule import Check
from tests.policy.rules import apis, containers, functions, load_balancers
from tests.policy.spelling import KeptTwin, everywhere

TASK, SERVICE = "aws:ecs/taskDefinition:TaskDefinition", "aws:ecs/service:Service"
ONE = "containerDefinitions.0"
BALANCER, LISTENER, GROUP = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/listener:Listener",
    "aws:lb/targetGroup:TargetGroup",
)
POLICY, TARGET = "aws:appautoscaling/policy:Policy", "aws:appautoscaling/target:Target"
GATEWAY = "aws:apigateway/"
TRACKING = "targetTrackingScalingPolicyConfiguration"
EXECUTE = "arn:aws:execute-api:x:123456789012:a1"
FIREWALL = "aws:wafv2/webAcl:WebAcl"


def pulumi(check: Check, kind: str, part: str, *changes: dict[str, Any], system: str = "") -> Iterator[Twin]:
    """Yield a twin for each change of a resource of a Pulumi program."""
    for change in changes:
        yield Twin(check, "pulumi", kind, part, change, system)


def api(check: Check, name: str, part: str, *changes: tuple[dict[str, Any], dict[str, Any]]) -> Iterator[Twin]:
    """Yield twins of a part of API Gateway: in Terraform's words, and in Pulumi's."""
    terraform, title = f"aws_api_gateway_{name}", "".join(word.capitalize() for word in name.split("_"))
    title = title.removeprefix("Gateway") if name == "gateway_response" else title
    for cdktf, other in changes:
        yield Twin(check, "cdktf", terraform, part, cdktf)
        yield Twin(check, "pulumi", f"{GATEWAY}{title[:1].lower()}{title[1:]}:{title}", part, other)


TWINS: list[Twin] = [
    *everywhere(functions.function_code, "function", {"Handler": "handler.handlre"}),
    *everywhere(functions.function_code, "function", {"Handler": "hanlder.handler"}),
    *everywhere(functions.function_code, "function", {"Runtime": "python3.9"}),
    *everywhere(functions.function_code, "function", {"Architectures": ["x86_64"]}),
    Twin(functions.function_variables, "cdk", "AWS::Lambda::Function", "", {"Environment.Variables.DB_PROT": "1"}),
    Twin(
        functions.function_variables,
        "cdk",
        "AWS::Lambda::Function",
        "Consumer",
        {"Environment.Variables.FAILURE_BUCKET": REMOVED},
    ),
    Twin(
        functions.function_variables,
        "cdktf",
        "aws_lambda_function",
        "payment",
        {"environment.variables.POWERTOOLS_SERVICE_NAME": "another"},
    ),
    *pulumi(
        functions.function_variables,
        "aws:lambda/function:Function",
        "",
        {"environment.variables.AUDIT_BUKCET": "x"},
        {"environment.variables.LOG_LEVEL": "IFNO"},
    ),
    Twin(functions.database_variables, "cdk", "AWS::Lambda::Function", "", {"Environment.Variables.DB_PORT": "5433"}),
    Twin(
        functions.database_variables, "cdktf", "aws_lambda_function", "payment", {"environment.variables.DB_HOST": "x"}
    ),
    *pulumi(
        functions.database_variables,
        "aws:lambda/function:Function",
        "",
        {"environment.variables.DB_CA_FILE": "/tmp/ca.pem"},
        {"environment.variables.DB_NAME": "paymenst"},
    ),
    *pulumi(functions.database_variables, TASK, "", {f"{ONE}.environment.1.value": "5433"}),
    *everywhere(functions.function_limits, "function", {"Timeout": 1000}),
    *everywhere(functions.function_limits, "function", {"MemorySize": 64}),
    Twin(functions.function_limits, "cdktf", "aws_lambda_function", "payment", {"timeout": 60}),
    *pulumi(functions.function_limits, "aws:lambda/function:Function", "api", {"timeout": 60}),
    *(
        Twin(functions.schedules, "cdk", "AWS::Events::Rule", "", change)
        for change in ({"ScheduleExpression": "rate(1 hours)"}, {"State": "DISABLED"}, {"Targets": []})
    ),
    Twin(functions.schedules, "cdk", "AWS::Lambda::Permission", "", {}),
    Twin(
        functions.retries_that_meet_the_next_run,
        "cdk",
        "AWS::Events::Rule",
        "",
        {"ScheduleExpression": "rate(2 minutes)"},
    ),
    *(
        Twin(functions.function_callers, "cdk", "AWS::Lambda::Permission", "", change)
        for change in ({"Principal": "events.amazonaws.cmo"}, {"Action": "lambda:InvokeFunctoin"})
    ),
    Twin(functions.lost_events, "cdk", "AWS::Lambda::Function", "Admin", {"DeadLetterConfig": REMOVED}),
    Twin(functions.lost_events, "cdk", "AWS::SQS::Queue", "", {"MessageRetentionPeriod": 3600}),
    Twin(apis.calls_of_an_api, "cdk", "AWS::Lambda::Permission", "", {"Principal": "apigateway.amazonaws.com"}),
    Twin(functions.schedules, "cdktf", "aws_cloudwatch_event_rule", "", {"schedule_expression": "rate(1 hours)"}),
    Twin(functions.schedules, "cdktf", "aws_cloudwatch_event_target", "", {"retry_policy.maximum_retry_attempts": 500}),
    *pulumi(
        functions.schedules,
        "aws:cloudwatch/eventRule:EventRule",
        "",
        {"scheduleExpression": "rate(0 minutes)"},
        {"state": "DISABLED"},
    ),
    *pulumi(functions.schedules, "aws:cloudwatch/eventTarget:EventTarget", "", {}),
    *pulumi(functions.function_limits, "aws:lambda/function:Function", "drain", {"timeout": 61}),
    *pulumi(
        functions.retries_that_meet_the_next_run,
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "drain",
        {},
        {"maximumRetryAttempts": 1},
    ),
    Twin(
        functions.retries_that_meet_the_next_run,
        "cdktf",
        "aws_cloudwatch_event_rule",
        "",
        {"schedule_expression": "rate(2 minutes)"},
    ),
    *pulumi(functions.schedules, "aws:lambda/permission:Permission", "drain", {}),
    Twin(functions.function_callers, "cdktf", "aws_lambda_permission", "", {"principal": "apigateway.amazonaws.cmo"}),
    *pulumi(
        functions.function_callers,
        "aws:lambda/permission:Permission",
        "post-payments",
        {"action": "lambda:InvokeFunctoin"},
        {"sourceArn": "arn:aws:execute-api:x:123456789012:y"},
        {"function": "x"},
    ),
    *pulumi(apis.execution_logs, "aws:cloudwatch/logGroup:LogGroup", "execution", {}),
    Twin(
        apis.execution_logs, "cdktf", "aws_cloudwatch_log_group", "/execution-logs", {"name": "API-Gateway-Execution"}
    ),
    *pulumi(
        apis.calls_of_an_api,
        "aws:lambda/permission:Permission",
        "get-health",
        {},
        {"sourceArn": f"{EXECUTE}/v1/GET/status"},
    ),
    *(
        Twin(apis.calls_of_an_api, "cdktf", "aws_lambda_permission", "get-health-ready", change)
        for change in ({}, {"source_arn": f"{EXECUTE}/*/*"}, {"source_arn": f"{EXECUTE}/v2/GET/health/ready"})
    ),
    *(
        Twin(functions.event_sources, "cdk", "AWS::Lambda::EventSourceMapping", "", change)
        for change in (
            {"StartingPosition": "TRIM_HORIZNO"},
            {"BisectBatchOnFunctionError": False},
            {"FunctionResponseTypes": []},
            {"MaximumRetryAttempts": REMOVED},
            {"DestinationConfig": REMOVED},
            {"Enabled": False},
            {"BatchSize": 0},
            {"MaximumRecordAgeInSeconds": 604_800},
        )
    ),
    Twin(functions.lost_events, "cdktf", "aws_lambda_function", "verification", {"dead_letter_config": REMOVED}),
    Twin(functions.lost_events, "cdktf", "aws_sqs_queue", "", {"message_retention_seconds": 3600}),
    *pulumi(functions.lost_events, "aws:lambda/function:Function", "drain", {"deadLetterConfig": REMOVED}),
    *pulumi(
        containers.task_sizes,
        TASK,
        "",
        {"cpu": "300"},
        {"memory": "128"},
        {"networkMode": "bridge"},
        {"runtimePlatform.cpuArchitecture": "AMR64"},
        {"taskRoleArn": REMOVED},
    ),
    *pulumi(
        containers.container_definitions,
        TASK,
        "",
        {f"{ONE}.readonlyRootFilesystem": False},
        {f"{ONE}.essential": False},
        {f"{ONE}.image": "shop:latest"},
        {f"{ONE}.linuxParameters": {}},
        {f"{ONE}.stopTimeout": 500},
        {f"{ONE}.portMappings.0.protocol": "tpc"},
        {f"{ONE}.healthCheck.command.0": "CDM"},
        {f"{ONE}.healthCheck.interval": 1},
        {f"{ONE}.healthCheck.interval": 85},
        {f"{ONE}.healthCheck.timeout": 40},
        {f"{ONE}.healthCheck.command.2": "-x"},
        {f"{ONE}.healthCheck.command.3": "import urllib.request sa r"},
    ),
    *pulumi(
        containers.container_ports,
        TASK,
        "",
        {f"{ONE}.portMappings.0.containerPort": 8081},
        {f"{ONE}.healthCheck.command.3": "print('http://127.0.0.1:80/')"},
    ),
    *pulumi(
        containers.container_logs,
        TASK,
        "",
        {f"{ONE}.logConfiguration.logDriver": "awslgos"},
        {f"{ONE}.logConfiguration.options.awslogs-region": "x"},
        {f"{ONE}.logConfiguration.options.awslogs-group": "x"},
        {f"{ONE}.logConfiguration.options.mode": "blocking"},
    ),
    *pulumi(containers.insights_without_a_group, "aws:ecs/cluster:Cluster", "", {"name": "shop"}),
    *pulumi(containers.insights_without_a_group, "aws:cloudwatch/logGroup:LogGroup", "insights", {"name": "/insights"}),
    KeptTwin(containers.insights_without_a_group, "pulumi", "aws:ecs/cluster:Cluster", "", {"dependencies": []}),
    *pulumi(
        containers.services,
        SERVICE,
        "",
        {"deploymentCircuitBreaker.rollback": False},
        {"deploymentMinimumHealthyPercent": 0},
        {"networkConfiguration.assignPublicIp": True},
        {"capacityProviderStrategies.0.capacityProvider": "FRAGATE"},
        {"availabilityZoneRebalancing": "DISABLED"},
        {"propagateTags": "SREVICE"},
        {"enableExecuteCommand": True},
        {"loadBalancers.0.containerPort": 80},
        {"loadBalancers.0.containerName": "pai"},
        {"healthCheckGracePeriodSeconds": 0},
    ),
    *pulumi(
        containers.clusters,
        "aws:ecs/cluster:Cluster",
        "",
        {"settings.0.value": "enhancde"},
        {"settings.0.value": "disabled"},
        {"settings.0.name": "containerInsigths"},
    ),
    *pulumi(
        containers.scaling,
        POLICY,
        "cpu",
        {"policyType": "TargetTrackingScailng"},
        {"targetTrackingScalingPolicyConfiguration.targetValue": 0},
        {f"{TRACKING}.predefinedMetricSpecification.predefinedMetricType": "ECSServiceCPU"},
        {"targetTrackingScalingPolicyConfiguration.scaleInCooldown": -1},
    ),
    *pulumi(
        containers.scaling,
        TARGET,
        "",
        {"scalableDimension": "ecs:service:DesiredConut"},
        {"minCapacity": 100},
        {"resourceId": "service/x"},
        {"serviceNamespace": "esc"},
    ),
    *pulumi(
        load_balancers.balancer_attributes,
        BALANCER,
        "",
        {"dropInvalidHeaderFields": False},
        {"accessLogs.enabled": False},
        {"accessLogs.bucket": "x"},
        {"accessLogs.prefix": "elsewhere"},
        {"idleTimeout": 0},
        {"loadBalancerType": "network"},
    ),
    *pulumi(
        load_balancers.without_a_firewall,
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        "",
        {},
        system="flask-api",
    ),
    *pulumi(
        load_balancers.listeners,
        LISTENER,
        "https",
        {"sslPolicy": "ELBSecurityPolicy-2016-08"},
        {"port": 444},
        {"protocol": "HTPTS"},
        {"certificateArn": REMOVED},
        {"routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=1"},
        {"defaultActions.0.type": "forwadr"},
        {"defaultActions.0.targetGroupArn": "x"},
    ),
    *pulumi(
        load_balancers.listeners,
        LISTENER,
        "http",
        {"defaultActions.0.redirect.statusCode": "HTTP_302"},
        {"defaultActions.0.redirect.port": "80"},
    ),
    *pulumi(load_balancers.listeners, LISTENER, "internal", {"sslPolicy": "ELBSecurityPolicy-TLS-1-0-2015-04"}),
    *pulumi(
        load_balancers.target_groups,
        GROUP,
        "",
        {"healthCheck.path": "/helath/live"},
        {"healthCheck.timeout": 20},
        {"healthCheck.interval": 110},
        {"healthCheck.matcher": "201"},
        {"healthCheck.interval": 1},
        {"healthCheck.healthyThreshold": 1},
        {"port": 80},
        {"protocol": "HTTPS"},
        {"targetType": "instance"},
        {"deregistrationDelay": 9000},
        {"loadBalancingAlgorithmType": "round_rboin"},
    ),
    *pulumi(load_balancers.target_groups, LISTENER, "internal", {}),
    *api(
        apis.api_endpoints,
        "rest_api",
        "",
        ({"endpoint_configuration.types": ["EDGE"]}, {"endpointConfiguration.types": "EDGE"}),
    ),
    Twin(apis.api_endpoints, "cdktf", "aws_api_gateway_domain_name", "", {"security_policy": "TLS_1_0"}),
    *api(
        apis.api_methods,
        "integration",
        "post-payments",
        ({"type": "AWS_PORXY"}, {"type": "AWS_PORXY"}),
        ({"integration_http_method": "GET"}, {"integrationHttpMethod": "GET"}),
        ({"uri": "x"}, {"uri": "x"}),
    ),
    *api(
        apis.api_methods,
        "method",
        "post-payments",
        ({"authorization": "NOEN"}, {"authorization": "NOEN"}),
        ({"request_validator_id": REMOVED}, {"requestParameters": {"method.request.haeder.X": True}}),
    ),
    *pulumi(apis.api_methods, f"{GATEWAY}method:Method", "post-payments", {"apiKeyRequired": False}),
    *pulumi(apis.api_methods, f"{GATEWAY}requestValidator:RequestValidator", "", {"validateRequestBody": False}),
    *api(
        apis.api_stages,
        "method_settings",
        "",
        ({"settings.data_trace_enabled": True}, {"settings.dataTraceEnabled": True}),
        ({"settings.logging_level": "ERORR"}, {"settings.loggingLevel": "OFF"}),
        ({"settings.throttling_rate_limit": 0}, {"settings.throttlingBurstLimit": 0}),
    ),
    *api(
        apis.api_stages,
        "stage",
        "",
        (
            {"access_log_settings.format.ip": "$context.identity.apiKey"},
            {"accessLogSettings.format.status": "$context.sattus"},
        ),
        (
            {"access_log_settings.format.mehtod": "$context.httpMethod"},
            {"accessLogSettings.format.wafSattus": "$context.waf.status"},
        ),
        ({"access_log_settings.destination_arn": "x"}, {"accessLogSettings.destinationArn": "x"}),
    ),
    *api(apis.deployment_triggers, "deployment", "", ({"triggers": {}}, {"triggers": {}})),
    *api(
        apis.deployment_triggers,
        "method",
        "post-payments",
        ({"authorization": "AWS_IAM"}, {"authorization": "AWS_IAM"}),
    ),
    *api(
        apis.deployment_triggers,
        "integration",
        "post-payments",
        ({"timeout_milliseconds": 5000}, {"timeoutMilliseconds": 5000}),
    ),
    *api(apis.deployment_triggers, "request_validator", "", ({"name": "another"}, {"name": "another"})),
    *pulumi(
        apis.usage_plans, f"{GATEWAY}usagePlan:UsagePlan", "", {"throttleSettings.rateLimit": 0}, {"apiStages": []}
    ),
    *pulumi(apis.usage_plans, f"{GATEWAY}usagePlanKey:UsagePlanKey", "", {"keyType": "API_KYE"}),
    *pulumi(apis.usage_plans, f"{GATEWAY}apiKey:ApiKey", "", {"enabled": False}),
    *api(
        apis.gateway_responses,
        "gateway_response",
        "throttled",
        ({"response_type": "THORTTLED"}, {"responseType": "THORTTLED"}),
        ({"status_code": "500"}, {"statusCode": "500"}),
        ({"response_parameters": {}}, {"responseParameters": {}}),
        ({"response_templates": {"application/json": "{}"}}, {"responseTemplates": {"application/jsno": "{}"}}),
    ),
    *pulumi(
        apis.firewalls,
        FIREWALL,
        "",
        {"scope": "CLOUDFRONT"},
        {"rules.0.action": {"allow": {}}},
        {"rules.1.priority": 0},
        {"rules.0.statement.rateBasedStatement.limit": 5},
        {"rules.0.visibilityConfig.sampledRequestsEnabled": True},
        {"rules.1.statement.managedRuleGroupStatement.name": "AWSManagedRulesComonRuleSet"},
        {"rules.1.overrideAction": REMOVED},
        {"visibilityConfig.cloudwatchMetricsEnabled": False},
    ),
    *pulumi(apis.firewalls, "aws:wafv2/webAclAssociation:WebAclAssociation", "", {}),
    *pulumi(
        apis.firewalls_without_a_log,
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        "",
        {},
        {"redactedFields": []},
        {"redactedFields.0.singleHeader.name": "accept"},
        {"loggingFilter.defaultBehavior": "KEEP"},
    ),
    *pulumi(apis.firewalls_without_a_log, "aws:cloudwatch/logGroup:LogGroup", "firewall", {"name": "/firewall"}),
    KeptTwin(functions.code_before_its_migration, "cdk", "AWS::Lambda::Function", "Consumer", {"DependsOn": []}),
    KeptTwin(
        functions.code_before_its_migration, "pulumi", "aws:lambda/function:Function", "api", {"dependencies": []}
    ),
    KeptTwin(functions.code_before_its_migration, "pulumi", SERVICE, "api", {"dependencies": []}),
]
