"""A stack's variables come from its configuration and the environment; what fits neither is refused."""

import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.common.stack_config import key, merge, variable

NAMES = ("DATABASE_PORT", "IMAGE")
ELSEWHERE = next(name for name in sorted(region.known()) if name != region.primary({}))


def test_a_key_and_a_variable_stand_for_each_other():
    assert (key("NAT_PER_ZONE"), variable("natPerZone")) == ("natPerZone", "NAT_PER_ZONE")


def test_the_configuration_is_read():
    assert merge("api", NAMES, "dev", {"databasePort": "6000"}, {})["DATABASE_PORT"] == "6000"


def test_the_environment_overrides_the_configuration():
    assert merge("api", NAMES, "dev", {"databasePort": "6000"}, {"DATABASE_PORT": "7000"})["DATABASE_PORT"] == "7000"


def test_an_empty_variable_overrides_nothing():
    assert merge("api", NAMES, "dev", {"databasePort": "6000"}, {"DATABASE_PORT": ""})["DATABASE_PORT"] == "6000"


def test_the_stacks_name_gives_the_suffix():
    assert merge("api", NAMES, "pr-7", {}, {})["ENVIRONMENT_SUFFIX"] == "pr-7"


@pytest.mark.parametrize("key", ["databsePort", "DATABASE_PORT", "environmentSuffix", "path"])
def test_a_key_that_means_nothing_is_refused_with_those_that_do(key):
    with pytest.raises(SettingError, match=rf"tap:{key} is not a setting.*databasePort"):
        merge("api", NAMES, "dev", {key: "1"}, {})


def test_another_suffix_than_the_stacks_is_refused():
    with pytest.raises(SettingError, match="ENVIRONMENT_SUFFIX='dev2' does not fit the Pulumi stack api-dev"):
        merge("api", NAMES, "dev", {}, {"ENVIRONMENT_SUFFIX": "dev2"})


def test_the_region_of_the_environment_is_passed_on():
    assert merge("api", NAMES, "dev", {}, {"AWS_REGION": ELSEWHERE})["AWS_REGION"] == ELSEWHERE
