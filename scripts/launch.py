"""Starts a command in its caller's folder: paths that it is given, and what it writes, are the caller's.

    python scripts/launch.py FOLDER MODULE [ARGUMENT ...]

A command that asks AWS about what is deployed is led to the running local cloud, where nothing names an account.
"""

import os
import runpy
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Those of the README that stand next to scripts/up. A drill in AWS says so itself (--aws).
ASK_AWS = ("lib.analyse.__main__", "scripts.redrive", "scripts.verify_backups")


def main(arguments: Sequence[str]) -> None:
    """Become the module."""
    folder, module, *given = arguments
    sys.path[0] = str(ROOT)  # it was that of this file
    if module in ASK_AWS:
        told = import_module("lib.local_cloud.found").point(os.environ)
        if told:
            print(told, file=sys.stderr, flush=True)
    os.chdir(folder)
    sys.argv = [module, *given]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
