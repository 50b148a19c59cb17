"""On AWS a system is deployed, tested and destroyed by its own tool, without a question and under its own names."""

import base64
import dataclasses
import sys

import pytest

import tap
from lib.leftovers import collect, kinds
from lib.leftovers.kinds import Leftover
from lib.verify_on_aws import aws as aws_target
from lib.verify_on_aws import buckets, case
from lib.verify_on_aws.aws import TOOLS, AwsTarget
from lib.verify_on_aws.process import StepError
from tests.support.check_account import HERE, NUMBER

SUFFIX = "verify-1"
OF_TOOL = {iac_tool: next(name for name, one in tap.SYSTEMS.items() if one.iac_tool == iac_tool) for iac_tool in TOOLS}
STACK = {iac_tool: f"{name}-{SUFFIX}" for iac_tool, name in OF_TOOL.items()}
PULUMI = f"pulumi stack select {STACK['pulumi']} --create --non-interactive"
ADDRESS = f"{NUMBER}.dkr.ecr.{HERE}.amazonaws.com/shop"


@pytest.fixture
def target(tools, runner, tmp_path, aws):
    """Makes the target of a system whose tools are there; Python is one that says what it was asked."""

    def make(iac_tool, **changes):
        chosen = dataclasses.replace(case.read(OF_TOOL[iac_tool], SUFFIX, tools.environ), **changes)
        made = AwsTarget.of(chosen, tmp_path / "work", runner)
        made.client = aws.account.client
        return made

    return make


@pytest.fixture
def python(tools, monkeypatch):
    """Put a program in the place of this Python."""
    tools.add("fake-python", "TAP_TEST_TARGET", "LOG_DAYS", script="echo '2 failed, 5 passed, 1 skipped in 3.00s'")
    monkeypatch.setattr(sys, "executable", str(tools.folder / "fake-python"))


@pytest.mark.parametrize("iac_tool", TOOLS)
def test_what_is_not_there_is_told_before_anything_begins(tools, iac_tool):
    chosen = dataclasses.replace(case.read(OF_TOOL[iac_tool], SUFFIX, {"PATH": str(tools.folder)}), image=None)
    (name,) = TOOLS[iac_tool].programs
    (sentence,) = aws_target.missing(chosen)
    assert sentence.startswith(f"{name} is not on the PATH: ")
    tools.add(name)
    assert aws_target.missing(chosen) == []


def test_an_image_needs_docker(tools):
    (system,) = [name for name in tap.SYSTEMS if case.read(name, SUFFIX, {}).image]
    chosen = case.read(system, SUFFIX, {"PATH": str(tools.folder)})
    assert [line.split()[0] for line in aws_target.missing(chosen)] == ["pulumi", "docker"]


def test_the_cdk_deploys_one_stack_without_a_question(tools, target):
    tools.add("cdk", "TAP_SYSTEM", "ENVIRONMENT", "ENVIRONMENT_SUFFIX", "LOG_DAYS")
    made = target("cdk", empty_buckets=False)
    own = f"TAP_SYSTEM={OF_TOOL['cdk']} ENVIRONMENT=dev ENVIRONMENT_SUFFIX={SUFFIX}"
    assert made.deploy({"LOG_DAYS": "30"}) == made.destroy() == ""
    assert tools.calls() == [
        f"cdk deploy --require-approval never --progress events {own} LOG_DAYS=30",
        f"cdk destroy --force {own} LOG_DAYS=",
    ]


def test_terraform_applies_what_is_synthesised(tools, target, python):
    tools.add("terraform", "ENVIRONMENT_SUFFIX")
    made = target("cdktf")
    made.deploy({"LOG_DAYS": "30"})
    made.destroy()
    where = f"terraform -chdir=cdktf.out/stacks/{STACK['cdktf']}"
    assert tools.calls() == [
        "fake-python tap.py cdktf TAP_TEST_TARGET=aws LOG_DAYS=30",
        f"{where} init -input=false ENVIRONMENT_SUFFIX={SUFFIX}",
        f"{where} apply -input=false -auto-approve ENVIRONMENT_SUFFIX={SUFFIX}",
        "fake-python tap.py cdktf TAP_TEST_TARGET=aws LOG_DAYS=",
        f"{where} init -input=false ENVIRONMENT_SUFFIX={SUFFIX}",
        f"{where} destroy -input=false -auto-approve ENVIRONMENT_SUFFIX={SUFFIX}",
    ]


def test_pulumi_selects_the_stack_and_forgets_it_when_it_is_destroyed(tools, target, tmp_path):
    tools.add("pulumi", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE")
    made = target("pulumi", image=None)
    made.deploy({})
    made.destroy()
    own = f"PULUMI_BACKEND_URL=file://{tmp_path / 'work'} PULUMI_CONFIG_PASSPHRASE={SUFFIX}"
    assert tools.calls() == [
        f"{PULUMI} {own}",
        f"pulumi up --stack {STACK['pulumi']} --yes --non-interactive {own}",
        f"{PULUMI} {own}",
        f"pulumi destroy --stack {STACK['pulumi']} --yes --non-interactive {own}",
        f"pulumi stack rm {STACK['pulumi']} --yes --non-interactive {own}",
    ]


def test_somebodys_own_backend_is_used(tools, target):
    given = {"PULUMI_BACKEND_URL": "s3://states", "PULUMI_CONFIG_PASSPHRASE": "secret"}
    chosen = case.read(OF_TOOL["pulumi"], SUFFIX, given)
    assert given.items() <= aws_target.environment(chosen, tools.folder).items()


def test_what_follows_a_failure_is_not_done(tools, target):
    tools.add("pulumi", script="exit 1")
    with pytest.raises(StepError, match="pulumi stack select"):
        target("pulumi", image=None).deploy({})
    assert len(tools.calls()) == 1


IMAGE = case.Image("repositoryUrl", "IMAGE", "lib/shop/Dockerfile", "lib", "linux/amd64")


def with_image(tools, target, aws):
    tools.add("pulumi", "IMAGE", "LOG_DAYS", script=f"echo {ADDRESS}")
    tools.add("docker", script="case $1 in login) test $(cat) = word; esac")
    token = base64.b64encode(b"AWS:word").decode()
    aws.answer("ecr", "get_authorization_token", {"authorizationData": [{"authorizationToken": token}]}, {}, HERE)
    return target("pulumi", image=IMAGE)


def test_a_service_gets_its_image_into_the_repository_of_the_first_deployment(tools, target, aws):
    made = with_image(tools, target, aws)
    made.deploy({})
    up = f"pulumi up --stack {STACK['pulumi']} --yes --non-interactive"
    assert tools.calls() == [
        f"{PULUMI} IMAGE= LOG_DAYS=",
        f"{up} IMAGE= LOG_DAYS=",
        f"pulumi stack output repositoryUrl --stack {STACK['pulumi']} IMAGE= LOG_DAYS=",
        f"docker login --username AWS --password-stdin {ADDRESS.split('/')[0]}",
        f"docker build --platform linux/amd64 --file lib/shop/Dockerfile --tag {ADDRESS}:verify lib",
        f"docker push {ADDRESS}:verify",
        f"{PULUMI} IMAGE=verify LOG_DAYS=",
        f"{up} IMAGE=verify LOG_DAYS=",
    ]


def test_the_next_deployment_has_the_image_and_one_after_a_destruction_has_none(tools, target, aws):
    made = with_image(tools, target, aws)
    made.deploy({})
    tools.calls()
    made.deploy({"LOG_DAYS": "30"})
    assert tools.calls()[0] == f"{PULUMI} IMAGE=verify LOG_DAYS=30"
    made.destroy()
    assert not made.published


def test_the_account_check_decides(tools, target, python):
    assert target("cdk").check() == ""
    assert tools.calls() == [f"fake-python -m lib.check_account.cli {OF_TOOL['cdk']} TAP_TEST_TARGET=aws LOG_DAYS="]


def test_all_tests_are_run_and_after_a_change_those_of_what_is_deployed(tools, target, python):
    made = target("cdk")
    folder = f"tests/integration/{OF_TOOL['cdk'].replace('-', '_')}"
    assert made.tests({}) == "2 failed, 5 passed, 1 skipped"
    made.tests({"LOG_DAYS": "30"})
    assert tools.calls() == [
        f"fake-python -m pytest -q -p no:cacheprovider {folder} TAP_TEST_TARGET=aws LOG_DAYS=",
        f"fake-python -m pytest -q -p no:cacheprovider {folder}/test_deployed.py TAP_TEST_TARGET=aws LOG_DAYS=30",
    ]


def test_the_tests_of_a_service_have_its_image(tools, target, python):
    tools.add("fake-python", "IMAGE")
    assert target("pulumi", image=IMAGE).tests({}) == ""
    assert tools.calls()[0].endswith("IMAGE=verify")


@pytest.mark.parametrize(("script", "version"), [("echo 2.1; echo more", "2.1"), ("", "unknown")])
def test_the_tools_version_is_its_first_line(tools, target, script, version):
    tools.add("cdk", script=script)
    assert target("cdk").versions() == {"cdk": version}


def test_a_bucket_that_the_tool_leaves_is_emptied_before(tools, target, monkeypatch):
    done = []
    tools.add("cdk")
    monkeypatch.setattr(buckets, "empty", lambda _client, chosen: done.append(chosen.suffix))
    target("cdk", empty_buckets=True).destroy()
    target("cdk", empty_buckets=False).destroy()
    assert done == [SUFFIX]


def test_rds_groups_are_removed_and_nothing_else(target, monkeypatch, aws):
    groups = [Leftover(kinds.RDS_LOGS, "/aws/rds/instance/x/postgresql", HERE), Leftover(kinds.OS_METRICS, "y", HERE)]
    monkeypatch.setattr(collect, "log_groups", lambda _client, *_of: iter(groups))
    aws.answer("logs", "delete_log_group", {}, {"logGroupName": groups[0].name}, HERE)
    assert target("cdk").remove_log_groups() == "1 removed"


def test_what_is_left_is_asked_for_in_each_region(target, monkeypatch):
    monkeypatch.setattr(collect, "left", lambda _client, *of: [Leftover(kinds.OS_METRICS, "x", of[-1])])
    made = target("cdktf")
    assert [one.region for one in made.leftovers()] == list(made.case.regions)


def test_every_version_in_the_systems_buckets_is_deleted(target, monkeypatch, aws):
    found = [Leftover(kinds.TAGGED[1], "failed", HERE), Leftover(kinds.TAGGED[0], "key", HERE)]
    monkeypatch.setattr(collect, "left", lambda *_arguments: found)
    versions = {"Versions": [{"Key": "a", "VersionId": "1"}], "DeleteMarkers": [{"Key": "a", "VersionId": "2"}]}
    objects = [{"Key": "a", "VersionId": "1"}, {"Key": "a", "VersionId": "2"}]
    aws.answer("s3", "list_object_versions", versions, {"Bucket": "failed"}, HERE)
    aws.answer("s3", "delete_objects", {}, {"Bucket": "failed", "Delete": {"Objects": objects, "Quiet": True}}, HERE)
    made = target("cdk")
    buckets.empty(made.client, made.case)


def test_what_s3_does_not_delete_is_a_failure(target, monkeypatch, aws):
    monkeypatch.setattr(collect, "left", lambda *_arguments: [Leftover(kinds.TAGGED[1], "failed", HERE)])
    aws.answer("s3", "list_object_versions", {"Versions": [{"Key": "a", "VersionId": "1"}]}, None, HERE)
    aws.answer("s3", "delete_objects", {"Errors": [{"Key": "a", "Message": "locked"}]}, None, HERE)
    made = target("cdk")
    with pytest.raises(StepError, match="a in failed cannot be deleted: locked"):
        buckets.empty(made.client, made.case)


def test_an_empty_bucket_is_left_as_it_is(target, monkeypatch, aws):
    monkeypatch.setattr(collect, "left", lambda *_arguments: [Leftover(kinds.TAGGED[1], "failed", HERE)])
    aws.answer("s3", "list_object_versions", {}, None, HERE)
    made = target("cdk")
    buckets.empty(made.client, made.case)
