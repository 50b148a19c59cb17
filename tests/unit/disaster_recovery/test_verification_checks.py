"""What is not as it should be is found, in the region where it is; a whole system has no finding."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.disaster_recovery.two_regions import HOME, PEER

BOTH = (HOME, PEER)


def ago(**time):
    return datetime.now(UTC) - timedelta(**time)


class Later:
    """A moment a few minutes after the one at which it is asked for: a long suite would make it past."""

    def __call__(self):
        return ago(minutes=-10)


LATER = Later()


def fresh(changes):
    """Return changes with the moments that are after now."""
    return {name: value() if isinstance(value, Later) else value for name, value in changes.items()}


def test_a_whole_system_has_no_finding(verification):
    report = verification.verify()
    assert (report.findings, report.code) == ([], 0)
    assert report.measured[PEER]["replication_lag_milliseconds"] == 120
    assert "replication_lag_milliseconds" not in report.measured[HOME]


def test_it_only_looks(verification):
    verification.verify()
    assert len(verification.clients.calls) >= 14
    assert {
        name for name in verification.clients.calls if not name.startswith(("BatchGet", "Describe", "Get"))
    } == set()


def cluster(**changes):
    return "rds", "DescribeDBClusters", lambda parsed: parsed["DBClusters"][0].update(fresh(changes))


def shared(**changes):
    return "rds", "DescribeGlobalClusters", lambda parsed: parsed["GlobalClusters"][0].update(changes)


def member(**changes):
    """Change the member that does not write."""
    return (
        "rds",
        "DescribeGlobalClusters",
        lambda parsed: next(
            each for each in parsed["GlobalClusters"][0]["GlobalClusterMembers"] if not each["IsWriter"]
        ).update(changes),
    )


def members(change):
    return "rds", "DescribeGlobalClusters", lambda parsed: change(parsed["GlobalClusters"][0]["GlobalClusterMembers"])


def snapshot(**changes):
    return "rds", "DescribeDBClusterSnapshots", lambda parsed: parsed["DBClusterSnapshots"][0].update(changes)


def table(**changes):
    return "dynamodb", "DescribeTable", lambda parsed: parsed["Table"].update(changes)


def recovery(**changes):
    return (
        "dynamodb",
        "DescribeContinuousBackups",
        lambda parsed: parsed["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"].update(fresh(changes)),
    )


@pytest.mark.parametrize("place", BOTH)
@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("global-status", shared(Status="failing-over")),
        ("global-unprotected", shared(DeletionProtection=False)),
        ("global-members", shared(GlobalClusterMembers=[])),
        ("global-members", member(DBClusterArn="arn:aws:rds:elsewhere:1:cluster:other")),
        ("global-writer", member(IsWriter=True)),
        ("global-writer", members(lambda found: [each.update(IsWriter=False) for each in found])),
        ("member-apart", member(SynchronizationStatus="pending-resync")),
        ("cluster-status", cluster(Status="failing-over")),
        ("cluster-unprotected", cluster(DeletionProtection=False)),
        ("cluster-restore-window", cluster(ClusterCreateTime=ago(days=9), EarliestRestorableTime=ago(hours=23))),
        ("cluster-restore-window", cluster(EarliestRestorableTime=None)),
        ("cluster-restore-late", cluster(LatestRestorableTime=ago(minutes=31))),
        ("cluster-restore-late", cluster(LatestRestorableTime=LATER)),
        ("cluster-restore-late", cluster(ClusterCreateTime=ago(hours=2), LatestRestorableTime=None)),
        ("cluster-restore-window", cluster(EarliestRestorableTime=LATER)),
        ("cluster-unencrypted", cluster(StorageEncrypted=False)),
        ("cluster-empty", cluster(DBClusterMembers=[])),
        ("global-unencrypted", shared(StorageEncrypted=False)),
        ("snapshot-unencrypted", snapshot(StorageEncrypted=False)),
        ("snapshot-future", snapshot(SnapshotCreateTime=ago(hours=-1))),
        ("snapshot-old", snapshot(SnapshotCreateTime=ago(hours=27))),
        ("table-unencrypted", table(SSEDescription={})),
        ("table-unencrypted", table(SSEDescription={"Status": "DISABLED"})),
        ("table-restore-window", recovery(EarliestRestorableDateTime=None)),
        ("table-restore-window", recovery(EarliestRestorableDateTime=LATER)),
        ("table-restore-late", recovery(LatestRestorableDateTime=ago(hours=10))),
        ("table-restore-late", recovery(LatestRestorableDateTime=LATER)),
        ("table-status", table(TableStatus="INACCESSIBLE_ENCRYPTION_CREDENTIALS")),
        ("table-unprotected", table(DeletionProtectionEnabled=False)),
        ("index-status", table(GlobalSecondaryIndexes=[{"IndexName": "payment-id", "IndexStatus": "CREATING"}])),
        ("replica-status", table(Replicas=[])),
        ("replica-status", table(Replicas=[{"RegionName": place, "ReplicaStatus": "CREATING"} for place in BOTH])),
        ("table-restore-off", recovery(PointInTimeRecoveryStatus="DISABLED")),
    ],
)
def test_a_defect_is_found_where_it_is(verification, place, code, change):
    verification.clients.change(*change, place)
    report = verification.verify()
    here = [finding for finding in report.findings if finding.code == code]
    assert [finding.region for finding in here] == [place]
    assert here[0].detail.endswith(".")
    assert (report.code, report.incomplete) == (1, [])


def test_a_table_that_cannot_be_restored_far_enough_back_is_found(verification):
    verification.clients.change(*table(CreationDateTime=ago(days=9)), PEER)
    verification.clients.change(*recovery(EarliestRestorableDateTime=ago(hours=23)), PEER)
    assert verification.found() == {("table-restore-window", PEER)}


@pytest.mark.parametrize(
    "change",
    [
        # Made when the test runs: a long suite would make them old.
        lambda: cluster(ClusterCreateTime=ago(days=9), EarliestRestorableTime=ago(hours=24, minutes=5)),
        lambda: cluster(ClusterCreateTime=ago(hours=3), EarliestRestorableTime=ago(hours=2, minutes=5)),
        lambda: cluster(LatestRestorableTime=ago(minutes=25)),
        lambda: cluster(LatestRestorableTime=ago(minutes=-4)),
        lambda: recovery(LatestRestorableDateTime=ago(minutes=25)),
        lambda: recovery(LatestRestorableDateTime=None),
        lambda: snapshot(SnapshotCreateTime=ago(minutes=-4)),
        lambda: cluster(LatestRestorableTime=None),
        lambda: snapshot(SnapshotCreateTime=ago(hours=25)),
        lambda: snapshot(Status="creating"),
        lambda: recovery(EarliestRestorableDateTime=ago(days=8)),
    ],
)
def test_what_is_just_good_enough_is_no_finding(verification, change):
    """Something young cannot be restored to before it was made, and has no snapshot yet."""
    verification.clients.change(*change())
    assert verification.found() == set()


def test_what_may_be_deleted_is_no_finding_where_that_is_meant(verification):
    for change in (
        cluster(DeletionProtection=False),
        shared(DeletionProtection=False),
        table(DeletionProtectionEnabled=False),
    ):
        verification.clients.change(*change)
    assert len(verification.found()) == 6
    assert verification.found(protected=False) == set()


def test_a_cluster_without_a_finished_snapshot_is_found(verification):
    verification.clients.change(*cluster(ClusterCreateTime=ago(hours=27), EarliestRestorableTime=ago(hours=26)))
    verification.clients.change(*snapshot(Status="creating"), HOME)
    assert verification.found() == {("snapshot-missing", HOME)}


def test_the_latest_snapshot_counts_on_whatever_page_it_is(verification):
    """The first page has an old one and leads to a second."""
    asked = []

    def page(parsed):
        asked.append(parsed)
        if len(asked) == 1:
            parsed["DBClusterSnapshots"][0]["SnapshotCreateTime"] = ago(days=30)
            parsed["Marker"] = "more"

    verification.clients.change("rds", "DescribeDBClusterSnapshots", page, HOME)
    report = verification.verify()
    assert (len(asked), report.findings) == (2, [])
    assert report.measured[HOME]["snapshot_age_hours"] < 1


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"global_cluster": "nothing"}, {("global-missing", HOME), ("global-missing", PEER)}),
        ({"clusters": {HOME: "nothing", PEER: "nothing"}}, {("cluster-missing", HOME), ("cluster-missing", PEER)}),
        ({"table": "nothing"}, {("table-missing", HOME), ("table-missing", PEER)}),
    ],
)
def test_what_is_not_there_is_a_finding_and_not_a_failure(verification, changes, codes):
    assert codes <= verification.found(**changes)
