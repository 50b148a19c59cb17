"""Style, types and lint, without a test: ``scripts/check``."""

import sys

from scripts import lints
from scripts.command_lines.check import parse


def main(arguments: list[str]) -> int:
    """Return 0 when all passed, 1 when something did not."""
    options = parse(arguments)
    differing = None if options.all else lints.changed()
    if differing is not None and differing & set(lints.SETTINGS):
        print(f"{', '.join(sorted(differing & set(lints.SETTINGS)))} differs from main: all files are linted.")
        differing = None
    return lints.verdict([lints.style(), lints.types(), lints.lint(differing)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
