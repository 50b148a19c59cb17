"""One region's API: routes, a required header, throttling, access logs, and the domain's regional end."""

import json
from collections.abc import Mapping

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.api_gateway_deployment import ApiGatewayDeployment
from cdktf_cdktf_provider_aws.api_gateway_gateway_response import ApiGatewayGatewayResponse
from cdktf_cdktf_provider_aws.api_gateway_integration import ApiGatewayIntegration
from cdktf_cdktf_provider_aws.api_gateway_method import ApiGatewayMethod
from cdktf_cdktf_provider_aws.api_gateway_method_settings import (
    ApiGatewayMethodSettings,
    ApiGatewayMethodSettingsSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_request_validator import ApiGatewayRequestValidator
from cdktf_cdktf_provider_aws.api_gateway_resource import ApiGatewayResource
from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi, ApiGatewayRestApiEndpointConfiguration
from cdktf_cdktf_provider_aws.api_gateway_stage import ApiGatewayStage, ApiGatewayStageAccessLogSettings
from cdktf_cdktf_provider_aws.lambda_function import LambdaFunction
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from lib.common import access_log, region
from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import api_route
from lib.disaster_recovery.api_deployment import deployed_parts, triggers
from lib.disaster_recovery.api_domain import regional_domain
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.keys import Keys
from lib.disaster_recovery.logs import log_group
from lib.disaster_recovery.settings import HEALTH_BURST, HEALTH_RATE, RegionConfig

STAGE = "v1"
# Path, method, whether it needs an idempotency key. Another path or method never reaches the function.
ROUTES = (
    ("/payments", "POST", True),
    ("/payments/{id}", "GET", False),
    ("/health", "GET", False),
    ("/health/ready", "GET", False),
)
# What API Gateway answers by itself, in the words of the function: RFC 9457, without repeating what was sent.
ANSWERS: Mapping[str, tuple[str, str]] = {
    "BAD_REQUEST_PARAMETERS": ("400", "idempotency_key_missing"),
    "MISSING_AUTHENTICATION_TOKEN": ("404", "not_found"),
    "THROTTLED": ("429", "too_many_requests"),
    "REQUEST_TOO_LARGE": ("413", "too_large"),
    "INTEGRATION_TIMEOUT": ("504", "timeout"),
    "INTEGRATION_FAILURE": ("502", "unavailable"),
}
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_59",
        "aws_api_gateway_method.api-*",
        "The example has no users, and docs/systems/disaster-recovery.md says to put an authorizer before it; "
        "requests are throttled and their fields checked.",
    ),
    Acknowledged(
        "CKV_AWS_120",
        "aws_api_gateway_stage.api-*_stage",
        "Answers about a payment have to be the present ones: a cache would repeat an earlier state.",
    ),
    Acknowledged(
        "CKV_AWS_225",
        "aws_api_gateway_method_settings.api-*",
        "Answers about a payment have to be the present ones: a cache would repeat an earlier state.",
    ),
    Acknowledged(
        "CKV_AWS_237",
        "aws_api_gateway_rest_api.api-*_rest",
        "Every deployment updates the API in place; a replacement would be an API with another address, whichever "
        "of the two is made first.",
    ),
    Acknowledged(
        "CKV2_AWS_29",
        "aws_api_gateway_stage.api-*_stage",
        "A web ACL is billed by month, rule and request in each of the two regions; who puts an authorizer before "
        "the example decides about a firewall, too.",
    ),
    Acknowledged(
        "CKV2_AWS_51",
        "aws_api_gateway_stage.api-*_stage",
        "A client certificate proves API Gateway to an HTTP backend; Lambda is invoked with IAM instead. "
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
        "getting-started-client-side-ssl-authentication.html",
    ),
    Acknowledged(
        "CKV2_AWS_53",
        "aws_api_gateway_method.api-*_get-*",
        "These requests have no body for a model to describe, and no parameter but the path's, which the function "
        "checks.",
    ),
)


class Api(Construct):
    """A REST API with one stage; regional, for an API behind AWS's own network of edges could not fail over."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        context: AwsContext,
        region_config: RegionConfig,
        keys: Keys,
        function: LambdaFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self._aws, self._keys, self._function = context, keys, function
        self.rest = ApiGatewayRestApi(
            self,
            "rest",
            name=context.name("api"),
            description="Payments, each once",
            # Its TLS policy is set after the deployment (docs/systems/disaster-recovery.md): the pinned provider has no
            # argument for it. The default end stays open beside a domain, for health checks ask each region by it.
            endpoint_configuration=ApiGatewayRestApiEndpointConfiguration(types=["REGIONAL"]),
            **context.own("api"),
        )
        self._validator = ApiGatewayRequestValidator(
            self,
            "headers",
            rest_api_id=self.rest.id,
            name="headers",
            validate_request_parameters=True,
            provider=context.provider,
        )
        self._permissions = self._allow()
        self._routes()
        self._answers()
        self.stage = self._stage()
        self._limits()
        self.host = f"{self.rest.id}.execute-api.{context.region}.{region.dns_suffix(context.region)}"
        self.url = self.stage.invoke_url
        self.domain = (
            regional_domain(self, context, region_config, self.stage) if context.settings.domain_name else None
        )

    def _allow(self) -> list[LambdaPermission]:
        """Let the API call the function for each route, and for no other: what is removed here calls it no more.

        docs/decisions/0015-a-removed-route-loses-its-permission.md
        """
        return [
            LambdaPermission(
                self,
                # The id of the one that was for every route: its replacement is there before it goes.
                f"{method.lower()}-{_title(path)}-permission" if number else "permission",
                function_name=self._function.function_name,
                action="lambda:InvokeFunction",
                principal="apigateway.amazonaws.com",
                source_arn=f"{self.rest.execution_arn}{api_route(STAGE, method, path)}",
                lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
                provider=self._aws.provider,
            )
            for number, (path, method, _keyed) in enumerate(ROUTES)
        ]

    def _routes(self) -> None:
        resources = {"": self.rest.root_resource_id}
        for path, method, keyed in ROUTES:
            above = ""
            for step in path.strip("/").split("/"):
                here = f"{above}/{step}"
                if here not in resources:
                    resources[here] = ApiGatewayResource(
                        self,
                        _title(here),
                        rest_api_id=self.rest.id,
                        parent_id=resources[above],
                        path_part=step,
                        provider=self._aws.provider,
                    ).id
                above = here
            self._method(resources[path], f"{method.lower()}-{_title(path)}", method, keyed)

    def _method(self, resource: str, title: str, method: str, keyed: bool) -> None:
        api_method = ApiGatewayMethod(
            self,
            title,
            rest_api_id=self.rest.id,
            resource_id=resource,
            http_method=method,
            authorization="NONE",
            request_validator_id=self._validator.id if keyed else None,
            request_parameters={"method.request.header.Idempotency-Key": True} if keyed else None,
            provider=self._aws.provider,
        )
        ApiGatewayIntegration(
            self,
            f"{title}-integration",
            rest_api_id=self.rest.id,
            resource_id=resource,
            http_method=api_method.http_method,
            integration_http_method="POST",  # Lambda's own API, whatever the caller's method is
            type="AWS_PROXY",
            uri=self._function.invoke_arn,
            provider=self._aws.provider,
        )

    def _answers(self) -> None:
        for kind, (status, code) in ANSWERS.items():
            ApiGatewayGatewayResponse(
                self,
                kind.lower().replace("_", "-"),
                rest_api_id=self.rest.id,
                response_type=kind,
                status_code=status,
                response_templates={"application/json": json.dumps(_problem(status, code))},
                response_parameters={"gatewayresponse.header.Content-Type": "'application/problem+json'"},
                provider=self._aws.provider,
            )

    def _stage(self) -> ApiGatewayStage:
        """Deploy everything that was declared before, and return the stage that serves it."""
        context, parts = self._aws, deployed_parts(self)
        deployment = ApiGatewayDeployment(
            self,
            "deployment",
            rest_api_id=self.rest.id,
            triggers=triggers(self, parts),
            # The stage holds the old one until it has the new one.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            depends_on=[*parts, *self._permissions],
            provider=context.provider,
        )
        logs = log_group(self, "logs", f"/apigateway/{context.name('log_group')}", context, self._keys)
        # API Gateway would make it when it writes its first error: without an end or a key, and it would stay.
        name = f"{access_log.EXECUTION_LOGS}{self.rest.id}/{STAGE}"
        title = f"/apigateway/{context.name('log_group', 'execution')}"
        execution_logs = log_group(self, "execution-logs", name, context, self._keys, title)
        return ApiGatewayStage(
            self,
            "stage",
            rest_api_id=self.rest.id,
            deployment_id=deployment.id,
            stage_name=STAGE,
            xray_tracing_enabled=context.settings.tracing,
            access_log_settings=ApiGatewayStageAccessLogSettings(
                destination_arn=logs.arn, format=json.dumps(dict(access_log.FIELDS))
            ),
            depends_on=[execution_logs],
            **context.own("api"),
        )

    def _limits(self) -> None:
        settings = self._aws.settings
        self._limit("limits", "*/*", settings.api_rate, settings.api_burst)
        # A nested path is one word of the setting's address, so its slashes are written as JSON Pointer writes them:
        # https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
        self._limit("health-limits", "~1health~1ready/GET", HEALTH_RATE, HEALTH_BURST)

    def _limit(self, construct_id: str, path: str, rate: int, burst: int) -> None:
        ApiGatewayMethodSettings(
            self,
            construct_id,
            rest_api_id=self.rest.id,
            stage_name=self.stage.stage_name,
            method_path=path,
            settings=ApiGatewayMethodSettingsSettings(
                metrics_enabled=self._aws.settings.api_metrics,
                throttling_rate_limit=rate,
                throttling_burst_limit=burst,
                logging_level="ERROR",
                data_trace_enabled=False,  # it would log bodies
            ),
            provider=self._aws.provider,
        )


def _title(path: str) -> str:
    """Return a path as a part of a construct's name."""
    return path.strip("/").replace("/", "-").replace("{id}", "id")


def _problem(status: str, code: str) -> dict[str, object]:
    return {"type": "about:blank", "status": int(status), "code": code, "title": code.replace("_", " ")}
