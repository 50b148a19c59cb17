"""Whether RDS offers what would be deployed, and if not, the smallest change that helps."""

import pytest

from lib.check_account.checks import databases
from lib.check_account.checks.databases import Database, Offer
from lib.check_account.model import Verdict
from lib.common import rds_versions
from tests.support.check_account import HERE, THERE, resource, system

FIRST, SECOND, *_ = rds_versions.ENGINES["postgres"].versions
MAJOR = rds_versions.major(FIRST)
SUBNETS = ["${a.Id}", "${b.Id}", "${c.Id}"]
GROUP = resource("AWS::RDS::DBSubnetGroup", SubnetIds=SUBNETS)
INSTANCE = resource(
    "AWS::RDS::DBInstance", Engine="postgres", EngineVersion=FIRST, DBInstanceClass="db.t4g.medium", MultiAZ=True
)
SINGLE = Database("postgres", FIRST, "db.t4g.medium", 3, True, False)
AURORA = rds_versions.ENGINES["aurora-postgresql"].versions
MEMBER = Database("aurora-postgresql", AURORA[0], "db.r6g.large", 2, True, True)


def offer(zones, versions=None, members=(), region_zones=3):
    return Offer(frozenset(versions if versions is not None else zones), zones, frozenset(members), region_zones)


def rows(database, found, tool="cdk"):
    made = system(GROUP, INSTANCE, tool=tool)
    (check,) = databases.checks([made])
    return databases.evaluate(check, made, database, found)


def verdict(database, found):
    (row,) = rows(database, found)
    return row


def test_an_instance_is_what_is_declared():
    assert databases.declared(system(GROUP, INSTANCE)) == {HERE: [SINGLE]}


def test_an_instance_in_one_zone_needs_one():
    alone = resource("AWS::RDS::DBInstance", Engine="postgres", EngineVersion=FIRST, DBInstanceClass="db.t4g.micro")
    assert databases.declared(system(alone))[HERE] == [Database("postgres", FIRST, "db.t4g.micro", 2, False, False)]


def test_an_aurora_instance_takes_engine_and_version_of_its_cluster():
    cluster = resource("AWS::RDS::DBCluster", Engine="aurora-postgresql", EngineVersion=AURORA[0])
    instance = resource("AWS::RDS::DBInstance", EngineVersion="${dbcluster.EngineVersion}", DBInstanceClass="db.x")
    found = databases.declared(system(cluster, instance))
    assert found == {HERE: [Database("aurora-postgresql", AURORA[0], "db.x", 2, True, False)]}


def test_a_global_database_is_asked_for_in_both_regions_once_each():
    whole = resource("AWS::RDS::GlobalCluster", Engine="aurora-postgresql", EngineVersion=AURORA[0])
    parts = [whole]
    for where in (HERE, THERE):
        version = "${globalcluster.EngineVersion}"
        name = f"cluster-{where}"
        parts.append(resource("AWS::RDS::DBCluster", name, where, Engine="aurora-postgresql", EngineVersion=version))
        instance = "AWS::RDS::DBInstance"
        parts += [resource(instance, f"i{number}-{where}", where, DBInstanceClass="db.r6g.large") for number in (1, 2)]
    assert databases.declared(system(*parts)) == {HERE: [MEMBER], THERE: [MEMBER]}


@pytest.mark.parametrize(("zones", "expected"), [(3, Verdict.OK), (2, Verdict.CHANGE)])
def test_production_s_three_zones_are_needed(zones, expected):
    assert verdict(SINGLE, offer({FIRST: zones})).verdict is expected


def test_a_region_with_two_zones_can_offer_two_only():
    (row,) = rows(SINGLE, offer({FIRST: 2}, region_zones=2), tool="pulumi")
    assert row.verdict is Verdict.OK


def test_a_tool_that_does_not_count_zones_is_told_to_take_fewer():
    first, second = rows(SINGLE, offer({FIRST: 2}, region_zones=2))
    assert (first.verdict, first.fix, second.verdict) == (Verdict.CHANGE, "set ZONES=2", Verdict.OK)


@pytest.mark.parametrize("tool", ["cdk", "pulumi"])
def test_one_zone_is_not_enough_for_any(tool):
    first, _second = rows(SINGLE, offer({FIRST: 1}, region_zones=1), tool=tool)
    assert first.fix.startswith("choose another region")


def test_one_zone_is_enough_for_an_instance_alone():
    alone = Database("postgres", FIRST, "db.t4g.micro", 2, False, False)
    assert verdict(alone, offer({FIRST: 1})).verdict is Verdict.OK


@pytest.mark.parametrize(("members", "expected"), [(AURORA[:1], Verdict.OK), (AURORA[1:], Verdict.CHANGE)])
def test_a_member_of_a_global_database_needs_a_version_that_can_be_one(members, expected):
    assert verdict(MEMBER, offer(dict.fromkeys(AURORA, 3), members=members)).verdict is expected


def test_another_version_that_can_be_a_member_is_named():
    row = verdict(MEMBER, offer(dict.fromkeys(AURORA, 3), members=AURORA[2:3]))
    assert row.fix == f"set AURORA_POSTGRESQL_VERSION={AURORA[2]}"
    assert row.found == "no global database"


@pytest.mark.parametrize(
    ("found", "change"),
    [
        (offer({SECOND: 3}), f"set POSTGRES_VERSION={SECOND}"),
        (offer({SECOND: 3}, [FIRST, SECOND]), f"set POSTGRES_VERSION={SECOND}"),
        (offer({f"{MAJOR}.99": 3}, [FIRST, SECOND, f"{MAJOR}.99"]), f"add {MAJOR}.99 to lib/common/rds_versions.py"),
        (offer(dict.fromkeys((f"{MAJOR}.{n}" for n in (97, 99, 98)), 3)), f"add {MAJOR}.99 to "),
        (offer({f"{MAJOR}.99": 3, SECOND: 2}), f"add {MAJOR}.99 to "),
        (offer({"99.1": 3}, [FIRST, "99.1"]), "set DATABASE_INSTANCE_CLASS to another class: no "),
        (offer({}, [f"{MAJOR}.99"]), "set DATABASE_INSTANCE_CLASS to another class: no "),
        (offer({"99.1": 3}), "put another major version into lib/common/rds_versions.py: no "),
        (offer({}), "put another major version into lib/common/rds_versions.py: no "),
    ],
)
def test_a_version_that_cannot_be_had_gets_the_smallest_change(found, change):
    row = verdict(SINGLE, found)
    assert row.verdict is Verdict.CHANGE
    assert row.fix.startswith(change)


@pytest.mark.parametrize(("versions", "reason"), [([FIRST], "class in 0 zones"), ([SECOND], "version not offered")])
def test_the_reason_is_told(versions, reason):
    assert verdict(SINGLE, offer({}, versions)).found == reason


def test_a_version_of_another_major_version_is_no_replacement():
    other = rds_versions.ENGINES["postgres"].majors[1].versions[0]
    row = verdict(SINGLE, offer({other: 3}, [FIRST, other]))
    assert row.fix == f"set DATABASE_INSTANCE_CLASS to another class: no {MAJOR}.x has this one in 3 zones"


def test_versions_are_ordered_as_numbers():
    versions = frozenset(["17.9", "17.10", "18.1", "17.8-rds.20260101", "17", "117.1", "17.2"])
    assert databases.newest_first(versions, "17") == ["17.10", "17.9", "17.2"]


def asked(aws, options, engine="postgres"):
    wanted = {"Engine": engine, "IncludeAll": False}
    page = {"DBEngineVersions": [{"EngineVersion": "1.1", "SupportsGlobalDatabases": True}], "Marker": "more"}
    aws.answer("rds", "describe_db_engine_versions", page, wanted)
    page = {"DBEngineVersions": [{"EngineVersion": "1.2"}]}
    aws.answer("rds", "describe_db_engine_versions", page, {**wanted, "Marker": "more"})
    wanted = {"Engine": engine, "DBInstanceClass": "db.x", "Vpc": True}
    page = {"OrderableDBInstanceOptions": options[:1], "Marker": "more"}
    aws.answer("rds", "describe_orderable_db_instance_options", page, wanted)
    page = {"OrderableDBInstanceOptions": options[1:]}
    aws.answer("rds", "describe_orderable_db_instance_options", page, {**wanted, "Marker": "more"})
    zones = [{"ZoneName": "a"}, {"ZoneName": "b", "State": "impaired"}]
    filters = [{"Name": "opt-in-status", "Values": ["opt-in-not-required"]}]
    aws.answer("ec2", "describe_availability_zones", {"AvailabilityZones": zones}, {"Filters": filters})


def option(zones, version="1.1", multi=True, member=True):
    return {
        "EngineVersion": version,
        "MultiAZCapable": multi,
        "AvailabilityZones": [{"Name": zone} for zone in zones],
        "SupportsGlobalDatabases": member,
    }


@pytest.mark.parametrize(
    ("engine", "spread", "options", "zones"),
    [
        ("postgres", True, [option("abc", multi=False)], {}),
        ("postgres", False, [option("abc", multi=False)], {"1.1": 3}),
        ("aurora-postgresql", True, [option("abc", multi=False)], {"1.1": 3}),
        ("postgres", True, [option("a"), option("abc"), option("")], {"1.1": 3}),
        ("postgres", True, [option("a"), option("ab", "1.2")], {"1.1": 1, "1.2": 2}),
    ],
)
def test_the_best_option_of_a_version_counts(aws, engine, spread, options, zones):
    asked(aws, options, engine)
    database = Database(engine, "1.1", "db.x", 2, spread, False)
    assert databases.collect(aws.account, HERE, database).zones == zones


def test_every_page_is_read(aws):
    asked(aws, [option("a"), option("ab", "1.2")])
    found = databases.collect(aws.account, HERE, Database("postgres", "1.1", "db.x", 2, True, False))
    assert (found.versions, found.region_zones) == ({"1.1", "1.2"}, 2)


@pytest.mark.parametrize(("member", "members"), [(True, {"1.1"}), (False, set())])
def test_version_and_class_have_to_support_global_databases(aws, member, members):
    asked(aws, [option("abc", member=member), option("abc", "1.2")], "aurora-postgresql")
    database = Database("aurora-postgresql", "1.1", "db.x", 2, True, True)
    assert databases.collect(aws.account, HERE, database).global_versions == members


def test_a_check_asks_and_judges(aws):
    made = system(
        GROUP, resource("AWS::RDS::DBInstance", Engine="postgres", EngineVersion="1.1", DBInstanceClass="db.x")
    )
    (check,) = databases.checks([made])
    asked(aws, [option("abc")])
    (row,) = check.evaluate(check.collect(aws.account))
    assert (row.verdict, row.needed) == (Verdict.OK, "postgres 1.1, db.x, 1 zones")


def test_the_need_of_a_member_says_so():
    assert MEMBER.needed == f"aurora-postgresql {AURORA[0]}, db.r6g.large, 2 zones, global databases"
