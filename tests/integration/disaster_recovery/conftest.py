"""This system has a local cloud of its own: its deployment is mostly waiting, and may do that beside the others'."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.local_cloud import cli
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.servers import ministack_main
from lib.local_cloud.servers.process import port_is_free
from tests.integration.conftest import DEPLOYED, NEIGHBOURS, SUFFIX, TARGET, free_ports
from tests.support.calls import steps_marked

SYSTEM = "disaster-recovery"


def run(chosen: dict[str, str], *arguments: str) -> int:
    """Run a command of the local cloud in an environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in chosen.items():
            patch.setenv(name, value)
        return cli.main(list(arguments))


@pytest.fixture(scope="session")
def deployed() -> Iterator[dict[str, str]]:
    """Deploy this system alone, destroy it again, and see that nothing is left; return its environment."""
    if TARGET in DEPLOYED:
        yield dict(os.environ)
        return
    ports = free_ports(), free_ports()
    chosen = {
        "LOCAL_CLOUD_FOLDER": tempfile.mkdtemp(prefix="tap-it-"),
        "LOCAL_CLOUD_PORT": str(ports[0]),
        "DATABASE_PORT": str(ports[1]),
        "ENVIRONMENT_SUFFIX": SUFFIX,
        ministack_main.CALLS_VARIABLE: str(Path(tempfile.mkdtemp(prefix="tap-calls-")) / "calls.jsonl"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in chosen.items():
            patch.setenv(name, value)
        cloud = LocalCloud.read()
    try:
        with steps_marked(Path(chosen[ministack_main.CALLS_VARIABLE])):
            assert run(chosen, "up", SYSTEM) == 0
        yield {**chosen, **cloud.environment()}
        assert run(chosen, "down") == 0
        assert all(port_is_free(port + n) for port in ports for n in range(NEIGHBOURS))
        assert not cloud.folder.exists()
    finally:
        cloud.stop()
