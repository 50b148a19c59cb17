"""What a deployed stack stays is written down by each tool; Terraform itself ends a plan that contradicts it."""

import copy
import json
import re
import subprocess
from pathlib import Path

import pytest

from lib.common.setting_types import Setting
from tests.policy.cases import SYSTEMS, Case, source_of
from tests.policy.documents import settings_of
from tests.support import provider
from tests.support.disaster_recovery import configuration
from tests.support.production import PRODUCTION

LIVE = {**PRODUCTION, "ENVIRONMENT_SUFFIX": "live"}
ACCOUNT = "123456789012"


# What tells one deployed stack from another and so contradicts nothing: its name, CloudFormation's region.
ANOTHER = {"cdk": {"suffix", "region"}, "cdktf": {"suffix"}, "pulumi": {"suffix"}}
CALLED = {"second_region": "region_dr"}


def never(system):
    """Return, by attribute, the settings that their table calls permanent."""
    declared = settings_of(system).declared()
    return {name for name, setting in declared.items() if setting.change.lower().startswith("never")}


# A system whose settings have ENVIRONMENT_BEFORE keeps what it is; CONTRIBUTING's smallest one leaves that out.
KEEPING = [system for system in SYSTEMS if "environment_before" in settings_of(system).declared()]


def of_program(document):
    """Yield what the output holds, and so the library compares."""
    yield from document["outputs"]["identity"]


def of_configuration(document):
    """Yield what a resource keeps, and the plan compares."""
    for body in document["resource"]["terraform_data"].values():
        conditions = json.dumps(body.get("lifecycle", {}).get("postcondition", []))
        ignored = body.get("lifecycle", {}).get("ignore_changes")
        yield from (name for name in body["input"] if ignored == ["input"] and f"self.output.{name} == " in conditions)


def of_template(document):
    """Yield what a parameter keeps, and a rule compares."""
    compared = json.dumps(document["Rules"])
    for name in document["Parameters"]:
        if name.startswith("Deployed") and f'{{"Ref": "{name}"}}' in compared:
            attribute = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removeprefix("Deployed")).lower()
            yield "environment" if attribute == "as" else attribute


KEPT = {"cdk": of_template, "cdktf": of_configuration, "pulumi": of_program}


def unkept(system, document):
    """Return what a deployed stack has to stay, and what is declared does not keep."""
    tool = Case(system, "production").tool
    kept = {CALLED.get(name, name) for name in KEPT[tool](document)}
    return never(system) - kept - ANOTHER[tool] | {"environment"} - kept


@pytest.mark.parametrize("environment", ["dev", "production"])
@pytest.mark.parametrize("system", KEEPING)
def test_what_never_changes_is_kept_and_compared(system, environment):
    assert unkept(system, source_of(Case(system, environment)).document) == set()
    assert never(system) > {"suffix", "region"}


def forgotten(document, name):
    """Remove what keeps a setting, in the tool's own form."""
    document.get("outputs", {}).get("identity", {}).pop(name, None)
    document.get("resource", {}).get("terraform_data", {}).pop(f"identity-{name}", None)
    document.get("Rules", {}).pop(f"Same{name.title().replace('_', '')}", None)
    return document


@pytest.mark.parametrize("system", KEEPING)
def test_what_is_not_kept_is_noticed(system):
    document = copy.deepcopy(source_of(Case(system, "production")).document)
    (name,) = never(system) & {"vpc_cidr", "availability_zones"}
    assert unkept(system, forgotten(document, name)) == {name}


@pytest.mark.parametrize("system", KEEPING)
def test_a_setting_that_becomes_permanent_has_to_be_kept(system, monkeypatch):
    """By its words alone, however the rest of them goes."""
    monkeypatch.setattr(settings_of(system).log_days, "change", "Never, because of the law")
    assert isinstance(settings_of(system).log_days, Setting)
    assert unkept(system, source_of(Case(system, "production")).document) == {"log_days"}


def identity(**environ):
    return configuration(**environ).of("terraform_data")


class Stack:
    """The resources that keep the identity, on their own: no provider is needed for them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.command = folder, provider._terraform()

    def run(self, *words, account=ACCOUNT, **environ):
        """Return Terraform's exit status and what it said, after a word on the settings."""
        kept = {"terraform_data": {found.path.rpartition("/")[2]: found.values for found in identity(**environ)}}
        resource = json.dumps(kept).replace("data.aws_caller_identity.caller.account_id", "local.account")
        content = {"locals": {"account": account}, "resource": json.loads(resource)}
        (self.folder / "main.tf.json").write_text(json.dumps(content))
        done = subprocess.run(
            [*self.command, *words, "-no-color", "-input=false"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, " ".join(f"{done.stdout} {done.stderr}".split())


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("identity"))
    for words in (("init",), ("apply", "-auto-approve")):
        status, said = stack.run(*words, **LIVE)
        assert status == 0, said
    return stack


def test_the_same_identity_changes_nothing(deployed):
    status, _said = deployed.run("plan", "-detailed-exitcode", **LIVE)
    assert status == 0


@pytest.mark.parametrize(
    ("name", "others"), [("VPC_CIDR", {}), ("VPC_CIDR_DR", {}), ("VPC_CIDR", {"ENVIRONMENT_BEFORE": "staging"})]
)
def test_another_network_ends_the_plan(deployed, name, others):
    status, said = deployed.run("plan", **{**LIVE, name: "10.99.0.0/16", **others})
    assert status == 1
    assert re.search(rf"is deployed with {name}='10\.6[01]\.0\.0/16', and {name}='10\.99\.0\.0/16' is refused", said)


@pytest.mark.parametrize(
    ("change", "value"), [({"ENVIRONMENT": "dev"}, "(dev, "), ({"AWS_REGION": "eu-west-1"}, "eu-west-1, ")]
)
def test_a_contradiction_ends_the_plan(deployed, change, value):
    status, said = deployed.run("plan", **{**LIVE, **change})
    assert status == 1
    assert 'This stack is deployed as {"account":"123456789012","environment":"production"' in said
    assert value in said


def test_another_account_ends_the_plan(deployed):
    status, said = deployed.run("plan", account="210987654321", **LIVE)
    assert status == 1
    assert "the settings and credentials say otherwise" in said


def test_a_change_that_is_said_to_be_meant_is_planned(deployed):
    status, said = deployed.run("plan", **{**LIVE, "ENVIRONMENT": "staging", "ENVIRONMENT_BEFORE": "production"})
    assert (status, "1 to change" in said) == (0, True)
