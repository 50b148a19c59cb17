"""The local cloud as a whole: its ports, its folder, and the environment that points clients at it."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from lib.common import node, region
from lib.common.errors import SettingError
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.names import HOST
from lib.local_cloud.postgres import Postgres
from lib.local_cloud.process import Server

ROOT = region.FOLDER.parent
ACCOUNT = "123456789012"  # the emulator takes an access key of twelve digits for the account
SECRET_KEY = "local"  # noqa: S105 - the emulator checks none
PORT, PORT_VARIABLE = 4566, "LOCAL_CLOUD_PORT"
FOLDER_VARIABLE = "LOCAL_CLOUD_FOLDER"
# What would lead a client elsewhere, or lend it another identity.
UNSET = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CA_BUNDLE",
)  # fmt: skip


@dataclass(frozen=True)
class LocalCloud:
    """An emulated AWS account on loopback.

    Args:
        folder: everything that the servers write.
        port: the emulator's port.
        region: the region that clients ask for.
    """

    folder: Path
    port: int
    region: str

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "LocalCloud":
        """Return the local cloud that the environment describes.

        Raises:
            SettingError: a port that is no port.
        """
        text = environ.get(PORT_VARIABLE) or str(PORT)
        if not (text.isascii() and text.isdigit() and 1024 <= int(text) <= 65535):
            raise SettingError(f"{PORT_VARIABLE}={text!r} is no port: use a number from 1024 to 65535.")
        folder = Path(environ.get(FOLDER_VARIABLE) or ROOT / ".local" / "cloud").absolute()
        return cls(folder=folder, port=int(text), region=region.primary(environ))

    def environment(self) -> dict[str, str]:
        """Return the variables with which boto3, the AWS CLI, the CDK, Pulumi and Terraform find this cloud."""
        return {
            "AWS_ENDPOINT_URL": f"http://{HOST}:{self.port}",
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            FOLDER_VARIABLE: str(self.folder),
            PORT_VARIABLE: str(self.port),
            # What this emulator's CloudFormation cannot do is taken out of a copy: see step_down.py.
            "CDK_APP": f"{sys.executable} -m lib.local_cloud.cdk_app",
            **node.environment(),
        }

    def whole_environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the given environment with this cloud's variables, and without what contradicts them."""
        return {name: value for name, value in environ.items() if name not in UNSET} | self.environment()

    @cached_property
    def emulator(self) -> Server:
        """The AWS emulator."""
        environ = {
            "GATEWAY_PORT": str(self.port), "BIND_HOST": HOST, "MINISTACK_HOST": HOST,
            "MINISTACK_ACCOUNT_ID": ACCOUNT, "MINISTACK_REGION": self.region,
            "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "LAMBDA_STATE_TRANSITION_SECONDS": "0",
            "STATE_DIR": str(self.folder / "state"), "S3_DATA_DIR": str(self.folder / "s3"),
        }  # fmt: skip
        program = str(Path(sys.executable).with_name("ministack"))
        return Server("ministack", self.folder, self.port, [program], environ, "/_ministack/health", PORT_VARIABLE)

    def client(self, service: str) -> Any:
        """Return a boto3 client of this cloud, whatever the environment says."""
        return self._session.client(service, endpoint_url=f"http://{HOST}:{self.port}")

    @cached_property
    def _session(self) -> boto3.session.Session:
        return boto3.session.Session(
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=SECRET_KEY,
            region_name=self.region,
        )

    def databases(self) -> list[Postgres]:
        """Return the PostgreSQL servers that have a folder here, running or not."""
        found = sorted((self.folder / "postgres").glob("[0-9]*"))
        return [Postgres(path, int(path.name)) for path in found if path.is_dir()]

    def database(self, port: int) -> Postgres:
        """Return the PostgreSQL server of a port, which may not exist yet."""
        return Postgres(self.folder / "postgres" / str(port), port)

    def start(self) -> bool:
        """Start the emulator; return whether that was necessary.

        Raises:
            LocalCloudError: a port is taken, the disk is full, or a server does not come up.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return self.emulator.start()
        except OSError as error:
            raise LocalCloudError(
                f"{self.folder} cannot be written ({error.strerror}): free space, or set {FOLDER_VARIABLE}."
            ) from error

    def stop(self) -> list[str]:
        """Stop every server, remove what they wrote, and return the names of those that ran."""
        stopped = [f"postgresql on port {found.port}" for found in self.databases() if found.remove()]
        if self.emulator.stop():
            stopped.append(f"{self.emulator.name} on port {self.port}")
        shutil.rmtree(self.folder, ignore_errors=True)
        return stopped
