"""``scripts/draw`` turns a template or a Pulumi program into a picture; what it draws is keyed by types, not names."""

import copy
import importlib.util
import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.diagrams import cli as draw
from lib.diagrams import pulumi_program, regions, terraform_configuration

ROOT = Path(__file__).resolve().parents[3]
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
            "AWS::Lambda::Function",
            FunctionName="tap-worker-x",
            Runtime="python3.14",
            VpcConfig={"SubnetIds": subnets},
            Environment={"Variables": environment},
        ),
        "Mapping": resource(
            "AWS::Lambda::EventSourceMapping",
            BatchSize=7,
            EventSourceArn=arn("Events"),
            FunctionName=ref("Worker"),
            DestinationConfig={"OnFailure": {"Destination": arn("Failed")}},
        ),
        "Failed": resource("AWS::S3::Bucket"),
        "Db": resource(
            "AWS::RDS::DBInstance",
            Engine="postgres",
            EngineVersion="17.1",
            DBInstanceClass="db.x.large",
            MultiAZ=True,
            DBSubnetGroupName=ref("Subnets"),
            ManageMasterUserPassword=True,
            MasterUserSecret={"KmsKeyId": arn("Key")},
        ),
        "Topic": resource("AWS::SNS::Topic", TopicName="tap-topic-x"),
        "Busy": resource(
            "AWS::CloudWatch::Alarm",
            AlarmName="tap-busy-x",
            AlarmActions=[ref("Topic")],
            Dimensions=[{"Name": "FunctionName", "Value": ref("Worker")}],
        ),
        "Rule99AA88BB": resource("AWS::Events::Rule"),
        "Policy": resource("AWS::IAM::Policy"),
        "Policy2": resource("AWS::SNS::TopicPolicy"),
    }
    return {"Description": "Events & <rows>", "Resources": resources}


def shop() -> Template:
    """Return two boxes, a circle of calls, arrows over several columns, and what stands between."""
    calls = {"Web": ("Admin", "Table", "Jobs"), "Admin": ("Web", "Table"), "Worker": ("Table", "Web"), "Far": ("Jobs",)}
    homes = {"Web": "SubnetA", "Far": "SubnetB"}
    resources = {
        name: resource(
            "AWS::Lambda::Function",
            FunctionName=f"shop-{name.lower()}-x",
            Environment={"Variables": {end.upper(): {"Fn::Sub": f"${{{end}}}"} for end in ends}},
            VpcConfig={"SubnetIds": [ref(homes[name])] if name in homes else []},
        )
        for name, ends in calls.items()
    }
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


def empty() -> Template:
    """Return a template without resources."""
    return {"Resources": {}}


@lru_cache
def api() -> Template:
    """Return what the Flask API's program declares."""
    return pulumi_program.declare("flask-api", {})


@lru_cache
def payment() -> Template:
    """Return what the payment system's program declares, from a process of its own as the command has it."""
    return dict(draw.synthesise("payment"))


@lru_cache
def recovery() -> Template:
    """Return what the disaster-recovery system's configuration declares."""
    return terraform_configuration.declare("disaster-recovery", {})


TEMPLATES: tuple[Callable[[], Template], ...] = (pipeline, shop, empty, api, payment, recovery)
PROGRAMS = (("flask-api", api), ("payment", payment), ("disaster-recovery", recovery))


def words(picture: str) -> list[str]:
    """Return every text of a picture; it must be well-formed."""
    return [found.text or "" for found in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def drawn(template: Template) -> tuple[Any, Any]:
    """Return what is drawn of a template, and where."""
    if "Regions" in template:
        graph = regions.read("tap", template)
        return graph, regions.place(graph)
    graph = draw.Reader("tap", template).read()
    return graph, draw.lay_out(graph)


def edges(template: Template) -> dict[tuple[str, str], str]:
    """Return the arrows of a template, with their labels."""
    return {(edge.start, edge.end): edge.label for edge in drawn(template)[0].edges}


def test_every_drawn_type_appears_with_its_properties() -> None:
    """Words, names and what an engineer asks first."""
    found = set(words(draw.draw("tap", pipeline())))
    assert {"Kinesis stream", "tap-events-x", "3 shards", "Lambda function", "tap-worker-x", "Python 3.14"} <= found
    assert {"RDS PostgreSQL", "version 17.1 · db.x.large", "Multi-AZ", "S3 bucket", "Failed", "Rule"} <= found
    assert {"S3", "Gateway endpoint", "Secret", "managed by RDS", "1 KMS key", "1 CloudWatch alarm"} <= found
    assert {"worker: busy", "data key: Kinesis stream, password", "Events & <rows>"} <= found
    assert {"Region (lib/AWS_REGION)", "VPC 10.1.0.0/16 · 2 subnets in 2 zones · no internet gateway"} <= found


def test_arrows_follow_references() -> None:
    """Each arrow stands for a mapping, a destination, a variable or an action of the template."""
    assert edges(pipeline()) == {
        ("Events", "Worker"): "events",
        ("Worker", "Door"): "poison records",  # out of the VPC through its endpoint
        ("Door", "Failed"): "",
        ("Worker", "Db"): "rows",
        ("Worker", "Db.MasterUserSecret"): "password",
        ("AWS::CloudWatch::Alarm", "Topic"): "alarms",
    }


def test_logical_ids_do_not_matter() -> None:
    """The tables are keyed by types."""
    text = json.dumps(pipeline())
    for name in ("Events", "Worker", "Mapping", "Failed"):
        text = text.replace(f'"{name}"', f'"X{name}Y"')
    assert edges(json.loads(text))[("XEventsY", "XWorkerY")] == "events"
    assert "batches of 7" in words(draw.draw("tap", json.loads(text)))


@pytest.mark.parametrize(
    "rule",
    [
        {"R": resource("AWS::EC2::SecurityGroupIngress", GroupId=arn("Far"), SourceSecurityGroupId=ref("Near"))},
        {"R": resource("AWS::EC2::SecurityGroupEgress", GroupId=ref("Near"), DestinationSecurityGroupId=ref("Far"))},
        {"Far": resource("AWS::EC2::SecurityGroup", SecurityGroupIngress=[{"SourceSecurityGroupId": ref("Near")}])},
    ],
)
def test_security_groups_alone_connect_a_function_with_its_database(rule: Template) -> None:
    """However the rule is written, and only for the function that it lets in."""
    resources = {
        "Near": resource("AWS::EC2::SecurityGroup"),
        "Far": resource("AWS::EC2::SecurityGroup"),
        "Other": resource("AWS::Lambda::Function"),
        "Worker": resource("AWS::Lambda::Function", VpcConfig={"SecurityGroupIds": [ref("Near")]}),
        "Db": resource("AWS::RDS::DBInstance", VPCSecurityGroups=[ref("Far")]),
    }
    assert edges({"Resources": resources | rule}) == {("Worker", "Db"): "rows"}


def test_a_function_that_a_deployment_calls_sets_up_the_database() -> None:
    """Its rows are the schema."""
    template = pipeline()
    template["Resources"]["Run"] = resource("Custom::Migration", ServiceToken=arn("Worker"))
    assert edges(template).items() >= {("Run", "Worker"): "on deploy", ("Worker", "Db"): "schema"}.items()


def test_what_is_not_drawn_is_counted_and_not_lost() -> None:
    """A type that stands in no table is counted under its own name."""
    template = pipeline()
    template["Resources"] |= {f"New{number}": {"Type": "AWS::Unheard::Of"} for number in range(4)}
    assert "Also in the stack: 4 × AWS::Unheard::Of, 2 policies" in " ".join(words(draw.draw("tap", template)))


def test_no_account_no_region_and_no_hash_is_in_the_picture() -> None:
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


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_covers_anything_else(template: Callable[[], Template]) -> None:
    """Cards and labels stand free, arrows touch only the cards that they connect, and everything is there."""
    graph, picture = drawn(template())
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


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_box_holds_its_residents_and_nobody_else(template: Callable[[], Template]) -> None:
    """A VPC's box says what is in the VPC."""
    graph, picture = drawn(template())
    for group, box in picture.boxes.items():
        for name, card in cards(picture).items():
            inside = box.x < card[0] and box.y < card[1] and card[2] < box.right and card[3] < box.bottom
            assert inside == (graph.nodes[name].group == group), name
            assert inside or apart(card, (box.x, box.y, box.right, box.bottom)), name


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_same_bytes_serve_light_and_dark_pages(template: Callable[[], Template]) -> None:
    """Well-formed, the same each time, with a background of its own and nothing to be fetched."""
    picture = draw.draw("tap", template())
    assert picture == draw.draw("tap", copy.deepcopy(template()))
    assert "prefers-color-scheme:dark" in picture
    root = ElementTree.fromstring(picture)
    first = next(root.iter(f"{SVG}rect"))
    assert first.get("class") == "page"
    assert [first.get(side) for side in ("width", "height")] == [root.get(side) for side in ("width", "height")]
    assert not re.search(r"<script|href|url\(|@import|<image", picture)


def test_check_compares_with_the_committed_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, sentence: str
) -> None:
    """No traceback: no file, no template in it, no system of the CDK."""
    path = tmp_path / "template.json"
    assert draw.main(["tap", "--template", str(path)]) == 2
    path.write_text(content)
    assert draw.main(["tap", "--template", str(path)]) == 2
    assert draw.main(["no-such-system"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [words in line for words, line in zip(("be read", sentence, "--template"), lines, strict=True)] == [True] * 3


@pytest.mark.parametrize(("system", "template"), PROGRAMS)
def test_a_committed_picture_shows_the_program(system: str, template: Callable[[], Template]) -> None:
    """``scripts/draw <system> --check``, without another run of the program."""
    committed = ROOT / "docs" / "pictures" / f"{system}.svg"
    assert draw.draw(system, template()) == committed.read_text(encoding="utf-8"), f"run 'scripts/draw {system}'"


@pytest.mark.parametrize(("system", "template"), PROGRAMS)
def test_every_type_of_the_program_is_drawn_or_left_out_on_purpose(
    system: str, template: Callable[[], Template]
) -> None:
    """A type that no table knows would be counted under its own name."""
    every = words(draw.draw(system, template()))
    rest = every[[line.startswith("Also in ") for line in every].index(True) :]
    assert not [line for line in rest if "×" in line or "aws:" in line]


def test_what_the_api_consists_of_is_said() -> None:
    """What several resources are together stands on one card."""
    every = words(draw.draw("flask-api", api()))
    assert {"3 NAT gateways", "6 log groups", "19 CloudWatch alarms", "3 KMS keys", "CloudWatch dashboard"} <= {*every}
    assert {"scales from 2 to 6 tasks", "at 60 % CPU", "at 70 % memory", "objects kept 365 days"} <= {*every}


def test_arrows_follow_the_programs_references() -> None:
    """Also those in a container's description, in routes and in security groups; the load balancer's own logs too."""
    assert edges(api()) == {
        ("ec2_InternetGateway_internet", "lb_LoadBalancer_balancer"): "requests",
        ("lb_LoadBalancer_balancer", "ecs_Service_api"): "requests",
        ("lb_LoadBalancer_balancer", "s3_Bucket_logs"): "access logs",
        ("ecr_Repository_repository", "ecs_Service_api"): "image",
        ("ecs_Service_api", "rds_Cluster_cluster"): "rows",
        ("ecs_Service_api", "AWS::Logs::LogGroup"): "logs",
        ("lambda_Invocation_schema", "lambda_Function_database"): "on deploy",
        ("lambda_Function_database", "rds_Cluster_cluster"): "schema",
        ("lambda_Function_database", "rds_Cluster_cluster.MasterUserSecret"): "password",
        ("AWS::EC2::NatGateway", "lambda_Function_database"): "outbound",
        ("rds_Cluster_cluster", "rds_ClusterInstance_writer"): "rows",
        ("rds_Cluster_cluster", "rds_ClusterInstance_reader"): "replication",
        ("AWS::EC2::NatGateway", "ecs_Service_api"): "outbound",
        ("ec2_InternetGateway_internet", "AWS::EC2::NatGateway"): "outbound",
        ("AWS::CloudWatch::Alarm", "sns_Topic_alarms"): "alarms",
        ("sns_Topic_alarms", "sns_TopicSubscription_alarms"): "notifications",
    }


def test_an_arrow_goes_with_its_reference() -> None:
    """The picture is drawn from what is declared: a container that is not told its database has none."""
    template = copy.deepcopy(api())
    (container,) = template["Resources"]["ecs_TaskDefinition_api"]["Properties"]["ContainerDefinitions"]
    container["Secrets"], container["Environment"] = [], []
    template["Resources"].pop("vpc_SecurityGroupIngressRule_queries")
    template["Resources"].pop("vpc_SecurityGroupEgressRule_queries")
    assert not [end for start, end in edges(template) if start == "ecs_Service_api" and "rds" in end]


def test_tiers_hold_their_residents_and_the_internet_is_outside() -> None:
    """What is left of the region is the internet only; each tier's zones are on its cards."""
    graph = draw.Reader("tap", api()).read()
    picture = draw.lay_out(graph)
    tiers = sorted(picture.tiers, key=lambda tier: tier[1].x)
    assert [tier.partition(" ")[0] for tier, _ in tiers] == ["public", "tasks", "database"]
    for name, card in cards(picture).items():
        holders = [tier for tier, box in tiers if box.x < card[0] and card[2] < box.right and card[3] < box.bottom]
        assert holders == [graph.nodes[name].tier] * bool(graph.nodes[name].group), name
        assert (card[2] < picture.begin) == (name == "ec2_InternetGateway_internet")
    assert all(one.right < two.x for (_, one), (_, two) in pairwise(tiers))
    assert graph.nodes["ecs_Service_api"].zones == ("zone a", "zone b", "zone c")
    assert graph.nodes["rds_ClusterInstance_reader"].zones == ("zone b",)


# ---- the payment system


def test_payments_come_in_through_the_firewall_and_from_inside_the_network() -> None:
    """Both ways lead to one function; the drain has its schedule, the migrations their deployment."""
    assert edges(payment()) == {
        ("internet", "wafv2_WebAcl_firewall"): "requests",
        ("wafv2_WebAcl_firewall", "apigateway_RestApi_payments"): "requests",
        ("apigateway_RestApi_payments", "lambda_Function_api"): "requests",
        ("lb_LoadBalancer_internal", "lambda_Function_api"): "requests",
        ("lb_LoadBalancer_internal", "s3_Bucket_logs"): "access logs",
        ("lambda_Function_api", "rds_Instance_instance"): "rows",
        ("lambda_Function_api", "s3_Bucket_audit"): "objects",
        ("cloudwatch_EventRule_drain", "lambda_Function_drain"): "schedule",
        ("lambda_Function_drain", "rds_Instance_instance"): "rows",
        ("lambda_Function_drain", "s3_Bucket_audit"): "objects",
        ("lambda_Invocation_schema", "lambda_Function_database"): "on deploy",
        ("lambda_Function_database", "rds_Instance_instance"): "schema",
        ("lambda_Function_database", "rds_Instance_instance.MasterUserSecret"): "password",
        ("AWS::CloudWatch::Alarm", "sns_Topic_alarms"): "alarms",
        ("sns_Topic_alarms", "sns_TopicSubscription_alarms"): "notifications",
    }


def test_the_parts_of_the_payment_system_are_said() -> None:
    """Routes, limits, locks, keys, and who uses what several functions use."""
    every = set(words(draw.draw("payment", payment())))
    assert {"GET /health", "POST /payments", "GET /payments/{id}", "POST /payments/{id}/refunds"} <= every
    assert {"stage v1 · traced", "200/s · bursts of 200", "60000 in 5 min a sender"} <= every
    assert {"application · internal", "callers: 10.30.0.0/16 · port 80", "rate(1 minute)", "migrate"} <= every
    assert {"locked 2555 days · compliance", "versioned", "access logged", "messages kept 14 days"} <= every
    assert {"from api, database, drain"} <= every
    assert {"audit key: S3 bucket", "database key: database, password", "20 CloudWatch alarms"} <= every


def test_an_object_arrow_needs_the_right_to_it_as_well() -> None:
    """A function that is told the bucket's name, and whose role may do nothing with it, exchanges nothing with it."""
    template = copy.deepcopy(payment())
    environment = template["Resources"]["lambda_Function_database"]["Properties"]["Environment"]["Variables"]
    environment["AUDIT_BUCKET"] = {"Fn::Sub": "${s3_Bucket_audit.Bucket}"}
    assert ("lambda_Function_database", "s3_Bucket_audit") not in edges(template)
    template["Resources"].pop("iam_RolePolicy_database")
    assert edges(template)["lambda_Function_database", "s3_Bucket_audit"] == "objects"


def test_without_its_guard_an_api_is_open_to_the_internet() -> None:
    """The arrow goes with the association."""
    template = copy.deepcopy(payment())
    template["Resources"].pop("wafv2_WebAclAssociation_firewall")
    found = edges(template)
    assert found["internet", "apigateway_RestApi_payments"] == "requests"
    assert not [pair for pair in found if "wafv2_WebAcl_firewall" in pair]


def test_the_payments_tiers_hold_their_residents() -> None:
    """The functions stand side by side in one column, right of the load balancer in their tier."""
    graph = draw.Reader("payment", payment()).read()
    picture = draw.lay_out(graph)
    tiers = sorted(picture.tiers, key=lambda tier: tier[1].x)
    assert [tier for tier, _ in tiers] == [f"{tier} tier · 3 subnets" for tier in ("functions", "database")]
    for name, card in cards(picture).items():
        holders = [tier for tier, box in tiers if box.x < card[0] and card[2] < box.right and card[3] < box.bottom]
        assert holders == [graph.nodes[name].tier] * bool(graph.nodes[name].group), name
    places = cards(picture)
    assert len({places[f"lambda_Function_{part}"][0] for part in ("api", "drain", "database")}) == 1
    assert places["lb_LoadBalancer_internal"][2] < places["lambda_Function_api"][0]


def declared(kind: str, name: str, **inputs: Any) -> Any:
    """Return what Pulumi's mocks are told of a resource."""
    return importlib.import_module("pulumi.runtime").MockResourceArgs(f"aws:{kind}", name, inputs, "", "", True)


def test_a_broken_reference_is_refused_and_the_order_does_not_matter() -> None:
    """Programs under mocks have no order; a token of nothing that is declared would be an arrow that is missing."""
    found = [
        declared("ec2/subnet:Subnet", "one", vpcId=pulumi_program.token("aws:ec2/vpc:Vpc", "all", "id")),
        declared("ec2/vpc:Vpc", "all", tags={"Policy": json.dumps({"User": "${aws:username}"})}),
    ]
    whole = json.dumps(pulumi_program.template(found, ""))
    assert whole == json.dumps(pulumi_program.template(found[::-1], ""))
    assert '"VpcId": {"Fn::Sub": "${ec2_Vpc_all.Id}"}' in whole
    with pytest.raises(SettingError, match=r"ec2_Subnet_one refers to ec2_Vpc_all\.Id, which"):
        pulumi_program.template(found[:1], "")
    with pytest.raises(SettingError, match="Two resources are called ec2_Vpc_all"):
        pulumi_program.template([*found, found[1]], "")


@pytest.mark.parametrize(("gateway", "outside"), [([], True), (["ec2/internetGateway:InternetGateway"], False)])
def test_callers_of_an_api_come_from_the_internet_without_a_way_into_the_network(
    gateway: list[str], outside: bool
) -> None:
    """API Gateway is outside of it. What is declared stands for the internet where there is something."""
    found = [declared(kind, "one") for kind in ["apigateway/restApi:RestApi", *gateway]]
    assert ("internet" in pulumi_program.template(found, "")["Resources"]) is outside


def test_what_a_program_refuses_is_said_in_its_own_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The process's last line, without its traceback."""
    monkeypatch.setenv("TASKS_MIN", "many")
    assert draw.main(["flask-api", "--check"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "scripts/draw: TASKS_MIN='many' is refused: use a whole number from 1 to 1000."
    ]


# ---- the disaster-recovery system


PAIRS = {
    ("callers", "dns_{role}_record"): "requests",
    ("dns_{role}_record", "api_{role}_rest"): "requests",
    ("api_{role}_rest", "compute_{role}_payment"): "requests",
    ("compute_{role}_payment", "database_{role}_cluster"): "is it there?",
    ("compute_{role}_payment", "table_table"): "items",
    ("database_{role}_cluster", "global_database_cluster"): "replication",
}


def both(template: Template) -> Any:
    """Return the graph of a template of several regions."""
    return regions.read("tap", template)


def test_both_regions_stand_between_the_name_and_what_replicates_itself() -> None:
    """The same way through each of them; nothing else but the password, which the first cluster alone is given."""
    found = edges(recovery())
    for role in ("primary", "secondary"):
        wanted = {tuple(end.format(role=role) for end in pair): label for pair, label in PAIRS.items()}
        assert found.items() >= wanted.items()
    assert found["database_primary_cluster", "password_secret"] == "password"
    assert ("database_secondary_cluster", "password_secret") not in found
    assert not [pair for pair in found if "primary" in pair[0] and "secondary" in pair[1]]


def test_replication_comes_from_the_one_cluster_and_goes_to_the_other() -> None:
    """An arrow that points back is drawn from its end."""
    found = {edge.start: edge.back for edge in both(recovery()).edges if edge.label == "replication"}
    assert found == {"database_primary_cluster": False, "database_secondary_cluster": True}


def test_what_is_the_same_in_both_regions_is_drawn_once() -> None:
    """The verification, the alarms, the keys; not what arrows tie to the rest."""
    found = both(recovery())
    shared = {name for name, node in found.nodes.items() if node.region == "both"}
    assert {"verification_primary_verification", "topic_primary_alarms", "AWS::KMS::Key primary"} <= shared
    assert not [name for name in found.nodes if name.startswith(("verification_secondary", "monitoring_secondary"))]
    assert not shared & {
        name for edge in found.edges for name in (edge.start, edge.end) if found.nodes[name].region != "both"
    }
    assert found.regions.keys() == {"primary", "secondary", "global", "both"}


def test_what_differs_between_the_regions_is_drawn_in_both() -> None:
    """One word is enough."""
    template = copy.deepcopy(recovery())
    template["Resources"]["verification_secondary_schedule"]["Properties"]["ScheduleExpression"] = "rate(2 hours)"
    found = both(template)
    assert found.nodes["verification_primary_verification"].region == "primary"
    assert found.nodes["verification_secondary_verification"].region == "secondary"
    assert found.nodes["AWS::KMS::Key primary"].region == "both"


def test_the_parts_of_the_disaster_recovery_system_are_said() -> None:
    """Who answers while what is good, what is replicated, the way between the networks, and the regions' files."""
    every = set(words(draw.draw("disaster-recovery", recovery())))
    assert {"PRIMARY", "SECONDARY", "ready?payments=true is good", "DynamoDB global table"} <= every
    assert {"Aurora Global Database", "a replica in each region", "restorable to any second"} <= every
    assert {"2 instances · db.r6g.large", "protected from deletion", "20 CloudWatch alarms"} <= every
    assert {"VPC peering, routed both ways", "In each of the two regions", "health-primary, health-secondary"} <= every
    assert {"Primary region (lib/AWS_REGION)", "Secondary region (lib/AWS_REGION_DR)"} <= every
    assert not every & {"Region (lib/AWS_REGION)"}


def test_a_region_holds_its_residents_and_nobody_else() -> None:
    """What both share stands outside of both, and boxes of regions do not overlap."""
    graph, picture = drawn(recovery())
    places = {role: (box.x, box.y, box.right, box.bottom) for role, box in picture.regions.items()}
    assert places.keys() == graph.regions.keys()
    assert all(apart(one, two) for one, two in combinations(places.values(), 2))
    for name, card in cards(picture).items():
        for role, box in places.items():
            inside = box[0] < card[0] and box[1] < card[1] and card[2] < box[2] and card[3] < box[3]
            assert inside == (graph.nodes[name].region == role), name
            assert inside or apart(card, box), name


def test_the_peering_runs_from_one_network_to_the_other() -> None:
    """Straight down, and nothing stands in its way; without a peering there is no line."""
    graph, picture = drawn(recovery())
    ((start, end, what),) = graph.links
    upper, lower = picture.boxes[start], picture.boxes[end]
    line = (upper.x + upper.width / 2 - 5, upper.bottom, upper.x + upper.width / 2 + 200, lower.y)
    assert upper.bottom < lower.y
    assert all(apart(line, card) for card in cards(picture).values())
    assert all(apart(line, piece) for route in picture.routes for piece in pieces(route))
    template = copy.deepcopy(recovery())
    template["Resources"].pop("peering_connection")
    assert what not in draw.draw("disaster-recovery", template)


def test_the_picture_of_two_regions_names_neither() -> None:
    """It is the same wherever the system is."""
    picture = draw.draw("disaster-recovery", recovery())
    assert not [name for name in region.known() if name in picture]
    assert not re.search(r"\d{12}", picture)


def configuration(**resources: Any) -> Any:
    """Return a synthesised configuration of resources, each with its kind, as Terraform's JSON has it."""
    content: dict[str, Any] = {
        "resource": {},
        "ephemeral": {"aws_made": {"up": {"secret_id": "${aws_kms_key.key_H.id}"}}},
    }
    for name, (kind, arguments) in resources.items():
        path = {"metadata": {"path": f"tap/{name}"}}
        content["resource"].setdefault(kind, {})[f"{name}_H"] = {"//": path, "provider": "aws.primary", **arguments}
    return importlib.import_module("lib.diagrams.terraform_configuration").Configuration(content)


def test_expressions_of_terraform_become_references() -> None:
    """Also in a call, in JSON, and by way of an ephemeral value; what is looked up becomes words."""
    found = configuration(
        key=("aws_kms_key", {"policy": json.dumps({"Role": "${aws_iam_role.me_H.arn}/*"}), "depends_on": ["x"]}),
        me=(
            "aws_iam_role",
            {
                "secret": '${jsondecode(ephemeral.aws_made.up.secret_string)["password"]}',
                "account": "in ${data.aws_caller_identity.caller.account_id}",
                "availability_zone": "${element(data.aws_availability_zones.zones.names, 1)}",
            },
        ),
    ).template("", {"primary": "Here"})
    key, role = (found["Resources"][name] for name in ("key", "me"))
    assert key == {
        "Type": "AWS::KMS::Key",
        "Region": "primary",
        "Properties": {"Policy": {"Role": {"Fn::Sub": "${me.Arn}/*"}}},
    }
    assert role["Properties"] == {
        "Secret": {"Fn::Sub": "${key.Id}"},
        "Account": {"Fn::Sub": "in ${AWS::AccountId}"},
        "AvailabilityZone": "b",
    }


def test_a_reference_to_nothing_is_refused() -> None:
    """It would be an arrow that is missing."""
    with pytest.raises(SettingError, match=r"aws_vpc\.gone_H is referred to"):
        configuration(net=("aws_subnet", {"vpc_id": "${aws_vpc.gone_H.id}"})).template("", {})


def test_only_the_right_to_write_ties_a_function_to_the_table() -> None:
    """Both functions are told the table's name; the verification may describe it, and exchanges no items."""
    found = edges(recovery())
    told = recovery()["Resources"]["verification_primary_verification"]["Properties"]["Environment"]["Variables"]
    assert told["TABLE_NAME"] == ref("table_table")
    assert ("verification_primary_verification", "table_table") not in found
