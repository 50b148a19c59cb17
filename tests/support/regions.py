"""The regions that tests of every IaC tool move to, and the files that say so."""

import re
from pathlib import Path

from lib.common import region

LIB = Path(region.__file__).resolve().parents[1]


def chosen() -> list[str]:
    """Return the first and the last region of the largest partitions, and a few between: at least eight."""
    by_partition: dict[str, list[str]] = {}
    for name, partition in sorted(region.known().items()):
        by_partition.setdefault(partition, []).append(name)
    commercial = by_partition["aws"]
    few = commercial[:: len(commercial) // 6]
    return [*few, *by_partition["aws-cn"][:1], *by_partition["aws-us-gov"][:1], *by_partition["aws-eusc"][:1]]


def moved_lib(folder: Path, **names: str) -> Path:
    """Make a ``lib`` in which nothing but the files with the regions is different, and return it.

    Args:
        folder: where it is made.
        names: a region for each of the files, for example ``AWS_REGION``.
    """
    made = folder / "lib"
    made.mkdir()
    for package in LIB.iterdir():
        if package.is_dir():
            (made / package.name).symlink_to(package)  # the systems' environments are found beside the regions
    for name, value in names.items():
        (made / name).write_text(f"{value}\n", encoding="utf-8")
    return made


def region_names(text: str) -> set[str]:
    """Return every region name that stands in a text."""
    return set(re.findall(r"\b(?:[a-z]{2,4}-)+(?:north|south|east|west|central)[a-z]*-\d\b", text))
