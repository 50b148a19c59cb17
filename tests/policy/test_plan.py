"""What becomes of a resource: in place, replaced in the tool's order, or nothing."""

import pytest

from lib.declared.model import Declaration, Resource
from tests.policy.plan import plan


def declaration(tool, *resources):
    return Declaration("shop", tool, "dev", "x", resources)


def subnet(zone, **more):
    return Resource("AWS::EC2::Subnet", "s", {"AvailabilityZone": zone, "VpcId": "v"}, "x", **more)


USER = Resource("AWS::EC2::SubnetRouteTableAssociation", "a", {"SubnetId": "${s.SubnetId}"}, "x", frozenset({"s"}))


def test_what_cannot_be_changed_is_replaced_and_so_is_who_cannot_follow():
    done = plan(declaration("cdk", subnet("xa"), USER), declaration("cdk", subnet("xb"), USER))
    assert done.created_first == ("AWS::EC2::Subnet s", "AWS::EC2::SubnetRouteTableAssociation a")


def test_who_can_follow_is_changed():
    used = {"VpcConfig": {"SubnetIds": ["${s.SubnetId}"]}}
    function = Resource("AWS::Lambda::Function", "f", used, "x", frozenset("s"))
    done = plan(declaration("cdk", subnet("xa"), function), declaration("cdk", subnet("xb"), function))
    assert (done.created_first, done.changed) == (("AWS::EC2::Subnet s",), ("AWS::Lambda::Function f",))


def test_what_the_tool_ignores_does_not_count():
    kept = {"options": {"lifecycle": {"ignore_changes": ["availability_zone"]}}}
    done = plan(declaration("pulumi", subnet("xa", **kept)), declaration("pulumi", subnet("xb", **kept)))
    assert done.counts() == {}


@pytest.mark.parametrize(("tool", "kind"), [("pulumi", "changed"), ("cdktf", "changed"), ("cdk", "created_first")])
def test_another_route_table_is_the_same_association_but_for_cloudformation(tool, kind):
    kept = "AWS::EC2::SubnetRouteTableAssociation"
    one, two = (Resource(kept, "a", {"SubnetId": "s", "RouteTableId": table}, "x") for table in ("one", "two"))
    assert plan(declaration(tool, one), declaration(tool, two)).counts() == {kind: {kept: 1}}


FIRST = {"lifecycle": {"create_before_destroy": True}}


@pytest.mark.parametrize(
    ("tool", "names", "options", "kind"),
    [
        ("cdk", ("one", "one"), {}, "created_first"),
        ("cdktf", ("one", "two"), {}, "deleted_first"),
        ("cdktf", ("one", "two"), FIRST, "created_first"),
        ("pulumi", ("one", "one"), {}, "deleted_first"),
        ("pulumi", ("one", "one"), FIRST, "created_first"),
        ("pulumi", (None, None), {}, "created_first"),
        ("pulumi", ("one", "two"), {}, "created_first"),
    ],
)
def test_each_tool_has_its_order(tool, names, options, kind):
    before, after = (
        Resource(
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            "t",
            {"Port": port, **({"Name": name} if name else {})},
            "x",
            options=options,
        )
        for port, name in zip((80, 81), names, strict=True)
    )
    assert plan(declaration(tool, before), declaration(tool, after)).counts() == {
        kind: {"AWS::ElasticLoadBalancingV2::TargetGroup": 1}
    }


@pytest.mark.parametrize("tool", ["cdktf", "pulumi"])
def test_a_rule_of_a_security_group_is_changed_in_place_but_for_its_group(tool):
    kept = "AWS::EC2::SecurityGroupIngress"
    before = Resource(kept, "r", {"GroupId": "g", "FromPort": 1}, "x")
    for change, kind in (({"FromPort": 2}, "changed"), ({"GroupId": "h"}, "replaced")):
        after = Resource(kept, "r", {**before.properties, **change}, "x")
        found = plan(declaration(tool, before), declaration(tool, after))
        assert (kind == "changed") == bool(found.changed) != bool(found.created_first or found.deleted_first)


def test_a_revision_is_made_beside_the_old_one():
    kept = "AWS::ECS::TaskDefinition"
    before, after = (Resource(kept, "t", {"Family": "f", "Cpu": cpu}, "x") for cpu in (1, 2))
    assert plan(declaration("pulumi", before), declaration("pulumi", after)).counts() == {"created_first": {kept: 1}}


@pytest.mark.parametrize("where", ["properties", "options"])
def test_other_tags_are_told_apart(where):
    tagged = [
        Resource("AWS::SNS::Topic", "t", {"TopicName": "t"}, "x"),
        Resource("AWS::SNS::Topic", "t", {"TopicName": "t", "Tags": [1]}, "x")
        if where == "properties"
        else Resource("AWS::SNS::Topic", "t", {"TopicName": "t"}, "x", options={"tags": {"a": "b"}}),
    ]
    done = plan(declaration("pulumi", tagged[0]), declaration("pulumi", tagged[1]))
    assert (done.counts(), done.tags) == ({}, ("AWS::SNS::Topic t",))


def test_what_comes_and_what_goes():
    done = plan(declaration("cdk", subnet("xa")), declaration("cdk", USER))
    assert done.counts() == {
        "created": {"AWS::EC2::SubnetRouteTableAssociation": 1},
        "deleted": {"AWS::EC2::Subnet": 1},
    }
