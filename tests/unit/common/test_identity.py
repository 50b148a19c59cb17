"""Another environment, region or permanent setting than the latest deployment's is refused, with the ways out."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from lib.common import identity, region, setting_types, settings
from lib.common.errors import SettingError
from lib.common.setting_types import Setting
from lib.common.system_settings import SystemSettings

ELSEWHERE = next(name for name in sorted(region.known()) if name != region.primary({}))


class Example(SystemSettings):
    """A system without settings of its own, and so without a file."""

    system = "example-api"


class Changing(Example):
    """A system whose environment can be changed."""

    environment_before = settings.ENVIRONMENT_BEFORE


def test_the_first_deployment_contradicts_nothing() -> None:
    """Nothing is known of an earlier one."""
    identity.check(Example.read({}), {})


def test_the_same_deployment_contradicts_nothing() -> None:
    """Whatever else has changed."""
    identity.check(Example.read({"LOG_DAYS": "30"}), Example.read({}).identity)


def test_another_environment_is_refused_with_the_ways_out() -> None:
    """The deployed one is named, and three things to do."""
    before = {**Example.read({}).identity, "environment": "production"}
    with pytest.raises(SettingError) as refusal:
        identity.check(Example.read({}), before)
    assert str(refusal.value) == (
        "example-api-dev is deployed as production, and ENVIRONMENT='dev' would make another of it: set "
        "ENVIRONMENT=production, deploy under another ENVIRONMENT_SUFFIX, or, if that is meant, set "
        "ENVIRONMENT_BEFORE=production too."
    )


@pytest.mark.parametrize(("said", "refused"), [("production", False), ("staging", True), ("", True)])
def test_the_former_environment_has_to_be_said(said: str, refused: bool) -> None:
    """Rightly."""
    before = {**Changing.read({}).identity, "environment": "production"}
    with pytest.raises(SettingError) if refused else nullcontext():
        identity.check(Changing.read({"ENVIRONMENT_BEFORE": said}), before)


def test_another_region_is_always_refused() -> None:
    """It would be another stack; nothing can be said to make it this one."""
    before = {**Changing.read({}).identity, "region": ELSEWHERE}
    with pytest.raises(SettingError, match=rf"is deployed in {ELSEWHERE}, and AWS_REGION='{region.primary({})}' would"):
        identity.check(Changing.read({"ENVIRONMENT_BEFORE": "dev"}), before)


class Networked(Example):
    """A system with a network, which cannot get other addresses."""

    vpc_cidr = replace(settings.VPC_CIDR, default="10.90.0.0/16")
    availability_zones = Setting(setting_types.TAG, "zones", "", f"{setting_types.NEVER}subnets would be replaced")


def test_what_cannot_be_changed_is_written_down() -> None:
    """As its variable holds it, and no other setting."""
    assert Networked.read({}).identity == {**Example.read({}).identity, "vpc_cidr": "10.90.0.0/16"} | {
        "availability_zones": ""
    }


def test_what_cannot_be_changed_is_refused_with_the_ways_out() -> None:
    """The setting is named with both values, what it would do, and two things to do."""
    before = Networked.read({}).identity
    with pytest.raises(SettingError) as refusal:
        identity.check(Networked.read({"VPC_CIDR": "10.99.0.0/16"}), before)
    assert str(refusal.value) == (
        "example-api-dev is deployed with VPC_CIDR='10.90.0.0/16', and VPC_CIDR='10.99.0.0/16' is refused, for the "
        "network would be replaced: set the former value, or deploy under another ENVIRONMENT_SUFFIX."
    )


def test_what_an_earlier_version_did_not_write_down_is_not_compared() -> None:
    """It is written down by the deployment that follows."""
    identity.check(Networked.read({"VPC_CIDR": "10.99.0.0/16"}), Example.read({}).identity)


@pytest.mark.parametrize(("before", "refused"), [("", False), ("a,b", True)])
def test_a_choice_that_was_left_to_aws_can_be_written_down_and_not_taken_back(before: str, refused: bool) -> None:
    """Nothing is known of what AWS chose."""
    now = Networked.read({"AVAILABILITY_ZONES": "" if refused else "a/b"})
    with pytest.raises(SettingError, match="AVAILABILITY_ZONES='a,b'") if refused else nullcontext():
        identity.check(now, {**now.identity, "availability_zones": before})
