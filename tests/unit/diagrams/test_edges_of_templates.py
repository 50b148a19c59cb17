"""Templates that a picture seldom has: many arrows into one column, shared endpoints, values that cannot be known."""

import pytest
from pulumi import FileArchive
from pulumi.runtime import mocks

from lib.common.errors import SettingError
from lib.diagrams import cli, pulumi_program
from lib.diagrams.network import Network
from lib.diagrams.template import Template
from tests.unit.diagrams.test_cli import arn, edges, pipeline, ref, resource, words


def test_a_system_of_the_cdk_is_synthesised():
    found = cli.synthesise("kinesis-pipeline")["Resources"]
    assert {"AWS::Kinesis::Stream", "AWS::RDS::DBInstance"} <= {each["Type"] for each in found.values()}


def many():
    """Return eight streams that two functions read, each in another order."""
    resources = {}
    for number in range(8):
        resources[f"Stream{number}"] = resource("AWS::Kinesis::Stream", Name=f"tap-stream-{number}")
        for reader in ("One", "Two"):
            resources[f"Mapping{number}{reader}"] = resource(
                "AWS::Lambda::EventSourceMapping", EventSourceArn=arn(f"Stream{number}"), FunctionName=ref(reader)
            )
    for reader in ("One", "Two"):
        resources[reader] = resource("AWS::Lambda::Function", FunctionName=f"tap-{reader.lower()}")
    return {"Description": "many", "Resources": resources}


def test_more_arrows_than_every_order_can_be_tried_for_are_all_drawn():
    assert len(edges(many())) == 16
    assert {"stream-7", "one", "two"} <= {word.removeprefix("tap-") for word in words(cli.draw("tap", many()))}


def test_two_functions_share_the_arrow_from_their_endpoint():
    template = pipeline()
    template["Resources"]["Second"] = {**template["Resources"]["Worker"]}
    template["Resources"]["Second"]["Properties"] = {
        **template["Resources"]["Worker"]["Properties"],
        "FunctionName": "tap-second-x",
    }
    template["Resources"]["More"] = {**template["Resources"]["Mapping"]}
    template["Resources"]["More"]["Properties"] = {
        **template["Resources"]["Mapping"]["Properties"],
        "FunctionName": ref("Second"),
    }
    found = edges(template)
    assert {("Worker", "Door"), ("Second", "Door"), ("Door", "Failed")} <= set(found)


def test_a_vpc_without_subnets_says_nothing_of_them():
    template = Template({"Resources": {"Vpc": resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16")}})
    assert Network(template).box("Vpc") == "VPC 10.1.0.0/16 · no internet gateway"


def test_a_key_without_an_alias_and_a_value_that_nobody_knows_are_drawn():
    template = pipeline()
    del template["Resources"]["Alias"]
    template["Resources"]["Events"]["Properties"]["Name"] = {"Fn::Select": [0, ["a"]]}
    assert "…" in " ".join(words(cli.draw("tap", template)))


def test_a_question_of_the_program_without_an_answer_is_refused():
    asked = mocks.MockCallArgs("aws:ec2/getAmi:getAmi", {}, "")
    with pytest.raises(SettingError, match=r"asks for aws:ec2/getAmi:getAmi: add an answer to lib/diagrams/"):
        pulumi_program.Recorder().call(asked)


def test_inputs_are_converted_as_far_as_they_say_something():
    assert pulumi_program.converted({"code": FileArchive("x.zip"), "text": "{no json", "size": 3.0}) == {
        "Code": None,
        "Size": 3,
        "Text": "{no json",
    }
