"""The app for the local cloud steps every stack of what was synthesised down, and tells what was changed."""

import json

import pytest

from lib.local_cloud.cdktf import app
from lib.local_cloud.cdktf.config_compat import Target


@pytest.fixture
def synthesised(tmp_path):
    config = {"terraform": {"backend": {"local": {"path": "/elsewhere"}}}, "resource": {}}
    (tmp_path / "stacks" / "a").mkdir(parents=True)
    (tmp_path / "stacks" / "a" / "cdk.tf.json").write_text(json.dumps(config))
    stacks = {"a": {"synthesizedStackPath": "stacks/a/cdk.tf.json"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"stacks": stacks}))
    return tmp_path


def test_a_configuration_is_rewritten_in_its_place(synthesised):
    app.rewrite(synthesised, Target("http://x", "/cloud/state"), old=False)
    config = json.loads((synthesised / "stacks" / "a" / "cdk.tf.json").read_text())
    assert config["terraform"]["backend"]["local"]["path"] == "/cloud/state"
    (change,) = json.loads((synthesised / app.REPORT).read_text())
    assert change[0] == "state in the local cloud's folder"


def test_the_app_is_taps_own_and_then_stepped_down(synthesised, monkeypatch):
    called = []
    monkeypatch.setattr(app.tap, "main", called.append)
    environ = {
        "CDKTF_OUTDIR": str(synthesised),
        app.URL: "http://x",
        app.STATE: "/cloud/state",
        app.PROVIDER: app.PINNED,
    }
    app.main(environ)
    assert called == [["cdktf"]]
    assert (synthesised / app.REPORT).exists()
