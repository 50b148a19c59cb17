"""Integration tests run against the local cloud, which they start, or with TAP_TEST_TARGET=aws against AWS.

Against AWS they take the account, the region and ENVIRONMENT_SUFFIX from the environment, and deploy nothing. With
TAP_TEST_TARGET=deployed they do the same with the local cloud that the environment leads to.
"""

import os
import random
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import boto3
import pytest

import tap
from lib.local_cloud import cli
from lib.local_cloud.cloud import UNSET, LocalCloud
from lib.local_cloud.servers import ministack_main
from lib.local_cloud.servers.process import port_is_free
from tests.support.calls import steps_marked

TARGET = os.environ.get("TAP_TEST_TARGET", "local")
DEPLOYED = ("aws", "deployed")  # nothing is deployed, or destroyed, by the tests
SUFFIX = "it"
NEIGHBOURS = len(tap.SYSTEMS)  # each system's database has the port after the one before
# Systems that have a local cloud of their own, beside this one: a conftest.py in their folder deploys them.
APART = {path.parent.name for path in Path(__file__).parent.glob("*/conftest.py")}


def free_ports() -> int:
    """Return the first of a few free ports that follow each other.

    They are below those that Linux gives to outgoing connections, one of which would have a port before its server has.
    https://docs.kernel.org/networking/ip-sysctl.html (ip_local_port_range)
    """
    while True:
        first = random.randrange(10_000, 32_000)
        with ExitStack() as stack, suppress(OSError, OverflowError):
            for port in range(first, first + NEIGHBOURS):
                # Bound, and not asked for: the end of a connection has a port too, and nobody listens there.
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


@pytest.fixture(scope="session")
def deployed() -> Iterator[dict[str, str]]:
    """Deploy to a local cloud as ``scripts/up`` does, and destroy it again; return its environment."""
    if TARGET in DEPLOYED:
        yield dict(os.environ)
        return
    together = [system for name, system in cli.SYSTEMS.items() if name.replace("-", "_") not in APART]
    own = {variable: free_ports() for system in together for variable in system.ports}
    ports = free_ports(), free_ports(), *own.values()
    chosen = {
        "LOCAL_CLOUD_FOLDER": tempfile.mkdtemp(prefix="tap-it-"),
        "LOCAL_CLOUD_PORT": str(ports[0]),
        "DATABASE_PORT": str(ports[1]),
        **{variable: str(port) for variable, port in own.items()},
        "ENVIRONMENT_SUFFIX": SUFFIX,
        ministack_main.CALLS_VARIABLE: str(Path(tempfile.mkdtemp(prefix="tap-calls-")) / "calls.jsonl"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in chosen.items():
            patch.setenv(name, value)
        cloud = LocalCloud.read()
        with steps_marked(Path(chosen[ministack_main.CALLS_VARIABLE])):
            up = cli.main(["up", *(system.name for system in together)])
    try:
        assert up == 0
        yield {**chosen, **cloud.environment()}  # for these tests alone: others of this process have none of it
        with pytest.MonkeyPatch.context() as patch:
            for name, value in chosen.items():
                patch.setenv(name, value)
            assert cli.main(["down"]) == 0
        assert all(port_is_free(port + n) for port in ports for n in range(NEIGHBOURS))
        assert not cloud.folder.exists()
    finally:
        cloud.stop()


@pytest.fixture(autouse=True)
def environ(deployed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Point every client of a test at the deployed system."""
    if TARGET != "aws":
        for name in UNSET:
            monkeypatch.delenv(name, raising=False)
        for name, value in deployed.items():
            monkeypatch.setenv(name, value)
    return deployed


@pytest.fixture
def aws(environ: dict[str, str]) -> Callable[[str], Any]:
    """Make a client of a service, as the environment says."""
    session = boto3.session.Session()
    return session.client
