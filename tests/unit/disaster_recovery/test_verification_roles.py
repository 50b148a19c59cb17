"""Who writes and how far the other region is behind, which only the two regions together tell."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.disaster_recovery import aurora as support
from tests.support.disaster_recovery import two_regions as world
from tests.support.disaster_recovery.two_regions import HOME, PEER


def swap(parsed):
    """Let the other cluster be Aurora's writer."""
    for each in parsed["GlobalClusters"][0]["GlobalClusterMembers"]:
        each["IsWriter"] = not each["IsWriter"]


class TestLag:
    """Lag, which only the region that does not write tells of."""

    @pytest.fixture
    def lag(self, verification):
        """Lets CloudWatch tell another lag, or another age of it."""

        def tell(values, minutes=1, place=PEER):
            moments = [datetime.now(UTC) - timedelta(minutes=minutes)] * len(values)

            def change(parsed):
                for result in parsed["MetricDataResults"]:
                    result.update(Values=values, Timestamps=moments)

            verification.clients.change("cloudwatch", "GetMetricData", change, place)

        return tell

    def test_a_region_that_is_too_far_behind_is_found(self, verification, lag):
        lag([5001.0])
        assert verification.found() == {("lag-high", PEER)}
        assert verification.found(lag_milliseconds=5001) == set()

    def test_silence_is_a_finding(self, verification, lag):
        lag([])
        assert verification.found() == {("lag-unknown", PEER)}

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
    def test_what_is_no_lag_is_a_finding(self, verification, lag, value):
        lag([value])
        assert verification.found() == {("lag-unknown", PEER)}

    def test_an_old_value_is_a_finding(self, verification, lag):
        lag([100.0], minutes=11)
        assert verification.found() == {("lag-stale", PEER)}

    def test_the_latest_value_counts(self, verification):
        def change(parsed):
            now = datetime.now(UTC)
            for result in parsed["MetricDataResults"]:
                result.update(Values=[9000.0, 10.0], Timestamps=[now - timedelta(minutes=9), now])

        verification.clients.change("cloudwatch", "GetMetricData", change, PEER)
        assert verification.found() == set()

    def test_after_a_switchover_the_other_region_tells(self, verification, lag):
        """Aurora's writer is the peer now, and the table's as well: the home region must tell its lag."""
        verification.clients.change("rds", "DescribeGlobalClusters", swap)
        verification.clients.change(
            "dynamodb", "GetItem", lambda parsed: parsed.update(Item={"region": {"S": PEER}, "epoch": {"N": "1"}})
        )
        assert verification.found() == {("lag-unknown", HOME)}
        lag([10.0], place=HOME)
        assert verification.found() == set()


class TestRoles:
    """Who writes, as the two regions say it."""

    @staticmethod
    def writer(verification, region, epoch, *places):
        item = {"region": {"S": region}, "epoch": {"N": str(epoch)}}
        verification.clients.change("dynamodb", "GetItem", lambda parsed: parsed.update(Item=item), *places)

    @pytest.mark.parametrize(("region", "epoch"), [(PEER, 4), (HOME, 4)])
    def test_tables_that_name_different_writers_are_found(self, verification, region, epoch):
        """One of them has not heard of a change."""
        self.writer(verification, HOME, 3, HOME)
        self.writer(verification, region, epoch, PEER)
        assert verification.found() == {("writer-split", "all")}

    def test_payments_and_aurora_in_different_regions_are_found(self, verification):
        """Half a failover."""
        self.writer(verification, PEER, 1)
        assert verification.found() == {("roles-apart", "all")}

    def test_a_foreign_writer_is_found(self, verification):
        self.writer(verification, "elsewhere", 1)
        assert verification.found() == {("writer-foreign", "all"), ("roles-apart", "all")}

    def test_regions_that_see_different_writers_of_aurora_are_found(self, verification):
        verification.clients.change("rds", "DescribeGlobalClusters", swap, PEER)
        assert verification.found() == {("aurora-split", "all")}

    def test_what_the_table_says_is_read(self, verification):
        api = world.client(verification.cloud, "dynamodb", PEER)
        world.flip(api, verification.table, HOME, 7)
        try:
            report = verification.verify()
        finally:
            api.delete_item(TableName=verification.table, Key={"pk": {"S": "control#writer"}})
        assert {(each["writer"], each["epoch"]) for each in report.measured.values()} == {(HOME, 7)}
        assert report.findings == []


@pytest.mark.parametrize(
    "item",
    [
        {"region": {"S": HOME}, "epoch": {"S": "1"}},
        {"region": {"S": HOME}, "epoch": {"N": "-1"}},
        {"region": {"S": HOME}},
        {"epoch": {"N": "1"}},
        {"region": {"NULL": True}, "epoch": {"N": "1"}},
    ],
)
def test_a_writer_item_that_names_nobody_is_found(verification, item):
    verification.clients.change("dynamodb", "GetItem", lambda parsed: parsed.update(Item=item), PEER)
    report = verification.verify()
    assert {(each.code, each.region) for each in report.findings} == {("writer-malformed", PEER)}
    assert report.code == 1


@pytest.mark.parametrize("source", [True, False])
def test_a_lag_is_what_is_stored(verification, source):
    """The emulator's own metric, with its source for a dimension or without it, and not only a changed answer."""
    other = support.make_clusters(verification.cloud)
    names = dict.fromkeys((HOME, PEER), other)
    found = verification.found(global_cluster=other, clusters=names)
    assert found == {("lag-unknown", PEER)}
    support.tell_lag(verification.cloud, other, 7000, source=source)
    assert verification.found(global_cluster=other, clusters=names) == {("lag-high", PEER)}
