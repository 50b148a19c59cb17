"""The regions that tests of every engine move to."""

import re

from lib.common import region


def chosen() -> list[str]:
    """Return the first and the last region of the largest partitions, and a few between: at least eight."""
    by_partition: dict[str, list[str]] = {}
    for name, partition in sorted(region.known().items()):
        by_partition.setdefault(partition, []).append(name)
    commercial = by_partition["aws"]
    few = commercial[:: len(commercial) // 6]
    return [*few, *by_partition["aws-cn"][:1], *by_partition["aws-us-gov"][:1], *by_partition["aws-eusc"][:1]]


def region_names(text: str) -> set[str]:
    """Return every region name that stands in a text."""
    return set(re.findall(r"\b(?:[a-z]{2,4}-)+(?:north|south|east|west|central)[a-z]*-\d\b", text))
