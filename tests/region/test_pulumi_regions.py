"""Writing another name into lib/AWS_REGION moves every Pulumi system, in every partition's shape."""

import json
import re

import pytest

from lib.common import region
from tests.support.production import ON_DUTY
from tests.support.program import SYSTEMS, declare
from tests.support.regions import chosen, moved_lib, region_names


@pytest.fixture(params=chosen())
def name(request, tmp_path, monkeypatch, every_root):
    """The region's name in the one file that is changed."""
    monkeypatch.setattr(region, "FOLDER", moved_lib(tmp_path, AWS_REGION=request.param))
    return request.param


@pytest.mark.parametrize("system", SYSTEMS)
def test_everything_follows_the_file(name, system):
    found = declare({"IMAGE": "v1", **ON_DUTY}, system=system)
    own = [r for r in found.resources if r.kind.startswith(("aws:", "pulumi:providers:"))]
    text = json.dumps([r.inputs for r in own], default=str) + json.dumps(found.outputs)
    assert region_names(text.replace(f"prod-{name}-starport", "")) == {name}  # where ECR keeps images' layers
    assert set(re.findall(r"arn:(aws[a-z-]*):", text)) == {region.partition(name)}
    zones = {r.inputs["availabilityZone"] for r in found.of("ec2/subnet:Subnet")}
    assert zones <= {f"{name}{letter}" for letter in "abc"}
    writers = set(
        re.findall(r"\blogs\.[\w.-]+", " ".join(str(r.inputs.get("policy")) for r in found.of("kms/key:Key")))
    )
    assert writers <= {f"logs.{name}.{region.dns_suffix(name)}"}


def test_zones_and_services_names_are_found(name):
    """What the test above compares: a system may have no network and no log groups, all together have both."""
    found = [declare({"IMAGE": "v1", **ON_DUTY}, system=system) for system in SYSTEMS]
    assert len({r.inputs["availabilityZone"] for each in found for r in each.of("ec2/subnet:Subnet")}) == 3
    assert any(f"logs.{name}." in str(r.inputs.get("policy")) for each in found for r in each.of("kms/key:Key"))


def test_containers_write_their_log_there(name):
    found = declare({"IMAGE": "v1", **ON_DUTY})
    (container,) = json.loads(found.one("ecs/taskDefinition:TaskDefinition")["containerDefinitions"])
    assert container["logConfiguration"]["options"]["awslogs-region"] == name
