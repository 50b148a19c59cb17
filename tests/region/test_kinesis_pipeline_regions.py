"""Writing another name into lib/AWS_REGION moves the whole pipeline, in every partition's shape."""

import json
import re

import pytest

from lib.common import region
from tests.support import synthesis
from tests.support.regions import chosen, moved_lib, region_names
from tests.support.synthesis import named, of_type, only


@pytest.fixture(params=chosen())
def moved(request, tmp_path, monkeypatch, every_root):
    """A template of which nothing but the file with the region was changed."""
    monkeypatch.setattr(region, "FOLDER", moved_lib(tmp_path, AWS_REGION=request.param))
    return request.param, synthesis.synthesise({})[0]


def test_everything_follows_the_file(moved):
    name, template = moved
    assert region_names(json.dumps(template)) == {name}
    endpoint = next(
        e["Properties"]["ServiceName"]
        for e in of_type(template, "AWS::EC2::VPCEndpoint").values()
        if e["Properties"]["VpcEndpointType"] == "Interface"
    )
    assert endpoint.endswith(f"amazonaws.{name}.secretsmanager")
    zones = [subnet["Properties"]["AvailabilityZone"] for subnet in of_type(template, "AWS::EC2::Subnet").values()]
    assert zones == [{"Fn::Select": [n, {"Fn::GetAZs": ""}]} for n in (0, 1)]
    partition = region.partition(name)
    text = json.dumps(only(template, "AWS::S3::BucketPolicy")) + json.dumps(
        named(template, "AWS::EC2::VPCEndpoint", "VpcEndpointType", "Gateway")
    )
    assert set(re.findall(r"arn:(aws[a-z-]*):", text)) <= {partition}


def test_at_least_eight_regions_of_three_partitions():
    assert len(set(chosen())) >= 8
    assert len({region.partition(name) for name in chosen()}) >= 3


def test_a_foreign_region_would_be_noticed():
    here, there = sorted(region.known())[:2]
    assert region_names(f'"arn:aws:logs:{there}:1:x", "{here}a"') >= {there}
