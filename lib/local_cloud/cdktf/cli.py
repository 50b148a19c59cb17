"""CDKTF's own command line, from npm: fetched when somebody asks for it, as package-lock.json pins it.

It is not the default: npm compiles a part of it (node-pty), and not every machine has a compiler.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from lib.common import node
from lib.common.errors import SettingError
from lib.local_cloud.cdktf import terraform_fetch
from lib.local_cloud.cloud import ROOT, LocalCloud
from lib.local_cloud.errors import LocalCloudError

Report = Callable[[str], None]
VARIABLE, CLI, TERRAFORM = "LOCAL_CLOUD_CDKTF", "cli", "terraform"
FOLDER = ROOT / ".local" / "cdktf-cli"
FILES = ("package.json", "package-lock.json")
PROGRAM = Path("node_modules") / ".bin" / "cdktf"


def place(folder: Path = FOLDER) -> Path:
    """Return where the command line of these lock files lies, or will."""
    digest = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in FILES)).hexdigest()
    return folder / digest[:12]


def find(folder: Path = FOLDER) -> Path | None:
    """Return the command line if it is there already: in the checkout, or fetched earlier."""
    for path in (ROOT / PROGRAM, place(folder) / PROGRAM):
        if path.exists():
            return path
    return None


def fetch(cloud: LocalCloud, report: Report, folder: Path = FOLDER) -> tuple[Path | None, str]:
    """Return the command line, fetched where it is missing, or None and why it cannot be had."""
    command = find(folder)
    if command:
        return command, ""
    expected = place(folder)
    making = expected.with_name(
        f"{expected.name}.part"
    )  # a name that an interrupted run leaves behind, and this one ends
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    for name in FILES:
        shutil.copy(ROOT / name, making)
    words = ["npm", "ci", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"]
    log = cloud.folder / "cdktf-npm.log"
    try:
        code = terraform_fetch.watched(
            words,
            making,
            environment(cloud),
            log=log,
            filling=[making, _cache()],
            telling=("fetching cdktf-cli", report),
        )
    except FileNotFoundError:
        return None, "there is no npm: run scripts/up, which brings one"
    if code is None:
        return None, f"it cannot be fetched: nothing came from the network for {terraform_fetch.STALL_SECONDS:.0f} s"
    if code:
        last = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()][:1]
        return None, f"it cannot be fetched: {''.join(last)} (full log: {log})"
    if not (making / PROGRAM).exists():  # npm leaves an optional package out that it cannot build
        return None, f"its terminal cannot be built: it needs a C++ compiler and make (full log: {log})"
    making.rename(expected)
    return find(folder), ""


def environment(cloud: LocalCloud) -> dict[str, str]:
    """Return the variables with which npm and the command line run on the Node that runs the CDKTF.

    A part of the command line is compiled for that Node, with the headers that lie beside it.
    """
    environ = cloud.whole_environment()
    own = str(Path(environ[node.VARIABLE]).parent)
    path = os.pathsep.join([str(Path(sys.executable).parent), own, environ.get("PATH", "")])
    place_ = Path(shutil.which("node", path=path) or own).resolve().parent.parent
    headers = {"npm_config_nodedir": str(place_)} if (place_ / "include" / "node").is_dir() else {}
    return {**environ, "PATH": path, **headers}


def _cache() -> Path:
    return Path(os.environ.get("npm_config_cache") or Path.home() / ".npm")  # noqa: SIM112 - npm writes it so


def way(
    cloud: LocalCloud, report: Report, environ: Mapping[str, str] = os.environ, folder: Path = FOLDER
) -> tuple[Path | None, str]:
    """Return the command line if it is asked for, else None for Terraform alone; and a sentence that says which.

    Raises:
        SettingError: the variable is none of the two words.
        LocalCloudError: the command line is asked for, and cannot be had.
    """
    asked = environ.get(VARIABLE, "")
    if asked not in ("", CLI, TERRAFORM):
        raise SettingError(f"{VARIABLE}={asked!r} is not valid: use {CLI!r} or {TERRAFORM!r}, or leave it out.")
    if asked != CLI:
        return None, "synthesised, then terraform apply"
    command, why = fetch(cloud, report, folder)
    if command is None:
        raise LocalCloudError(f"{VARIABLE}={CLI} asks for CDKTF's command line: {why}.")
    return command, f"cdktf deploy, as {VARIABLE} asks"
