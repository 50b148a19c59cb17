"""The CDK app for the local cloud: tap.py's own, then :mod:`lib.local_cloud.cdk.template_compat` over its templates.

The CDK's command line starts it in place of cdk.json's ``app`` where ``CDK_APP`` says so, as ``scripts/env`` does.
"""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tap
from lib.common.errors import SettingError
from lib.common.json_types import JsonObject
from lib.local_cloud.cdk.template_compat import step_down

REPORT = "step-down.json"


def rewrite(folder: Path) -> None:
    """Step the templates of a cloud assembly down, and write what was changed beside them.

    A template is an asset named by its content, so that the name changes with it.
    """
    manifest_file = folder / "manifest.json"
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    report: list[Any] = []
    for artifact in manifest["artifacts"].values():
        if artifact["type"] != "aws:cloudformation:stack":
            continue
        template_file = folder / artifact["properties"]["templateFile"]
        template, changes = step_down(json.loads(template_file.read_text(encoding="utf-8")))
        report += changes
        text = json.dumps(template, indent=1)
        template_file.write_text(text, encoding="utf-8")
        _rename_asset(folder, artifact, template_file.name, hashlib.sha256(text.encode()).hexdigest())
    manifest_file.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    (folder / REPORT).write_text(json.dumps(report), encoding="utf-8")


def _rename_asset(folder: Path, artifact: JsonObject, template: str, digest: str) -> None:
    for path in folder.glob("*.assets.json"):
        assets = json.loads(path.read_text(encoding="utf-8"))
        for old, asset in list(assets["files"].items()):
            if asset["source"]["path"] != template:
                continue
            path.write_text(path.read_text(encoding="utf-8").replace(old, digest), encoding="utf-8")
            url = artifact["properties"]["stackTemplateAssetObjectUrl"]
            artifact["properties"]["stackTemplateAssetObjectUrl"] = url.replace(old, digest)


def main(environ: Mapping[str, str] = os.environ) -> None:
    """Synthesise where the CDK's command line says, and step the result down."""
    tap.main(["cdk"])
    rewrite(Path(environ["CDK_OUTDIR"]))


if __name__ == "__main__":
    try:
        main()
    except SettingError as refusal:
        sys.exit(f"tap: {refusal}")
