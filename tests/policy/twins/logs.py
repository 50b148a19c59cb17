"""Functions whose log group is another's, topics that log deliveries, and looks at traces and metrics that are off."""

from tests.policy.cases import REMOVED, Twin
from tests.policy.rules import apis, logs
from tests.policy.spelling import TYPES

FUNCTION = TYPES["function"]
STAGE = ("aws_api_gateway_stage", "aws:apigateway/stage:Stage")
LIMITS = ("aws_api_gateway_method_settings", "aws:apigateway/methodSettings:MethodSettings")

TWINS: list[Twin] = [
    Twin(logs.groups_of_services, "cdk", FUNCTION[0], "", {"LoggingConfig": REMOVED, "FunctionName": "another"}),
    Twin(logs.groups_of_services, "cdktf", FUNCTION[1], "", {"function_name": "another"}),
    Twin(logs.groups_of_services, "pulumi", FUNCTION[2], "", {"name": "another"}),
    Twin(logs.groups_of_services, "cdk", "AWS::SNS::Topic", "", {"DeliveryStatusLogging": [{"Protocol": "sqs"}]}),
    Twin(apis.unobserved_stages, "cdktf", STAGE[0], "", {"xray_tracing_enabled": False}),
    Twin(apis.unobserved_stages, "pulumi", STAGE[1], "", {"xrayTracingEnabled": False}),
    Twin(apis.unobserved_stages, "cdktf", LIMITS[0], "limits", {"settings.metrics_enabled": False}),
    Twin(apis.unobserved_stages, "pulumi", LIMITS[1], "all", {"settings.metricsEnabled": False}),
    Twin(apis.broken_traces, "cdktf", FUNCTION[1], "payment", {"tracing_config.mode": "PassThrough"}),
    Twin(apis.broken_traces, "pulumi", FUNCTION[2], "api", {"tracingConfig.mode": "PassThrough"}),
]
