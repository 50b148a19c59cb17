"""Verifies the backups and the replication of the disaster-recovery system in both regions, and changes nothing.

    scripts/verify_backups           what the deployed function looks at, as a table
    scripts/verify_backups --json    the same as JSON

What to look at is read from the deployed function, in whichever region answers; where TABLE_NAME is set, from the
environment, whose variables are then those of the function. Without credentials of AWS it
is the running local cloud that is asked.
Exit status: 0 all is well, 1 something is not, 2 it is not known what to look at, 3 something could not be looked at.
"""

import argparse


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog="scripts/verify_backups",
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser.parse_args(arguments)
