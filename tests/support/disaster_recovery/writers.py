"""What tests do with writer items in memory."""

from lib.disaster_recovery.drill.writer_items import WriterItems
from lib.disaster_recovery.settings import RegionConfig
from tests.support.disaster_recovery.memory import Tables


def change(items: WriterItems, to: str, through: RegionConfig, lost: str = "") -> int:
    """Change the writer."""
    return items.change(to, through, "a test", lost)


def said(tables: Tables, place: str) -> tuple[set[tuple[str, str]], int]:
    """Return what a region's items say, and how many of them there are."""
    found = {(item["region"]["S"], item["epoch"]["N"]) for item in tables.regions[place].items.values()}
    return found, len(tables.regions[place].items)


def write(tables: Tables, place: str, name: str, region: str, epoch: int) -> None:
    """Write one item, as somebody may by hand."""
    tables.regions[place].store({"pk": {"S": name}, "region": {"S": region}, "epoch": {"N": str(epoch)}})
