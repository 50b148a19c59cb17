"""Show what a deployment would change, by the tool that deploys: cdk diff, pulumi preview or terraform plan.

It deploys nothing, and asks the account that the environment names. The settings are those of the environment's
variables, as for the deployment: ENVIRONMENT_SUFFIX says which stack. With --local it asks the running local cloud.

exit status: 0 the tool has shown it; 1 the tool failed, and has said why; 2 wrong usage, a refused setting, or
something is missing: the line says what is needed.
"""

import argparse
from collections.abc import Sequence

import tap

PROGRAM = "scripts/preview"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the system and where to look."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("system", metavar="SYSTEM", choices=list(tap.SYSTEMS), help=", ".join(tap.SYSTEMS))
    parser.add_argument("--local", action="store_true", help="against the local cloud that runs (default: AWS)")
    return parser.parse_args(arguments)
