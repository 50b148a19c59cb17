"""Prints the tables of decision 22: how payments meet each other at the writer items, and how long a change takes.

It is a simulation and needs no idle machine; what it rests on is in tests/support/disaster_recovery/conflicts.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support import functions
from tests.support.disaster_recovery import conflicts

HOLDS = (0.005, 0.010, 0.015)
LOADS = ((100, 1), (200, 1), (200, 64), (200, 256), (2000, 1), (2000, 64), (2000, 99), (2000, 256), (4000, 256))
CHANGES = ((200, 1, False), (200, 99, True), (200, 256, False), (2000, 99, True), (2000, 256, False))


def main() -> None:
    """Print both tables, as Markdown."""
    pauses = functions.load("disaster_recovery", "payment").table.PAUSES
    print("| payments a second | writer items | held for (mean) | first try cancelled | `table_busy` | p50 | p99 |")
    print("|---|---|---|---|---|---|---|")
    for rate, items in LOADS:
        for hold in HOLDS:
            found = conflicts.payments(rate, items, hold, pauses)
            print(
                f"| {rate:,} | {items} | {hold * 1000:.0f} ms | {found.conflicts:.1%} | {found.busy:.3%} "
                f"| {found.p50 * 1000:.0f} ms | {found.p99 * 1000:.0f} ms |"
            )
    print("\n| payments a second | writer items | changed | held for (mean) | done within 30 s | median |")
    print("|---|---|---|---|---|---|")
    for rate, items, whole in CHANGES:
        for hold in HOLDS:
            done = conflicts.changes(rate, items, hold, pauses, whole=whole)
            median = f"{done.p50:.2f} s" if done.done else "never"
            way = "in one transaction" if whole else "one by one"
            print(f"| {rate:,} | {items} | {way} | {hold * 1000:.0f} ms | {done.done:.0%} | {median} |")


if __name__ == "__main__":
    main()
