"""What ``scripts/verify_on_aws`` takes."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import tap

PROGRAM = "scripts/verify_on_aws"
TARGETS = ("aws", "local")
_EPILOG = """\
It costs money: the command says how much, and asks. Everything that it deploys is in dev, under a suffix of its own,
and is destroyed, also when a step fails. Use an account in which nothing else can be harmed. The environment says
where, as for a deployment: AWS_REGION, AWS_REGION_DR. docs/evidence/README.md says how to read what is written.

exit status: 0 every step passed; 1 one failed; 2 wrong usage, something is missing, or no to the question; 130
interrupted: what is deployed stays until --destroy-only.
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says."""
    command_line = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Deploy a system, test, change, destroy it, make it again, destroy it; write down what happened.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command_line.add_argument
    add("system", metavar="SYSTEM", choices=list(tap.SYSTEMS), help=", ".join(tap.SYSTEMS))
    add("--target", choices=TARGETS, default="aws", help="local: the local cloud, without cost (default: aws)")
    add("--yes", action="store_true", help="do not ask")
    add(
        "--suffix",
        help="verify-..., the end of every name (default: a fresh one); an unfinished run of it is destroyed",
    )
    add("--destroy-only", metavar="SUFFIX", help="destroy what an interrupted run has left")
    add("--hours", default="6", help="after these nothing but the destruction is begun (default: 6)")
    folder = tap.ROOT / "docs" / "evidence"
    add("--evidence", type=Path, default=folder, help="where the file goes (default: docs/evidence)")
    options = command_line.parse_args(arguments)
    if options.suffix and options.destroy_only:
        command_line.error("--suffix and --destroy-only both name a suffix: leave one of them out")
    return options
