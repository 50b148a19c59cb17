"""The command line: scripts/leftovers."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

import tap
from lib.check_account.account import ERRORS, Account, sentence
from lib.common import naming
from lib.common import region as regions
from lib.common.errors import SettingError
from lib.leftovers import collect
from lib.leftovers.kinds import Leftover

PROGRAM = "scripts/leftovers"
NOTHING, SOMETHING, USAGE, NOT_ASKED = 0, 1, 2, 3
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


def places(system: str, environ: Mapping[str, str]) -> list[str]:
    """Return the regions that a system is in; one of two regions has the figures of its health checks in a third."""
    if tap.SYSTEMS[system].regions == 1:
        return [regions.primary(environ)]
    pair = regions.pair(environ)
    return list(dict.fromkeys([*pair, regions.global_region(pair[0])]))


def show(found: Sequence[Leftover]) -> None:
    """Print what is left, each with why it stays, what it is billed by, and the command that removes it."""
    for one in found:
        print(f"{one.region}  {one.kind.name}: {one.name}")
        print(f"    {one.kind.why}; billed: {one.kind.cost}")
        if one.command:
            print(f"    {one.command}")
    print(f"{len(found)} left." if found else "Nothing is left.")


def main(arguments: Sequence[str], environ: Mapping[str, str] = os.environ, account: Account | None = None) -> int:
    """Do what the command line says and return the exit status."""
    system = parse(arguments).system
    try:
        where, suffix = places(system, environ), naming.suffix(environ)
    except SettingError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return USAGE
    account = account or Account(regions.global_region(where[0]))
    try:
        found = [one for region in where for one in collect.left(account.client, system, suffix, region)]
    except ERRORS as error:
        print(f"{PROGRAM}: AWS could not be asked: {sentence(error)}", file=sys.stderr)
        return NOT_ASKED
    show(found)
    return SOMETHING if found else NOTHING


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
