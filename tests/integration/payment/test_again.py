"""A second deployment of the payment system changes nothing, and its books stay right."""

import pytest

from lib.local_cloud import cli
from tests.integration.conftest import TARGET


@pytest.mark.skipif(TARGET == "aws", reason="the local cloud's own command")
def test_a_second_deployment_changes_nothing(capsys):
    assert cli.main(["up", "payment"]) == 0
    said = capsys.readouterr().out
    assert "payment: no changes" in said
    assert "every currency sums to zero" in " ".join(said.replace("│", " ").split())
