"""Everything that a commit has to pass: style, types, lint, tests, coverage.

    scripts/test                 all of it
    scripts/test --fast          what needs no deployment: no tests/integration, no coverage; pylint as scripts/check
    scripts/test PATH [OPTION]   these tests only, with pytest's own options; no lint, no coverage

What does not exist is refused at once; options are pytest's: scripts/test tests --help shows them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

FAST = "--fast"
ROOT = Path(__file__).resolve().parents[2]


def parse(arguments: Sequence[str]) -> list[str]:
    """Return what pytest is given."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        usage="%(prog)s [-h] [--fast] [PATH ...] [OPTION ...]",
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    if list(arguments[:1]) in (["-h"], ["--help"]):
        parser.print_help()
        parser.exit()
    # pytest's options may have values, so that only what stands before the first of them is known to be a path.
    for argument in arguments:
        if argument == FAST:
            continue
        if argument.startswith("-"):
            break
        if not (ROOT / argument.partition("::")[0]).exists():
            parser.error(f"{argument!r} is no file or folder of this checkout: name one, such as tests/unit")
    return list(arguments)
