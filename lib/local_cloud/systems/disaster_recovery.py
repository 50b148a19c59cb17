"""How the disaster-recovery system is deployed to the local cloud, exercised and destroyed."""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import tap
from lib.common import rds_versions
from lib.common.aws_clients import cached
from lib.disaster_recovery.drill import target
from lib.disaster_recovery.drill.operations import FailoverOperations
from lib.disaster_recovery.drill.scenario import DrillTarget
from lib.disaster_recovery.drill.tcp_proxy import TcpProxy
from lib.disaster_recovery.exercise import exercise
from lib.disaster_recovery.settings import ENGINE, Settings
from lib.disaster_recovery.settings import SYSTEM as NAME
from lib.local_cloud import ports
from lib.local_cloud.account import give_api_gateway_its_role
from lib.local_cloud.cdktf.deployer import Deployer
from lib.local_cloud.cdktf.legacy_provider import post_apply, pre_apply
from lib.local_cloud.cloud import MOTO_VARIABLE, PORT_VARIABLE, LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.names import HOST
from lib.local_cloud.servers import replication_faults
from lib.local_cloud.servers.global_database import GlobalDatabase
from lib.local_cloud.systems import (
    DATABASE_PORT,
    Deployed,
    Report,
    Row,
    System,
    database_port,
    refuse_unless_ours,
)

STAGE = "v1"
# The newest of the stack's list that the emulator knows.
VERSION = "17.10"
TWO_SERVERS = (
    "two PostgreSQL servers that replicate a log of changes",
    "Aurora replicates blocks of storage; both are asynchronous, and what has not arrived is lost",
    ["rds"],
)


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the settings' variables for the local cloud, where nobody has chosen others."""
    # The rate of dev would make the drill wait; the limit itself still answers.
    chosen = {
        "ENVIRONMENT": "dev",
        "API_RATE": "100",
        "API_BURST": "200",
        rds_versions.variable(ENGINE): VERSION,
    }
    kept = {name: environ[name] for name in chosen if environ.get(name)}
    return {**chosen, **kept, "DATABASE_PORT": str(database_port(NAME, environ))}


def settings() -> Settings:
    """Return the system's settings as they are deployed here."""
    return Settings.read({**os.environ, **environment()})


def deployer(cloud: LocalCloud) -> Deployer:
    """Return what deploys it."""
    return Deployer(cloud, settings().name("stack"), {tap.SYSTEM: NAME, **environment()})


def address(port: int, api: str) -> str:
    """Return the emulator's way to an API, at its own port or at that of a proxy in front of it."""
    return f"http://{HOST}:{port}/restapis/{api}/{STAGE}/_user_request_"


def drill_target(stack: ExitStack, show: Callable[[str, str], None], seconds: float) -> DrillTarget:
    """Return both regions of the local cloud as the drill needs them, each behind a proxy that can be cut.

    Args:
        stack: ends the proxies.
        show: is told each step, and the command that does the same.
        seconds: between two checks.

    Raises:
        LocalCloudError: no local cloud answers.
    """
    ports.recall((PORT_VARIABLE, MOTO_VARIABLE, DATABASE_PORT))
    cloud = LocalCloud.read()
    if not cloud.emulator.healthy():
        raise LocalCloudError(f"No local cloud answers on port {cloud.port}: run scripts/up {NAME} first.")
    here, clients = settings(), cached(cloud.client)
    proxies = {region_config.role: stack.enter_context(TcpProxy(cloud.port)) for region_config in here.region_configs}
    ids = {region_config.role: target.api(clients, here, region_config) for region_config in here.region_configs}
    urls = {role: address(proxy.port, ids[role]) for role, proxy in proxies.items()}
    operations = FailoverOperations(clients, here, show, "scripts/drill", settle_seconds=seconds)
    proxy = proxies[here.primary.role]
    return DrillTarget(here, operations, urls, proxy.cut, proxy.restore, seconds)


def _deploy(cloud: LocalCloud, report: Report) -> Deployed:
    here = settings()
    replicated = cloud.global_database(here.database_port, here.regions)
    for server in replicated.servers.values():
        refuse_unless_ours(server)
    replicated.converge()
    give_api_gateway_its_role(cloud, [one.region for one in here.region_configs])
    cdktf = deployer(cloud)
    changed, steps, mode = cdktf.deploy(report, lambda: pre_apply.prepare(cloud, here))
    if mode.old:
        report("what the old provider cannot say")
        steps += post_apply.complete(cloud, here)
    _let_in(cloud, here, replicated)
    return Deployed(changed, cdktf.state.resources(), [*steps, TWO_SERVERS], mode.sentence)


def _let_in(cloud: LocalCloud, here: Settings, replicated: GlobalDatabase) -> None:
    """Give the writing server the user and the database that Aurora has from the secret."""
    secrets = cloud.client("secretsmanager", here.primary.region)
    secret = json.loads(secrets.get_secret_value(SecretId=here.name("secret", "database"))["SecretString"])
    writing = replicated.servers[replicated.writer]
    writing.provide(secret["username"], secret["password"], secret["dbname"])


def _exercise(cloud: LocalCloud, report: Report) -> list[Row]:
    outputs = deployer(cloud).state.outputs()
    ids = [outputs[name].removeprefix("https://").split(".", 1)[0] for name in ("apiUrlPrimary", "apiUrlSecondary")]
    urls = (address(cloud.port, ids[0]), address(cloud.port, ids[1]))
    return exercise(cloud.client, settings(), urls, report)


def _return(cloud: LocalCloud, report: Report) -> None:
    """Give Aurora's writing back to the primary region: Terraform cannot take its members apart after a failover."""
    here = settings()
    replication_faults.clear(cloud.folder)  # what is cut off gives nothing back
    pages = cloud.client("rds").get_paginator("describe_global_clusters").paginate()
    names = [cluster["GlobalClusterIdentifier"] for page in pages for cluster in page["GlobalClusters"]]
    steps = FailoverOperations(cloud.client, here, lambda what, _command: report(what), NAME)
    if here.global_cluster in names and steps.database_writer(here.primary) == here.secondary.region:
        steps.switch_over(here.primary, asked=here.secondary)


def _destroy(cloud: LocalCloud, report: Report) -> None:
    _return(cloud, report)
    deployer(cloud).destroy(report)
    pre_apply.remove(cloud, settings())


SYSTEM = System(NAME, _deploy, _exercise, _destroy, minutes=3)
