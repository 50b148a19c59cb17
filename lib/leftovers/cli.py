"""The command line: scripts/leftovers."""

import os
import sys
from collections.abc import Mapping, Sequence

import tap
from lib.check_account.account import ERRORS, Account, sentence
from lib.common import naming
from lib.common import region as regions
from lib.common.errors import SettingError
from lib.leftovers import collect
from lib.leftovers.command_line import PROGRAM, parse
from lib.leftovers.kinds import Leftover

NOTHING, SOMETHING, USAGE, NOT_ASKED = 0, 1, 2, 3


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
