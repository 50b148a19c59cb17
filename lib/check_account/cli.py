"""The command line: scripts/check_account."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from lib.check_account import deployer_policy, fix, report, run, systems
from lib.check_account.account import Account
from lib.check_account.command_line import PROGRAM, parse
from lib.check_account.model import Row, System
from lib.common import region
from lib.common.errors import SettingError

USAGE = 2
Confirm = Callable[[str], bool]


def main(arguments: Sequence[str], environ: Mapping[str, str] = os.environ, confirm: Confirm | None = None) -> int:
    """Do what the command line says and return the exit status."""
    options = parse(arguments)
    try:
        settings = _settings(environ, options.region)
        if options.policy:
            return print_policy(options.system, settings, options.account)
        if sys.stderr.isatty():
            print("Reading what the systems declare: a few seconds for each ...", file=sys.stderr)
        return check(options, systems.load(options.system, settings), confirm or ask)
    except SettingError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return USAGE


def _settings(environ: Mapping[str, str], name: str | None) -> dict[str, str]:
    settings = {**environ, **({region.PRIMARY: name} if name else {})}
    region.primary(settings)
    return settings


def print_policy(name: str, settings: Mapping[str, str], account: str) -> int:
    """Print the policies of a system's deployer as JSON, and on standard error what to do with them."""
    (system,) = systems.load([name], settings)
    policies = deployer_policy.policies(system, account)
    print(json.dumps(policies, indent=2))
    print(deployer_policy.explanation(system, policies), file=sys.stderr)
    return run.OK


def check(options: argparse.Namespace, chosen: Sequence[System], confirm: Confirm) -> int:
    """Ask, print, fix where that is wanted, and return the exit status.

    Args:
        options: the command line's.
        chosen: what is to be deployed.
        confirm: asks whether a call is made.
    """
    account = Account(region.global_region(chosen[0].declaration.region))
    emulator = account.emulator()
    rows = run.rows(account, chosen, emulator=bool(emulator))
    if options.fix and any(row.calls for row in rows):
        # The result is JSON on standard output: what is asked and done stands beside it.
        output = sys.stderr if options.format == "json" else sys.stdout
        fix.apply(account, rows, _always if options.yes else confirm, lambda text: print(f"  {text}", file=output))
        rows = run.rows(account, chosen, emulator=bool(emulator))
    show(rows, options.format, emulator)
    return run.status(rows, emulator=bool(emulator))


def show(rows: Sequence[Row], form: str, emulator: str) -> None:
    """Print the rows."""
    if form == "json":
        print(report.as_json(rows, emulator))
        return
    print(report.table(rows, emulator=bool(emulator)))
    print(report.summary(rows))
    if emulator:
        print(report.LOCAL.format(url=emulator))


def ask(command: str) -> bool:
    """Show a command and return whether it shall be run; an end of input is a no."""
    print(f"{command}\nRun it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _always(command: str) -> bool:
    print(command, file=sys.stderr)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
