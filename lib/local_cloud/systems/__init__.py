"""The systems that the local cloud can run: how each is deployed, exercised and destroyed."""

import importlib
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import tap
from lib.common.setting_types import Setting, number
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.process import refuse_taken

Report = Callable[[str], None]
Row = tuple[str, str]
DATABASE_PORT, FIRST_PORT = "DATABASE_PORT", 5432


@dataclass(frozen=True)
class Deployed:
    """What a deployment did: whether it changed anything, what is there by service, what was stepped down."""

    changed: bool
    resources: Mapping[str, Mapping[str, int]]
    step_down: list[tuple[str, str, list[str]]]
    way: str = ""  # how it was deployed, where there is more than one way


@dataclass(frozen=True)
class System:
    """One system's way through the local cloud.

    Attributes:
        name: as in :data:`tap.SYSTEMS`.
        deploy: deploys it, or says that nothing changes.
        exercise: sends it traffic; returns rows to show.
        destroy: removes all of it; what is not deployed is removed already.
        minutes: how long it takes here: the quick ones come first.
        ports: environment variables of ports of its own, besides its database's.
    """

    name: str
    deploy: Callable[[LocalCloud, Report], Deployed]
    exercise: Callable[[LocalCloud, Report], list[Row]]
    destroy: Callable[[LocalCloud, Report], None]
    minutes: int = 0
    ports: tuple[str, ...] = ()

    @property
    def iac_tool(self) -> str:
        """What it is deployed with, by its own name: ``AWS CDK``."""
        return tap.IAC_TOOLS[tap.SYSTEMS[self.name].iac_tool]


def database_port(name: str, environ: Mapping[str, str] = os.environ) -> int:
    """Return the port of a system's database here: one machine has one port 5432, so each system has the next one.

    Args:
        name: the system's name.
        environ: ``DATABASE_PORT`` is the first system's port.

    Raises:
        SettingError: a port that leaves no room for the others.
    """
    names = list(tap.SYSTEMS)
    first = Setting(number(1150, 65536 - len(names)), "the first port", FIRST_PORT, alias=DATABASE_PORT)
    return first.read(environ) + names.index(name)


def database(cloud: LocalCloud, port: int) -> Postgres:
    """Return the PostgreSQL server of a port, which may not run yet.

    Raises:
        LocalCloudError: another program has the port: said now, and not in the middle of the deployment.
    """
    server = cloud.database(port)
    refuse_unless_ours(server)
    return server


def refuse_unless_ours(server: Postgres) -> None:
    """Refuse to begin where a server's address is none of this machine's, or another program has its port.

    Linux has all of 127.0.0.0/8; macOS has 127.0.0.1 until others are added to its loopback.

    Raises:
        LocalCloudError: as it says.
    """
    try:
        with socket.create_server((server.host, 0)):
            pass
    except OSError as error:
        raise LocalCloudError(
            f"{server.host} cannot be listened at ({os.strerror(error.errno or 0)}), and a PostgreSQL is to "
            f"listen there: on macOS, 'sudo ifconfig lo0 alias {server.host} up' adds it until the next start."
        ) from error
    if server.process() is None:
        refuse_taken(server.port, "PostgreSQL", DATABASE_PORT, server.host)


def load() -> dict[str, System]:
    """Return every system of this checkout that the local cloud can run, by name; the quick ones first."""
    modules = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")
    systems = [importlib.import_module(f"{__name__}.{module}").SYSTEM for module in modules]
    return {system.name: system for system in sorted(systems, key=lambda system: (system.minutes, system.name))}
