"""Writing another name into lib/AWS_REGION moves every Pulumi system, in every partition's shape."""

import json
import re

import pytest

from lib.common import region
from tests.support.program import SYSTEMS, declare
from tests.support.regions import chosen, region_names


@pytest.fixture(params=chosen())
def name(request, tmp_path, monkeypatch, every_root):
    """The region's name in the one file that is changed."""
    (tmp_path / "AWS_REGION").write_text(f"{request.param}\n", encoding="utf-8")
    monkeypatch.setattr(region, "FOLDER", tmp_path)
    return request.param


@pytest.mark.parametrize("system", SYSTEMS)
def test_everything_follows_the_file(name, system):
    found = declare({"IMAGE": "v1"}, system=system)
    own = [r for r in found.resources if r.kind.startswith(("aws:", "pulumi:providers:"))]
    text = json.dumps([r.inputs for r in own], default=str) + json.dumps(found.outputs)
    assert len(own) > 80
    assert region_names(text.replace(f"prod-{name}-starport", "")) == {name}  # where ECR keeps images' layers
    assert set(re.findall(r"arn:(aws[a-z-]*):", text)) == {region.partition(name)}
    zones = {r.inputs["availabilityZone"] for r in found.of("ec2/subnet:Subnet")}
    assert zones == {f"{name}{letter}" for letter in "abc"}
    key = json.loads(found.one("kms/key:Key", "operations")["policy"])
    assert f"logs.{name}.{region.dns_suffix(name)}" in json.dumps(key)


def test_containers_write_their_log_there(name):
    found = declare({"IMAGE": "v1"})
    (container,) = json.loads(found.one("ecs/taskDefinition:TaskDefinition")["containerDefinitions"])
    assert container["logConfiguration"]["options"]["awslogs-region"] == name
