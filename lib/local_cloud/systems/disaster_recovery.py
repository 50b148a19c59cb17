"""How the disaster-recovery system is deployed to the local cloud, exercised and destroyed."""

import os
from collections.abc import Mapping

from lib.common import rds_versions
from lib.common import setting_parsers as parse
from lib.disaster_recovery.drill.operations import FailoverOperations
from lib.disaster_recovery.exercise import exercise
from lib.disaster_recovery.settings import ENGINE, Settings
from lib.disaster_recovery.settings import SYSTEM as NAME
from lib.local_cloud.cdktf.deployer import Engine
from lib.local_cloud.cdktf.legacy_provider import post_apply
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.names import HOST
from lib.local_cloud.servers.process import refuse_taken
from lib.local_cloud.systems import Deployed, Report, Row, System

STAGE = "v1"
# One machine has one port 5432; the three systems before have theirs.
NEXT_DATABASE = 3
# The newest of the stack's list that the emulator knows.
VERSION = "17.10"
ONE_SERVER = ("one PostgreSQL for both regions", "their endpoints lead to this machine, which has a port once", ["rds"])


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the settings' variables for the local cloud, where nobody has chosen others."""
    database = parse.number(environ, "DATABASE_PORT", Settings.database_port, 1150, 65532)
    # The rate of dev would make the drill wait; the limit itself still answers.
    chosen = {
        "ENVIRONMENT": "dev",
        "API_RATE": "100",
        "API_BURST": "200",
        rds_versions.variable(ENGINE): VERSION,
    }
    kept = {name: environ[name] for name in chosen if environ.get(name)}
    return {**chosen, **kept, "DATABASE_PORT": str(database + NEXT_DATABASE)}


def settings() -> Settings:
    """Return the system's settings as they are deployed here."""
    return Settings.read({**os.environ, **environment()})


def engine(cloud: LocalCloud) -> Engine:
    """Return what deploys it."""
    return Engine(cloud, settings().name("stack"), environment())


def address(port: int, api: str) -> str:
    """Return the emulator's way to an API, at its own port or at that of a proxy in front of it."""
    return f"http://{HOST}:{port}/restapis/{api}/{STAGE}/_user_request_"


def _deploy(cloud: LocalCloud, report: Report) -> Deployed:
    here = settings()
    server = cloud.database(here.database_port)
    if server.process() is None:
        refuse_taken(server.port, "PostgreSQL", "DATABASE_PORT")  # now, not in the middle of the deployment
    server.start()
    engine_ = engine(cloud)
    changed, steps, way = engine_.deploy(report)
    if way.old:
        report("what the old provider cannot say")
        steps += post_apply.complete(cloud, here)
    return Deployed(changed, engine_.state.resources(), [*steps, ONE_SERVER], way.sentence)


def _exercise(cloud: LocalCloud, report: Report) -> list[Row]:
    outputs = engine(cloud).state.outputs()
    ids = [outputs[name].removeprefix("https://").split(".", 1)[0] for name in ("apiUrlPrimary", "apiUrlSecondary")]
    urls = (address(cloud.port, ids[0]), address(cloud.port, ids[1]))
    return exercise(cloud.client, settings(), urls, report)


def _return(cloud: LocalCloud, report: Report) -> None:
    """Give Aurora's writing back to the primary region: Terraform cannot take its members apart after a failover."""
    here = settings()
    pages = cloud.client("rds").get_paginator("describe_global_clusters").paginate()
    names = [found["GlobalClusterIdentifier"] for page in pages for found in page["GlobalClusters"]]
    steps = FailoverOperations(cloud.client, here, lambda what, _command: report(what), NAME)
    if here.global_cluster in names and steps.database_writer(here.primary) == here.secondary.region:
        steps.switch_over(here.primary, asked=here.secondary)


def _destroy(cloud: LocalCloud, report: Report) -> None:
    _return(cloud, report)
    engine(cloud).destroy(report)


SYSTEM = System(NAME, "CDKTF", _deploy, _exercise, _destroy, minutes=3)
