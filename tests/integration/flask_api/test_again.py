"""A second deployment of the Flask API changes nothing, and the application goes on with its data."""

import pytest

from lib.local_cloud import cli
from tests.integration.conftest import TARGET


@pytest.mark.skipif(TARGET == "aws", reason="the local cloud's own command")
def test_a_second_deployment_changes_nothing(capsys):
    assert cli.main(["up", "flask-api"]) == 0
    said = capsys.readouterr().out
    assert "flask-api: no changes" in said
    assert "requests by status" in said
