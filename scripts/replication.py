"""Slows, cuts or restores replication between the local cloud's two regions: ``scripts/replication``."""

import sys

from lib.common.errors import SettingError
from lib.local_cloud import ports
from lib.local_cloud.cli import PORTS
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import replication_faults as faults
from scripts.command_lines.replication import parse


def said(name: str, fault: faults.Fault) -> str:
    """Return in a sentence what is done to a store's replication."""
    if fault.cut:
        return f"{name}: cut"
    return f"{name}: {fault.seconds:g} s later" if fault.seconds else f"{name}: as it comes"


def main(arguments: list[str]) -> int:
    """Return 0 when it is set, or shown, 1 when that is not possible."""
    options = parse(arguments)
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
