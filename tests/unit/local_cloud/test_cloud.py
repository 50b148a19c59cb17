"""The local cloud's environment points every client at loopback, and at nothing else."""

import socket

import pytest

from lib.common.errors import SettingError
from lib.local_cloud.cloud import ACCOUNT, UNSET, LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers.process import Server, free_port


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


def test_what_the_emulator_lacks_is_asked_of_moto(cloud):
    scaling = cloud.client("application-autoscaling")
    assert scaling.meta.endpoint_url == "http://127.0.0.1:5000"
    assert cloud.environment()["AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING"] == "http://127.0.0.1:5000"
    assert cloud.client("ecs", moto=True).meta.endpoint_url == "http://127.0.0.1:5000"
    assert cloud.client("ecs").meta.endpoint_url == "http://127.0.0.1:4999"


def test_the_environment_leads_the_next_process_to_the_same_cloud(cloud):
    assert LocalCloud.read(cloud.environment()) == cloud
    elsewhere = LocalCloud(cloud.folder, cloud.port, cloud.region, 6000)
    assert LocalCloud.read(elsewhere.environment()) == elsewhere


def test_moto_has_the_next_port_unless_another_is_chosen():
    assert LocalCloud.read({"LOCAL_CLOUD_PORT": "4700"}).moto_port == 4701
    assert LocalCloud.read({"LOCAL_CLOUD_PORT": "4700", "LOCAL_CLOUD_MOTO_PORT": "4800"}).moto_port == 4800


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"LOCAL_CLOUD_MOTO_PORT": "80"}, "LOCAL_CLOUD_MOTO_PORT='80' is not a valid port"),
        ({"LOCAL_CLOUD_PORT": "65535"}, "LOCAL_CLOUD_MOTO_PORT='65536' is not a valid port"),
        (
            {"LOCAL_CLOUD_PORT": "4700", "LOCAL_CLOUD_MOTO_PORT": "4700"},
            "LOCAL_CLOUD_MOTO_PORT=4700 is LOCAL_CLOUD_PORT",
        ),
    ],
)
def test_motos_port_is_checked_too(environ, said):
    with pytest.raises(SettingError, match=said):
        LocalCloud.read(environ)


def test_a_client_of_another_region(cloud):
    from lib.common import region

    other = next(name for name in region.known() if name != cloud.region)
    assert cloud.client("sts", other).meta.region_name == other


def test_both_servers_are_started_and_stopped(cloud, monkeypatch):
    calls = []
    monkeypatch.setattr(Server, "start", lambda self: calls.append(("start", self.name)) or self.name == "moto")
    monkeypatch.setattr(Server, "stop", lambda self: calls.append(("stop", self.name)) or True)
    assert cloud.start() is True
    assert cloud.stop() == ["ministack on port 4999", "moto on port 5000"]
    assert sorted(calls) == [("start", "ministack"), ("start", "moto"), ("stop", "ministack"), ("stop", "moto")]


def test_a_taken_port_of_moto_is_named_with_its_variable(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        cloud = LocalCloud(tmp_path / "cloud", free_port(), "x", port)
        with pytest.raises(LocalCloudError, match=f"Port {port}, meant for moto, .*LOCAL_CLOUD_MOTO_PORT="):
            cloud.moto.start()


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


def test_a_database_at_the_other_address_is_another_one(cloud):
    for name in ("5432", "5432@127.0.0.2"):
        (cloud.folder / "postgres" / name).mkdir(parents=True)
    assert [server.where for server in cloud.databases()] == ["port 5432", "port 5432 of 127.0.0.2"]
    assert len({server.sockets for server in cloud.databases()}) == 2


def test_a_global_database_is_known_once_it_was_made(cloud):
    assert cloud.known_global_database() is None
    made = cloud.global_database(5432, ("xx-home-1", "xx-peer-1"))
    cloud.folder.mkdir(parents=True, exist_ok=True)
    made._write("xx-peer-1")
    known = cloud.known_global_database()
    assert (known, known.writer) == (made, "xx-peer-1")
    assert [(server.region, server.host) for server in known.servers.values()] == [
        ("xx-home-1", "127.0.0.1"),
        ("xx-peer-1", "127.0.0.2"),
    ]
    assert cloud.stop() == []
    assert cloud.known_global_database() is None


def test_any_client_finds_what_moto_serves(cloud, monkeypatch):
    """boto3 itself decides how the variable is spelt."""
    import boto3

    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    endpoint = boto3.session.Session().client("application-autoscaling").meta.endpoint_url
    assert endpoint == f"http://127.0.0.1:{cloud.moto_port}"
