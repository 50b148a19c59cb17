"""The copy for the emulator differs from the template in what the table lists, and in nothing else."""

import copy

import pytest

from lib.local_cloud.cdk import template_compat
from lib.local_cloud.names import HOST

TEMPLATE = {
    "Resources": {
        "Log": {"Type": "AWS::EC2::FlowLog", "Properties": {}},
        "Functions": {"Type": "AWS::EC2::SecurityGroup", "Properties": {}, "DependsOn": "Log"},
        "Servers": {"Type": "AWS::EC2::SecurityGroup", "Properties": {}},
        "In": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {"GroupId": {"Fn::GetAtt": ["Servers", "GroupId"]}, "FromPort": 1, "IpProtocol": "tcp"},
        },
        "Out": {"Type": "AWS::EC2::SecurityGroupEgress", "Properties": {}, "DependsOn": ["In", "Servers"]},
        "Db": {
            "Type": "AWS::RDS::DBInstance",
            "DependsOn": ["In", "Servers"],
            "Properties": {
                "DBInstanceIdentifier": "db-dev",
                "MasterUsername": "boss",
                "ManageMasterUserPassword": True,
                "MasterUserSecret": {"KmsKeyId": {"Ref": "Key"}},
            },
        },
        "Old": {"Type": "AWS::RDS::DBInstance", "Properties": {"MasterUserPassword": "given"}},
        "Bare": {
            "Type": "AWS::RDS::DBInstance",
            "Properties": {"DBInstanceIdentifier": "b", "MasterUsername": "u", "ManageMasterUserPassword": True},
        },
        "Fn": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Environment": {
                    "Variables": {
                        "DB_HOST": {"Fn::GetAtt": ["Db", "Endpoint.Address"]},
                        "DB_SECRET_ARN": {"Fn::GetAtt": ["Db", "MasterUserSecret.SecretArn"]},
                    }
                }
            },
        },
        "Plain": {"Type": "AWS::Lambda::Function", "Properties": {}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t"}},
    },
    "Outputs": {"Host": {"Value": [{"Fn::GetAtt": ["Db", "Endpoint.Address"]}]}},
}


@pytest.fixture
def result():
    return template_compat.step_down(TEMPLATE)


@pytest.fixture
def resources(result):
    return result[0]["Resources"]


def test_the_template_itself_is_left_alone():
    before = copy.deepcopy(TEMPLATE)
    template_compat.step_down(TEMPLATE)
    assert before == TEMPLATE


def test_what_the_emulator_does_not_know_is_left_out(resources):
    assert not {"Log", "In", "Out"} & set(resources)


def test_nobody_waits_for_what_was_left_out(resources):
    assert "DependsOn" not in resources["Functions"]
    assert resources["Db"]["DependsOn"] == ["Servers"]


def test_ingress_moves_into_its_group(resources):
    assert resources["Servers"]["Properties"]["SecurityGroupIngress"] == [{"FromPort": 1, "IpProtocol": "tcp"}]


def test_a_managed_password_becomes_a_generated_secret(resources):
    secret = resources["DbMasterUserSecret"]["Properties"]
    assert secret["Name"] == "rds!db-db-dev"
    assert secret["KmsKeyId"] == {"Ref": "Key"}
    arn = {"Fn::GetAtt": ["DbMasterUserSecret", "Id"]}  # this emulator's Ref is the name, which no policy takes
    assert secret["GenerateSecretString"]["SecretStringTemplate"] == '{"username": "boss"}'
    assert resources["Fn"]["Properties"]["Environment"]["Variables"]["DB_SECRET_ARN"] == arn


def test_a_secret_without_a_key_of_its_own_has_none(resources):
    assert "KmsKeyId" not in resources["BareMasterUserSecret"]["Properties"]


def test_a_given_password_is_left_alone(resources):
    assert resources["Old"]["Properties"] == {"MasterUserPassword": "given"}


def test_the_endpoint_is_loopback_everywhere(result, resources):
    assert resources["Fn"]["Properties"]["Environment"]["Variables"]["DB_HOST"] == HOST
    assert result[0]["Outputs"]["Host"]["Value"] == [HOST]


def test_the_rest_is_the_same(resources):
    for name in ("Topic", "Plain"):
        assert resources[name] == TEMPLATE["Resources"][name]


def test_every_change_is_reported_with_its_reason(result):
    reported = {what: names for what, _why, names in result[1]}
    assert reported["AWS::EC2::FlowLog left out"] == ["Log"]
    assert reported["AWS::Lambda::Function: VpcConfig is not kept"] == ["Fn", "Plain"]
    assert all(why for _what, why, _names in result[1])


def test_nothing_to_change_is_nothing_to_report():
    template = {"Resources": {"Topic": TEMPLATE["Resources"]["Topic"]}}
    assert template_compat.step_down(template) == (template, [])
