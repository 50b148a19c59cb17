"""Settings come from files, Pulumi's configuration and the environment; a wrong one is refused."""

import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.flask_api.settings import FARGATE, Settings
from tests.support import rds_roots

HERE = region.primary({})
CERTIFICATE = f"arn:{region.partition(HERE)}:acm:{HERE}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
ELSEWHERE = next(name for name in sorted(region.known()) if name != HERE)
ZONE = {"DOMAIN_NAME": "api.example.com", "HOSTED_ZONE_ID": "Z0123456789"}


def test_the_default_is_production_of_the_shop():
    settings = Settings.read({})
    assert (settings.tags["Environment"], settings.tags["Project"]) == ("production", "ecommerce-api")
    assert (settings.environment, settings.deletion_protection, settings.nat_per_zone) == ("production", True, True)


def test_a_development_environment_may_be_lost():
    settings = Settings.read({"ENVIRONMENT": "dev"})
    assert (settings.retain_data, settings.deletion_protection, settings.nat_per_zone) == (False, False, False)
    assert settings.tags["Environment"] == "dev"


@pytest.mark.parametrize("chosen", ["true", "false"])
def test_protection_and_gateways_can_be_chosen_apart_from_the_environment(chosen):
    settings = Settings.read({"DELETION_PROTECTION": chosen, "NAT_PER_ZONE": chosen})
    assert (settings.deletion_protection, settings.nat_per_zone) == (chosen == "true",) * 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "prod"),
        ("ENVIRONMENT_SUFFIX", "Dev"),
        ("AURORA_POSTGRESQL_VERSION", "15.4"),
        ("DATABASE_INSTANCE_CLASS", "t4g.medium"),
        ("DATABASE_PORT", "80"),
        ("DATABASE_INSIGHTS", "Advanced"),
        ("DELETION_PROTECTION", "yes"),
        ("NAT_PER_ZONE", "True"),
        ("VPC_CIDR", "10.20.0.0"),
        ("VPC_CIDR", "10.20.0.1/16"),
        ("VPC_CIDR", "10.0.0.0/8"),
        ("VPC_CIDR", "10.0.0.0/25"),
        ("VPC_CIDR", "8.8.0.0/16"),
        ("IMAGE", "latest"),
        ("IMAGE", "sha256:abc"),
        ("IMAGE", "-v1"),
        ("CPU_ARCHITECTURE", "arm"),
        ("TASK_CPU", "500"),
        ("TASK_CPU", "256"),
        ("TASK_MEMORY", "512"),
        ("TASK_MEMORY", "1500"),
        ("TASKS_MIN", "0"),
        ("TASKS_MAX", "1"),
        ("CERTIFICATE_ARN", "arn:x"),
        ("CERTIFICATE_ARN", CERTIFICATE.replace(HERE, ELSEWHERE)),
        ("DOMAIN_NAME", "api.example.com"),
        ("HOSTED_ZONE_ID", "Z123"),
        ("ALARM_EMAIL", "team"),
        ("AUTHOR", "<me>"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(name, value):
    with pytest.raises(SettingError) as refusal:
        Settings.read({name: value})
    assert f"{name}={value!r}" in str(refusal.value)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"DOMAIN_NAME": "api"}, "DOMAIN_NAME='api'"), ({"HOSTED_ZONE_ID": "zone/1"}, "HOSTED_ZONE_ID='zone/1'")],
)
def test_a_wrong_half_of_a_record_is_named(wrong, named):
    with pytest.raises(SettingError) as refusal:
        Settings.read({**ZONE, **wrong})
    assert named in str(refusal.value)


def test_https_and_the_record_can_be_switched_on():
    settings = Settings.read({"CERTIFICATE_ARN": CERTIFICATE, **ZONE})
    assert (settings.certificate_arn, settings.domain_name) == (CERTIFICATE, ZONE["DOMAIN_NAME"])
    assert settings.hosted_zone_id == ZONE["HOSTED_ZONE_ID"]


@pytest.mark.parametrize("image", ["v1", "2026-11-23_abc.1", "sha256:" + "0af" * 21 + "9"])
def test_an_image_is_a_digest_or_a_tag(image):
    assert Settings.read({"IMAGE": image}).image == image


@pytest.mark.parametrize("cpu", FARGATE)
def test_every_size_of_fargate_has_a_smallest_memory_and_a_largest(cpu):
    assert Settings.read({"TASK_CPU": str(cpu)}).task_memory == FARGATE[cpu][0]
    assert Settings.read({"TASK_CPU": str(cpu), "TASK_MEMORY": str(FARGATE[cpu][-1])}).task_memory == FARGATE[cpu][-1]


def test_more_tasks_than_the_most_by_default_raise_the_most():
    assert Settings.read({"TASKS_MIN": "9"}).tasks_max == 9


def test_names_hold_the_system_the_part_and_the_suffix():
    settings = Settings.read({"ENVIRONMENT_SUFFIX": "pr-7"})
    assert settings.name("role", "task") == f"flask-api-task-{region.short(region.primary({}))}-pr-7"
    assert settings.name("cluster") == "flask-api-pr-7"


def test_the_longest_suffix_fits_every_name_of_the_longest_region(tmp_path):
    from lib.common import naming

    values = {"AWS_REGION": max(region.known(), key=len), "ENVIRONMENT_SUFFIX": "x" * naming.SUFFIX_LENGTH}
    with rds_roots.everywhere(tmp_path):
        settings = Settings.read(values)
    assert len(settings.bucket("123456789012")) <= 63
    assert len(settings.name("target_group")) <= 32
