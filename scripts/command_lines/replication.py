"""Makes replication between the local cloud's two regions late, cuts it, or lets it go on.

    scripts/replication                      what is set, and what follows what
    scripts/replication aurora --seconds 2   changes reach the other region's database two seconds later
    scripts/replication table --cut          no change reaches the other region's table
    scripts/replication aurora --restore     they arrive as they do by themselves; what was cut off catches up

A failover loses what is on its way. On AWS there is nothing like it; what a test of a whole region's loss does there is
in docs/systems/disaster-recovery-runbook.md.
"""

import argparse

STORES = ("aurora", "table")
LONGEST_SECONDS = 600.0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options: a store with what is done to it, or neither."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog="scripts/replication",
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("store", nargs="?", choices=STORES)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--seconds", type=float, help=f"how late a change arrives, up to {LONGEST_SECONDS:.0f}")
    how.add_argument("--cut", action="store_true", help="nothing arrives")
    how.add_argument("--restore", action="store_true", help="everything arrives as it does by itself")
    options = parser.parse_args(arguments)
    if (options.store is None) != (options.seconds is None and not options.cut and not options.restore):
        parser.error("say which store, and --seconds, --cut or --restore; or nothing, to see what is set")
    return options
