"""A change of any part of an API leads to a new deployment, and a change of anything else to none."""

import json
import os

import pytest

from lib.common import node


def deployed(
    *,
    methods: tuple[str, ...] = ("GET", "POST"),
    timeout: int = 5000,
    authorizer: str = "",
    policy: str = "",
    description: str = "",
    stage: str = "v1",
    topic: str = "one",
) -> dict[str, dict[str, object]]:
    """Return the triggers of an API's deployment, as Terraform gets them."""
    os.environ.update(node.environment())
    # Before CDKTF starts Node: how its bindings are loaded.
    from lib.disaster_recovery.api_deployment import deployed_parts, triggers  # isort: skip
    from cdktf import App, TerraformStack
    from cdktf_cdktf_provider_aws.api_gateway_authorizer import ApiGatewayAuthorizer
    from cdktf_cdktf_provider_aws.api_gateway_deployment import ApiGatewayDeployment
    from cdktf_cdktf_provider_aws.api_gateway_integration import ApiGatewayIntegration
    from cdktf_cdktf_provider_aws.api_gateway_method import ApiGatewayMethod
    from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi
    from cdktf_cdktf_provider_aws.api_gateway_stage import ApiGatewayStage
    from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
    from constructs import Construct

    stack = TerraformStack(App(), "stack")
    scope = Construct(stack, "api")
    target = SnsTopic(scope, "topic", name=topic)
    rest = ApiGatewayRestApi(scope, "rest", name="api", description=description or None, policy=policy or None)
    if authorizer:
        ApiGatewayAuthorizer(scope, "authorizer", name="callers", rest_api_id=rest.id, authorizer_uri=authorizer)
    for method in methods:
        made = ApiGatewayMethod(
            scope,
            method,
            rest_api_id=rest.id,
            resource_id=rest.root_resource_id,
            http_method=method,
            authorization="NONE",
        )
        ApiGatewayIntegration(
            scope,
            f"{method}-integration",
            rest_api_id=rest.id,
            resource_id=rest.root_resource_id,
            http_method=made.http_method,
            type="AWS",
            uri=target.arn,
            timeout_milliseconds=timeout,
        )
    ApiGatewayStage(scope, "stage", rest_api_id=rest.id, deployment_id="d", stage_name=stage)
    parts = deployed_parts(scope)
    ApiGatewayDeployment(scope, "deployment", rest_api_id=rest.id, triggers=triggers(scope, parts), depends_on=parts)
    (deployment,) = stack.to_terraform()["resource"]["aws_api_gateway_deployment"].values()
    return {name: json.loads(text) for name, text in deployment["triggers"].items()}


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"methods": ("GET",)}, "POST"),
        ({"methods": ("GET", "POST", "PUT")}, "PUT"),
        ({"timeout": 6000}, "GET-integration"),
        ({"authorizer": "uri"}, "authorizer"),
        ({"policy": '{"Statement": []}'}, "rest"),
    ],
)
def test_a_change_of_a_part_changes_its_trigger(change, part):
    before, after = deployed(), deployed(**change)
    assert before.get(part) != after.get(part)


def test_another_authorizer_is_a_change():
    assert deployed(authorizer="one") != deployed(authorizer="another")


@pytest.mark.parametrize("change", [{"stage": "v2"}, {"description": "Payments"}, {"topic": "another"}])
def test_a_change_of_anything_else_changes_no_trigger(change):
    assert deployed(**change) == deployed()


def test_a_reference_is_left_for_terraform_to_resolve():
    uri = deployed()["GET-integration"]["uri"]
    assert str(uri).startswith("${aws_sns_topic.")
