"""Loses the primary region of the disaster-recovery system on purpose, and measures what that costs.

scripts/drill                    the whole drill, on the local cloud (scripts/up disaster-recovery before it)
scripts/drill failover           only the failover: Aurora and the payments go to the secondary region
scripts/drill failback           only the failback: they return to the primary region, without loss
scripts/drill status             which region writes
scripts/drill ... --aws          the same in the AWS account of the environment, after a typed confirmation

Exit code: 0 everything guaranteed was kept, 1 it was not or a step failed, 2 wrong usage or not confirmed.
"""

import argparse
from pathlib import Path

PICTURE = Path(__file__).resolve().parents[2] / ".local" / "drill.svg"
WHAT = ("drill", "failover", "failback", "status")


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
    parser.add_argument("--aws", action="store_true", help="in AWS, after a confirmation; otherwise the local cloud")
    parser.add_argument("--seconds", type=float, help="of payments before, during and after")
    parser.add_argument("--rate", type=float, help="payments a second")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where the timeline is written (SVG)")
    options = parser.parse_args(arguments)
    if min(options.seconds or 1, options.rate or 1) <= 0:
        parser.error("--seconds and --rate are more than 0")
    return options
