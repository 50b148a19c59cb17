"""Settings that do not add up are refused with the arithmetic, before anything is declared."""

import importlib
from collections.abc import Mapping

import pytest

import tap
from lib.common.capacity import Need
from lib.common.errors import SettingError
from lib.common.setting_types import ENVIRONMENTS
from lib.common.settings import DatabaseSettings
from lib.common.system_settings import SystemSettings
from tests.support.production import ON_DUTY


def settings(system: str, given: Mapping[str, str]) -> DatabaseSettings:
    """Return a system's settings."""
    chosen: type[DatabaseSettings] = importlib.import_module(f"lib.{system.replace('-', '_')}.settings").Settings
    return chosen.read({"ENVIRONMENT": "dev", **given})


@pytest.mark.parametrize("system", tap.SYSTEMS)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_there_by_default_is_enough(system: str, environment: str) -> None:
    """In each environment."""
    for need in settings(system, {**ON_DUTY, "ENVIRONMENT": environment}).capacity():
        assert 0 < need.needed <= need.there, need


@pytest.mark.parametrize(
    ("system", "given", "sentence"),
    [
        (
            "flask-api",
            {"TASKS_MAX": "30", "TASK_CPU": "1024"},
            (
                "connections to PostgreSQL: 60 tasks (TASKS_MAX=30, twice in a deployment) x 2 workers (TASK_CPU=1024) "
                "x 8 connections, and 1 to migrate = 961 are needed, and DATABASE_INSTANCE_CLASS=db.t4g.medium has "
                "405: a larger class, or a smaller TASKS_MAX or TASK_CPU."
            ),
        ),
        (
            "flask-api",
            {"VPC_CIDR": "10.1.2.0/24"},
            "a load balancer's /27 = 32 are needed, and VPC_CIDR=10.1.2.0/24 has 16",
        ),
        (
            "payment",
            {"VPC_CIDR": "10.1.2.0/24"},
            "a load balancer's /27 = 32 are needed, and VPC_CIDR=10.1.2.0/24 has 16",
        ),
        (
            "payment",
            {"API_BURST": "400", "FUNCTION_CONCURRENCY": "20"},
            "functions at once: API_BURST=400 = 400 are needed, and FUNCTION_CONCURRENCY=20 has 20",
        ),
        (
            "disaster-recovery",
            {"API_BURST": "100", "FUNCTION_CONCURRENCY": "100"},
            (
                "functions at once: API_BURST=100 + 50 health checks = 150 are needed, and FUNCTION_CONCURRENCY=100 "
                "has 100: a smaller API_BURST, or a larger FUNCTION_CONCURRENCY."
            ),
        ),
        ("payment", {"API_BURST": "500"}, "500 functions, 1 that drains, 1 that migrates = 502 are needed"),
        (
            "payment",
            {"API_BURST": "500", "FUNCTION_CONCURRENCY": "0"},
            "500 functions, 1 that drains, 1 that migrates = 502 are needed",
        ),
        ("payment", {"SENDER_RATE": "2000"}, "300 s x API_RATE=20 = 6000 are needed, and SENDER_RATE=2000 has 2000"),
        (
            "kinesis-pipeline",
            {"STREAM_SHARDS": "200", "DATABASE_INSTANCE_CLASS": "db.t4g.micro"},
            "a consumer for each of STREAM_SHARDS=200, 1 to migrate and 1 for the events' weeks = 202 are needed",
        ),
    ],
)
def test_what_is_not_enough_is_refused(system: str, given: Mapping[str, str], sentence: str) -> None:
    """The sentence has the arithmetic, and what to write instead."""
    with pytest.raises(SettingError) as refusal:
        settings(system, given).deployable()
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(("needed", "refused"), [(10, False), (11, True)])
def test_exactly_enough_is_enough(needed: int, refused: bool) -> None:
    """One more is too many."""
    need = Need("cups", "guests", needed, "the board", 10, "more cups")
    if not refused:
        need.check()
        return
    with pytest.raises(SettingError, match="cups: guests = 11 are needed, and the board has 10: more cups"):
        need.check()


@pytest.mark.parametrize(
    ("given", "remedy"),
    [({"DATABASE_INSTANCE_CLASS": "db.r6g.large"}, "a larger class"), ({"TASKS_MAX": "25"}, "fewer tasks")],
)
def test_what_the_sentence_says_helps(given: Mapping[str, str], remedy: str) -> None:
    """Each of its remedies alone."""
    chosen = settings("flask-api", {"TASKS_MAX": "30", **given})
    assert chosen.deployable() is chosen, remedy


def test_a_system_that_limits_nothing_needs_nothing() -> None:
    """Settings of a system without a database."""

    class Mailbox(SystemSettings):
        """None of its own."""

        system = "mailbox"

    assert Mailbox(dict[str, object]()).capacity() == []
