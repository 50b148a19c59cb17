"""Runs the auditor in this process against a cloud of :mod:`tests.support.analyse.server`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.analyse import cli, region_names
from lib.common import region
from tests.support.analyse import server as api_server
from tests.support.analyse.content import Content
from tests.support.analyse.server import Cloud, Faults

HERE = region.primary({})
PRICED = next(code for code, name in region_names.names().items() if name == "US East (N. Virginia)")
Audit = Callable[..., tuple[int, dict[str, Any]]]


def auditor(cloud: Cloud, output: Path, patch: pytest.MonkeyPatch, url: str) -> Audit:
    """Return a function that runs the auditor with options and returns its exit code and its report."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        patch.delenv(name, raising=False)
    for name, value in api_server.environment(url).items():
        patch.setenv(name, value)

    def audit(*options: str) -> tuple[int, dict[str, Any]]:
        code = cli.main(["--output", str(output), *options])
        return code, json.loads((output / "report.json").read_text(encoding="utf-8"))

    return audit


def cloud(content: Content | None = None, **faults: Any) -> Cloud:
    """Return a cloud that holds something and has faults."""
    return Cloud(content or Content(), Faults(**faults))


def gaps(report: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Return what a report says was not looked at, and why."""
    return {(e["region"], e["collector"]): e["reason"] for e in report["coverage"] if e["status"] != "complete"}
