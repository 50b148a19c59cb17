"""Copies one system out of this repository, as a project of its own.

    scripts/copy_system payment ../payments     code, documents, tests, what they need, the packages pinned

The copy has no trace of the other systems; its README says how it is deployed, changed, destroyed and tested.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lib.common.errors import SettingError
from lib.copy_system.copy import copy


def main(arguments: Sequence[str]) -> int:
    """Return 0 when the copy is there, 2 when it was refused."""
    parser = argparse.ArgumentParser(prog="scripts/copy_system", description="Copy one system as its own project.")
    parser.add_argument("system", help="for example payment")
    parser.add_argument("folder", type=Path, help="a new folder")
    options = parser.parse_args(arguments)
    try:
        count = copy(options.system, options.folder.resolve())
    except SettingError as error:
        print(f"copy_system: {error}", file=sys.stderr)
        return 2
    print(f"{count} files in {options.folder}; its README.md says how to go on.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
