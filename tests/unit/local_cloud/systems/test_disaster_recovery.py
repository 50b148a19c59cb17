"""On the local cloud the disaster-recovery system has its own ports and settings, and refuses a port that is taken."""

import socket
from contextlib import ExitStack
from dataclasses import replace

import pytest

import tap
from lib.common import region
from lib.common.errors import SettingError
from lib.local_cloud import systems
from lib.local_cloud.cdktf.terraform_fetch import DeployMode
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import replication_faults
from lib.local_cloud.servers.process import free_port
from lib.local_cloud.systems import disaster_recovery as system

OUTPUTS = {f"apiUrl{role}": f"https://{role.lower()}.execute-api.example/v1" for role in ("Primary", "Secondary")}


def silent(_text):
    """Tell nobody."""


class State:
    """What is deployed."""

    def outputs(self):
        return OUTPUTS

    def resources(self):
        return {"vpc": {"vpc": 2}}


class Deployer:
    """Deploys nothing."""

    state = State()
    destroyed = False

    def __init__(self, old):
        self.old = old

    def deploy(self, _report, prepare):
        prepared = prepare() if self.old else []
        return True, [("what", "why", ["name"]), *prepared], DeployMode(self.old, "a way")

    def destroy(self, _report):
        self.destroyed = True


class Server:
    """A PostgreSQL that runs."""

    port, host = 1, "127.0.0.1"

    def __init__(self):
        self.provided = []

    def process(self):
        return object()

    def provide(self, user, password, database):
        self.provided.append((user, password, database))


class Database:
    """A global database, which has been told to be there."""

    def __init__(self, writer):
        self.servers, self.writer, self.there = {name: Server() for name in region.pair()}, writer, False

    def converge(self):
        self.there = True


class Secrets:
    """Has the database's secret."""

    def get_secret_value(self, *, SecretId):
        assert SecretId == system.settings().name("secret", "database")
        return {"SecretString": '{"username": "dba", "password": "first-Password.1", "dbname": "payments"}'}


@pytest.fixture
def cloud(tmp_path):
    return LocalCloud(tmp_path, 4566, region.primary())


def _same(regions, database):
    assert list(database.servers) == list(regions)
    return database


@pytest.fixture
def deployed(cloud, monkeypatch):
    """Deploy with a deployer of a test's own; return what was deployed."""

    def deploy(old):
        database, prepared = Database(region.pair()[1]), []
        monkeypatch.setattr(LocalCloud, "global_database", lambda _cloud, _port, regions: _same(regions, database))
        monkeypatch.setattr(LocalCloud, "client", lambda _cloud, _service, _place: Secrets())
        monkeypatch.setattr(system, "give_api_gateway_its_role", lambda _cloud, regions: prepared.extend(regions))
        monkeypatch.setattr(system, "deployer", lambda _cloud: Deployer(old))
        monkeypatch.setattr(system.pre_apply, "prepare", lambda *_: [("before", "why", ["name"])])
        monkeypatch.setattr(system.post_apply, "complete", lambda *_: [("after", "why", ["name"])])
        found = system.SYSTEM.deploy(cloud, silent)
        assert database.there
        provided = {name: server.provided for name, server in database.servers.items()}
        assert provided == {region.pair()[0]: [], database.writer: [("dba", "first-Password.1", "payments")]}
        assert prepared == list(region.pair())
        return found

    return deploy


def test_its_database_has_a_port_of_its_own():
    assert system.environment({"DATABASE_PORT": "6000"})["DATABASE_PORT"] == "6003"
    with pytest.raises(SettingError, match="DATABASE_PORT"):
        system.environment({"DATABASE_PORT": "65533"})


def test_what_somebody_chose_is_kept():
    assert system.environment({"API_RATE": "7"})["API_RATE"] == "7"
    assert system.environment({})["API_RATE"] == "100"


def test_a_port_that_is_taken_is_told_before_anything_is_deployed(cloud, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("DATABASE_PORT", str(taken.getsockname()[1] - list(tap.SYSTEMS).index(system.NAME)))
        with pytest.raises(LocalCloudError, match="meant for PostgreSQL, is used by another program"):
            system.SYSTEM.deploy(cloud, silent)


def test_a_port_that_is_taken_at_the_other_region_s_address_is_told_too(cloud, monkeypatch):
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("DATABASE_PORT", str(port - list(tap.SYSTEMS).index(system.NAME)))
        with pytest.raises(LocalCloudError, match=f"Port {port} of 127.0.0.2, meant for PostgreSQL"):
            system.SYSTEM.deploy(cloud, silent)


def test_an_address_that_the_machine_has_not_is_told_with_the_command_that_adds_it(cloud):
    """192.0.2.1 is an example's: https://www.rfc-editor.org/rfc/rfc5737."""
    elsewhere = replace(cloud.database(free_port()), host="192.0.2.1")
    with pytest.raises(LocalCloudError, match=r"192\.0\.2\.1 cannot be listened at .*sudo ifconfig lo0 alias"):
        systems.refuse_unless_ours(elsewhere)


def test_the_old_provider_is_helped_and_that_is_told(deployed):
    found = deployed(True)
    assert [what for what, _why, _names in found.step_down] == ["what", "before", "after", system.TWO_SERVERS[0]]
    assert (found.changed, found.way) == (True, "a way")


def test_the_pinned_provider_needs_no_help(deployed):
    assert [what for what, _why, _names in deployed(False).step_down] == ["what", system.TWO_SERVERS[0]]


def test_the_exercise_goes_to_both_regions(cloud, monkeypatch):
    asked = []
    monkeypatch.setattr(system, "deployer", lambda _cloud: Deployer(True))
    monkeypatch.setattr(system, "exercise", lambda _clients, _settings, urls, _report: asked.extend(urls) or [])
    system.SYSTEM.exercise(cloud, silent)
    assert asked == [f"http://127.0.0.1:4566/restapis/{role}/v1/_user_request_" for role in ("primary", "secondary")]


def test_the_deployer_is_for_the_stack_of_the_settings(cloud, monkeypatch):
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "other")
    assert system.deployer(cloud).stack == "disaster-recovery-other"


def test_a_drill_without_a_running_cloud_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCAL_CLOUD_FOLDER", str(tmp_path))
    monkeypatch.setenv("LOCAL_CLOUD_PORT", str(free_port()))
    with ExitStack() as stack, pytest.raises(LocalCloudError, match="run scripts/up disaster-recovery first"):
        system.drill_target(stack, lambda *_: None, 0.1)


class Rds:
    """The global databases of the account, and who writes in the one of the system."""

    def __init__(self, settings, writer, *others):
        self.settings, self.writer, self.moved = settings, writer, []
        self.names = [settings.global_cluster] if writer else list(others)

    def get_paginator(self, _operation):
        return self

    def paginate(self):
        return [{"GlobalClusters": [{"GlobalClusterIdentifier": name} for name in self.names]}]

    def describe_global_clusters(self, **_named):
        members = [
            {
                "DBClusterArn": f"arn:aws:rds:{region_config.region}:1:cluster:c",
                "IsWriter": region_config.region == self.writer,
            }
            for region_config in self.settings.region_configs
        ]
        return {"GlobalClusters": [{"GlobalClusterMembers": members}]}

    def switchover_global_cluster(self, *, GlobalClusterIdentifier, TargetDbClusterIdentifier):
        self.writer = TargetDbClusterIdentifier.split(":")[3]
        self.moved.append(self.writer)


@pytest.mark.parametrize(("role", "moved"), [("primary", False), ("secondary", True), ("", False)])
def test_it_is_destroyed_by_its_deployer_once_the_primary_region_writes(cloud, monkeypatch, role, moved):
    """Terraform cannot take the members of a global database apart after a failover."""
    deployer, settings = Deployer(True), system.settings()
    region_configs = {region_config.role: region_config.region for region_config in settings.region_configs}
    rds = Rds(settings, region_configs.get(role, ""), "another")
    monkeypatch.setattr(LocalCloud, "client", lambda _self, _service, _place=None: rds)
    monkeypatch.setattr(system, "deployer", lambda _cloud: deployer)
    replication_faults.change(cloud.folder, "aurora", cut=True)
    removed = []
    monkeypatch.setattr(system.pre_apply, "remove", lambda *_: removed.append(deployer.destroyed))
    system.SYSTEM.destroy(cloud, silent)
    assert (deployer.destroyed, removed) == (True, [True])
    assert rds.moved == ([region_configs["primary"]] if moved else [])
    assert replication_faults.read(cloud.folder) == replication_faults.Faults()  # or the way back is none


def test_what_takes_minutes_comes_after_the_quick_systems():
    assert list(systems.load())[-1] == system.NAME
