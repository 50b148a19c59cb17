"""A second deployment of the system changes nothing, not even after the regions have changed sides."""

import pytest

from lib.local_cloud import cli
from scripts import drill
from tests.integration.conftest import TARGET

pytestmark = pytest.mark.skipif(TARGET == "aws", reason="the local cloud's own commands")


def test_a_drill_keeps_every_payment_and_the_next_deployment_takes_nothing_back(capsys, tmp_path):
    picture = tmp_path / "drill.svg"
    assert drill.main(["--seconds", "2", "--picture", str(picture)]) == 0
    said = capsys.readouterr().out
    assert "everything that is guaranteed was kept" in said
    assert "not measured" not in said
    assert picture.read_text(encoding="utf-8").startswith("<svg ")
    # Between a failover and a failback: what AWS then has is not what the first deployment made.
    assert drill.main(["failover"]) == 0
    try:
        assert cli.main(["up", "disaster-recovery"]) == 0
        said = capsys.readouterr().out
    finally:
        assert drill.main(["failback"]) == 0
    assert "disaster-recovery: no changes" in said
    assert "epoch 4" in said  # the drill had three: over, the pause, back
    capsys.readouterr()
    assert cli.main(["up", "disaster-recovery"]) == 0
    assert "disaster-recovery: no changes" in capsys.readouterr().out
