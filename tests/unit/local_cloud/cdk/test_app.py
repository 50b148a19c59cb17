"""The app for the local cloud rewrites the templates of an assembly, under a new name for the new content."""

import json

import pytest

from lib.local_cloud.cdk import app

OLD = "0" * 64
URL = "s3://bucket/{}.json"


@pytest.fixture
def assembly(tmp_path):
    template = {"Resources": {"Log": {"Type": "AWS::EC2::FlowLog", "Properties": {}}}}
    stack = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "S.template.json", "stackTemplateAssetObjectUrl": URL.format(OLD)},
    }
    files = {
        OLD: {"source": {"path": "S.template.json"}, "destinations": {"d": {"objectKey": f"{OLD}.json"}}},
        "1" * 64: {"source": {"path": "code.zip"}},
    }
    manifest = {"artifacts": {"S": stack, "Tree": {"type": "cdk:tree"}}}
    for name, content in (("S.template", template), ("manifest", manifest), ("S.assets", {"files": files})):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return tmp_path


def read(folder, name):
    return json.loads((folder / name).read_text())


def test_the_template_is_stepped_down(assembly):
    app.rewrite(assembly)
    assert read(assembly, "S.template.json") == {"Resources": {}}


def test_the_asset_is_named_by_its_new_content(assembly):
    app.rewrite(assembly)
    files = read(assembly, "S.assets.json")["files"]
    (name,) = set(files) - {"1" * 64}
    assert name != OLD
    assert files[name]["destinations"]["d"]["objectKey"] == f"{name}.json"
    stack = read(assembly, "manifest.json")["artifacts"]["S"]
    assert stack["properties"]["stackTemplateAssetObjectUrl"] == URL.format(name)


def test_what_was_changed_is_written_beside_it(assembly):
    app.rewrite(assembly)
    assert [(what, names) for what, _why, names in read(assembly, "step-down.json")] == [
        ("AWS::EC2::FlowLog left out", ["Log"])
    ]


def test_the_app_is_the_one_of_tap(assembly, monkeypatch):
    called = []
    monkeypatch.setattr(app.tap, "main", called.append)
    app.main({"CDK_OUTDIR": str(assembly)})
    assert called == [["cdk"]]
    assert (assembly / "step-down.json").exists()
