"""A price table of the tests' own: the one in the repository changes when AWS's prices do.

It has the prices of November 2026 in US East (N. Virginia), logs of Singapore, and nothing of any other region.
"""

from typing import Any

from lib.analyse.prices import CURRENCY, FORMAT, Prices

DATE = "2026-11-23"
VOLUMES: dict[str, Any] = {
    "gp2": {"storage": "0.10"},
    "gp3": {"storage": "0.08", "iops": [[3000, "0"], [None, "0.005"]], "throughput": [[125, "0"], [None, "0.04"]]},
    "io1": {"storage": "0.125", "iops": [[None, "0.065"]]},
    "io2": {"storage": "0.125", "iops": [[32000, "0.065"], [64000, "0.0455"], [None, "0.03185"]]},
    "sc1": {"storage": "0.015"},
    "st1": {"storage": "0.045"},
    "standard": {"storage": "0.05"},
}
LOGS: dict[str, Any] = {
    "INFREQUENT_ACCESS": {"storage": "0.03", "ingestion": "0.25"},
    "STANDARD": {"storage": "0.03", "ingestion": "0.50"},
}
SNAPSHOTS: dict[str, Any] = {"standard": {"storage": "0.05"}, "archive": {"storage": "0.0125"}}
ADDRESSES: dict[str, Any] = {"idle": {"hour": "0.005"}}


def region(currency: str = CURRENCY, day: str = DATE, **rates: dict[str, Any]) -> dict[str, Any]:
    """Return a region of a table with the rates of its sections."""
    sections = {name: {"date": day, "source": "a test", "rates": found} for name, found in rates.items()}
    return {"currency": currency, **sections}


def table() -> dict[str, Any]:
    """Return the table as its file has it."""
    regions = {
        "Asia Pacific (Singapore)": region(logs={"STANDARD": {"storage": "0.03", "ingestion": "0.70"}}),
        "US East (N. Virginia)": region(volumes=VOLUMES, logs=LOGS, snapshots=SNAPSHOTS, addresses=ADDRESSES),
    }
    return {"format": FORMAT, "currency": CURRENCY, "date": DATE, "regions": regions}


def prices(**regions: dict[str, Any]) -> Prices:
    """Return the table, with these regions (by name) as well."""
    found = table()
    return Prices(found["date"], found["currency"], found["regions"] | regions)
