"""Settings are a profile for each environment, changed within limits; production cannot be made less."""

import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.common.setting_types import ENVIRONMENTS
from lib.payment.settings import Settings
from tests.support import rds_roots


def test_staging_is_the_default():
    settings = Settings.read({})
    assert (settings.environment, settings.tags["Environment"]) == ("staging", "staging")
    assert (settings.database_multi_az, settings.deletion_protection, settings.audit_mode) == (
        True,
        False,
        "GOVERNANCE",
    )


def test_production_is_kept_for_years():
    settings = Settings.read({"ENVIRONMENT": "production"})
    assert (settings.database_multi_az, settings.deletion_protection, settings.endpoint_per_zone) == (True, True, True)
    assert (settings.audit_mode, settings.audit_days) == ("COMPLIANCE", 7 * 365)


# A word, and a flag that production turns off so that nothing restarts in the day.
OTHER = ("audit_mode", "apply_immediately")


def test_from_dev_to_production_nothing_gets_less():
    dev, staging, production = (Settings.read({"ENVIRONMENT": name}).values for name in ENVIRONMENTS)
    chosen = [name for name, setting in Settings.declared().items() if setting.default is None and name not in OTHER]
    assert len(chosen) >= 8
    for name in chosen:
        assert dev[name] <= staging[name] <= production[name], name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETAIN_DATA", "false"),
        ("DATABASE_MULTI_AZ", "false"),
        ("AUDIT_MODE", "GOVERNANCE"),
        ("AUDIT_DAYS", "364"),
        ("DATABASE_INSTANCE_CLASS", "db.t4g.micro"),
        ("DATABASE_INSTANCE_CLASS", "db.t4g.small"),
    ],
)
def test_production_refuses_to_be_less(name, value):
    Settings.read({"ENVIRONMENT": "staging", name: value})
    with pytest.raises(SettingError, match=f"{name}={value} is refused with ENVIRONMENT=production"):
        Settings.read({"ENVIRONMENT": "production", name: value})


def test_production_may_be_more():
    settings = Settings.read({"ENVIRONMENT": "production", "AUDIT_DAYS": "3650", "API_RATE": "500"})
    assert (settings.audit_days, settings.api_rate) == (3650, 500)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "live"),
        ("POSTGRES_VERSION", "14.7"),
        ("DATABASE_INSTANCE_CLASS", "t4g"),
        ("DATABASE_PORT", "80"),
        ("DATABASE_MULTI_AZ", "yes"),
        ("DELETION_PROTECTION", "1"),
        ("VPC_CIDR", "10.0.0.0/8"),
        ("ENDPOINT_PER_ZONE", "no"),
        ("NAT_GATEWAYS", "two"),
        ("AUDIT_MODE", "governance"),
        ("AUDIT_DAYS", "0"),
        ("API_RATE", "0"),
        ("API_BURST", "5001"),
        ("SENDER_RATE", "9"),
        ("FUNCTION_CONCURRENCY", "-1"),
        ("CERTIFICATE_ARN", "arn:x"),
        ("ALARM_EMAIL", "team"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(name, value):
    with pytest.raises(SettingError) as refusal:
        Settings.read({name: value})
    assert f"{name}={value!r}" in str(refusal.value)


def test_the_longest_suffix_fits_every_name_of_the_longest_region(tmp_path):
    from lib.common import naming

    values = {"AWS_REGION": max(region.known(), key=len), "ENVIRONMENT_SUFFIX": "x" * naming.SUFFIX_LENGTH}
    with rds_roots.everywhere(tmp_path):
        settings = Settings.read(values)
    assert all(len(settings.bucket("1" * 12, part)) <= 63 for part in ("payment-audit", "payment-logs"))
    assert len(settings.name("target_group")) <= 32


@pytest.mark.parametrize("text", ["", "1a2b3c4d5e=6f7g8h9i0j", "1a2b3c4d5e=6f7g8h9i0j,k1=6f7g8h9i0j"])
def test_keys_that_take_the_place_of_others_are_taken(text):
    assert Settings.read({"ROTATED_API_KEYS": text}).rotated_api_keys == text


def test_spaces_between_pairs_of_keys_are_left_out():
    assert Settings.read({"ROTATED_API_KEYS": " a=b , c=d,"}).rotated_api_keys == "a=b,c=d"


@pytest.mark.parametrize("text", ["a", "a=b=c", "A=b", "a=", "a=b,a=c", "a=b,b=c", "a=a", "a b=c"])
def test_a_list_that_says_nothing_of_one_key_s_place_is_refused(text):
    with pytest.raises(SettingError, match="ROTATED_API_KEYS"):
        Settings.read({"ROTATED_API_KEYS": text})
