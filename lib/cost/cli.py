"""The command: ``scripts/cost``."""

import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal

from lib.common import region
from lib.common.errors import SettingError
from lib.common.system_settings import SystemSettings
from lib.cost import growth, report
from lib.cost.command_line import parse
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what a system costs, and return the exit status."""
    options = parse(arguments)
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
