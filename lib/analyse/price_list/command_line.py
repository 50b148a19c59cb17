"""Refresh the price table of scripts/analyse and scripts/cost from AWS's public price list files.

    scripts/refresh_prices                  every region of the files
    scripts/refresh_prices REGION ...       these regions only

Needs no credentials, creates nothing and costs nothing; each region is some hundred megabytes to read. A type of
volume or a class of logs is taken only when every price that it needs is in the files, in the currency that is
expected. What a file does not have (any more) stays in the table as it was, with its older date, and is named.
Exit status: 0 every price was found, 2 wrong usage, 3 something is missing: it is named, the rest is written.
"""

import argparse
from collections.abc import Sequence


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the regions that are asked for, which nobody has looked at yet."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog="scripts/refresh_prices",
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("regions", nargs="*", metavar="REGION", help="default: every region of the files")
    return parser.parse_args(arguments)
