"""Does RDS offer each database in its region: version, instance class, zones, and membership of a global database?

AWS withdraws minor versions, and no region offers every version on every instance class.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lib.check_account.account import Account
from lib.check_account.checks import zones as region_zones
from lib.check_account.model import Check, Row, System, Verdict
from lib.common import rds_versions
from lib.common.json_types import JsonMapping

# Of every subnet group.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
LEAST_ZONES = 2


@dataclass(frozen=True)
class Database:
    """A database that a system declares.

    Args:
        engine: RDS's name of the engine.
        version: the engine's version.
        instance_class: for example ``db.r6g.large``.
        zones: availability zones that its subnets lie in.
        spread: whether it uses several of them: Aurora, or Multi-AZ.
        global_database: whether it is a member of a global database.
    """

    engine: str
    version: str
    instance_class: str
    zones: int
    spread: bool
    global_database: bool

    @property
    def needed(self) -> str:
        """What has to be offered, for the table."""
        parts = [f"{self.engine} {self.version}", self.instance_class, f"{self.zones if self.spread else 1} zones"]
        return ", ".join([*parts, "global databases"] if self.global_database else parts)


@dataclass(frozen=True)
class Offer:
    """What RDS offers for an engine and an instance class in a region.

    Args:
        versions: every version of the engine that a new database can have.
        zones: availability zones that have the class, by version; Multi-AZ where that is wanted.
        global_versions: versions that can be members of a global database, on this class.
        region_zones: availability zones of the region.
    """

    versions: frozenset[str]
    zones: Mapping[str, int]
    global_versions: frozenset[str] = frozenset()
    region_zones: int = field(default=3)


def declared(system: System) -> dict[str, list[Database]]:
    """Return the databases of a system by region, each once."""
    databases: dict[str, list[Database]] = {}
    for instance in system.of("AWS::RDS::DBInstance"):
        properties, region = instance.properties, instance.region
        clusters = [one for one in system.of("AWS::RDS::DBCluster") if one.region == region]
        engine = _first([properties, *(one.properties for one in clusters)], "Engine")
        relatives = [one.properties for one in system.of("AWS::RDS::") if one.properties.get("Engine") == engine]
        groups = [one for one in system.of("AWS::RDS::DBSubnetGroup") if one.region == region]
        database = Database(
            engine=engine,
            version=_first([properties, *relatives], "EngineVersion"),
            instance_class=str(properties.get("DBInstanceClass", "")),
            zones=max((len(one.properties.get("SubnetIds", ())) for one in groups), default=LEAST_ZONES),
            spread=engine.startswith("aurora") or properties.get("MultiAZ") in (True, "true"),
            global_database=bool(system.of("AWS::RDS::GlobalCluster")),
        )
        if database not in databases.setdefault(region, []):
            databases[region].append(database)
    return databases


def _first(places: Sequence[JsonMapping], name: str) -> str:
    """Return the first value of a property that is no reference to another resource."""
    values = (str(position.get(name) or "") for position in places)
    return next((value for value in values if value and "${" not in value), "")


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each database in each region."""
    return [
        _check(system, region, database)
        for system in systems
        for region, databases in declared(system).items()
        for database in databases
    ]


def collect(account: Account, region: str, database: Database) -> Offer:
    """Return what RDS offers."""
    client = account.client("rds", region)
    pages = client.get_paginator("describe_db_engine_versions").paginate(Engine=database.engine, IncludeAll=False)
    engine_versions = [one for page in pages for one in page["DBEngineVersions"]]
    offered = client.get_paginator("describe_orderable_db_instance_options").paginate(
        Engine=database.engine, DBInstanceClass=database.instance_class, Vpc=True
    )
    options = [one for page in offered for one in page["OrderableDBInstanceOptions"]]
    zones: dict[str, int] = {}
    for option in options:
        # Zones are counted for each kind of storage, and the best kind counts. Aurora keeps its copies itself and
        # never calls an option Multi-AZ.
        if option.get("MultiAZCapable") or database.engine.startswith("aurora") or not database.spread:
            version, number = option["EngineVersion"], len(option.get("AvailabilityZones", ()))
            zones[version] = max(zones.get(version, 0), number)
    members = {one["EngineVersion"] for one in engine_versions if one.get("SupportsGlobalDatabases")}
    members &= {one["EngineVersion"] for one in options if one.get("SupportsGlobalDatabases")}
    there = len(region_zones.collect(account, region))
    return Offer(frozenset(one["EngineVersion"] for one in engine_versions), zones, frozenset(members), there)


def evaluate(check: Check, system: System, database: Database, offer: Offer) -> list[Row]:
    """Return whether the database can be had, and what to change when it cannot."""
    rows = []
    if offer.region_zones < database.zones and not (system.declaration.tool == "pulumi" and offer.region_zones > 1):
        # The Pulumi programs take two zones where a region has no third one; the others take what is set.
        fix = "set ZONES=2" if offer.region_zones >= LEAST_ZONES else "choose another region: lib/AWS_REGION"
        actual = f"{offer.region_zones} availability zones"
        rows.append(check.row(Verdict.CHANGE, actual, needed=f"{database.zones} availability zones", fix=fix))
    needed = min(database.zones, max(offer.region_zones, LEAST_ZONES)) if database.spread else 1
    number = offer.zones.get(database.version, 0)
    member = database.version in offer.global_versions or not database.global_database
    if database.version in offer.versions and number >= needed and member:
        return [*rows, check.row(Verdict.OK, f"offered in {number} zones")]
    reason = f"class in {number} zones" if number < needed else "no global database"
    actual = reason if database.version in offer.versions else "version not offered"
    return [*rows, check.row(Verdict.CHANGE, actual, fix=change(database, offer, needed))]


def change(database: Database, offer: Offer, zones: int) -> str:
    """Return the smallest change that makes a database one that can be had."""
    major = rds_versions.major(database.version)
    listed = [version for version in rds_versions.ENGINES[database.engine].of_major(major) if version in offer.versions]
    others = [version for version in newest_first(offer.versions, major) if version not in listed]
    for version in listed + others:
        member = version in offer.global_versions or not database.global_database
        if offer.zones.get(version, 0) >= zones and member:
            name = rds_versions.variable(database.engine)
            return f"set {name}={version}" if version in listed else f"add {version} to lib/common/rds_versions.py"
    if listed or others:
        return f"set DATABASE_INSTANCE_CLASS to another class: no {major}.x has this one in {zones} zones"
    return f"put another major version into lib/common/rds_versions.py: no {major}.x is offered"


def newest_first(versions: frozenset[str], major: str) -> list[str]:
    """Return the ordinary versions of a major version, as numbers and not as text: 17.10 before 17.9."""
    minors = [int(version.split(".")[1]) for version in versions if re.fullmatch(rf"{major}\.\d+", version)]
    return [f"{major}.{minor}" for minor in sorted(minors, reverse=True)]


def _check(system: System, region: str, database: Database) -> Check:
    check = Check(
        what=f"database of {system.name}",
        region=region,
        needed=database.needed,
        collect=lambda account: collect(account, region, database),
        evaluate=lambda offer: evaluate(check, system, database, offer),
    )
    return check
