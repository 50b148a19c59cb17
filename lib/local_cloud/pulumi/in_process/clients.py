"""The boto3 clients of the local cloud, by service and region, for the program that makes resources."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from botocore.config import Config

from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.pulumi.in_process.state import identity

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: a function runs for 15 minutes at most
PATIENT = Config(read_timeout=900, retries={"total_max_attempts": 1})
Maker = Callable[[str], Any]  # of clients, by service


class Clients:
    """The cloud's boto3 clients, one for each service and region, for any thread."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud, self._made, self._lock = cloud, dict[tuple[str, str, bool, bool], Any](), Lock()

    def client(self, service: str, region: str, *, moto: bool = False, patient: bool = False) -> Any:
        """Return a client.

        Args:
            service: boto3's name of it.
            region: where.
            moto: of moto, even for what the emulator has.
            patient: one that waits as long as a function may run, and asks once.
        """
        chosen = (service, region, moto, patient)
        with self._lock:
            if chosen not in self._made:
                self._made[chosen] = self._cloud.client(service, region, moto=moto, config=PATIENT if patient else None)
            return self._made[chosen]

    def server(self, service: str) -> str:
        """Return which run of which emulator keeps a service's resources."""
        return identity(self._cloud.server(service))
