"""Lambda packages: a zip with the handler and its dependencies, without Docker and the same on every machine.

``lambda/<system>/<function>/`` holds ``handler.py`` with a callable ``handler``, other files beside it and, when there
are dependencies, a hash-pinned ``requirements.txt``. The files of ``lambda/<system>/shared/`` are put beside them, and
those modules of ``lambda/common/`` that any of them imports.
A package is built once per content and cached; a handler that AWS Lambda could not import is refused here.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lib.common.lambda_sources import REQUIREMENTS, ROOT, PackageError, function_folder, sources

RUNTIME = "3.14"
ARCHITECTURE = "arm64"
FORMAT = b"1"  # part of each cached file's name: a change of what this module writes needs another value
CHECK_SECONDS = 60  # AWS itself gives an import 10 s, on a machine that is not busy with a test suite
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
# Since Python 3.12 the runtimes are Amazon Linux 2023, with glibc 2.34: wheels for that or an older one fit.
_PLATFORMS = (*(f"manylinux_2_{minor}" for minor in range(34, 16, -1)), "manylinux2014")
_PINNED = re.compile(r"[\w.-]+(\[[\w.,-]+\])?==\S+(\s+--hash=sha256:[0-9a-f]{64})+")
# What pip writes about the installation: it differs between machines, and nothing reads it on Lambda.
_PIP_RECORDS = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")

# Runs with the standard library and the package alone. Of the developer's environment, only what Lambda's runtime
# has too can be imported; code compiled for another machine is replaced by a stand-in that has every attribute.
_CHECK = """
import sys
from importlib.machinery import ModuleSpec, PathFinder

package, foreign, *site = sys.argv[1:]
provided = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"}

class StandIn:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in foreign.split(",") else None
    def create_module(self, spec):
        from unittest.mock import MagicMock
        return MagicMock(name=spec.name)
    def exec_module(self, module):
        pass

class Runtime:
    def find_spec(self, name, path=None, target=None):
        return PathFinder.find_spec(name, site) if name in provided else None

sys.path.insert(0, package)
sys.meta_path.insert(0, StandIn())
sys.meta_path.append(Runtime())
import handler
if not callable(getattr(handler, "handler", None)):
    raise TypeError("it has no function named 'handler'")
print("the handler can be imported")
"""


def build(
    system: str,
    function: str,
    *,
    root: Path = ROOT,
    output: Path | None = None,
    architecture: str = ARCHITECTURE,
    runtime: str = RUNTIME,
) -> Path:
    """Return the path of a function's zip, which is built when no earlier run has built it from the same content.

    Args:
        system: a folder of ``lambda/``.
        function: a folder of the system's folder.
        root: the repository.
        output: where zips are kept; by default ``.local/lambda`` in the repository.
        architecture: the instruction set as AWS Lambda names it, ``arm64`` or ``x86_64``.
        runtime: the version of Python on AWS Lambda, without the patch level; 3.12 or later.

    Raises:
        PackageError: there is no such function, two files have one name, a dependency is not pinned or cannot be
            downloaded, or the handler cannot be imported.
    """
    if architecture not in _MACHINES:
        raise PackageError(f"architecture={architecture!r} is not one of AWS Lambda's: use {' or '.join(_MACHINES)}.")
    folder = function_folder(root, system, function)
    label = f"lambda/{system}/{function}"
    requirements = folder / REQUIREMENTS
    files = sources(system, function, root=root)
    output = output or root / ".local" / "lambda"
    target = output / f"{system}-{function}-{_digest(files, requirements, architecture, runtime)}.zip"
    if target.is_file():
        return target
    output.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".building-", dir=output) as scratch:
        staging = Path(scratch) / "package"
        if requirements.is_file():
            _install(requirements, label, staging, architecture, runtime)
        _copy(files, label, staging)
        _check(label, staging, foreign=_foreign(staging, architecture, runtime))
        finished = Path(scratch) / target.name
        _zip(staging, finished)
        # One rename: an interrupted build leaves no zip, and of two at once either leaves the same bytes.
        os.replace(finished, target)
    return target


def _digest(files: Mapping[str, Path], requirements: Path, architecture: str, runtime: str) -> str:
    parts = [FORMAT, architecture.encode(), runtime.encode()]
    parts.append(requirements.read_bytes() if requirements.is_file() else b"")
    for name, path in sorted(files.items()):
        parts += [name.encode(), path.read_bytes()]
    # Each part's length comes first: two different lists of parts never give one text.
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()[:16]


def _install(requirements: Path, label: str, staging: Path, architecture: str, runtime: str) -> None:
    """Download the dependencies for AWS Lambda's platform, whatever this machine's is."""
    text = re.sub(r"(^|\s)#.*", "", requirements.read_text(encoding="utf-8"))
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    if not lines:
        return
    for line in lines:
        # An environment marker would be judged by the building machine's Python, and not by Lambda's.
        if not _PINNED.fullmatch(line):
            raise PackageError(
                f"{label}/{REQUIREMENTS} has the line {line[:80]!r}: write NAME==VERSION --hash=sha256:..., "
                f"as 'uv pip compile --generate-hashes --no-emit-index-url --python-version {runtime}' does."
            )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-compile", "--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation=cp"]
    command += [f"--python-version={runtime}", f"--target={staging}", f"--requirement={requirements}"]
    command += [f"--platform={glibc}_{_MACHINES[architecture]}" for glibc in _PLATFORMS]
    result = _run(command)
    if result.returncode:
        raise PackageError(
            f"The dependencies of {label} cannot be installed: {_first_error(result.stderr)} - check the network and "
            f"pip's index ('pip config list'), and that {REQUIREMENTS} names versions with wheels for "
            f"Python {runtime} on {architecture}."
        )
    # The commands' first line names this machine's Python.
    shutil.rmtree(staging / "bin", ignore_errors=True)
    for path in staging.glob("*.dist-info/*"):
        if path.name in _PIP_RECORDS:
            path.unlink()


def _run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, **options)


def _first_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("ERROR:")), lines[-1] if lines else "pip says nothing")


def _copy(files: Mapping[str, Path], label: str, staging: Path) -> None:
    for name, path in files.items():
        copy = staging / name
        if copy.exists():
            raise PackageError(f"{path} and a dependency of {label} have one place in the package: rename the file.")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _foreign(staging: Path, architecture: str, runtime: str) -> set[str]:
    """Return the top-level names with code that this machine cannot load, for it is compiled for AWS Lambda."""
    here = (sys.platform, platform.machine(), f"{sys.version_info.major}.{sys.version_info.minor}")
    if here == ("linux", _MACHINES[architecture], runtime):
        return set()
    return {path.relative_to(staging).parts[0].partition(".")[0] for path in staging.rglob("*.so")}


def _check(label: str, staging: Path, foreign: set[str]) -> None:
    """Import the handler as AWS Lambda does: no environment to lean on, no credentials, no forgotten dependency."""
    command = [sys.executable, "-I", "-S", "-B", "-c", _CHECK, str(staging), ",".join(sorted(foreign)), *sys.path]
    environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(staging.parent)}
    try:
        result = _run(command, cwd=staging, env=environ, timeout=CHECK_SECONDS)
    except subprocess.TimeoutExpired:
        raise PackageError(
            f"{label}/handler.py takes more than {CHECK_SECONDS} s to import: move its work into functions."
        ) from None
    if result.returncode or "the handler can be imported" not in result.stdout:
        lines = result.stderr.strip().splitlines() or ["it ends the process"]
        places = re.findall(rf'File "{re.escape(str(staging))}/(.+)", line (\d+)', result.stderr)
        where = f" ({places[-1][0]}, line {places[-1][1]})" if places else ""
        raise PackageError(
            f"{label}/handler.py cannot be imported: {lines[-1]}{where}. "
            f"A dependency belongs into {label}/{REQUIREMENTS}; values of the environment are read when it is called."
        )


def _zip(staging: Path, target: Path) -> None:
    # Stored, not deflated: zlib and its successors compress the same input to different bytes.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as package:
        for path in sorted(path for path in staging.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(staging).as_posix())  # the time is 1980-01-01
            entry.create_system = 3  # Unix, wherever it is built: the mode counts
            entry.external_attr = 0o644 << 16
            package.writestr(entry, path.read_bytes())
