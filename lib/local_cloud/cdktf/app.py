"""The CDKTF app for the local cloud: tap.py's own, then :mod:`lib.local_cloud.cdktf.config_compat` over what it wrote.

The CDKTF's command line starts it in place of cdktf.json's ``app``; without the command line it runs by itself.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tap
from lib.common.errors import SettingError
from lib.local_cloud.cdktf.config_compat import Target, step_down

REPORT = "step-down.json"
# The provider to synthesise for ("old" or "pinned"), the emulator's address, and where the state lies.
PROVIDER, URL, STATE = "LOCAL_CLOUD_PROVIDER", "LOCAL_CLOUD_URL", "LOCAL_CLOUD_STATE"
OLD, PINNED = "old", "pinned"


def rewrite(folder: Path, target: Target, *, old: bool) -> None:
    """Step every configuration in a folder down, and write what was changed beside them."""
    report: list[Any] = []
    for stack in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["stacks"].values():
        path = folder / stack["synthesizedStackPath"]
        config, changes = step_down(json.loads(path.read_text(encoding="utf-8")), target, old=old)
        path.write_text(json.dumps(config, indent=1), encoding="utf-8")
        report += changes
    (folder / REPORT).write_text(json.dumps(report), encoding="utf-8")


def main(environ: Mapping[str, str] = os.environ) -> None:
    """Synthesise where the CDKTF's command line says, and step the result down."""
    tap.main(["cdktf"])
    target = Target(url=environ[URL], state=environ[STATE])
    rewrite(Path(environ["CDKTF_OUTDIR"]), target, old=environ[PROVIDER] == OLD)


if __name__ == "__main__":
    try:
        main()
    except SettingError as refusal:
        sys.exit(f"tap: {refusal}")
