"""The auditor looks at what is deployed: it sees all of it, and the stacks give it nothing to act on."""

import json
from pathlib import Path

from lib.analyse import cli
from lib.common import region


def test_the_stacks_pass(environ, tmp_path: Path):
    code = cli.main(["--region", region.primary(), "--output", str(tmp_path), "--quiet", "--streams", "off"])
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    relevant = [(f["severity"], f["id"], f["title"]) for f in report["findings"] if f["severity"] != "info"]
    assert report["complete"], report["coverage"]
    assert (code, relevant) == (0, [])
    assert sum(entry["items"] for entry in report["coverage"]) > 0
