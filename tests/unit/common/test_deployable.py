"""Production has an address for its alarms, and callers speak HTTPS to it unless somebody says otherwise in words."""

import importlib
from collections.abc import Mapping

import pytest

import tap
from lib.common import region
from lib.common.errors import SettingError
from lib.common.settings import DatabaseSettings
from tests.support.production import PRODUCTION

SETTINGS: Mapping[str, type[DatabaseSettings]] = {
    name: importlib.import_module(f"lib.{name.replace('-', '_')}.settings").Settings for name in tap.SYSTEMS
}
HERE = region.primary({})
CERTIFICATE = f"arn:{region.partition(HERE)}:acm:{HERE}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
WITH_HTTP = [name for name, settings in SETTINGS.items() if "plain_http" in settings.declared()]


@pytest.mark.parametrize("system", SETTINGS)
def test_alarms_of_production_are_sent_to_somebody(system: str) -> None:
    """Without an address CloudWatch would tell nobody."""
    with pytest.raises(SettingError, match="ALARM_EMAIL='' is refused with ENVIRONMENT=production"):
        SETTINGS[system].read({**PRODUCTION, "ALARM_EMAIL": ""}).deployable()


@pytest.mark.parametrize("system", SETTINGS)
@pytest.mark.parametrize("environment", ["dev", "staging"])
def test_other_environments_need_nothing(system: str, environment: str) -> None:
    """They can be tried at once."""
    settings = SETTINGS[system].read({"ENVIRONMENT": environment})
    assert settings.deployable() is settings


@pytest.mark.parametrize("system", WITH_HTTP)
def test_callers_of_production_speak_https(system: str) -> None:
    """Or that they do not was said."""
    with pytest.raises(SettingError, match=r"CERTIFICATE_ARN='' is refused .* or PLAIN_HTTP=accepted"):
        SETTINGS[system].read({**PRODUCTION, "PLAIN_HTTP": ""}).deployable()
    for said in ({}, {"PLAIN_HTTP": "", "CERTIFICATE_ARN": CERTIFICATE}):
        settings = SETTINGS[system].read({**PRODUCTION, **said})
        assert settings.deployable() is settings


def test_systems_with_listeners_of_their_own_have_the_setting() -> None:
    """API Gateway speaks HTTPS only, and the pipeline has no callers."""
    assert set(WITH_HTTP) == {"flask-api", "payment"}


@pytest.mark.parametrize("system", SETTINGS)
def test_what_is_deployed_is_found_without_it(system: str) -> None:
    """Commands for operators read the settings too."""
    assert SETTINGS[system].read({"ENVIRONMENT": "production"}).environment == "production"
