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
import importlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal

from lib.common import region
from lib.common.errors import SettingError
from lib.common.system_settings import SystemSettings
from lib.cost import growth, report
from lib.cost.estimate import Estimate, estimate
from lib.cost.pricing import Prices
from lib.declared import read
from lib.declared.model import DeclarationError

# What a deployment asks for and nobody pays by: without an image there is no service to price.
ASSUMED: Mapping[str, str] = {"ALARM_EMAIL": "on-duty@example.com", "PLAIN_HTTP": "accepted", "IMAGE": "v1"}


def of(system: str, environ: Mapping[str, str], prices: Prices) -> Estimate:
    """Return what a system costs with these settings.

    Args:
        system: one of the systems of this checkout.
        environ: the settings, by their environment variables' names.
        prices: the table.

    Raises:
        SettingError: a setting that the system refuses.
        DeclarationError: there is no such system.
    """
    given = {name: value for name, value in environ.items() if value}
    return estimate(read.view(read.source(system, {**ASSUMED, **given})), prices)


def _factor(word: str) -> Decimal:
    """Return how many times; raises ValueError, which argparse turns into its own error."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?x?", word) or not Decimal(word.removesuffix("x")):
        raise argparse.ArgumentTypeError(f"{word!r} is no multiple of a load: write for example 10x")
    return Decimal(word.removesuffix("x"))


def settings_of(system: str) -> type[SystemSettings]:
    """Return the class of a system's settings."""
    found: type[SystemSettings] = importlib.import_module(f"lib.{system.replace('-', '_')}.settings").Settings
    return found


def loaded(system: str, environ: Mapping[str, str], factor: Decimal) -> str:
    """Return what a terminal shows of a system at so many times its load.

    Args:
        system: one of the systems of this checkout.
        environ: the settings, by their environment variables' names.
        factor: how many times.

    Raises:
        SettingError: a setting that the system refuses, or a system that says nothing of its load.
    """
    own = growth.module(system)
    if own is None:
        raise SettingError(
            f"{system} says nothing of its load: lib/{system.replace('-', '_')}/load.py would, as lib/payment/load.py."
        )
    settings = settings_of(system).read(environ)
    return growth.text(growth.at(own.of(settings), factor, settings.region, Prices.read()))


def _parser() -> argparse.ArgumentParser:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog="scripts/cost",
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("system", choices=read.SYSTEMS)
    parser.add_argument("--region", help="where; without it, that of lib/AWS_REGION")
    parser.add_argument("--environment", help="dev, staging or production; without it, ENVIRONMENT, or dev")
    parser.add_argument("--load", type=_factor, metavar="10x", help="so many times the load that its settings are for")
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what a system costs, and return the exit status."""
    options = _parser().parse_args(arguments)
    environ = dict(os.environ)
    environ |= {"AWS_REGION": options.region} if options.region else {}
    environ |= {"ENVIRONMENT": options.environment} if options.environment else {}
    try:
        where = region.primary(environ)
        if options.load:
            print(loaded(options.system, environ, options.load), end="")
            return 0
        found = of(options.system, environ, Prices.read())
    except (SettingError, DeclarationError) as error:
        print(f"scripts/cost: {error}", file=sys.stderr)
        return 2
    environment = environ.get("ENVIRONMENT") or "dev"
    title = {"system": options.system, "environment": environment, "region": where}
    if options.json:
        print(json.dumps(report.as_json(title, found), indent=1))
    else:
        print(report.text(f"{options.system}, {environment}, {where}", found), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
