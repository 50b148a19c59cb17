"""Makes replication between the local cloud's two regions late, cuts it, or lets it go on.

    scripts/replication                      what is set, and what follows what
    scripts/replication aurora --seconds 2   changes reach the other region's database two seconds later
    scripts/replication table --cut          no change reaches the other region's table
    scripts/replication aurora --restore     they arrive as they do by themselves; what was cut off catches up

A failover loses what is on its way. On AWS there is nothing like it; what a test of a whole region's loss does there is
in docs/systems/disaster-recovery-runbook.md.
"""

import argparse
import sys

from lib.common.errors import SettingError
from lib.local_cloud import ports
from lib.local_cloud.cli import PORTS
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import replication_faults as faults


def said(name: str, fault: faults.Fault) -> str:
    """Return in a sentence what is done to a store's replication."""
    if fault.cut:
        return f"{name}: cut"
    return f"{name}: {fault.seconds:g} s later" if fault.seconds else f"{name}: as it comes"


def main(arguments: list[str]) -> int:
    """Return 0 when it is set, or shown, 1 when that is not possible."""
    parser = argparse.ArgumentParser(prog="scripts/replication", description="Replication on the local cloud.")
    parser.add_argument("store", nargs="?", choices=(faults.AURORA, faults.TABLE))
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--seconds", type=float, help=f"how late a change arrives, up to {faults.LONGEST_SECONDS:.0f}")
    how.add_argument("--cut", action="store_true", help="nothing arrives")
    how.add_argument("--restore", action="store_true", help="everything arrives as it does by itself")
    options = parser.parse_args(arguments)
    if (options.store is None) != (options.seconds is None and not options.cut and not options.restore):
        parser.error("say which store, and --seconds, --cut or --restore; or nothing, to see what is set")
    try:
        ports.recall(PORTS)
        cloud = LocalCloud.read()
        database = cloud.known_global_database()
        if database is None:
            raise LocalCloudError("No global database is on the local cloud: run scripts/up disaster-recovery first.")
        if options.store:
            seconds = 0.0 if options.restore else options.seconds
            faults.change(cloud.folder, options.store, seconds=seconds, cut=options.cut)
        known = faults.read(cloud.folder)
        print(said("Aurora's replication", known.aurora))
        print(said("the table's replication", known.table))
        state = "follows" if database.whole else "is to be made again"
        print(f"Aurora writes in {database.writer}; {database.follower} {state}")
    except (SettingError, LocalCloudError) as error:
        print(f"replication: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
