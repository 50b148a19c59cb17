"""The local cloud's environment points every client at loopback, and at nothing else."""

import pytest

from lib.common.errors import SettingError
from lib.local_cloud import rds
from lib.local_cloud.cloud import ACCOUNT, UNSET, LocalCloud
from lib.local_cloud.errors import LocalCloudError


@pytest.fixture
def cloud(tmp_path):
    return LocalCloud.read({"LOCAL_CLOUD_FOLDER": str(tmp_path / "cloud"), "LOCAL_CLOUD_PORT": "4999"})


def test_clients_go_to_loopback(cloud):
    assert cloud.environment()["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4999"
    assert cloud.client("sts").meta.endpoint_url == "http://127.0.0.1:4999"


def test_region_is_the_one_of_the_file(cloud):
    from lib.common import region

    assert cloud.environment()["AWS_REGION"] == region.primary({}) == cloud.client("sts").meta.region_name


def test_the_access_key_is_the_account(cloud):
    assert cloud.environment()["AWS_ACCESS_KEY_ID"] == ACCOUNT == cloud.emulator.environ["MINISTACK_ACCOUNT_ID"]


def test_what_leads_elsewhere_is_taken_away(cloud):
    found = cloud.whole_environment({"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "HOME": "/home/me"})
    assert not set(UNSET) & set(found)
    assert found["HOME"] == "/home/me"
    assert found["AWS_CONFIG_FILE"] == "/dev/null"


def test_the_emulator_listens_on_loopback_alone(cloud):
    assert cloud.emulator.environ["BIND_HOST"] == "127.0.0.1"


@pytest.mark.parametrize("port", ["80", "x", "65536", "-1"])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(SettingError, match=f"LOCAL_CLOUD_PORT='{port}'"):
        LocalCloud.read({"LOCAL_CLOUD_PORT": port})


def test_the_folder_lies_in_the_checkout_by_default():
    assert LocalCloud.read({}).folder.parts[-2:] == (".local", "cloud")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    cloud = LocalCloud(folder=tmp_path / "file" / "cloud", port=4999, region="x")
    with pytest.raises(LocalCloudError, match="LOCAL_CLOUD_FOLDER"):
        cloud.start()


def test_stopping_what_never_ran_stops_nothing(cloud):
    assert cloud.stop() == []


def test_databases_are_found_by_their_port(cloud):
    (cloud.folder / "postgres" / "5432").mkdir(parents=True)
    (cloud.folder / "postgres" / "5433").touch()
    assert [server.port for server in cloud.databases()] == [5432]
    assert cloud.database(5432) in cloud.databases()


class Pages(list):
    """A paginator of one page."""

    def paginate(self):
        return self


class Rds:
    """RDS and Secrets Manager of a cloud with one instance."""

    def __init__(self, error=None):
        self.error = error

    def get_paginator(self, _operation):
        instance = {"DBInstanceIdentifier": "db-dev", "DBName": "shop", "Endpoint": {"Port": 5999}}
        return Pages([{"DBInstances": [instance]}])

    def get_secret_value(self, SecretId):
        if self.error:
            raise self.error
        assert SecretId == "rds!db-db-dev"
        return {"VersionId": "v1", "SecretString": '{"username": "u", "password": "p"}'}


def client_error(code):
    from botocore.exceptions import ClientError

    return ClientError({"Error": {"Code": code, "Message": "m"}}, "GetSecretValue")


@pytest.fixture
def served(cloud, monkeypatch):
    calls = []
    monkeypatch.setattr(rds.LocalCloud, "client", lambda self, service: Rds(getattr(served, "error", None)))
    monkeypatch.setattr(rds, "_serve", lambda cloud, instance, credentials: calls.append(credentials["username"]))
    return calls


def test_an_instance_gets_its_server_once(cloud, served):
    done: dict[str, str] = {}
    rds.provide(cloud, done)
    rds.provide(cloud, done)
    assert (served, done) == (["u"], {"db-dev": "v1"})


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
