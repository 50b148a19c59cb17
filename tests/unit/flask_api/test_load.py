"""What a load of orders meets follows from the settings, and none of it is below what they are made for."""

from decimal import Decimal

import pytest

from lib.common.load import Load
from lib.flask_api import load
from lib.flask_api.settings import Settings


def grown(**environ: str) -> Load:
    return load.of(Settings.read(environ))


def test_the_least_tasks_are_what_the_settings_are_made_for():
    assert grown(TASKS_MIN="3").rate == 3 * Decimal(load.WORKER_RATE) / 2


@pytest.mark.parametrize(("cpu", "memory", "cores"), [("512", "1024", "0.5"), ("2048", "4096", "2")])
def test_a_task_takes_what_its_processors_let_its_workers(cpu, memory, cores):
    found = grown(TASK_CPU=cpu, TASK_MEMORY=memory)
    assert found.parts[0].takes == Decimal(cores) * load.WORKER_RATE


@pytest.mark.parametrize(("architecture", "arm"), [("ARM64", True), ("X86_64", False)])
def test_a_task_costs_what_its_architecture_does(architecture, arm):
    (part,) = grown(CPU_ARCHITECTURE=architecture).parts
    assert all(("ARM" in name) is arm for name, _, _ in part.prices)
    assert [quantity for _, quantity, _ in part.prices] == [Decimal("0.5"), 1]


@pytest.mark.parametrize(("web_acl", "counted"), [("true", True), ("false", False)])
def test_a_sender_is_limited_and_requests_are_paid_for_where_there_is_a_web_acl(web_acl, counted):
    found = grown(WEB_ACL=web_acl)
    assert any(limit.what.startswith("one sender") for limit in found.limits) is counted
    assert (("awswaf", "RequestV2-Tier1") in found.uses) is counted


def test_nothing_but_one_senders_limit_is_below_what_the_settings_are_made_for():
    found = grown(ENVIRONMENT="staging")
    assert min(limit.takes for limit in found.limits if not limit.what.startswith("one sender")) == found.rate
