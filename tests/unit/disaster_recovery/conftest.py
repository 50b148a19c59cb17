"""The two functions in two regions of an emulator, each test with a table of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.names import HOST
from tests.support.disaster_recovery import aurora
from tests.support.disaster_recovery import two_regions as world
from tests.support.disaster_recovery.two_regions import HOME, PEER, Api

# pylint: disable=redefined-outer-name


@pytest.fixture(scope="session")
def recovery_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """An emulator for these tests."""
    with world.emulator(tmp_path_factory.mktemp("recovery")) as cloud:
        yield cloud


@pytest.fixture
def recovery_table(recovery_cloud: LocalCloud) -> str:
    """An empty table that the emulator replicates at once."""
    return world.make_table(recovery_cloud)


@pytest.fixture(scope="session")
def recovery_database() -> Iterator[int]:
    """The port of what answers as PostgreSQL does to a client that wants TLS."""
    with world.listener(lambda _: b"S") as (port, _):
        yield port


@pytest.fixture
def payment_api(recovery_cloud: LocalCloud, recovery_table: str, recovery_database: int) -> Callable[[str], Api]:
    """Makes execution environments of the payment function in a region."""

    def make(place: str) -> Api:
        environ = {
            "TABLE_NAME": recovery_table,
            "PEER_REGION": PEER if place == HOME else HOME,
            "DB_HOST": HOST,
            "DB_PORT": str(recovery_database),
        }
        return Api(world.load(recovery_cloud, place, environ), recovery_table)

    return make


@pytest.fixture(scope="session")
def _payment_modules(recovery_cloud: LocalCloud, recovery_database: int) -> dict[str, SimpleNamespace]:
    """The payment function's modules in each region."""
    database = {"DB_HOST": HOST, "DB_PORT": str(recovery_database)}
    return {
        place: world.load(recovery_cloud, place, {"PEER_REGION": peer, **database})
        for place, peer in ((HOME, PEER), (PEER, HOME))
    }


@pytest.fixture
def payment_home(recovery_cloud: LocalCloud, _payment_modules: dict[str, SimpleNamespace], recovery_table: str) -> Api:
    """The payment function in the home region, just begun."""
    return world.anew(recovery_cloud, _payment_modules[HOME], recovery_table)


@pytest.fixture
def payment_peer(recovery_cloud: LocalCloud, _payment_modules: dict[str, SimpleNamespace], recovery_table: str) -> Api:
    """The payment function in the other region, just begun."""
    return world.anew(recovery_cloud, _payment_modules[PEER], recovery_table)


@dataclass
class Verification:
    """The verification function's modules, and what they look at."""

    modules: SimpleNamespace
    clients: aurora.Clients
    cloud: LocalCloud
    table: str
    cluster: str

    def settings(self, **changes: Any) -> Any:
        """Return the settings, some of them changed."""
        read = self.modules.settings.Settings.read(aurora.environ(self.table, self.cluster))
        return replace(read, **changes)

    def verify(self, **changes: Any) -> Any:
        """Return the report."""
        return self.modules.verify.verify(self.settings(**changes), self.clients)

    def found(self, **changes: Any) -> set[tuple[str, str]]:
        """Return the codes and the regions of what is found."""
        return {(finding.code, finding.region) for finding in self.verify(**changes).findings}


@pytest.fixture(scope="session")
def _verification(recovery_cloud: LocalCloud) -> Verification:
    table, cluster = world.make_table(recovery_cloud), aurora.make_clusters(recovery_cloud)
    for place in aurora.REGIONS:
        dynamodb = world.client(recovery_cloud, "dynamodb", place)
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
        dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    aurora.tell_lag(recovery_cloud, cluster, 120)
    clients = aurora.Clients(recovery_cloud)
    return Verification(aurora.load(), clients, recovery_cloud, table, cluster)


@pytest.fixture
def verification(_verification: Verification) -> Iterator[Verification]:
    """A whole system in both regions, and what looks at it; a test changes the answers and not the system."""
    yield _verification
    _verification.clients.reset()
