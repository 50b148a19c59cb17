"""The program as a whole: its provider, its components, its outputs, and that a wrong setting stops it."""

import json
import logging

import pytest

from lib.common import region
from lib.common.errors import SettingError
from tests.support import program as support
from tests.support.production import ON_DUTY
from tests.support.program import declare, program

PARTS = {"Keys", "Network", "Database", "Migration", "Registry", "LoadBalancer", "Service", "Observability"}


def test_each_part_is_a_component_and_everything_belongs_to_one():
    found = program()
    parts = {r.urn for r in found.resources if r.kind.startswith("tap:flask-api:")}
    assert {r.kind.rpartition(":")[2] for r in found.resources if r.kind.startswith("tap:")} == PARTS
    own = [r for r in found.resources if r.kind.startswith("aws:")]
    assert len(own) > 80
    assert {r.parent for r in own} == parts


def test_every_resource_is_of_the_one_provider():
    found = program()
    (provider,) = [r for r in found.resources if r.kind == "pulumi:providers:aws"]
    own = [r for r in found.resources if r.kind.startswith("aws:")]
    assert {r.provider.rpartition("::")[0] for r in own} == {provider.urn}


def test_every_question_is_asked_of_the_one_provider():
    found = program()
    assert {call.token.rpartition(":")[2] for call in found.calls} == {"getAvailabilityZones", "getCallerIdentity"}
    assert all("::aws-id" in call.provider for call in found.calls)


def test_the_provider_tags_everything():
    (provider,) = [r for r in program().resources if r.kind == "pulumi:providers:aws"]
    assert json.loads(provider.inputs["defaultTags"])["tags"] == {
        "System": "flask-api",
        "EnvironmentSuffix": "dev",
        "Environment": "production",
        "Project": "ecommerce-api",
        "Repository": "tap",
        "Author": "tap-maintainers",
    }


def test_the_outputs_are_what_users_and_discovery_need():
    assert set(program().outputs) == {
        "identity",
        "url",
        "albDnsName",
        "repositoryUrl",
        "clusterName",
        "serviceName",
        "databaseEndpoint",
        "databaseReaderEndpoint",
        "databaseSecretArn",
        "logGroupName",
        "alarmTopicArn",
        "vpcId",
    }


def test_the_stacks_configuration_is_read():
    found = declare({"IMAGE": "v1", **ON_DUTY}, config={"tap:databasePort": "6000", "aws:region": "nowhere"})
    assert found.one("rds/cluster:Cluster")["port"] == 6000


def test_a_wrong_setting_stops_the_program_before_any_resource(monkeypatch):
    recorded = support.Program()
    monkeypatch.setattr(support, "Program", lambda: recorded)
    with pytest.raises(SettingError, match="TASK_CPU='7'"):
        declare({"TASK_CPU": "7"})
    assert [r.kind for r in recorded.resources if r.kind != "pulumi:pulumi:Stack"] == []


def test_a_mistake_in_the_configuration_stops_the_program():
    with pytest.raises(SettingError, match="tap:databsePort"):
        declare({}, config={"tap:databsePort": "6000"})


def test_a_resource_that_is_declared_twice_is_noticed(monkeypatch):
    """Pulumi's engine refuses it; its mocks do not."""
    import pulumi
    import pulumi_aws

    from lib.flask_api import stack

    def build(suffix, environ):
        own = pulumi.ResourceOptions(provider=pulumi_aws.Provider("aws", region=region.primary({})))
        for _ in range(2):
            pulumi_aws.sns.Topic("alarms", opts=own)

    monkeypatch.setattr(stack, "build", build)
    with pytest.raises(ValueError, match="Topic 'alarms' is declared twice"):
        declare({})


def test_what_goes_wrong_in_a_step_that_nobody_waits_for_is_noticed(monkeypatch):
    """Without it every test of an ``apply`` would pass whatever it says."""
    import pulumi

    from lib.flask_api import stack

    def build(suffix, environ):
        pulumi.Output.from_input(1).apply(lambda _value: 1 / 0)

    monkeypatch.setattr(stack, "build", build)
    with pytest.raises(ZeroDivisionError):
        declare({})


def test_nothing_deprecated_is_declared(caplog):
    with caplog.at_level(logging.WARNING):
        declare({"IMAGE": "v1", **ON_DUTY})
    said = [record.getMessage() for record in caplog.records if record.name != "asyncio"]  # which speaks of other tests
    assert said == []


def test_the_use_of_something_deprecated_would_be_noticed(caplog, monkeypatch):
    import pulumi
    import pulumi_aws

    from lib.flask_api import stack

    def build(suffix, environ):
        provider = pulumi_aws.Provider("aws", region=region.primary({}))
        pulumi_aws.s3.BucketV2("old", opts=pulumi.ResourceOptions(provider=provider))

    monkeypatch.setattr(stack, "build", build)
    with caplog.at_level(logging.WARNING):
        declare({})
    assert "deprecated" in caplog.text
