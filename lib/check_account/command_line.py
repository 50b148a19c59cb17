"""What ``scripts/check_account`` takes."""

import argparse
from collections.abc import Sequence

import tap

PROGRAM = "scripts/check_account"
POLICY = "iam-policy"
_EPILOG = """\
exit status: 0 nothing has to be changed; 1 something has to be, the table says what and how; 2 wrong usage or a
refused setting; 3 something could not be asked (whatever else was found), its row says why. On the local cloud, whose
answers say nothing about an account, 0 or 3.

The settings are those of the systems' environment variables (ENVIRONMENT, ENVIRONMENT_SUFFIX, NAT_PER_ZONE, ...), as
for the deployment. Only --fix changes anything, and nothing that costs money.

scripts/check_account iam-policy SYSTEM prints the IAM policies that its deployer needs, and asks nobody.
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command_line = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Ask an AWS account whether systems can be deployed to it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command_line.add_argument
    known = tuple(sorted(tap.SYSTEMS))
    add(
        "system",
        nargs="*",
        metavar="SYSTEM",
        choices=[[], *known],
        default=[],
        help=f"{', '.join(known)} (default: all)",
    )
    add("--region", help="the region to deploy to (default: lib/AWS_REGION)")
    add("--format", choices=("table", "json"), default="table", help="how the result is printed (default: table)")
    add(
        "--fix",
        action="store_true",
        help="create what belongs to the account and is missing, after a question for each",
    )
    add("--yes", action="store_true", help="with --fix: do not ask")
    return command_line


def policy_parser() -> argparse.ArgumentParser:
    """Return the parser of ``iam-policy``."""
    known = tuple(sorted(tap.SYSTEMS))
    command_line = argparse.ArgumentParser(
        prog=f"{PROGRAM} {POLICY}", description="Print the policies that a deployer needs."
    )
    command_line.add_argument("system", metavar="SYSTEM", choices=known, help=", ".join(known))
    command_line.add_argument("--region", help="the region to deploy to (default: lib/AWS_REGION)")
    command_line.add_argument(
        "--account", default="*", help="the account's number, for the ARNs (default: any account)"
    )
    return command_line


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; ``policy`` says whether they are those of ``iam-policy``."""
    policy = list(arguments[:1]) == [POLICY]
    chosen = policy_parser() if policy else parser()
    options = chosen.parse_args(arguments[1:] if policy else arguments)
    options.policy = policy
    if not policy and options.yes and not options.fix:
        chosen.error("--yes answers the questions of --fix: add --fix, or leave it out")
    return options
