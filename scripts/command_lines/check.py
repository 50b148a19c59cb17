"""Style, types and lint, without a test.

    scripts/check          ruff and mypy on every file, pylint on those that differ from main
    scripts/check --all    pylint on every file too, as scripts/test does before a commit

Where a file that settles the rules differs from main (pyproject.toml, requirements.lock), pylint takes every file.
Exit status: 0 all is well, 1 something is not.
"""

import argparse
from collections.abc import Sequence


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog="scripts/check",
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--all", action="store_true", help="pylint on every file, not on those that differ from main")
    return parser.parse_args(arguments)
