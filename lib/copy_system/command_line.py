"""What ``scripts/copy_system`` takes."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import tap


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the system and the folder."""
    parser = argparse.ArgumentParser(prog="scripts/copy_system", description="Copy one system as its own project.")
    parser.add_argument("system", metavar="SYSTEM", choices=list(tap.SYSTEMS), help=", ".join(tap.SYSTEMS))
    parser.add_argument("folder", type=Path, help="a new folder")
    return parser.parse_args(arguments)
