"""What ``scripts/up``, ``scripts/down`` and ``scripts/env`` take. Imports the standard library, and tap.py, only."""

import argparse
from collections.abc import Sequence

import tap


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command, by its name: its usage is that of the command alone."""
    up = argparse.ArgumentParser(prog="scripts/up", description="Start the local cloud, deploy systems, exercise each.")
    names = ", ".join(tap.SYSTEMS)
    systems = {"nargs": "*", "metavar": "SYSTEM", "choices": [[], *tap.SYSTEMS], "default": []}
    up.add_argument("system", help=f"{names} (default: all)", **systems)  # type: ignore[arg-type]  # one dict for both
    up.add_argument("--only-cloud", action="store_true", help="start the local cloud, deploy nothing")
    down = argparse.ArgumentParser(
        prog="scripts/down", description="Destroy what is deployed, stop the local cloud, show that nothing is left."
    )
    down.add_argument("system", help=f"destroy these, stop nothing: {names}", **systems)  # type: ignore[arg-type]  # too
    env = argparse.ArgumentParser(
        prog="scripts/env", description='Print the exports for cdk, aws, pulumi, cdktf: eval "$(scripts/env)".'
    )
    return {"up": up, "down": down, "env": env}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command and its systems.

    Args:
        arguments: the command's name, ``up``, ``down`` or ``env``, and what follows it.
    """
    known = parsers()
    first = argparse.ArgumentParser(prog="python -m lib.local_cloud.cli", add_help=False)
    first.add_argument("command", choices=list(known))
    chosen = first.parse_args(arguments[:1])
    parser = known[chosen.command]
    options = parser.parse_args(arguments[1:], chosen)
    if options.command == "up" and options.only_cloud and options.system:
        parser.error(f"--only-cloud deploys nothing: leave out {' '.join(options.system)}, or --only-cloud")
    return options
