"""Settings come from the files and the environment; a wrong one is refused before anything is built."""

import pytest

from lib.common.errors import SettingError
from lib.kinesis_pipeline.settings import Settings
from tests.support import rds_roots


def test_defaults_suit_a_development_environment():
    settings = Settings.read({})
    assert (settings.suffix, settings.environment, settings.retain_data) == ("dev", "dev", False)


def test_production_is_kept():
    assert Settings.read({"ENVIRONMENT": "production"}).retain_data is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "prod"),
        ("ENVIRONMENT_SUFFIX", "Dev"),
        ("DATABASE_INSTANCE_CLASS", "t4g.medium"),
        ("DATABASE_INSTANCE_CLASS", "db.t4g"),
        ("DATABASE_PORT", "80"),
        ("DATABASE_PORT", "65536"),
        ("DATABASE_PORT", "5432.0"),
        ("STREAM_SHARDS", "0"),
        ("STREAM_SHARDS", "-1"),
        ("AVAILABILITY_ZONES", "a"),
        ("AVAILABILITY_ZONES", "a,a"),
        ("AVAILABILITY_ZONES", "a,b,c,d"),
        ("AVAILABILITY_ZONES", "a, b"),
        ("AVAILABILITY_ZONES", "1a,1b"),
        ("EVENT_RETENTION_DAYS", "0"),
        ("EVENT_RETENTION_DAYS", "29"),
        ("EVENT_RETENTION_DAYS", "4401"),
        ("BATCH_SIZE", "1001"),
        ("BATCH_SIZE", "²"),
        ("ALARM_EMAIL", "team"),
        ("POSTGRES_VERSION", "15.4"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(name, value):
    with pytest.raises(SettingError) as refusal:
        Settings.read({name: value})
    assert f"{name}={value!r}" in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("DATABASE_PORT", "database_port", 1150),
        ("DATABASE_PORT", "database_port", 65535),
        ("STREAM_SHARDS", "stream_shards", 200),
        ("BATCH_SIZE", "batch_size", 1),
        ("BATCH_SIZE", "batch_size", 1000),
    ],
)
def test_the_limits_themselves_are_accepted(name, attribute, value):
    assert getattr(Settings.read({name: str(value)}), attribute) == value


def test_names_hold_the_system_the_part_and_the_suffix():
    settings = Settings.read({"ENVIRONMENT_SUFFIX": "pr-7"})
    assert settings.name("function", "consumer") == "kinesis-pipeline-consumer-pr-7"
    assert settings.name("stream") == "kinesis-pipeline-pr-7"


def test_the_longest_suffix_still_fits_the_bucket_of_the_longest_region(tmp_path):
    from lib.common import naming, region

    longest = max(region.known(), key=len)
    with rds_roots.everywhere(tmp_path):
        settings = Settings.read({"AWS_REGION": longest, "ENVIRONMENT_SUFFIX": "x" * naming.SUFFIX_LENGTH})
    assert len(settings.bucket("123456789012")) <= 63


def test_a_placeholder_account_counts_as_twelve_digits():
    token = "${Token[AWS.AccountId.0]}"
    assert token in Settings.read({"ENVIRONMENT_SUFFIX": "x" * 20}).bucket(token)


def test_production_without_zones_is_refused(monkeypatch):
    def file(environment):
        assert environment == "production"
        return {name: value for name, value in given.items() if name != "AVAILABILITY_ZONES"}

    given = Settings.file("production")
    monkeypatch.setattr(Settings, "file", staticmethod(file))
    with pytest.raises(SettingError, match=r"^AVAILABILITY_ZONES='' is refused with ENVIRONMENT=production"):
        Settings.read({"ENVIRONMENT": "production"})
    assert Settings.read({"ENVIRONMENT": "production", "AVAILABILITY_ZONES": "b,c"}).availability_zones == "b,c"


def test_zones_have_the_region_s_name():
    settings = Settings.read({"AVAILABILITY_ZONES": "a,c"})
    assert settings.zone_names == [f"{settings.region}a", f"{settings.region}c"]
    assert Settings.read({}).zone_names == []


def test_an_id_that_would_go_before_the_last_replay_is_refused_with_the_arithmetic():
    """50 hours are three days in the stream, twice: before the bucket and after it."""
    given = {"STREAM_HOURS": "50", "LOG_DAYS": "30"}
    with pytest.raises(SettingError) as refusal:
        Settings.read({**given, "EVENT_RETENTION_DAYS": "43"})
    assert str(refusal.value) == (
        "EVENT_RETENTION_DAYS=43 is refused: an event can come again for 44 days, 3 in the stream (STREAM_HOURS=50) "
        "+ 30 in the failure bucket (LOG_DAYS) + 1 until a midnight + 7 as a deleted version + 3 in the stream once "
        "more, and would be stored a second time: use 44 or more, or fewer LOG_DAYS."
    )
    assert Settings.read({**given, "EVENT_RETENTION_DAYS": "44"}).event_retention_days == 44


def test_the_longest_of_all_can_be_covered():
    """What the stream and the bucket take at the most has a number of days that is accepted."""
    longest = {"STREAM_HOURS": "8760", "LOG_DAYS": "3653", "EVENT_RETENTION_DAYS": "4400"}
    assert Settings.read(longest).event_retention_days == 4400
