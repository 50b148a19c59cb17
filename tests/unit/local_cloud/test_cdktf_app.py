"""The app for the local cloud steps every stack of what was synthesised down, and tells what was changed."""

import json

import pytest

from lib.local_cloud import cdktf_app
from lib.local_cloud.terraform_down import Target


@pytest.fixture
def synthesised(tmp_path):
    config = {"terraform": {"backend": {"local": {"path": "/elsewhere"}}}, "resource": {}}
    (tmp_path / "stacks" / "a").mkdir(parents=True)
    (tmp_path / "stacks" / "a" / "cdk.tf.json").write_text(json.dumps(config))
    stacks = {"a": {"synthesizedStackPath": "stacks/a/cdk.tf.json"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"stacks": stacks}))
    return tmp_path


def test_a_configuration_is_rewritten_in_its_place(synthesised):
    cdktf_app.rewrite(synthesised, Target("http://x", "/cloud/state"), old=False)
    config = json.loads((synthesised / "stacks" / "a" / "cdk.tf.json").read_text())
    assert config["terraform"]["backend"]["local"]["path"] == "/cloud/state"
    (change,) = json.loads((synthesised / cdktf_app.REPORT).read_text())
    assert change[0] == "state in the local cloud's folder"


def test_the_app_is_taps_own_and_then_stepped_down(synthesised, monkeypatch):
    called = []
    monkeypatch.setattr(cdktf_app.tap, "main", called.append)
    environ = {
        "CDKTF_OUTDIR": str(synthesised), cdktf_app.URL: "http://x", cdktf_app.STATE: "/cloud/state",
        cdktf_app.PROVIDER: cdktf_app.PINNED,
    }  # fmt: skip
    cdktf_app.main(environ)
    assert called == [["cdktf"]]
    assert (synthesised / cdktf_app.REPORT).exists()
