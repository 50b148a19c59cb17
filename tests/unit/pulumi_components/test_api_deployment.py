"""A change of any part of an API leads to a new deployment, and a change of anything else to none."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from lib.common import region
from lib.pulumi_components.api_deployment import DeployedParts
from tests.support.program import Program, Provider, run


class Api(pulumi.ComponentResource):
    """An API whose deployment is declared after its parts and one thing that is none."""

    def __init__(
        self,
        *,
        methods: tuple[str, ...] = ("GET", "POST"),
        timeout: int = 5000,
        authorizer: str = "",
        policy: str = "",
        description: str = "",
        topic: str = "one",
        domain: str = "",
    ) -> None:
        parts = DeployedParts()
        provider = aws.Provider("aws", region=region.primary({}))
        opts = pulumi.ResourceOptions(providers=[provider], transformations=[parts.record])
        super().__init__("test:Api", "api", {}, opts)
        own = pulumi.ResourceOptions(parent=self)
        target = aws.sns.Topic("topic", name=topic, opts=own)
        if domain:
            aws.apigateway.DomainName("domain", domain_name=domain, opts=own)
        rest = aws.apigateway.RestApi(
            "rest", name="api", description=description or None, policy=policy or None, opts=own
        )
        if authorizer:
            aws.apigateway.Authorizer("callers", rest_api=rest.id, authorizer_uri=authorizer, opts=own)
        for method in methods:
            made = aws.apigateway.Method(
                method,
                rest_api=rest.id,
                resource_id=rest.root_resource_id,
                http_method=method,
                authorization="NONE",
                opts=own,
            )
            aws.apigateway.Integration(
                method,
                rest_api=rest.id,
                resource_id=rest.root_resource_id,
                http_method=made.http_method,
                type="AWS",
                uri=target.arn,
                timeout_milliseconds=timeout,
                opts=own,
            )
        aws.apigateway.Deployment(
            "deployment",
            rest_api=rest.id,
            triggers=parts.triggers(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=parts.resources),
        )


def program(**change: Any) -> Program:
    """Return what such a program declares."""
    return run(lambda: Api(**change), Provider(Program(), 2), "stack", {})


def deployed(**change: Any) -> dict[str, Any]:
    """Return the triggers of the API's deployment."""
    triggers = program(**change).one("apigateway/deployment:Deployment")["triggers"]
    return {name: json.loads(text) for name, text in triggers.items()}


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"methods": ("GET",)}, "Method POST"),
        ({"methods": ("GET", "POST", "PUT")}, "Integration PUT"),
        ({"timeout": 6000}, "Integration GET"),
        ({"authorizer": "uri"}, "Authorizer callers"),
        ({"policy": '{"Statement": []}'}, "RestApi rest"),
    ],
)
def test_a_change_of_a_part_changes_its_trigger(change, part):
    before, after = deployed(), deployed(**change)
    assert before.get(part) != after.get(part)


def test_another_authorizer_is_a_change():
    assert deployed(authorizer="one") != deployed(authorizer="another")


@pytest.mark.parametrize("change", [{"description": "Payments"}, {"domain": "api.example.org"}])
def test_a_change_of_anything_else_changes_no_trigger(change):
    assert deployed(**change) == deployed()


def test_what_a_part_refers_to_is_a_change_where_its_value_changes():
    assert deployed(topic="another")["Integration GET"] != deployed()["Integration GET"]


def test_the_deployment_waits_for_every_part():
    found = program(authorizer="uri")
    (deployment,) = found.of("apigateway/deployment:Deployment")
    kinds = ("method:Method", "integration:Integration", "authorizer:Authorizer", "restApi:RestApi")
    assert {part.urn for kind in kinds for part in found.of(f"apigateway/{kind}")} <= deployment.depends_on
