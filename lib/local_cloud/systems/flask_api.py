"""How the Flask API is deployed to the local cloud, run, exercised and destroyed."""

import os
from collections.abc import Mapping

from lib.common import region
from lib.common.setting_types import Setting, number
from lib.flask_api.exercise import exercise
from lib.flask_api.settings import SYSTEM as NAME
from lib.flask_api.settings import Settings
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.emulation import ecs, rds
from lib.local_cloud.names import HOST
from lib.local_cloud.pulumi import deployer
from lib.local_cloud.servers.process import Server
from lib.local_cloud.systems import Deployed, Report, Row, System, database, database_port

DOCKERFILE = region.FOLDER / "flask_api" / "app" / "Dockerfile"
PORT, PORT_VARIABLE = 8080, "FLASK_API_PORT"
EMULATED_VERSION = "17.7"
DIFFERENT = (
    (f"Aurora {EMULATED_VERSION}", "the emulator's list of versions ends there", ["database"]),
    (
        "the task runs from its own source",
        "no container runs here: gunicorn on loopback, with the task's environment",
        ["api"],
    ),
)


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the settings' variables for the local cloud, where nobody has chosen others."""
    chosen = {
        "ENVIRONMENT": "dev",
        "IMAGE": "local",
        "AURORA_POSTGRESQL_VERSION": EMULATED_VERSION,
    }
    kept = {name: environ[name] for name in chosen if environ.get(name)}
    return {**chosen, **kept, "DATABASE_PORT": str(database_port(NAME, environ))}


def _settings() -> Settings:
    return Settings.read({**os.environ, **environment()})


def _stack() -> str:
    return f"{NAME}-{_settings().suffix}"


def _server(cloud: LocalCloud) -> tuple[ecs.Task, Server]:
    settings = _settings()
    task = ecs.task(cloud, settings.name("cluster"), settings.name("service"))
    port = Setting(number(1024, 65535), "the port of the task", PORT, alias=PORT_VARIABLE).read(os.environ)
    return task, ecs.server(cloud, NAME, task, dockerfile=DOCKERFILE, port=port, variable=PORT_VARIABLE)


def _deploy(cloud: LocalCloud, report: Report) -> Deployed:
    database(cloud, _settings().database_port)
    with rds.watching(cloud):  # the deployment itself migrates the database
        done = deployer.deploy(cloud, _stack(), environment(), report)
    return Deployed(done.changed, done.resources, [*done.left_out, *DIFFERENT], done.way)


def _exercise(cloud: LocalCloud, report: Report) -> list[Row]:
    task, server = _server(cloud)
    report("the task starts")
    server.stop()  # what runs is of the deployment before, and of its source
    server.start()
    ecs.register(cloud, task.target_group, server.port)
    url = f"http://{HOST}:{cloud.port}/_alb/{_settings().name('load_balancer')}"  # the emulator's way to it
    mix = exercise(url, None, report)
    return [
        ("through the load balancer", f"{url}/products"),
        ("the task itself", f"http://{HOST}:{server.port}/products"),
        ("requests by status", ", ".join(f"{status}: {count}" for status, count in sorted(mix.requests.items()))),
        ("latency", f"p50 {mix.p50:.1f} ms, p95 {mix.p95:.1f} ms, p99 {mix.p99:.1f} ms"),
        ("products and orders in PostgreSQL", f"{mix.products} and {mix.orders}, of which {mix.cancelled} cancelled"),
        ("repeated orders recognised", f"{mix.repeated}"),
        ("bad requests refused", f"{mix.refused}"),
        ("revenue", mix.revenue),
    ]


def _destroy(cloud: LocalCloud, report: Report) -> None:
    Server(NAME, cloud.folder, 0, [], {}, "", "").stop()
    deployer.destroy(cloud, _stack(), report)


SYSTEM = System(NAME, _deploy, _exercise, _destroy, ports=(PORT_VARIABLE,))
