"""A changed setting and ``scripts/up`` again: Pulumi in-process updates nothing, and says what to do."""

import pytest

from lib.local_cloud import cli
from lib.payment.settings import SYSTEM, Settings
from tests.integration.conftest import DEPLOYED, TARGET

pytestmark = pytest.mark.skipif(TARGET in DEPLOYED, reason="the test deploys, and so does nobody but the local cloud")


def test_a_changed_setting_is_refused_with_what_to_do(aws, monkeypatch, capfd):
    name = Settings.read().name("function", "api")
    before = aws("lambda").get_function_configuration(FunctionName=name)
    with monkeypatch.context() as patch:
        patch.setenv("LOG_DAYS", "3")
        assert cli.main(["up", SYSTEM]) != 0
    said = capfd.readouterr()
    assert "nothing is updated in place: run scripts/down, then scripts/up." in said.out + said.err
    assert aws("lambda").get_function_configuration(FunctionName=name)["RevisionId"] == before["RevisionId"]


def test_the_same_settings_change_nothing(capfd):
    assert cli.main(["up", SYSTEM]) == 0
    assert "in place" not in capfd.readouterr().err
