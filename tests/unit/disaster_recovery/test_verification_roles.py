"""Who writes and how far the other region is behind, which only the two regions together tell."""

from datetime import UTC, datetime, timedelta

import pytest

from lib.disaster_recovery import writer
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
        verification.clients.writers({"region": {"S": PEER}, "epoch": {"N": "1"}})
        assert verification.found() == {("lag-unknown", HOME)}
        lag([10.0], place=HOME)
        assert verification.found() == set()


class TestRoles:
    """Who writes, as the two regions say it."""

    @staticmethod
    def writer(verification, region, epoch, *places):
        verification.clients.writers({"region": {"S": region}, "epoch": {"N": str(epoch)}}, *places)

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
            for name in (writer.NAME, *writer.ITEMS):
                api.delete_item(TableName=verification.table, Key={"pk": {"S": name}})
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
    verification.clients.writers(item, PEER, others={})
    report = verification.verify()
    assert {(each.code, each.region) for each in report.findings} == {("writer-malformed", PEER)}
    assert report.code == 1


GOOD = {"region": {"S": HOME}, "epoch": {"N": "3"}}


def test_one_item_that_payments_check_and_that_names_nobody_is_found(verification):
    verification.clients.writers(GOOD)

    def change(parsed):
        for items in parsed["Responses"].values():
            items[7]["epoch"] = {"S": "3"}

    verification.clients.change("dynamodb", "BatchGetItem", change, HOME)
    (finding,) = verification.verify().findings
    assert (finding.code, finding.region) == ("writer-malformed", HOME)
    assert "control#writer#07: its epoch is not a whole number" in finding.detail


@pytest.mark.parametrize("others", [{}, GOOD | {"region": {"S": PEER}}, GOOD | {"epoch": {"N": "2"}}])
def test_items_that_say_something_else_are_found(verification, others):
    """A change that was not finished, or a stack from before there were several."""
    verification.clients.writers(GOOD, others=others)
    found = [finding for finding in verification.verify().findings if finding.region == PEER]
    assert [finding.code for finding in found] == ["writer-items"]
    assert "256 of the 256 items" in found[0].detail


def test_all_writer_items_are_read_whatever_is_left_over(verification):
    """DynamoDB may leave keys unprocessed: they are asked for again."""
    verification.clients.writers(GOOD)
    pages = []

    def leave(parsed):
        pages.append(True)
        if len(pages) == 3:
            parsed["UnprocessedKeys"] = {verification.table: {"Keys": [{"pk": {"S": "control#writer#00"}}]}}

    verification.clients.change("dynamodb", "BatchGetItem", leave, HOME)
    assert verification.found() == set()
    assert len(pages) == 4


@pytest.mark.parametrize("source", [True, False])
def test_a_lag_is_what_is_stored(verification, source):
    """The emulator's own metric, with its source for a dimension or without it, and not only a changed answer."""
    other = support.make_clusters(verification.cloud)
    names = dict.fromkeys((HOME, PEER), other)
    found = verification.found(global_cluster=other, clusters=names)
    assert found == {("lag-unknown", PEER)}
    support.tell_lag(verification.cloud, other, 7000, source=source)
    assert verification.found(global_cluster=other, clusters=names) == {("lag-high", PEER)}
