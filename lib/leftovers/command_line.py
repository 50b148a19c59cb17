"""What ``scripts/leftovers`` takes."""

import argparse
from collections.abc import Sequence

import tap

PROGRAM = "scripts/leftovers"
_EPILOG = """\
It only reads, and removes nothing: run the commands that it prints yourself. Of a stack that is deployed it lists
everything. The environment says where, as for the deployment: AWS_REGION, AWS_REGION_DR, ENVIRONMENT_SUFFIX.

exit status: 0 nothing is left; 1 something is; 2 wrong usage or a refused setting; 3 AWS could not be asked.
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says."""
    command_line = argparse.ArgumentParser(
        prog=PROGRAM,
        description="List what is left of a system in an AWS account after it was destroyed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command_line.add_argument("system", metavar="SYSTEM", choices=list(tap.SYSTEMS), help=", ".join(tap.SYSTEMS))
    return command_line.parse_args(arguments)
