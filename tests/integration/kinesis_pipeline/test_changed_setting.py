"""A changed setting and ``scripts/up`` again: what is deployed changes in place, and back without the setting."""

import pytest

from lib.kinesis_pipeline.settings import SYSTEM, Settings
from lib.local_cloud import cli
from tests.integration.conftest import DEPLOYED, TARGET

pytestmark = pytest.mark.skipif(TARGET in DEPLOYED, reason="the test deploys, and so does nobody but the local cloud")
DAYS = "3"


@pytest.fixture(name="groups")
def fixture_groups(aws):
    """What the consumer's log group is, whenever it is asked for."""
    name = f"/aws/lambda/{Settings.read().name('function', 'consumer')}"

    def ask():
        (found,) = aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        return found["retentionInDays"], found["creationTime"], found["arn"]

    return ask


def test_a_changed_setting_is_deployed_in_place(groups, monkeypatch):
    days, *before = groups()
    assert days == Settings.read().log_days != int(DAYS)
    with monkeypatch.context() as patch:
        patch.setenv("LOG_DAYS", DAYS)
        assert cli.main(["up", SYSTEM]) == 0
        assert groups() == (int(DAYS), *before)
    assert cli.main(["up", SYSTEM]) == 0
    assert groups() == (days, *before)
