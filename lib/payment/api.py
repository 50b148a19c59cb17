"""The API: routes, validation by schema, throttling, keys of callers, access logs, firewall."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from lib.common import access_log
from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import api_route
from lib.payment.functions import Functions
from lib.payment.keys import Keys
from lib.payment.settings import Settings
from lib.pulumi_components.api_deployment import DeployedParts
from lib.pulumi_components.firewall import FirewallLogs, firewall

SCHEMAS = Path(__file__).resolve().parents[2] / "lambda" / "payment" / "api" / "schemas"
STAGE = "v1"
# TLS 1.2 with forward secrecy, or 1.3; without a policy a regional API accepts TLS 1.0. STRICT refuses a host name that
# is not the one of the handshake.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html
TLS_POLICY, ENDPOINT_ACCESS = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09", "STRICT"
# Path, method, the body's schema, whether the caller needs a key. Another path or method never reaches the function.
ROUTES: tuple[tuple[str, str, str, bool], ...] = (
    ("/payments", "POST", "payment", True),
    ("/payments/{id}", "GET", "", True),
    ("/payments/{id}/refunds", "POST", "refund", True),
    ("/health", "GET", "", False),
)
ACCESS = {**access_log.FIELDS, "wafStatus": "$context.waf.status"}
PROBLEM = "application/problem+json"
# What API Gateway answers by itself, in the words of the function: RFC 9457, without repeating what was sent.
ANSWERS: Mapping[str, tuple[str, str]] = {
    "BAD_REQUEST_BODY": ("422", "invalid_request"),
    "BAD_REQUEST_PARAMETERS": ("400", "idempotency_key_missing"),
    "INVALID_API_KEY": ("403", "api_key_missing"),
    "MISSING_AUTHENTICATION_TOKEN": ("404", "not_found"),
    "THROTTLED": ("429", "too_many_requests"),
    "QUOTA_EXCEEDED": ("429", "quota_exceeded"),
    "REQUEST_TOO_LARGE": ("413", "too_large"),
    "WAF_FILTERED": ("403", "refused"),
    "INTEGRATION_TIMEOUT": ("504", "timeout"),
    "INTEGRATION_FAILURE": ("502", "unavailable"),
}
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_59",
        "aws_api_gateway_method.get-health",
        "Whoever asks about health has no API key, and learns no more than whether the API works.",
    ),
    Acknowledged(
        "CKV_AWS_120",
        "aws_api_gateway_stage.payments",
        "Answers about a payment have to be the present ones: a cache would repeat an earlier state.",
    ),
    Acknowledged(
        "CKV_AWS_217",
        "aws_api_gateway_deployment.payments",
        "Pulumi creates a replacement before it deletes what it replaces: "
        "https://www.pulumi.com/docs/iac/concepts/resources/options/deletebeforereplace/",
    ),
    Acknowledged(
        "CKV_AWS_225",
        "aws_api_gateway_method_settings.all",
        "Answers about a payment have to be the present ones: a cache would repeat an earlier state.",
    ),
    Acknowledged(
        "CKV_AWS_237",
        "aws_api_gateway_rest_api.payments",
        "Pulumi creates a replacement before it deletes what it replaces: "
        "https://www.pulumi.com/docs/iac/concepts/resources/options/deletebeforereplace/",
    ),
    Acknowledged(
        "CKV2_AWS_51",
        "aws_api_gateway_stage.payments",
        "A client certificate proves API Gateway to an HTTP backend; Lambda is invoked with IAM instead. "
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
        "getting-started-client-side-ssl-authentication.html",
    ),
    Acknowledged(
        "CKV2_AWS_53",
        "aws_api_gateway_method.get-*",
        "These requests have no body for a model to describe, and no parameter but the path's, which the function "
        "checks.",
    ),
)


@dataclass(frozen=True)
class ApiArgs:
    """What the API is made of."""

    settings: Settings
    functions: Functions
    keys: Keys


class Api(pulumi.ComponentResource):
    """REST API with one stage."""

    def __init__(self, name: str, args: ApiArgs, opts: pulumi.ResourceOptions) -> None:
        self._parts = DeployedParts()
        recorded = pulumi.ResourceOptions(transformations=[self._parts.record])
        super().__init__("tap:payment:Api", name, {}, pulumi.ResourceOptions.merge(opts, recorded))
        self._args, self._own = args, pulumi.ResourceOptions(parent=self)
        settings = args.settings
        self.rest = aws.apigateway.RestApi(
            "payments",
            name=settings.name("api"),
            description="Payments, each once",
            endpoint_configuration={"types": "REGIONAL"},
            security_policy=TLS_POLICY,
            endpoint_access_mode=ENDPOINT_ACCESS,
            opts=self._own,
        )
        self._validator = aws.apigateway.RequestValidator(
            "body-and-headers",
            rest_api=self.rest.id,
            name="body-and-headers",
            validate_request_body=True,
            validate_request_parameters=True,
            opts=self._own,
        )
        self._models = {part: self._model(part) for part in ("payment", "refund")}
        self._permissions = self._allow()
        self._routes()
        self._answers()
        self.key = aws.apigateway.ApiKey("first-caller", name=settings.name("service", "first-caller"), opts=self._own)
        self.stage = self._stage()
        self._limits()
        firewall(
            settings.name("web_acl"),
            self.stage.arn,
            settings.sender_rate,
            self._own,
            # A caller may have put a card number into the path.
            logs=FirewallLogs(settings.log_days, args.keys.operations, paths=False),
        )
        self.url = self.stage.invoke_url
        self.register_outputs({})

    def _model(self, part: str) -> aws.apigateway.Model:
        """Return the schema that the function itself validates with."""
        schema = (SCHEMAS / f"{part}.json").read_text(encoding="utf-8")
        return aws.apigateway.Model(
            part,
            rest_api=self.rest.id,
            name=part.capitalize(),
            content_type="application/json",
            schema=schema,
            opts=self._own,
        )

    def _allow(self) -> list[aws.lambda_.Permission]:
        """Let the API call the function for each route, and for no other: what is removed here calls it no more.

        docs/decisions/0015-a-removed-route-loses-its-permission.md
        """
        return [
            aws.lambda_.Permission(
                _title(method, path),
                function=self._args.functions.api.name,
                action="lambda:InvokeFunction",
                principal="apigateway.amazonaws.com",
                source_arn=pulumi.Output.concat(self.rest.execution_arn, api_route(STAGE, method, path)),
                opts=self._own,
            )
            for path, method, _schema, _keyed in ROUTES
        ]

    def _routes(self) -> None:
        resources: dict[str, pulumi.Input[str]] = {"": self.rest.root_resource_id}
        for path, method, schema, keyed in ROUTES:
            above = ""
            for step in path.strip("/").split("/"):
                here = f"{above}/{step}"
                if here not in resources:
                    resources[here] = aws.apigateway.Resource(
                        here.strip("/").replace("/", "-").replace("{id}", "id"),
                        rest_api=self.rest.id,
                        parent_id=resources[above],
                        path_part=step,
                        opts=self._own,
                    ).id
                above = here
            self._method(resources[path], path, method, schema, keyed)

    def _method(self, resource: pulumi.Input[str], path: str, method: str, schema: str, keyed: bool) -> None:
        title = _title(method, path)
        api_method = aws.apigateway.Method(
            title,
            rest_api=self.rest.id,
            resource_id=resource,
            http_method=method,
            authorization="NONE",
            api_key_required=keyed,
            request_validator_id=self._validator.id if schema else None,
            request_models={"application/json": self._models[schema].name} if schema else None,
            request_parameters={"method.request.header.Idempotency-Key": True} if schema else None,
            opts=self._own,
        )
        aws.apigateway.Integration(
            title,
            rest_api=self.rest.id,
            resource_id=resource,
            http_method=api_method.http_method,
            integration_http_method="POST",  # Lambda's own API, whatever the caller's method is
            type="AWS_PROXY",
            uri=self._args.functions.api.invoke_arn,
            opts=self._own,
        )

    def _answers(self) -> None:
        for kind, (status, code) in ANSWERS.items():
            body = {"type": "about:blank", "status": int(status), "code": code, "title": code.replace("_", " ")}
            aws.apigateway.Response(
                kind.lower().replace("_", "-"),
                rest_api_id=self.rest.id,
                response_type=kind,
                status_code=status,
                response_templates={"application/json": json.dumps(body)},
                response_parameters={"gatewayresponse.header.Content-Type": f"'{PROBLEM}'"},
                opts=self._own,
            )

    def _stage(self) -> aws.apigateway.Stage:
        """Deploy everything that was declared before, and return the stage that serves it."""
        settings = self._args.settings
        deployment = aws.apigateway.Deployment(
            "payments",
            rest_api=self.rest.id,
            triggers=self._parts.triggers(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*self._parts.resources, *self._permissions]),
        )
        logs = self._log_group("access", f"/apigateway/{settings.name('log_group')}")
        name = pulumi.Output.concat(access_log.EXECUTION_LOGS, self.rest.id, f"/{STAGE}")
        execution_logs = self._log_group("execution", name)
        return aws.apigateway.Stage(
            "payments",
            rest_api=self.rest.id,
            deployment=deployment.id,
            stage_name=STAGE,
            xray_tracing_enabled=settings.tracing,
            access_log_settings={"destination_arn": logs.arn, "format": json.dumps(ACCESS)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[execution_logs]),
        )

    def _log_group(self, title: str, name: pulumi.Input[str]) -> aws.cloudwatch.LogGroup:
        """Return a log group, made before API Gateway would make one without an end or a key, which stays."""
        return aws.cloudwatch.LogGroup(
            title,
            name=name,
            retention_in_days=self._args.settings.log_days,
            kms_key_id=self._args.keys.operations.arn,
            opts=self._own,
        )

    def _limits(self) -> None:
        settings, stage = self._args.settings, self.stage.stage_name
        aws.apigateway.MethodSettings(
            "all",
            rest_api=self.rest.id,
            stage_name=stage,
            method_path="*/*",
            settings={
                "metrics_enabled": settings.api_metrics,
                "throttling_rate_limit": settings.api_rate,
                "throttling_burst_limit": settings.api_burst,
                "logging_level": "ERROR",
                "data_trace_enabled": False,  # it would log bodies
            },
            opts=self._own,
        )
        plan = aws.apigateway.UsagePlan(
            "callers",
            name=settings.name("service", "callers"),
            api_stages=[{"api_id": self.rest.id, "stage": stage}],
            throttle_settings={"rate_limit": settings.api_rate, "burst_limit": settings.api_burst},
            opts=self._own,
        )
        aws.apigateway.UsagePlanKey(
            "first-caller", key_id=self.key.id, key_type="API_KEY", usage_plan_id=plan.id, opts=self._own
        )


def _title(method: str, path: str) -> str:
    """Return a route's name among the resources of a type."""
    return f"{method.lower()}{path.replace('/', '-').replace('{id}', 'id')}"
