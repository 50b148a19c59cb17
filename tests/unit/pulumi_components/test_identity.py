"""A Pulumi stack stays what its latest deployment was, and says which settings its shell alone has."""

import pulumi
import pytest

from lib.pulumi_components.identity import OUTPUT
from tests.support import production
from tests.support.program import SYSTEMS, declare, program

IMAGE = {"IMAGE": "v1"}
PRODUCTION = {**IMAGE, **production.PRODUCTION}


def provider_region(found):
    (provider,) = [r for r in found.resources if r.kind == "pulumi:providers:aws"]
    return provider.inputs["region"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_first_deployment_writes_down_what_it_is(system):
    found = program(system=system)
    assert found.outputs[OUTPUT]["region"] == provider_region(found)
    assert set(found.outputs[OUTPUT]) == {"environment", "region", "vpc_cidr"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_next_one_reads_it(system):
    first = declare(PRODUCTION, system=system)
    second = declare(PRODUCTION, system=system, before=first.outputs)
    assert len(second.resources) == len(first.resources)


def moved(outputs):
    """Return outputs of a deployment in another region."""
    return {**outputs, OUTPUT: {**outputs[OUTPUT], "region": "us-nowhere-1"}}


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(
    ("change", "deployed"), [({"ENVIRONMENT": "dev"}, dict), ({}, moved), ({"VPC_CIDR": "10.99.0.0/16"}, dict)]
)
def test_a_contradiction_is_refused_before_any_resource(system, change, deployed, monkeypatch):
    before = deployed(declare(PRODUCTION, system=system).outputs)
    seen = []
    monkeypatch.setattr("tests.support.program.Declared", lambda kind, *rest: seen.append(kind))
    with pytest.raises(pulumi.RunError, match=f"^tap: {system}-dev is deployed "):
        declare({**PRODUCTION, **change}, system=system, before=before)
    assert [kind for kind in seen if kind.startswith("aws:")] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_change_that_is_said_to_be_meant_is_made(system):
    before = declare(PRODUCTION, system=system).outputs
    changed = declare(
        {**IMAGE, "ENVIRONMENT": "staging", "ENVIRONMENT_BEFORE": "production"}, system=system, before=before
    )
    assert changed.outputs[OUTPUT]["environment"] == "staging"


@pytest.mark.parametrize(("environment", "told"), [("production", 1), ("dev", 0)])
def test_what_only_the_shell_says_is_told_where_it_matters(environment, told, monkeypatch):
    sentences = []
    monkeypatch.setattr(pulumi.log, "info", sentences.append)
    config = {"tap:alarmEmail": "team@example.com", "tap:plainHttp": "accepted"}
    declare({**IMAGE, "ENVIRONMENT": environment, "IMAGE": "", "LOG_DAYS": "30"}, config=config)
    expected = (
        "tap: LOG_DAYS='30' is from the environment in the place of '365': a deployment without it takes it back."
    )
    assert sentences == [expected] * told
