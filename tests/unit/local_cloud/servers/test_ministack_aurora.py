"""The emulator's global clusters lead to real servers, and a failover or a switchover changes these servers' roles."""

import urllib.parse

import pytest

from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers.global_database import GlobalDatabase
from lib.local_cloud.servers.ministack_aurora import Aurora, install

HOME, PEER, PORT = "xx-home-1", "xx-peer-1", 5999
HOSTS = {HOME: "127.0.0.1", PEER: "127.0.0.2"}


class Emulator:
    """The emulator's RDS, in this process."""

    def __init__(self, cloud):
        from ministack.core.responses import get_account_id
        from ministack.services import rds

        self.rds, self.account, self.cloud = rds, get_account_id(), cloud

    def ask(self, action, region=HOME, **parameters):
        """Return the status and the text of an answer."""
        from ministack.core.responses import request_scope

        with request_scope(self.account, region):
            query = {name: [str(value)] for name, value in parameters.items()}
            body = urllib.parse.urlencode({"Action": action, **{name: value[0] for name, value in query.items()}})
            status, _headers, answer = self.rds._handle_request_sync("POST", "/", {}, body.encode(), {})
        return status, answer.decode()

    def make(self, port=PORT):
        """Make a global cluster with a cluster and an instance in each region."""
        whole = {"GlobalClusterIdentifier": "whole", "Engine": "aurora-postgresql"}
        assert self.ask("CreateGlobalCluster", **whole)[0] == 200
        for region in (HOME, PEER):
            login = {"MasterUsername": "dba", "MasterUserPassword": "first-Password.1"} if region == HOME else {}
            assert self.ask("CreateDBCluster", region, DBClusterIdentifier="c", Port=port, **whole, **login)[0] == 200
            instance = {"DBInstanceIdentifier": "i", "DBClusterIdentifier": "c", "DBInstanceClass": "db.r6g.large"}
            assert self.ask("CreateDBInstance", region, Engine="aurora-postgresql", **instance)[0] == 200

    def arn(self, region):
        return f"arn:aws:rds:{region}:{self.account}:cluster:c"

    def change(self, action, region, **parameters):
        target = {"GlobalClusterIdentifier": "whole", "TargetDbClusterIdentifier": self.arn(region)}
        return self.ask(action, region, **target, **parameters)

    def members(self):
        """Return who writes and how each is synchronised, by region."""
        self.ask("DescribeGlobalClusters")
        (whole,) = self.rds._global_clusters.values()
        return {
            member["DBClusterArn"].split(":")[3]: (member["IsWriter"], member["SynchronizationStatus"])
            for member in whole["GlobalClusterMembers"]
        }


@pytest.fixture
def done(monkeypatch):
    """What was done to the servers."""
    calls = []
    for name in ("fail_over", "switch_over"):
        monkeypatch.setattr(GlobalDatabase, name, lambda _self, region, name=name: calls.append((name, region)))
    monkeypatch.setattr(GlobalDatabase, "connected", lambda _self: True)
    return calls


@pytest.fixture
def emulator(tmp_path, monkeypatch, done):
    from ministack.services import rds

    cloud = LocalCloud(tmp_path, 4566, HOME)
    cloud.global_database(PORT, (HOME, PEER))._write(HOME)
    monkeypatch.setattr(rds, "_get_docker", lambda *_: None)
    monkeypatch.setattr(rds, "_ACTION_MAP", dict(rds._ACTION_MAP))
    for store in (rds._global_clusters, rds._clusters, rds._instances):
        monkeypatch.setattr(store, "_data", {})
    install(cloud)
    return Emulator(cloud)


@pytest.mark.parametrize("region", [HOME, PEER])
def test_each_region_s_addresses_lead_to_its_own_server(emulator, region):
    emulator.make()
    _status, cluster = emulator.ask("DescribeDBClusters", region)
    for name in ("Endpoint", "ReaderEndpoint"):
        assert f"<{name}>{HOSTS[region]}</{name}>" in cluster
    _status, instance = emulator.ask("DescribeDBInstances", region)
    assert f"<Address>{HOSTS[region]}</Address>" in instance
    assert f"<Port>{PORT}</Port>" in instance


def test_a_new_cluster_is_told_with_its_address(emulator):
    whole = {"GlobalClusterIdentifier": "whole", "Engine": "aurora-postgresql"}
    emulator.ask("CreateGlobalCluster", **whole)
    status, answer = emulator.ask("CreateDBCluster", DBClusterIdentifier="c", Port=PORT, **whole)
    assert status == 200
    assert "<CreateDBClusterResult><DBCluster>" in answer
    assert "<Endpoint>127.0.0.1</Endpoint>" in answer


def test_a_database_of_another_port_is_left_to_the_emulator(emulator, done):
    emulator.make(port=PORT + 1)
    assert "<Endpoint>127.0.0.2</Endpoint>" not in emulator.ask("DescribeDBClusters", PEER)[1]
    assert emulator.change("FailoverGlobalCluster", PEER, AllowDataLoss="true")[0] == 200
    assert (done, emulator.members()[PEER][0]) == ([], True)


def test_a_cluster_in_a_third_region_is_left_to_the_emulator(emulator):
    found = Aurora(emulator.cloud, emulator.rds)._database(
        {"GlobalClusterIdentifier": "whole", "Port": PORT, "DBClusterArn": "arn:aws:rds:xx-third-1:1:cluster:c"}
    )
    assert found is None


def test_a_failover_promotes_and_then_names_the_writer(emulator, done):
    emulator.make()
    status, answer = emulator.change("FailoverGlobalCluster", PEER, AllowDataLoss="true")
    assert (status, "failing-over" in answer) == (200, True)
    assert done == [("fail_over", PEER)]
    assert {region: writes for region, (writes, _status) in emulator.members().items()} == {HOME: False, PEER: True}


@pytest.mark.parametrize("action", ["SwitchoverGlobalCluster", "FailoverGlobalCluster"])
def test_without_a_loss_the_servers_switch_over(emulator, done, action):
    emulator.make()
    assert emulator.change(action, PEER)[0] == 200
    assert done == [("switch_over", PEER)]
    assert emulator.members()[PEER][0] is True


def test_servers_that_do_not_change_leave_the_writer_as_it_is(emulator, monkeypatch):
    emulator.make()

    def refuse(_self, _region):
        raise LocalCloudError("it is cut off")

    monkeypatch.setattr(GlobalDatabase, "switch_over", refuse)
    status, answer = emulator.change("SwitchoverGlobalCluster", PEER)
    assert status == 400
    assert "InvalidGlobalClusterStateFault" in answer
    assert "it is cut off" in answer
    assert emulator.members()[HOME][0] is True


def test_what_the_emulator_refuses_changes_no_server(emulator, done):
    emulator.make()
    assert emulator.change("SwitchoverGlobalCluster", HOME)[0] == 400
    assert done == []


def test_who_is_made_again_is_not_connected_meanwhile(emulator, monkeypatch):
    emulator.make()
    assert emulator.members() == {HOME: (True, "connected"), PEER: (False, "connected")}
    monkeypatch.setattr(GlobalDatabase, "connected", lambda _self: False)
    assert emulator.members() == {HOME: (True, "connected"), PEER: (False, "pending-resync")}


def test_without_servers_everything_is_the_emulators_own(emulator, done):
    emulator.cloud.known_global_database().forget()
    emulator.make()
    assert emulator.change("FailoverGlobalCluster", PEER, AllowDataLoss="true")[0] == 200
    assert done == []
    assert emulator.members()[PEER] == (True, "connected")


def test_an_instance_that_the_emulator_refuses_has_no_address(emulator):
    emulator.make()
    status, _answer = emulator.ask("CreateDBInstance", DBInstanceIdentifier="", DBClusterIdentifier="c")
    assert status == 400
