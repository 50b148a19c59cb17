"""Loses the primary region of the disaster-recovery system on purpose, and measures what that costs.

scripts/drill                    the whole drill, on the local cloud (scripts/up disaster-recovery before it)
scripts/drill failover           only the failover: Aurora and the payments go to the secondary region
scripts/drill failback           only the failback: they return to the primary region, without loss
scripts/drill status             which region writes
scripts/drill writer REGION --through REGION
                                 only the payments: lets a region write (or nobody), through the table of a region
scripts/drill ... --aws          the same in the AWS account of the environment, after a typed confirmation
scripts/drill ... --lost REGION  with failover and writer: the other region is lost, what it has does not count

Exit code: 0 everything guaranteed was kept, 1 it was not or a step failed, 2 wrong usage or not confirmed.
"""

import argparse
from pathlib import Path

PICTURE = Path(__file__).resolve().parents[2] / ".local" / "drill.svg"
WHAT = ("drill", "failover", "failback", "status", "writer")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what is asked for."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog="scripts/drill",
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", choices=WHAT, default="drill")
    parser.add_argument("to", nargs="?", default="", help="with writer: the region that is to write, or nobody")
    parser.add_argument("--through", default="", help="with writer: the region in which it is written")
    parser.add_argument("--lost", default="", help="with failover and writer: the other region, if it is lost")
    parser.add_argument("--aws", action="store_true", help="in AWS, after a confirmation; otherwise the local cloud")
    parser.add_argument("--seconds", type=float, help="of payments before, during and after")
    parser.add_argument("--rate", type=float, help="payments a second")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where the timeline is written (SVG)")
    options = parser.parse_args(arguments)
    if min(options.seconds or 1, options.rate or 1) <= 0:
        parser.error("--seconds and --rate are more than 0")
    if (options.what == "writer") != bool(options.to) or bool(options.to) != bool(options.through):
        parser.error(
            "writer needs the region that is to write, and --through with the one to write it in; nothing else does"
        )
    if options.lost and options.what not in ("failover", "writer"):
        parser.error(
            "--lost is for failover and writer: a region that is lost can neither be drilled nor failed back to"
        )
    return options
