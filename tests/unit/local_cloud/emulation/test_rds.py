"""Behind every emulated database stands a PostgreSQL, from the moment that RDS has a password for it."""

import pytest

from lib.common import region
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.emulation import rds
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers.postgres import Postgres


@pytest.fixture
def cloud(tmp_path):
    return LocalCloud(tmp_path, 4566, region.primary({}))


class Pages(list):
    """A paginator of one page."""

    def paginate(self):
        return self


class Rds:
    """RDS and Secrets Manager of a cloud with one instance, and a cluster that has one too."""

    def get_paginator(self, operation):
        instance = {"DBInstanceIdentifier": "db-dev", "DBName": "shop", "Endpoint": {"Port": 5999}}
        member = {"DBInstanceIdentifier": "writer", "DBClusterIdentifier": "cluster-dev"}
        cluster = {"DBClusterIdentifier": "cluster-dev", "Port": 6999, "DatabaseName": "api"}
        managed = {**cluster, "MasterUserSecret": {"SecretArn": "cluster-secret"}}
        pages = {
            "describe_db_instances": {"DBInstances": [instance, member]},
            "describe_db_clusters": {"DBClusters": [managed, {**cluster, "DBClusterIdentifier": "unmanaged"}]},
        }
        return Pages([pages[operation]])

    def get_secret_value(self, SecretId):
        user = {"rds!db-db-dev": "u", "cluster-secret": "c"}[SecretId]
        return {"VersionId": "v1", "SecretString": f'{{"username": "{user}", "password": "p"}}'}


def client_error(code):
    from botocore.exceptions import ClientError

    return ClientError({"Error": {"Code": code, "Message": "m"}}, "GetSecretValue")


@pytest.fixture
def served(cloud, monkeypatch):
    calls = []
    monkeypatch.setattr(rds.LocalCloud, "client", lambda self, service: Rds())
    monkeypatch.setattr(Postgres, "start", lambda self: None)
    monkeypatch.setattr(Postgres, "provide", lambda self, user, _password, name: calls.append((self.port, user, name)))
    return calls


def test_an_instance_and_a_cluster_get_their_server_once(cloud, served):
    done: dict[str, str] = {}
    rds.provide(cloud, done)
    rds.provide(cloud, done)
    assert served == [(5999, "u", "shop"), (6999, "c", "api")]
    assert done == {"db-dev": "v1", "cluster-dev": "v1"}


def test_an_instance_without_a_secret_waits(cloud, served, monkeypatch):
    monkeypatch.setattr(
        Rds, "get_secret_value", lambda self, SecretId: (_ for _ in ()).throw(client_error("ResourceNotFoundException"))
    )
    rds.provide(cloud, {})
    assert served == []


def test_another_refusal_is_not_swallowed(cloud, served, monkeypatch):
    monkeypatch.setattr(
        Rds, "get_secret_value", lambda self, SecretId: (_ for _ in ()).throw(client_error("AccessDenied"))
    )
    with pytest.raises(Exception, match="AccessDenied"):
        rds.provide(cloud, {})


def test_a_failure_while_watching_ends_the_command_and_is_raised(cloud, monkeypatch):
    def fail(_cloud, _done):
        raise LocalCloudError("no server")

    monkeypatch.setattr(rds, "provide", fail)
    monkeypatch.setattr(rds, "INTERVAL_SECONDS", 0.01)
    from threading import Event

    aborted = Event()
    with pytest.raises(LocalCloudError, match="no server"), rds.watching(cloud) as watch:
        watch.abort = aborted.set
        assert aborted.wait(5)


def test_a_failure_without_a_command_is_raised_too(cloud, monkeypatch):
    monkeypatch.setattr(rds, "INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(rds, "provide", lambda _cloud, _done: (_ for _ in ()).throw(LocalCloudError("no server")))
    from time import monotonic, sleep

    began = monotonic()
    with pytest.raises(LocalCloudError, match="no server"), rds.watching(cloud) as watch:
        while watch.failure is None and monotonic() - began < 5:
            sleep(0.01)


def test_whoever_is_provided_is_provided_once_more_at_the_end(cloud, monkeypatch):
    calls = []
    monkeypatch.setattr(rds, "provide", lambda _cloud, done: calls.append(done))
    monkeypatch.setattr(rds, "INTERVAL_SECONDS", 60)  # a slow machine must not make it twice
    with rds.watching(cloud):
        assert not calls
    assert len(calls) == 1
