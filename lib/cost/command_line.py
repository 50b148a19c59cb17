"""Say what a system costs, from what it declares: an hour and a month while nothing uses it, and each unit of use.

    scripts/cost payment                               dev, in the region of lib/AWS_REGION
    scripts/cost payment --environment production      with that environment's settings
    scripts/cost payment --region REGION               in another region
    scripts/cost payment --json                        the same for programs
    scripts/cost payment --load 10x                    what gives way at ten times its load, and what that costs

Settings are read from the environment as ever: DATABASE_INSTANCE_CLASS=db.r6g.large scripts/cost payment. Needs no AWS
account. The prices are in lib/analyse/prices.json, with their days; scripts/refresh_prices REGION takes newer ones from
AWS's price list.
Exit status: 0 done, 2 a setting or an argument is refused (one sentence says why).
"""

import argparse
import re
from collections.abc import Sequence
from decimal import Decimal

import tap

SYSTEMS = tuple(sorted(tap.SYSTEMS))


def _factor(word: str) -> Decimal:
    """Return how many times; raises ValueError, which argparse turns into its own error."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?x?", word) or not Decimal(word.removesuffix("x")):
        raise argparse.ArgumentTypeError(f"{word!r} is no multiple of a load: write for example 10x")
    return Decimal(word.removesuffix("x"))


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    lines = (__doc__ or "").splitlines()
    command_line = argparse.ArgumentParser(
        prog="scripts/cost",
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command_line.add_argument("system", metavar="SYSTEM", choices=SYSTEMS, help=", ".join(SYSTEMS))
    command_line.add_argument("--region", help="where; without it, that of lib/AWS_REGION")
    command_line.add_argument("--environment", help="dev, staging or production; without it, ENVIRONMENT, or dev")
    command_line.add_argument(
        "--load", type=_factor, metavar="10x", help="so many times the load that its settings are for"
    )
    command_line.add_argument("--json", action="store_true", help="for programs")
    return command_line


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    return parser().parse_args(arguments)
