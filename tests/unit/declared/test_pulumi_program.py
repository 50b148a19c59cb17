"""A Pulumi program's registrations are recorded as data: tokens for outputs, options, the region of each resource."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime import mocks

import tap
from lib.common import lambda_package, region
from lib.common.errors import SettingError
from lib.declared import pulumi_program
from lib.declared.pulumi_program import ACCOUNT, TOKEN, Monitor, Recorder, outputs, plain, record, run, token

WHERE = region.primary({})


def recorded(function: Callable[[pulumi.ResourceOptions], object]) -> dict[str, Any]:
    """Return the registrations of a program, by name."""
    answers = Recorder()
    monitor = Monitor(answers, answers.region)

    def program() -> None:
        provider = aws.Provider("aws", region=WHERE)
        function(pulumi.ResourceOptions(provider=provider))

    run(program, answers, monitor, "example-dev", {})
    return {item.name: item.document() for item in monitor.registrations}


def test_an_output_stands_as_a_token_among_the_inputs_of_another():
    def program(opts: pulumi.ResourceOptions) -> None:
        vpc = aws.ec2.Vpc("main", cidr_block="10.0.0.0/16", opts=opts)
        aws.ec2.Subnet("first", vpc_id=vpc.id, cidr_block=vpc.cidr_block, opts=opts)

    inputs = recorded(program)["first"]["inputs"]
    assert inputs["vpcId"] == token("aws:ec2/vpc:Vpc", "main", "id")
    assert inputs["cidrBlock"] == "10.0.0.0/16"  # what was given is what it is


def test_a_name_is_a_token_for_others():
    def program(opts: pulumi.ResourceOptions) -> None:
        role = aws.iam.Role("role", name="reader", assume_role_policy="{}", opts=opts)
        aws.iam.RolePolicy("role", role=role.name, policy=pulumi.Output.json_dumps({"Of": role.arn}), opts=opts)

    inputs = recorded(program)["role"]["inputs"]
    assert TOKEN.fullmatch(inputs["role"])
    assert TOKEN.fullmatch(json.loads(inputs["policy"])["Of"]).groups() == ("aws:iam/role:Role", "role", "arn")


def test_lists_of_objects_have_one_element_of_tokens():
    found = outputs("aws:rds/cluster:Cluster", "main")
    kind = "aws:rds/cluster:Cluster"
    assert found["masterUserSecrets"][0]["secretArn"] == token(kind, "main", "masterUserSecrets[0].secretArn")
    assert found["availabilityZones"] == [token(kind, "main", "availabilityZones[0]")]
    assert found["port"] == token(kind, "main", "port")
    assert "tagsAll" not in found
    assert TOKEN.findall(found["masterUserSecrets"][0]["secretArn"]) == [
        (kind, "main", "masterUserSecrets[0].secretArn")
    ]


def test_a_module_with_a_word_of_pythons_is_found():
    assert outputs("aws:lambda/function:Function", "api")["invokeArn"]


def test_options_and_the_region_are_recorded():
    def program(opts: pulumi.ResourceOptions) -> None:
        first = aws.sqs.Queue("first", opts=opts)
        own = pulumi.ResourceOptions(
            depends_on=[first],
            ignore_changes=["name"],
            aliases=[pulumi.Alias(name="former")],
            retain_on_delete=True,
            protect=True,
            delete_before_replace=True,
            custom_timeouts=pulumi.CustomTimeouts(delete="60m"),
        )
        aws.sqs.Queue("second", opts=pulumi.ResourceOptions.merge(opts, own))

    found = recorded(program)
    assert found["second"]["options"] == {
        "dependencies": [found["first"]["urn"]],
        "ignoreChanges": ["name"],
        "aliases": ["former"],
        "retainOnDelete": True,
        "protect": True,
        "deleteBeforeReplace": True,
        "createBeforeDelete": False,
        "customTimeouts": {"delete": "60m"},
    }
    assert found["first"]["options"]["customTimeouts"] == {}
    assert found["second"]["region"] == WHERE
    (stack,) = (item for item in found.values() if item["type"] == "pulumi:pulumi:Stack")
    assert found["second"]["parent"] == stack["urn"]


def test_only_what_is_said_of_the_order_is_recorded():
    """Pulumi's provider decides it otherwise, by whether the name is given."""

    def program(opts: pulumi.ResourceOptions) -> None:
        first = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=False))
        aws.sqs.Queue("first", opts=first)
        aws.sqs.Queue("second", opts=opts)

    found = recorded(program)
    said = [
        (o["createBeforeDelete"], o["deleteBeforeReplace"]) for o in (found[n]["options"] for n in ("first", "second"))
    ]
    assert said == [(True, False), (False, False)]


def test_a_resource_is_declared_once():
    def program(opts: pulumi.ResourceOptions) -> None:
        aws.sqs.Queue("first", opts=opts)
        aws.sqs.Queue("first", opts=opts)

    with pytest.raises(ValueError, match="aws:sqs/queue:Queue 'first' is declared twice"):
        recorded(program)


def test_the_account_and_the_zones_are_answered():
    answers = Recorder()
    answers.new_resource(mocks.MockResourceArgs("pulumi:providers:aws", "aws", {"region": WHERE}))
    zones = mocks.MockCallArgs("aws:index/getAvailabilityZones:getAvailabilityZones", {}, "urn::aws-id")
    assert answers.call(zones)["names"] == [f"{WHERE}{letter}" for letter in "abc"]
    caller = mocks.MockCallArgs("aws:index/getCallerIdentity:getCallerIdentity", {}, "urn::aws-id")
    assert answers.call(caller)["accountId"] == ACCOUNT


def test_a_question_without_an_answer_is_refused():
    with pytest.raises(SettingError, match=r"calls aws:ec2/getAmi:getAmi: add an answer to .*pulumi_program"):
        Recorder().call(mocks.MockCallArgs("aws:ec2/getAmi:getAmi", {}, ""))


def test_values_are_what_json_has():
    secret = {pulumi_program.SECRET: "1b47061264138c4ac30d75fd1eb44270", "value": [1.0, 1.5]}
    assert plain({"b": secret, "a": pulumi.FileArchive("x.zip")}) == {"a": "x.zip", "b": [1, 1.5]}
    assert isinstance(plain(2.0), int)


def test_a_component_is_no_resource_of_aws(monkeypatch: pytest.MonkeyPatch):
    class Part(pulumi.ComponentResource):
        def __init__(self, opts: pulumi.ResourceOptions) -> None:
            super().__init__("tap:Part", "part", {}, opts)
            aws.sqs.Queue("queue", opts=pulumi.ResourceOptions(parent=self))

    class Program:
        @staticmethod
        def build(suffix: str, _environ: object) -> None:
            provider = aws.Provider("aws", region=WHERE)
            Part(pulumi.ResourceOptions(providers={"aws": provider}))
            pulumi.export("suffix", suffix)
            pulumi.export("package", str(lambda_package.build("payment", "api")))

    monkeypatch.setattr(tap, "load", lambda _folder: Program)
    found = record("payment", {"ENVIRONMENT_SUFFIX": "pr-1"}, Path("x.zip"))
    assert [(item["type"], item["name"]) for item in found["registrations"]] == [
        ("aws:sqs/queue:Queue", "queue"),
        ("pulumi:providers:aws", "aws"),
    ]
    assert found["registrations"][0]["region"] == WHERE
    assert found["outputs"] == {"suffix": "pr-1", "package": "x.zip"}


def test_two_runs_record_the_same(monkeypatch: pytest.MonkeyPatch):
    class Program:
        @staticmethod
        def build(suffix: str, _environ: object) -> None:
            opts = pulumi.ResourceOptions(provider=aws.Provider("aws", region=WHERE))
            for number in range(9):
                aws.sqs.Queue(f"queue-{9 - number}", tags={"b": suffix, "a": "1"}, opts=opts)

    monkeypatch.setattr(tap, "load", lambda _folder: Program)
    first, second = record("payment", {}), record("payment", {})
    assert json.dumps(first) == json.dumps(second)
    assert [item["name"] for item in first["registrations"][:2]] == ["queue-1", "queue-2"]
