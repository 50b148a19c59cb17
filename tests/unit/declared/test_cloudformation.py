"""A CloudFormation template becomes the view: intrinsic functions are resolved, and nothing unknown passes."""

import pytest

from lib.common import region
from lib.declared import schemas
from lib.declared.cloudformation import Template
from lib.declared.model import Declaration, DeclarationError

WHERE = region.primary({})


def template(**properties):
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "DeletionPolicy": "Retain"},
        "Thing": {"Type": "AWS::Thing::Unknown", "Properties": properties, "DependsOn": "Key"},
    }
    return Template({"Resources": resources, "Parameters": {"P": {"Default": "p"}, "Q": {}}}, WHERE)


def resolved(value):
    return template(X=value).view()[1].properties.get("X")


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"Ref": "Key"}, "${Key.KeyId}"),
        ({"Ref": "Thing"}, "${Thing.Ref}"),
        ({"Ref": "AWS::AccountId"}, "123456789012"),
        ({"Ref": "AWS::Region"}, WHERE),
        ({"Ref": "AWS::Partition"}, region.partition(WHERE)),
        ({"Ref": "AWS::URLSuffix"}, region.dns_suffix(WHERE)),
        ({"Ref": "P"}, "p"),
        ({"Ref": "Q"}, "<Q>"),
        ({"Ref": "AWS::NoValue"}, None),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
        ({"Fn::GetAtt": ["Key", "Arn"]}, "${Key.Arn}"),
        ({"Fn::GetAtt": "Key.Endpoint.Port"}, "${Key.Endpoint.Port}"),
        ({"Fn::Join": ["-", ["a", {"Ref": "P"}, 1]]}, "a-p-1"),
        ({"Fn::Join": ["", ['{"a":"', {"Fn::GetAtt": ["Key", "Arn"]}, '"}']]}, {"a": "${Key.Arn}"}),
        ({"Fn::Join": ["", ["{}", "x"]]}, "{}x"),
        ({"Fn::Join": ["/", {"Fn::Split": ["-", "a-b"]}]}, "a/b"),
        ({"Fn::Sub": "${P} ${Key} ${Key.Arn} ${!aws:username}"}, "p ${Key.KeyId} ${Key.Arn} ${aws:username}"),
        ({"Fn::Sub": ["${V}", {"V": {"Ref": "P"}}]}, "p"),
        ({"Fn::Select": ["1", {"Fn::GetAZs": ""}]}, f"{WHERE}b"),
        ({"Fn::Select": [0, ["a", "b"]]}, "a"),
        ('{"a": 1}', {"a": 1}),
        (7, 7),
    ],
)
def test_intrinsic_functions_are_resolved(value, result):
    assert resolved(value) == result


def test_an_unknown_function_is_an_error_that_names_the_resource():
    with pytest.raises(DeclarationError, match=r"Thing \(AWS::Thing::Unknown\): Fn::Cidr is not resolved"):
        resolved({"Fn::Cidr": []})


@pytest.mark.parametrize("value", [{"Ref": "Gone"}, {"Fn::GetAtt": ["Gone", "Arn"]}, {"Fn::Sub": "${Gone.Arn}"}])
def test_what_is_not_declared_is_told(value):
    found = Declaration("s", "cdk", "dev", WHERE, template(X=value).view())
    assert [(owner.name, path) for owner, path, _token in found.undeclared()] == [("Thing", "X")]


def test_dependencies_references_and_deletion_policies_are_kept():
    key, thing = template(X={"Ref": "Key"}).view()
    assert (key.retained, thing.retained) == (True, False)
    assert key.options == {"DeletionPolicy": "Retain"}
    assert thing.depends_on == thing.references == {"Key"}


@pytest.mark.parametrize(
    ("resource_type", "attribute"),
    [
        ("AWS::EC2::VPC", "VpcId"),
        ("AWS::EC2::SecurityGroup", "GroupId"),
        ("AWS::ApiGateway::Deployment", "DeploymentId"),
        ("AWS::ApiGateway::Stage", "StageName"),
        ("Custom::Thing", "Ref"),
    ],
)
def test_ref_returns_what_cloudformation_returns(resource_type, attribute):
    assert schemas.ref_attribute(resource_type) == attribute
