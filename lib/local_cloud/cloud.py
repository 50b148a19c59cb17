"""The local cloud as a whole: its ports, its folder, and the environment that points clients at it."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict, cast

import boto3
from botocore.config import Config

from lib.common import node, region
from lib.common.errors import SettingError
from lib.local_cloud import programs
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.names import HOST, OTHER_HOST
from lib.local_cloud.servers import global_database
from lib.local_cloud.servers.global_database import GlobalDatabase
from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.process import Server
from lib.local_cloud.servers.replica import Replica

ROOT = region.FOLDER.parent
ACCOUNT = "123456789012"  # the emulator takes an access key of twelve digits for the account
SECRET_KEY = "local"  # noqa: S105 - the emulator checks none
PORT, PORT_VARIABLE = 4566, "LOCAL_CLOUD_PORT"
# What the emulator lacks and moto has: it runs beside it, on the next port unless another is set.
MOTO_VARIABLE = "LOCAL_CLOUD_MOTO_PORT"
# By boto3's name of the service: how the SDKs' own endpoint variable spells it.
MOTO_SERVICES = {"application-autoscaling": "APPLICATION_AUTO_SCALING"}
FOLDER_VARIABLE = "LOCAL_CLOUD_FOLDER"
# What would lead a client elsewhere, or lend it another identity.
UNSET = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CA_BUNDLE",
)


class _Access(TypedDict):
    """Who knows which access key may sign in to a database."""

    emulator: str
    keys: Mapping[str, str]


@dataclass(frozen=True)
class LocalCloud:
    """An emulated AWS account on loopback.

    Args:
        folder: everything that the servers write.
        port: the emulator's port.
        region: the region that clients ask for.
        moto_port: the port of what serves :data:`MOTO_SERVICES`; 0 for the one after ``port``.
    """

    folder: Path
    port: int
    region: str
    moto_port: int = 0

    def __post_init__(self) -> None:
        if not self.moto_port:
            object.__setattr__(self, "moto_port", self.port + 1)

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "LocalCloud":
        """Return the local cloud that the environment describes.

        Raises:
            SettingError: a port that is not valid.
        """
        port = _port(environ, PORT_VARIABLE, PORT)
        moto_port = _port(environ, MOTO_VARIABLE, port + 1)
        if port == moto_port:
            raise SettingError(f"{MOTO_VARIABLE}={port} is {PORT_VARIABLE} as well: use two ports.")
        return cls(folder=folder_of(environ), port=port, region=region.primary(environ), moto_port=moto_port)

    def environment(self) -> dict[str, str]:
        """Return the variables with which boto3, the AWS CLI, the CDK, Pulumi and Terraform find this cloud."""
        return {
            "AWS_ENDPOINT_URL": self._url(""),
            **{f"AWS_ENDPOINT_URL_{spelt}": self._url(name) for name, spelt in MOTO_SERVICES.items()},
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            FOLDER_VARIABLE: str(self.folder),
            PORT_VARIABLE: str(self.port),
            MOTO_VARIABLE: str(self.moto_port),
            # What this emulator's CloudFormation cannot do is taken out of a copy: see cdk/template_compat.py.
            "CDK_APP": shlex.join(programs.command(programs.CDK_APP)),
            **node.environment(),
        }

    def whole_environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the given environment with this cloud's variables, and without what contradicts them."""
        return {name: value for name, value in environ.items() if name not in UNSET} | self.environment()

    @cached_property
    def emulator(self) -> Server:
        """The AWS emulator, which enforces what IAM allows."""
        environ = {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": self.region,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_STATE_TRANSITION_SECONDS": "0",
            "STATE_DIR": str(self.folder / "state"),
            "S3_DATA_DIR": str(self.folder / "s3"),
            "DB_CA_FILE": str(self.ca_file),  # functions see it: RDS's authorities are not those of loopback
        }
        command = programs.command(programs.MINISTACK)
        return Server("ministack", self.folder, self.port, command, environ, "/_ministack/health", PORT_VARIABLE)

    @cached_property
    def moto(self) -> Server:
        """What serves :data:`MOTO_SERVICES`."""
        program = str(Path(sys.executable).with_name("moto_server"))
        command = [program, "-H", HOST, "-p", str(self.moto_port)]
        environ = {"MOTO_ACCOUNT_ID": ACCOUNT}
        return Server("moto", self.folder, self.moto_port, command, environ, "/moto-api/data.json", MOTO_VARIABLE)

    def servers(self) -> tuple[Server, ...]:
        """Return everything that answers for AWS."""
        return self.emulator, self.moto

    def server(self, service: str) -> Server:
        """Return what answers for a service."""
        return self.moto if service in MOTO_SERVICES else self.emulator

    def _url(self, service: str, *, moto: bool = False) -> str:
        return f"http://{HOST}:{self.moto_port if moto or service in MOTO_SERVICES else self.port}"

    def client(
        self, service: str, region_name: str | None = None, *, moto: bool = False, config: Config | None = None
    ) -> Any:
        """Return a boto3 client of this cloud, whatever the environment says.

        Args:
            service: boto3's name of it.
            region_name: a region; None for the cloud's own.
            moto: ask moto, which has a world of its own, even for what the emulator has.
            config: botocore's, where its defaults do not do.
        """
        url = self._url(service, moto=moto)
        return cast(Any, self._session).client(service, endpoint_url=url, region_name=region_name, config=config)

    @cached_property
    def _session(self) -> boto3.session.Session:
        return boto3.session.Session(
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=SECRET_KEY,
            region_name=self.region,
        )

    def databases(self) -> list[Postgres]:
        """Return the PostgreSQL servers that have a folder here, running or not."""
        paths = sorted((self.folder / "postgres").glob("[0-9]*"))
        named = [path.name.partition("@") for path in paths if path.is_dir()]
        return [self.database(int(port), host or HOST) for port, _at, host in named]

    def database(self, port: int, host: str = HOST) -> Postgres:
        """Return the PostgreSQL server of a port, which may not exist yet; at another address it is another one."""
        return Postgres(*self._place(port, host), region=self.region, host=host, **self._access())

    def _place(self, port: int, host: str) -> tuple[Path, int]:
        return self.folder / "postgres" / (str(port) if host == HOST else f"{port}@{host}"), port

    def _access(self) -> "_Access":
        return {"emulator": self._url(""), "keys": {ACCOUNT: SECRET_KEY}}

    def global_database(self, port: int, regions: tuple[str, ...]) -> GlobalDatabase:
        """Return both servers of a global database, which may not exist yet.

        Args:
            port: that each of them has, at its own address.
            regions: where they are, the home region first.
        """
        servers = {
            name: Replica(*self._place(port, host), region=name, host=host, **self._access())
            for name, host in zip(regions, (HOST, OTHER_HOST), strict=True)
        }
        return GlobalDatabase(self.folder, servers)

    def known_global_database(self) -> GlobalDatabase | None:
        """Return the global database that has been made here, if one has."""
        known = global_database.known(self.folder)
        return self.global_database(*known) if known else None

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority that clients of its databases trust, once there is one."""
        return self.database(0).ca_file

    def start(self) -> bool:
        """Start the servers, side by side; return whether that was necessary.

        Raises:
            LocalCloudError: a port is taken, the disk is full, or a server does not come up.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with ThreadPoolExecutor() as pool:
                return any(list(pool.map(Server.start, self.servers())))
        except OSError as error:
            raise LocalCloudError(
                f"{self.folder} cannot be written ({error.strerror}): free space, or set {FOLDER_VARIABLE}."
            ) from error

    def stop(self) -> list[str]:
        """Stop every server, remove what they wrote, and return the names of those that ran."""
        replicated = self.known_global_database()
        if replicated:
            replicated.forget()  # or the emulator would make a server again
        stopped = [f"postgresql on {database.where}" for database in self.databases() if database.remove()]
        stopped += [f"{server.name} on port {server.port}" for server in self.servers() if server.stop()]
        shutil.rmtree(self.folder, ignore_errors=True)
        return stopped


def folder_of(environ: Mapping[str, str]) -> Path:
    """Return where the local cloud of an environment keeps everything."""
    return Path(environ.get(FOLDER_VARIABLE) or ROOT / ".local" / "cloud").absolute()


def _port(environ: Mapping[str, str], variable: str, default: int) -> int:
    text = environ.get(variable) or str(default)
    if not (text.isascii() and text.isdigit() and 1024 <= int(text) <= 65535):
        raise SettingError(f"{variable}={text!r} is not a valid port: use a number from 1024 to 65535.")
    return int(text)
