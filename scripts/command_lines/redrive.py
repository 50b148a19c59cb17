"""Puts what the failure bucket of a kinesis-pipeline holds back on its stream.

    scripts/redrive             batches that Lambda gave up, after an outage
    scripts/redrive --poison    poison records, after the consumer or its schema has learnt to take them

Works on the account that the environment names; without one, on the running local cloud.
"""

import argparse


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog="scripts/redrive",
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--poison", action="store_true", help="poison records instead of undelivered batches")
    return parser.parse_args(arguments)
