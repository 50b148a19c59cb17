"""Settings come from the files and the environment; a wrong one is refused before anything is built."""

import importlib.util
import ipaddress
import itertools
import json
from pathlib import Path

import pytest

from lib.common import naming, region
from lib.common.errors import SettingError
from lib.disaster_recovery.settings import Settings
from tests.support.disaster_recovery import with_domain


def test_defaults_suit_a_development_environment():
    settings = Settings.read({})
    assert (settings.suffix, settings.environment, settings.retain_data) == ("dev", "dev", False)
    assert (settings.database_instances, settings.zones, settings.deletion_protection) == (1, 2, False)


def test_production_is_kept_and_has_a_second_instance_in_each_region():
    settings = Settings.read({"ENVIRONMENT": "production"})
    assert (settings.retain_data, settings.deletion_protection) == (True, True)
    assert (settings.database_instances, settings.zones) == (2, 3)


def test_both_regions_come_from_their_files():
    settings = Settings.read({})
    assert tuple(region_config.region for region_config in settings.region_configs) == region.pair({})
    assert settings.other(settings.primary) == settings.secondary
    assert settings.other(settings.secondary) == settings.primary


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "prod"),
        ("ENVIRONMENT_SUFFIX", "Dev"),
        ("DATABASE_INSTANCE_CLASS", "r6g.large"),
        ("DATABASE_INSTANCE_CLASS", "db.t4g.medium"),
        ("DATABASE_INSTANCE_CLASS", "db.r4.large"),
        ("DATABASE_INSTANCE_CLASS", "db.m6g.large"),
        ("DATABASE_INSTANCE_CLASS", "db.serverless.large"),
        ("DATABASE_INSTANCES", "0"),
        ("DATABASE_INSTANCES", "16"),
        ("DATABASE_PORT", "80"),
        ("ZONES", "1"),
        ("ZONES", "4"),
        ("PASSWORD_VERSION", "0"),
        ("LAG_MAX_MS", "99"),
        ("VERIFY_HOURS", "9"),
        ("DELETION_PROTECTION", "on"),
        ("ALARM_EMAIL", "team"),
        ("AURORA_POSTGRESQL_VERSION", "15.4"),
        ("VPC_CIDR", "8.8.0.0/16"),
        ("VPC_CIDR_DR", "10.61.0.0/25"),
        ("DOMAIN_NAME", "pay_example.org"),
        ("DOMAIN_NAME", "https://pay.example.org"),
        ("HOSTED_ZONE_ID", "example.org"),
        ("STATE_BUCKET", "My_State"),
        ("STATE_REGION", "mars-north-1"),
        ("CERTIFICATE_ARN", "arn:aws:acm:x:123456789012:certificate/1"),
        ("CERTIFICATE_ARN_DR", "arn:aws:acm:x:123456789012:certificate/1"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(name, value):
    with pytest.raises(SettingError) as refusal:
        Settings.read({name: value})
    assert f"{name}={value!r}" in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("DATABASE_INSTANCES", "database_instances", 15),
        ("ZONES", "zones", 3),
        ("VERIFY_HOURS", "verify_hours", 8),
        ("PITR_MIN_HOURS", "pitr_min_hours", 840),
        ("SNAPSHOT_MAX_AGE_HOURS", "snapshot_max_age_hours", 1),
        ("LAG_MAX_MS", "lag_max_ms", 100),
        ("API_RATE", "api_rate", 10_000),
        ("API_BURST", "api_burst", 5_000),
        ("DATABASE_PORT", "database_port", 65535),
        ("PASSWORD_VERSION", "password_version", 1_000_000),
    ],
)
def test_the_limits_themselves_are_accepted(name, attribute, value):
    assert getattr(Settings.read({name: str(value)}), attribute) == value


@pytest.mark.parametrize("name", ["db.r5.large", "db.r6i.2xlarge", "db.r7g.16xlarge", "db.r10g.large", "db.x2g.xlarge"])
def test_memory_optimised_classes_are_accepted(name):
    assert Settings.read({"DATABASE_INSTANCE_CLASS": name}).database_instance_class == name


def test_the_default_class_is_offered_in_both_regions():
    """As cfn-lint's data has it."""
    spec = importlib.util.find_spec("cfnlint")
    folder = Path(spec.origin).parent / "data" / "schemas" / "extensions" / "aws_rds_dbinstance"
    regions = json.loads((folder / "dbinstanceclass_enum.json").read_text(encoding="utf-8"))

    def offered(where: str) -> list[str]:
        rules = [rule for rule in regions[where]["allOf"] if aurora(rule)]
        return [name for rule in rules for name in rule["then"]["properties"]["DBInstanceClass"]["enum"]]

    def aurora(rule: dict) -> bool:
        return rule["if"]["properties"]["Engine"].get("const") == "aurora-postgresql"

    settings = Settings.read({})
    for region_config in settings.region_configs:
        assert settings.database_instance_class in offered(region_config.region)
    assert "db.t9.large" not in offered(settings.primary.region)


@pytest.mark.parametrize("cidr", ["10.60.0.0/16", "10.61.0.0/16", "172.16.0.0/20", "192.168.0.0/24", "192.168.0.0/16"])
def test_the_second_network_is_made_from_the_first_and_lies_beside_it(cidr):
    first, second = (
        ipaddress.IPv4Network(region_config.cidr) for region_config in Settings.read({"VPC_CIDR": cidr}).region_configs
    )
    assert not first.overlaps(second)
    assert first.prefixlen == second.prefixlen
    assert second.is_private


@pytest.mark.parametrize("other", ["10.60.0.0/16", "10.60.16.0/20"])
def test_networks_that_overlap_are_refused(other):
    with pytest.raises(SettingError, match="overlap") as refusal:
        Settings.read({"VPC_CIDR_DR": other})
    assert "10.61.0.0/16" in str(refusal.value)


@pytest.mark.parametrize("missing", ["DOMAIN_NAME", "CERTIFICATE_ARN", "CERTIFICATE_ARN_DR"])
def test_half_a_domain_is_refused(missing):
    values = {name: value for name, value in with_domain().items() if name != missing}
    with pytest.raises(SettingError, match=f"without {missing}:"):
        Settings.read(values)


def test_a_domain_needs_no_hosted_zone():
    settings = Settings.read({**with_domain(), "HOSTED_ZONE_ID": ""})
    assert (settings.domain_name, settings.hosted_zone_id) == ("pay.example.org", "")


def test_a_certificate_of_the_other_region_is_refused():
    values = with_domain()
    with pytest.raises(SettingError, match="CERTIFICATE_ARN_DR="):
        Settings.read({**values, "CERTIFICATE_ARN_DR": values["CERTIFICATE_ARN"]})


def test_the_state_lies_in_the_region_that_takes_over():
    settings = Settings.read({"STATE_BUCKET": "states"})
    assert settings.state_region == settings.secondary.region
    assert Settings.read({"STATE_REGION": settings.primary.region}).state_region == settings.primary.region


def test_every_name_of_the_longest_suffix_fits():
    pairs = itertools.permutations(region.known(), 2)
    first, second = max(
        (pair for pair in pairs if len({region.partition(name) for name in pair}) == 1),
        key=lambda pair: sum(len(region.short(name)) for name in pair),
    )
    chosen = {"AWS_REGION": first, "AWS_REGION_DR": second, "ENVIRONMENT_SUFFIX": "x" * naming.SUFFIX_LENGTH}
    settings = Settings.read(chosen)
    assert len(settings.name("role", "verification", where=first)) <= 64
    assert len(settings.global_cluster) <= 63
    assert len(settings.name("database", "15")) <= 63


@pytest.mark.parametrize(("rate", "adds_up"), [("4000", True), ("4001", False)])
def test_more_payments_than_the_writer_items_take_are_refused_with_the_arithmetic(rate, adds_up):
    settings = Settings.read({"API_RATE": rate, "API_BURST": "5000"})
    if adds_up:
        assert settings.deployable() is settings
        return
    with pytest.raises(SettingError, match=r"API_RATE=4001.* = 4001 are needed.* 4000: a smaller API_RATE"):
        settings.deployable()
