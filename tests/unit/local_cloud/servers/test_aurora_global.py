"""The keeper of a global database lays the links, makes servers again, and tells the lag in the region that follows."""

from typing import ClassVar

import pytest

from lib.common import region
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import aurora_global
from lib.local_cloud.servers.aurora_global import Keeper, data
from lib.local_cloud.servers.lag import Lag
from tests.support.replicas import awaited

PORT = 5999


class Link:
    """A link that was laid."""

    laid: ClassVar[list["Link"]] = []

    def __init__(self, path, target, seconds):
        self.path, self.target, self.seconds, self.closed = path, target, seconds, False
        self.laid.append(self)

    def close(self):
        self.closed = True


class Meter:
    """Measures what a test says."""

    answer: Lag | None = Lag(0.5, 0.25)
    made: ClassVar[list["Meter"]] = []

    def __init__(self, leading, following):
        self.between, self.closed = (leading.host, following.host), False
        self.made.append(self)

    def read(self):
        return self.answer

    def close(self):
        self.closed = True


class Aws:
    """RDS and CloudWatch."""

    def __init__(self):
        self.told, self.regions = [], []

    def __call__(self, _cloud, service, place=None):
        self.regions.append((service, place))
        return self

    def get_paginator(self, _operation):
        return self

    def paginate(self):
        whole = {"GlobalClusterIdentifier": "whole", "Port": PORT}
        clusters = [
            {"DBClusterIdentifier": "mine", **whole},
            {"DBClusterIdentifier": "alone", "Port": PORT},
            {"DBClusterIdentifier": "another", **whole, "Port": 1},
        ]
        return [{"DBClusters": clusters}]

    def put_metric_data(self, *, Namespace, MetricData):
        self.told.append((Namespace, MetricData))


@pytest.fixture
def aws(monkeypatch):
    found = Aws()

    def client(*arguments):  # a method: it is given the cloud first
        return found(*arguments)

    monkeypatch.setattr(LocalCloud, "client", client)
    monkeypatch.setattr(aurora_global, "Link", Link)
    monkeypatch.setattr(aurora_global, "Meter", Meter)
    monkeypatch.setattr(aurora_global.GlobalDatabase, "repair", lambda _self: False)
    monkeypatch.setattr(Link, "laid", [])
    monkeypatch.setattr(Meter, "made", [])
    return found


@pytest.fixture
def cloud(tmp_path):
    return LocalCloud(tmp_path, 4566, region.primary({}))


@pytest.fixture
def database(cloud):
    """A global database whose servers have data."""
    made = cloud.global_database(PORT, region.pair({}))
    made._write(region.pair({})[0])
    for server in made.servers.values():
        server.data.mkdir(parents=True)
        (server.data / "tap-ready").touch()
    yield made
    for server in made.servers.values():
        server.remove()


def test_the_figures_are_those_that_aws_has():
    (name, milliseconds) = ("AuroraGlobalDBReplicationLag", 1500.0)
    found = data("payments", "xx-home-1", [Lag(0.2, 0.1), Lag(1.5, 0.7)])
    assert {(d["MetricName"], d["Value"], d["Unit"]) for d in found} == {
        (name, milliseconds, "Milliseconds"),
        ("AuroraGlobalDBRPOLag", 700.0, "Milliseconds"),
    }
    own = {"Name": "DBClusterIdentifier", "Value": "payments"}
    source = {"Name": "SourceRegion", "Value": "xx-home-1"}
    assert [d["Dimensions"] for d in found if d["MetricName"] == name] == [[own], [own, source]]


def test_a_cloud_without_a_global_database_is_left_alone(aws, cloud):
    Keeper(cloud).tick(publish=True)
    assert (Link.laid, Meter.made, aws.regions) == ([], [], [])


def test_a_link_is_laid_each_way_once(aws, cloud, database):
    keeper = Keeper(cloud)
    keeper.tick(publish=False)
    keeper.tick(publish=False)
    first, second = database.servers.values()
    assert [(link.path, link.target) for link in Link.laid] == [
        (first.link, second.socket),
        (second.link, first.socket),
    ]
    assert Link.laid[0].seconds() == 0
    aurora_global.faults.change(cloud.folder, "aurora", seconds=3)
    assert Link.laid[0].seconds() == 3


def test_no_link_is_laid_before_there_is_data(aws, cloud, database):
    (list(database.servers.values())[1].data / "tap-ready").unlink()
    Keeper(cloud).tick(publish=False)
    assert Link.laid == []


def test_the_region_that_follows_tells_the_lag_of_its_own_cluster(aws, cloud, database):
    Keeper(cloud).tick(publish=True)
    ((namespace, figures),) = aws.told
    assert namespace == "AWS/RDS"
    assert {d["Dimensions"][0]["Value"] for d in figures} == {"mine"}
    assert {place for _service, place in aws.regions} == {database.follower}


def test_nothing_is_told_before_its_time_or_of_what_is_not_known(aws, cloud, database, monkeypatch):
    keeper = Keeper(cloud)
    keeper.tick(publish=False)
    assert aws.told == []
    monkeypatch.setattr(Meter, "answer", None)
    Keeper(cloud).tick(publish=True)
    assert aws.told == []


def test_another_writer_is_measured_anew(aws, cloud, database):
    keeper = Keeper(cloud)
    keeper.tick(publish=False)
    database._write(database.follower)
    keeper.tick(publish=False)
    assert [meter.between for meter in Meter.made] == [("127.0.0.1", "127.0.0.2"), ("127.0.0.2", "127.0.0.1")]
    assert [meter.closed for meter in Meter.made] == [True, False]


def test_a_database_that_has_gone_takes_its_links_with_it(aws, cloud, database):
    keeper = Keeper(cloud)
    keeper.tick(publish=False)
    database.forget()
    keeper.tick(publish=False)
    assert [link.closed for link in Link.laid] == [True, True]
    assert Meter.made[0].closed


def test_trouble_is_told_and_does_not_end_it(aws, cloud, database, monkeypatch, capsys):
    monkeypatch.setattr(aurora_global, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(aurora_global, "PUBLISH_SECONDS", 0.02)
    troubles = [LocalCloudError("no server")]

    def repair(_database):
        if troubles:
            raise troubles.pop()

    monkeypatch.setattr(aurora_global.GlobalDatabase, "repair", repair)
    keeper = Keeper(cloud)
    keeper.start()
    awaited(lambda: len(aws.told) > 1)
    keeper.stop()
    assert "Aurora's replication: no server" in capsys.readouterr().err
    assert [link.closed for link in Link.laid] == [True, True]
