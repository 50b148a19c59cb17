"""Ask RDS in the target region whether the database versions that the stacks would deploy can be had there.

    scripts/check_versions              every system
    scripts/check_versions payment      this one, with its settings from the environment

AWS withdraws minor versions, and no region offers every version on every instance class. Needs credentials that allow
``rds:DescribeDBEngineVersions`` and ``rds:DescribeOrderableDBInstanceOptions``; creates nothing and costs nothing.
Exit status: 0 every stack can be deployed, 1 something must be changed (the table says what), 2 RDS cannot be asked.
"""

import argparse
import importlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lib.common import engine_versions  # noqa: E402  # pylint: disable=wrong-import-position
from lib.common.errors import SettingError  # noqa: E402  # pylint: disable=wrong-import-position

ENGINES = {
    "disaster_recovery": "aurora-postgresql",
    "flask_api": "aurora-postgresql",
    "kinesis_pipeline": "postgres",
    "payment": "postgres",
}
ZONES = 2  # what Multi-AZ, an Aurora cluster and a subnet group need

# In seconds; the SDK's own patience adds up to five minutes before it says that there is no network.
PATIENCE = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3, "mode": "standard"})


@dataclass(frozen=True)
class Stack:
    """The database that a system would deploy."""

    system: str
    engine: str
    version: str
    instance_class: str


@dataclass(frozen=True)
class Verdict:
    """What RDS says about a stack's database; ``change`` is empty when nothing has to change."""

    stack: Stack
    offered: bool
    zones: int
    change: str


def systems() -> list[str]:
    """Return the systems of this repository that have a database; a copied-out one has one."""
    return [name.replace("_", "-") for name in ENGINES if (ROOT / "lib" / name / "settings.py").is_file()]


def stacks(wanted: Sequence[str]) -> dict[str, list[Stack]]:
    """Return the databases of systems, by region, as the settings describe them now.

    Raises:
        SettingError: a system's settings are invalid.
    """
    found: dict[str, list[Stack]] = {}
    for system in wanted:
        folder = system.replace("-", "_")
        settings = importlib.import_module(f"lib.{folder}.settings").Settings.read()
        stack = Stack(system, ENGINES[folder], settings.engine_version, settings.instance_class)
        places = [side.region for side in settings.sides] if hasattr(settings, "sides") else [settings.region]
        for place in places:
            found.setdefault(place, []).append(stack)
    return found


def offered(client: Any, engine: str) -> list[str]:
    """Return every version of an engine that the region offers for a new database."""
    pages = client.get_paginator("describe_db_engine_versions").paginate(Engine=engine, IncludeAll=False)
    return [version["EngineVersion"] for page in pages for version in page["DBEngineVersions"]]


def zones(client: Any, stack: Stack, version: str) -> int:
    """Return in how many availability zones a stack's instance class can be ordered with a version, as Multi-AZ.

    Zones are counted for each kind of storage, and the best kind counts. Aurora keeps its copies itself and never
    calls an option Multi-AZ.
    """
    pages = client.get_paginator("describe_orderable_db_instance_options").paginate(
        Engine=stack.engine, EngineVersion=version, DBInstanceClass=stack.instance_class, Vpc=True
    )
    return max(
        (
            len(option.get("AvailabilityZones", ()))
            for page in pages
            for option in page["OrderableDBInstanceOptions"]
            if option.get("MultiAZCapable") or stack.engine.startswith("aurora")
        ),
        default=0,
    )


def newest_first(versions: Sequence[str], major: str) -> list[str]:
    """Return the ordinary versions of a major version, as numbers and not as text: 17.10 before 17.9."""
    minors = [int(version.split(".")[1]) for version in versions if re.fullmatch(rf"{major}\.\d+", version)]
    return [f"{major}.{minor}" for minor in sorted(minors, reverse=True)]


def judge(client: Any, stack: Stack) -> Verdict:
    """Return what RDS says about a stack's database, and what to change when it cannot be had."""
    engine, there = engine_versions.ENGINES[stack.engine], offered(client, stack.engine)
    number = zones(client, stack, stack.version) if stack.version in there else 0
    if number >= ZONES:
        return Verdict(stack, True, number, "")
    listed = [version for version in engine.versions if version in there]
    others = [version for version in newest_first(there, engine.major) if version not in listed]
    for version in listed + others:
        if version != stack.version and zones(client, stack, version) >= ZONES:
            name = engine_versions.variable(stack.engine)
            change = f"set {name}={version}" if version in listed else f"add {version} to lib/common/engine_versions.py"
            break
    else:
        change = f"put another major version into lib/common/engine_versions.py: no {engine.major}.x is offered"
        if listed or others:
            change = f"set DATABASE_INSTANCE_CLASS to another class: no {engine.major}.x has this one in {ZONES} zones"
    return Verdict(stack, stack.version in there, number, change)


def table(verdicts: Sequence[Verdict], place: str) -> str:
    """Return the verdicts as text for a terminal."""
    rows = [("SYSTEM", "ENGINE", "WOULD USE", "CLASS", "OFFERED", "ZONES", f"IN {place}")]
    for verdict in verdicts:
        stack, versions = verdict.stack, engine_versions.ENGINES[verdict.stack.engine].versions
        entry = f"{stack.version} (entry {versions.index(stack.version) + 1} of {len(versions)})"
        wanted = (stack.system, stack.engine, entry, stack.instance_class)
        rows.append((*wanted, "yes" if verdict.offered else "no", str(verdict.zones), verdict.change or "usable"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def stop(sentence: str) -> int:
    """Print why nothing could be checked, and return the exit status for it."""
    print(f"scripts/check_versions: {' '.join(sentence.split())}", file=sys.stderr)
    return 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table for each region and return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/check_versions", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("system", nargs="*", choices=[[], *systems()], default=[], help="default: all")
    options = parser.parse_args(arguments)
    place, status = "", 0
    try:
        for place, wanted in stacks(options.system or systems()).items():
            client = boto3.Session(region_name=place).client("rds", config=PATIENCE)
            verdicts = [judge(client, stack) for stack in wanted]
            print(table(verdicts, place))
            status |= any(verdict.change for verdict in verdicts)
    except SettingError as error:
        return stop(str(error))
    except (BotoCoreError, ClientError, ValueError) as error:  # ValueError: AWS_ENDPOINT_URL is no address
        return stop(f"RDS in {place} cannot be asked: {error} (check the network, and 'aws sts get-caller-identity').")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
