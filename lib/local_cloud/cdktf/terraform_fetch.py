"""Which Terraform and which AWS provider deploy here: those that come as Python packages, where these run.

What is chosen depends on the machine's platform and on LOCAL_CLOUD_TERRAFORM, never on what the network gives. Where
the registry is asked, a network that is closed may answer nothing at all: what brings no byte for some seconds is given
up.
"""

import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from lib.common.errors import SettingError
from lib.local_cloud import programs
from lib.local_cloud.cdktf import terraform_packages
from lib.local_cloud.cdktf.legacy_provider.rewrites import PROVIDER
from lib.local_cloud.cloud import ROOT, LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers.process import end

Report = Callable[[str], None]
VARIABLE, REGISTRY, MIRROR = "LOCAL_CLOUD_TERRAFORM", "registry", "mirror"
TOOLS = ROOT / ".local" / "terraform"  # the provider, where it has been fetched; outlives the clouds
OLDEST = (1, 11)  # what the stack asks for
STALL_SECONDS, LOOK_SECONDS = 8.0, 0.1
ADDRESS = "registry.terraform.io/hashicorp/aws"
PLUGIN = f"terraform-provider-aws_{PROVIDER}_linux_amd64.zip"


class DeployMode(NamedTuple):
    """How Terraform gets its provider: whether it is the old one, and why, in a sentence."""

    old: bool
    sentence: str


def folder(cloud: LocalCloud) -> Path:
    """Return where everything of Terraform's lies that ends with the cloud."""
    path = cloud.folder / "terraform"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def program(cloud: LocalCloud, report: Report, *, old: bool) -> Path:
    """Return a command ``terraform``.

    With the old provider it is always the Python package's, which a lock file pins: a deployment is the same on every
    machine. With the registry's, the PATH's is taken where it is new enough.

    Raises:
        LocalCloudError: the package is needed, and cannot be installed.
    """
    on_path = None if old else shutil.which("terraform")
    if on_path and _version(on_path) >= OLDEST:
        return Path(on_path)
    terraform_packages.install(report)
    command = folder(cloud) / "bin" / "terraform"
    command.parent.mkdir(exist_ok=True)
    command.write_text(f'#!/bin/sh\nexec {shlex.join(programs.command(programs.TERRAFORM))} "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return command


def _version(command: str) -> tuple[int, ...]:
    done = subprocess.run([command, "version", "-json"], capture_output=True, text=True, check=False)
    with suppress(ValueError):
        match = re.match(r"(\d+)\.(\d+)", str(json.loads(done.stdout).get("terraform_version")))
        if match:
            return int(match[1]), int(match[2])
    return (0,)


def plugin() -> Path:
    """Return the old provider as the Python package has it.

    Raises:
        LocalCloudError: the package is not installed, or is for another platform.
    """
    spec = importlib.util.find_spec(terraform_packages.PROVIDER)
    for location in spec.submodule_search_locations or () if spec else ():
        path = Path(location) / PLUGIN
        if path.is_file():
            return path
    raise LocalCloudError(
        f"{PLUGIN} is not in the Python package {terraform_packages.PROVIDER}: run scripts/up once, on "
        f"Linux x86-64; elsewhere {VARIABLE}={REGISTRY} takes the pinned provider from its registry."
    )


def elsewhere() -> str:
    """Return the name of this platform where the old provider does not run on it, or ''."""
    here = platform.system(), platform.machine()
    return "" if here[0] == "Linux" and here[1].lower() in {"x86_64", "amd64"} else " ".join(here)


def mirror(cloud: LocalCloud) -> Path:
    """Lay the old provider out as a mirror and return the file that leads Terraform to it.

    Raises:
        LocalCloudError: see :func:`plugin`.
    """
    directory = folder(cloud) / "mirror"
    link = directory / ADDRESS / PLUGIN
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(plugin())
    settings = directory.with_name("terraform.rc")
    settings.write_text(
        f'disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{ path = "{directory}" }}\n}}\n',
        encoding="utf-8",
    )
    return settings


def deploy_mode(
    cloud: LocalCloud, pinned: str, report: Report, environ: Mapping[str, str] = os.environ, tools: Path = TOOLS
) -> DeployMode:
    """Return how the provider is got: as before, as the environment demands, or as the platform allows.

    Args:
        cloud: whose folder remembers it, as long as something is deployed.
        pinned: the version that the stack asks for.
        report: is told how much has come.
        environ: where ``LOCAL_CLOUD_TERRAFORM`` may be.
        tools: what outlives the clouds.

    Raises:
        SettingError: the variable is none of the two words.
        LocalCloudError: the registry is needed, and gives nothing; or the mirror is demanded where it does not run.
    """
    asked = environ.get(VARIABLE, "")
    if asked not in ("", REGISTRY, MIRROR):
        raise SettingError(f"{VARIABLE}={asked!r} is not valid: use {REGISTRY!r} or {MIRROR!r}, or leave it out.")
    kept = folder(cloud) / "way"
    new, old = f"with AWS provider {pinned} of its registry", f"with AWS provider {PROVIDER} instead of {pinned}"
    before = kept.read_text(encoding="utf-8") if kept.exists() else ""
    if before:
        return DeployMode(before == MIRROR, f"{old if before == MIRROR else new}, as before")
    here = elsewhere()
    if not here and asked != REGISTRY:
        return DeployMode(True, f"{old}, {f'as {VARIABLE} asks' if asked else 'as on every Linux x86-64'}")
    limit = f"{PROVIDER} is packaged for Linux x86-64, and this is {here}"
    if asked == MIRROR:
        raise LocalCloudError(f"{VARIABLE}={MIRROR}: AWS provider {limit}: use {REGISTRY!r}, or leave it out.")
    cause = f"as {VARIABLE} asks" if asked else limit
    why = prepare(cloud, pinned, report, tools)
    if why:
        raise LocalCloudError(f"AWS provider {pinned} is needed ({cause}): {why}.")
    return DeployMode(False, f"{new}, {cause}" if asked else f"{new}: {cause}")


def remember(cloud: LocalCloud, mode: DeployMode) -> None:
    """Let later commands go the same way: one provider does not read the other's state."""
    (folder(cloud) / "way").write_text(MIRROR if mode.old else REGISTRY, encoding="utf-8")


def forget(cloud: LocalCloud) -> None:
    """Let the next deployment choose again."""
    (folder(cloud) / "way").unlink(missing_ok=True)


def prepare(cloud: LocalCloud, pinned: str, report: Report, tools: Path = TOOLS) -> str:
    """Have the pinned provider in the cache; return '' or why it cannot be had."""
    directory, cache = folder(cloud) / "probe", tools / "plugins"
    for path in (directory, cache):
        path.mkdir(parents=True, exist_ok=True)
    required = {"aws": {"source": "hashicorp/aws", "version": pinned}}
    (directory / "main.tf.json").write_text(
        json.dumps({"terraform": {"required_providers": required}}), encoding="utf-8"
    )
    log = directory / "log"
    environ = {**cloud.whole_environment(), "TF_PLUGIN_CACHE_DIR": str(cache), "TMPDIR": str(directory)}
    what = "fetching Terraform's AWS provider"
    words = [str(program(cloud, report, old=False)), "init", "-no-color"]
    code = watched(words, directory, environ, log=log, filling=[directory, cache], telling=(what, report))
    if code is None:
        return f"it cannot be fetched: nothing came from the network for {STALL_SECONDS:.0f} s"
    return f"it cannot be fetched: {said(log)}" if code else ""


def said(log: Path) -> str:
    """Return the cause in the first of Terraform's errors in a log."""
    text = log.read_text(encoding="utf-8", errors="replace")
    errors = re.findall(r"Error: (.+)\n+((?:.+\n)*)", text)
    words = " ".join((errors[0][1] or errors[0][0]).split()) if errors else "Terraform gave no reason"
    return words.removesuffix(".").rpartition(": ")[2]  # the cause; before it stands what it was the cause of


def watched(
    command: Sequence[str],
    directory: Path,
    environ: Mapping[str, str],
    *,
    log: Path,
    filling: Sequence[Path],
    telling: tuple[str, Report],
) -> int | None:
    """Run a command as long as it fills the folders; return its exit code, or None where it was given up."""
    what, report = telling
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            command, cwd=directory, env=dict(environ), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        ) as process,
    ):
        try:
            before = last = size(filling)
            since, pause = time.monotonic(), LOOK_SECONDS
            while process.poll() is None and time.monotonic() - since <= STALL_SECONDS:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(pause)
                began = time.monotonic()
                now = size(filling)
                pause = max(LOOK_SECONDS, 4 * (time.monotonic() - began))  # looking is work too
                if now != last:
                    last, since = now, time.monotonic()
                    report(f"{what}: {(now - before) / 1e6:.0f} MB")
            return process.poll()
        finally:
            if process.poll() is None:
                whole = psutil.Process(process.pid)
                end([*whole.children(recursive=True), whole])


def size(folders: Sequence[Path]) -> int:
    """Return how many bytes lie below folders that are being written."""
    total = 0
    for path in (path for folder_ in folders for path in folder_.rglob("*")):
        with suppress(FileNotFoundError):  # temporary files come and go
            total += path.lstat().st_size
    return total
