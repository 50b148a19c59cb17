"""``scripts/draw`` turns a CloudFormation template into a picture; what it draws is keyed by types, never by names."""

import copy
import importlib.util
import json
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

from lib.common import region

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "draw.py"
SVG = "{http://www.w3.org/2000/svg}"
Template = dict[str, Any]


def ref(name: str) -> dict[str, str]:
    """Return a reference."""
    return {"Ref": name}


def arn(name: str, attribute: str = "Arn") -> dict[str, list[str]]:
    """Return a reference to an attribute."""
    return {"Fn::GetAtt": [name, attribute]}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """Return a resource."""
    return {"Type": kind, "Properties": properties}


def pipeline() -> Template:
    """Return a stream, a function in a VPC, its database with a managed password, a bucket behind an endpoint."""
    subnets = [ref("SubnetAA11BB22"), ref("SubnetCC33DD44")]
    environment = {"HOST": arn("Db", "Endpoint.Address"), "SECRET": arn("Db", "MasterUserSecret.SecretArn")}
    resources = {
        "Vpc": resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16"),
        "SubnetAA11BB22": resource("AWS::EC2::Subnet", VpcId=ref("Vpc"), AvailabilityZone="a"),
        "SubnetCC33DD44": resource("AWS::EC2::Subnet", VpcId=ref("Vpc"), AvailabilityZone="b"),
        "Subnets": resource("AWS::RDS::DBSubnetGroup", SubnetIds=subnets),
        "Door": resource("AWS::EC2::VPCEndpoint", VpcId=ref("Vpc"), VpcEndpointType="Gateway", ServiceName="x.y.s3"),
        "Key": resource("AWS::KMS::Key"),
        "Alias": resource("AWS::KMS::Alias", AliasName="alias/tap-data-x", TargetKeyId=arn("Key")),
        "Events": resource(
            "AWS::Kinesis::Stream", Name="tap-events-x", ShardCount=3, StreamEncryption={"KeyId": arn("Key")}
        ),
        "Worker": resource(
            "AWS::Lambda::Function", FunctionName="tap-worker-x", Runtime="python3.14",
            VpcConfig={"SubnetIds": subnets}, Environment={"Variables": environment},
        ),
        "Mapping": resource(
            "AWS::Lambda::EventSourceMapping", BatchSize=7, EventSourceArn=arn("Events"), FunctionName=ref("Worker"),
            DestinationConfig={"OnFailure": {"Destination": arn("Failed")}},
        ),
        "Failed": resource("AWS::S3::Bucket"),
        "Db": resource(
            "AWS::RDS::DBInstance", Engine="postgres", EngineVersion="17.1", DBInstanceClass="db.x.large", MultiAZ=True,
            DBSubnetGroupName=ref("Subnets"), ManageMasterUserPassword=True, MasterUserSecret={"KmsKeyId": arn("Key")},
        ),
        "Topic": resource("AWS::SNS::Topic", TopicName="tap-topic-x"),
        "Busy": resource(
            "AWS::CloudWatch::Alarm", AlarmName="tap-busy-x", AlarmActions=[ref("Topic")],
            Dimensions=[{"Name": "FunctionName", "Value": ref("Worker")}],
        ),
        "Rule99AA88BB": resource("AWS::Events::Rule"),
        "Policy": resource("AWS::IAM::Policy"), "Policy2": resource("AWS::SNS::TopicPolicy"),
    }  # fmt: skip
    return {"Description": "Events & <rows>", "Resources": resources}


def shop() -> Template:
    """Return two boxes, a circle of calls, arrows over several columns, and what stands between."""
    calls = {"Web": ("Admin", "Table", "Jobs"), "Admin": ("Web", "Table"), "Worker": ("Table", "Web"), "Far": ("Jobs",)}
    homes = {"Web": "SubnetA", "Far": "SubnetB"}
    resources = {
        name: resource(
            "AWS::Lambda::Function", FunctionName=f"shop-{name.lower()}-x",
            Environment={"Variables": {end.upper(): {"Fn::Sub": f"${{{end}}}"} for end in ends}},
            VpcConfig={"SubnetIds": [ref(homes[name])] if name in homes else []},
        )
        for name, ends in calls.items()
    }  # fmt: skip
    for letter in "AB":
        resources[f"Vpc{letter}"] = resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/8")
        resources[f"Subnet{letter}"] = resource("AWS::EC2::Subnet", VpcId=ref(f"Vpc{letter}"))
    resources |= {
        "Table": resource("AWS::DynamoDB::Table"),
        "Jobs": resource("AWS::SQS::Queue", RedrivePolicy={"deadLetterTargetArn": arn("Dead")}),
        "Dead": resource("AWS::SQS::Queue"),
        "Mapping": resource("AWS::Lambda::EventSourceMapping", EventSourceArn=arn("Jobs"), FunctionName=arn("Worker")),
        "Migration": resource("Custom::Shop", ServiceToken=arn("Admin")),
        "Alone": resource("AWS::S3::Bucket"),
    }
    return {"Resources": resources}


TEMPLATES: tuple[Template, ...] = (pipeline(), shop(), {"Resources": {}})
NAMES = ("pipeline", "shop", "empty")


@pytest.fixture(name="draw", scope="module")
def fixture_draw() -> Iterator[ModuleType]:
    """Load the script by its path."""
    spec = importlib.util.spec_from_file_location("scripts_draw_under_test", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


def words(picture: str) -> list[str]:
    """Return every text of a picture; it must be well-formed."""
    return [found.text or "" for found in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def edges(draw: ModuleType, template: Template) -> dict[tuple[str, str], str]:
    """Return the arrows of a template, with their labels."""
    return {(edge.start, edge.end): edge.label for edge in draw.Reader("tap", template).read().edges}


def test_every_drawn_type_appears_with_its_properties(draw: ModuleType) -> None:
    """Words, names and what an engineer asks first."""
    found = set(words(draw.draw("tap", pipeline())))
    assert {"Kinesis stream", "tap-events-x", "3 shards", "Lambda function", "tap-worker-x", "Python 3.14"} <= found
    assert {"RDS PostgreSQL", "version 17.1 · db.x.large", "Multi-AZ", "S3 bucket", "Failed", "Rule"} <= found
    assert {"S3", "Gateway endpoint", "Secret", "managed by RDS", "1 KMS key", "1 CloudWatch alarm"} <= found
    assert {"worker: busy", "data key: Kinesis stream, password", "Events & <rows>"} <= found
    assert {"Region (lib/AWS_REGION)", "VPC 10.1.0.0/16 · 2 subnets in 2 zones · no internet gateway"} <= found


def test_arrows_follow_references(draw: ModuleType) -> None:
    """Each arrow stands for a mapping, a destination, a variable or an action of the template."""
    assert edges(draw, pipeline()) == {
        ("Events", "Worker"): "events",
        ("Worker", "Door"): "poison records",  # out of the VPC through its endpoint
        ("Door", "Failed"): "",
        ("Worker", "Db"): "rows",
        ("Worker", "Db.MasterUserSecret"): "password",
        ("AWS::CloudWatch::Alarm", "Topic"): "alarms",
    }


def test_logical_ids_do_not_matter(draw: ModuleType) -> None:
    """The tables are keyed by types."""
    text = json.dumps(pipeline())
    for name in ("Events", "Worker", "Mapping", "Failed"):
        text = text.replace(f'"{name}"', f'"X{name}Y"')
    assert edges(draw, json.loads(text))[("XEventsY", "XWorkerY")] == "events"
    assert "batches of 7" in words(draw.draw("tap", json.loads(text)))


@pytest.mark.parametrize(
    "rule",
    [
        {"R": resource("AWS::EC2::SecurityGroupIngress", GroupId=arn("Far"), SourceSecurityGroupId=ref("Near"))},
        {"R": resource("AWS::EC2::SecurityGroupEgress", GroupId=ref("Near"), DestinationSecurityGroupId=ref("Far"))},
        {"Far": resource("AWS::EC2::SecurityGroup", SecurityGroupIngress=[{"SourceSecurityGroupId": ref("Near")}])},
    ],
)
def test_security_groups_alone_connect_a_function_with_its_database(draw: ModuleType, rule: Template) -> None:
    """However the rule is written, and only for the function that it lets in."""
    resources = {
        "Near": resource("AWS::EC2::SecurityGroup"),
        "Far": resource("AWS::EC2::SecurityGroup"),
        "Other": resource("AWS::Lambda::Function"),
        "Worker": resource("AWS::Lambda::Function", VpcConfig={"SecurityGroupIds": [ref("Near")]}),
        "Db": resource("AWS::RDS::DBInstance", VPCSecurityGroups=[ref("Far")]),
    }
    assert edges(draw, {"Resources": resources | rule}) == {("Worker", "Db"): "rows"}


def test_a_function_that_a_deployment_calls_sets_up_the_database(draw: ModuleType) -> None:
    """Its rows are the schema."""
    template = pipeline()
    template["Resources"]["Run"] = resource("Custom::Migration", ServiceToken=arn("Worker"))
    assert edges(draw, template).items() >= {("Run", "Worker"): "on deploy", ("Worker", "Db"): "schema"}.items()


def test_what_is_not_drawn_is_counted_and_not_lost(draw: ModuleType) -> None:
    """A type that stands in no table is counted under its own name."""
    template = pipeline()
    template["Resources"] |= {f"New{number}": {"Type": "AWS::Unheard::Of"} for number in range(4)}
    assert "Also in the stack: 4 × AWS::Unheard::Of, 2 policies" in " ".join(words(draw.draw("tap", template)))


def test_no_account_no_region_and_no_hash_is_in_the_picture(draw: ModuleType) -> None:
    """Whatever the region is: the picture is the same in all of them."""
    for place in region.known():
        name = {"Fn::Join": ["-", ["tap", ref("AWS::AccountId"), place, ref("AWS::Region"), "123456789012"]]}
        resources = {"Bucket00AA11BB": resource("AWS::S3::Bucket", BucketName=name)}
        picture = draw.draw("tap", {"Resources": resources, "Description": f"in {place}"})
        assert place not in picture
        assert not re.search(r"\d{12}|00AA11BB", picture)
        assert "in <region>" in words(picture)


def apart(one: Sequence[float], two: Sequence[float]) -> bool:
    """Whether two rectangles (left, top, right, bottom) have nothing in common."""
    return one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]


def cards(picture: Any) -> dict[str, tuple[float, ...]]:
    """Return the rectangle of each card."""
    return {name: (box.x, box.y, box.right, box.bottom) for name, (_, box) in picture.cards.items()}


def pieces(route: Any) -> list[tuple[float, ...]]:
    """Return the straight pieces of an arrow, as rectangles two pixels thick."""
    return [
        (min(x, right) - 1, min(y, low) - 1, max(x, right) + 1, max(y, low) + 1)
        for (x, y), (right, low) in pairwise(route.points)
    ]


@pytest.mark.parametrize("template", TEMPLATES, ids=NAMES)
def test_nothing_covers_anything_else(draw: ModuleType, template: Template) -> None:
    """Cards and labels stand free, arrows touch only the cards that they connect, and everything is there."""
    graph = draw.Reader("tap", template).read()
    picture = draw.lay_out(graph)
    solid = cards(picture)
    assert (solid.keys(), len(picture.routes)) == (graph.nodes.keys(), len(graph.edges))
    labels = [
        (route.label[0], route.label[1] - 9, route.label[0] + 6 * len(route.edge.label), route.label[1])
        for route in picture.routes
        if route.edge.label
    ]
    assert all(apart(one, two) for one, two in combinations([*solid.values(), *labels], 2))
    for route in picture.routes:
        assert all(apart(piece, label) for piece in pieces(route) for label in labels)
        touched = {name for name, card in solid.items() if not all(apart(piece, card) for piece in pieces(route))}
        assert touched == {route.edge.start, route.edge.end}


@pytest.mark.parametrize("template", TEMPLATES, ids=NAMES)
def test_a_box_holds_its_residents_and_nobody_else(draw: ModuleType, template: Template) -> None:
    """A VPC's box says what is in the VPC."""
    graph = draw.Reader("tap", template).read()
    picture = draw.lay_out(graph)
    for group, box in picture.boxes.items():
        for name, card in cards(picture).items():
            inside = box.x < card[0] and box.y < card[1] and card[2] < box.right and card[3] < box.bottom
            assert inside == (graph.nodes[name].group == group), name
            assert inside or apart(card, (box.x, box.y, box.right, box.bottom)), name


@pytest.mark.parametrize("template", TEMPLATES, ids=NAMES)
def test_the_same_bytes_serve_light_and_dark_pages(draw: ModuleType, template: Template) -> None:
    """Well-formed, the same each time, with a background of its own and nothing to be fetched."""
    picture = draw.draw("tap", template)
    assert picture == draw.draw("tap", copy.deepcopy(template))
    assert "prefers-color-scheme:dark" in picture
    root = ElementTree.fromstring(picture)
    first = next(root.iter(f"{SVG}rect"))
    assert first.get("class") == "page"
    assert [first.get(side) for side in ("width", "height")] == [root.get(side) for side in ("width", "height")]
    assert not re.search(r"<script|href|url\(|@import|<image", picture)


def test_check_compares_with_the_committed_picture(
    draw: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It writes nothing, and its exit status tells CI."""
    template, output = tmp_path / "template.json", tmp_path / "pictures" / "tap.svg"
    template.write_text(json.dumps(pipeline()))
    arguments = ["tap", "--template", str(template), "--output", str(output)]
    assert draw.main([*arguments, "--check"]) == 1
    assert not output.exists()
    assert draw.main(arguments) == 0
    assert draw.main([*arguments, "--check"]) == 0
    output.write_text("another picture")
    assert draw.main([*arguments, "--check"]) == 1
    assert "out of date: run 'scripts/draw tap'" in capsys.readouterr().err
    assert output.read_text() == "another picture"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("{", "is not JSON"), ("[]", "no Resources"), ('{"Resources": []}', "no Resources"), ("", "is not JSON")],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(
    draw: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, sentence: str
) -> None:
    """No traceback: no file, no template in it, no system of the CDK."""
    path = tmp_path / "template.json"
    assert draw.main(["tap", "--template", str(path)]) == 2
    path.write_text(content)
    assert draw.main(["tap", "--template", str(path)]) == 2
    assert draw.main(["no-such-system"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [words in line for words, line in zip(("be read", sentence, "--template"), lines, strict=True)] == [True] * 3
