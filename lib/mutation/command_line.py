"""Changes values of the stacks one at a time, and tells which changes no test notices."""

import argparse
import os
from collections.abc import Sequence

import tap

SAMPLE = 40
SYSTEMS = tuple(sorted(tap.SYSTEMS))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=__doc__)
    parser.add_argument(
        "system",
        nargs="*",
        metavar="SYSTEM",
        choices=[[], *SYSTEMS],
        default=[],
        help="default: all of " + ", ".join(SYSTEMS),
    )
    parser.add_argument("--sample", type=int, default=SAMPLE, metavar="N", help=f"changes that count, default {SAMPLE}")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="decides which ones, default 1")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="J", help="default: the processors")
    parser.add_argument("--at-least", type=float, metavar="P", help="exit with 1 where less than P percent are noticed")
    options = parser.parse_args(arguments)
    if options.sample < 1 or options.jobs < 1:
        parser.error("--sample and --jobs take a number from 1 on")
    return options
