"""Another environment or region than that of the latest deployment is refused, with the ways out."""

from contextlib import nullcontext

import pytest

from lib.common import identity, region, settings
from lib.common.errors import SettingError
from lib.common.settings import SystemSettings

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
