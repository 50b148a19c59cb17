"""On the local cloud each step is a command of its own, and the cloud is this run's alone."""

import dataclasses
import sys

import pytest

import tap
from lib.common.errors import SettingError
from lib.local_cloud import inventory
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.servers.process import Server, free_port
from lib.verify_on_aws import aws, case
from lib.verify_on_aws.local import LocalTarget

SUFFIX = "verify-1"
PATH = "tests/integration/payment"


@pytest.fixture
def chosen(tools, tmp_path):
    port = str(free_port())
    return case.read(
        "payment", SUFFIX, {**tools.environ, "LOCAL_CLOUD_PORT": port, "LOCAL_CLOUD_FOLDER": str(tmp_path)}
    )


@pytest.fixture
def target(chosen, runner):
    return LocalTarget.of(chosen, runner, running=False)


@pytest.fixture(autouse=True)
def python(tools, monkeypatch):
    tools.add("fake-python", "ENVIRONMENT_SUFFIX", "LOG_DAYS", "AWS_ENDPOINT_URL", "TAP_TEST_TARGET")
    monkeypatch.setattr(sys, "executable", str(tools.folder / "fake-python"))


def cloud(*words, days=""):
    return f"fake-python -m lib.local_cloud.cli {' '.join(words)} {values(days)} AWS_ENDPOINT_URL= TAP_TEST_TARGET="


def values(days=""):
    return f"ENVIRONMENT_SUFFIX={SUFFIX} LOG_DAYS={days}"


def test_the_cloud_is_started_and_the_check_asks_it(target, tools):
    target.check()
    url = f"AWS_ENDPOINT_URL=http://127.0.0.1:{target.cloud.port} TAP_TEST_TARGET=deployed"
    assert tools.calls() == [
        cloud("up", "--only-cloud"),
        f"fake-python -m lib.check_account.cli payment {values()} {url}",
    ]


def test_what_the_emulator_does_not_answer_is_no_failure(target, tools):
    tools.add("fake-python", script='case "$*" in *check_account*) exit 3; esac')
    assert "say nothing about an account" in target.check()


def test_it_is_deployed_and_destroyed_while_the_cloud_goes_on(target, tools):
    assert target.deploy({}) == target.destroy() == ""
    assert tools.calls() == [cloud("up", "payment"), cloud("down", "payment")]


def test_a_change_of_a_pulumi_program_is_made_again_and_that_is_told(target, tools):
    assert "nothing is updated in place" in target.deploy({"LOG_DAYS": "30"})
    assert tools.calls() == [cloud("down", "payment"), cloud("up", "payment", days="30")]


@pytest.mark.parametrize("iac_tool", ["cdk", "cdktf"])
def test_other_tools_change_what_is_deployed(chosen, runner, tools, iac_tool):
    system = next(name for name, one in tap.SYSTEMS.items() if one.iac_tool == iac_tool)
    target = LocalTarget.of(dataclasses.replace(chosen, system=system), runner, running=False)
    assert target.deploy({"LOG_DAYS": "30"}) == ""
    assert tools.calls() == [cloud("up", system, days="30")]


def test_the_tests_find_what_is_deployed(target, tools):
    target.tests({})
    target.tests({"LOG_DAYS": "30"})
    first, second = (line.partition(" ENVIRONMENT_SUFFIX")[0].split() for line in tools.calls())
    assert (first[-1], second[-1]) == (PATH, f"{PATH}/test_deployed.py")
    assert "--ignore-glob=*/test_again.py" in first


def test_what_is_left_is_listed_and_the_cloud_ended(target, tools, monkeypatch):
    monkeypatch.setattr(inventory, "remainder", lambda _cloud: [("bucket", "forgotten")])
    (left,) = target.leftovers()
    assert (left.kind.name, left.name, left.region, left.command) == ("bucket", "forgotten", target.cloud.region, "")
    assert tools.calls() == [cloud("down")]


def test_the_log_groups_are_those_of_the_local_cloud(target, monkeypatch):
    monkeypatch.setattr(aws, "remove_log_groups", lambda client, chosen: client("logs").meta.endpoint_url)
    assert target.remove_log_groups() == f"http://127.0.0.1:{target.cloud.port}"


def test_a_cloud_of_somebody_else_is_refused(chosen, runner, monkeypatch):
    monkeypatch.setattr(Server, "healthy", lambda self: True)
    port = LocalCloud.read(chosen.environ).port
    with pytest.raises(SettingError, match=f"A local cloud runs on port {port} already"):
        LocalTarget.of(chosen, runner, running=False)
    assert LocalTarget.of(chosen, runner, running=True).cloud.port == port
