"""Copies one system out of this repository, as a project of its own.

    scripts/copy_system payment ../payments     code, documents, tests, what they need, the packages pinned

The copy has no trace of the other systems; its README says how it is deployed, changed, destroyed and tested.
"""

import sys
from collections.abc import Sequence

from lib.common.errors import SettingError
from lib.copy_system.command_line import parse
from lib.copy_system.copy import copy


def main(arguments: Sequence[str]) -> int:
    """Return 0 when the copy is there, 2 when it was refused."""
    options = parse(arguments)
    try:
        count = copy(options.system, options.folder.resolve())
    except SettingError as error:
        print(f"copy_system: {error}", file=sys.stderr)
        return 2
    print(f"{count} files in {options.folder.resolve()}; its README.md says how to go on.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
