"""Two real PostgreSQL servers of a global database for tests, with the links between them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lib.local_cloud.names import HOST, OTHER_HOST
from lib.local_cloud.servers import replication_faults as faults
from lib.local_cloud.servers.global_database import GlobalDatabase
from lib.local_cloud.servers.link import Link
from lib.local_cloud.servers.process import free_port
from lib.local_cloud.servers.replica import Replica

HOME, PEER = "xx-home-1", "xx-peer-1"
WAIT_SECONDS = 30.0


def awaited(true: Callable[[], bool], seconds: float = WAIT_SECONDS) -> float:
    """Return after how many seconds something has become true."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)
    return time.monotonic() - began


@dataclass
class Pair:
    """The database, with a table of numbers."""

    database: GlobalDatabase
    numbers: int = 0

    def __getitem__(self, region: str) -> Replica:
        return self.database.servers[region]

    @property
    def writing(self) -> Replica:
        """The server that is written to."""
        return self[self.database.writer]

    def write(self) -> int:
        """Write a number that was not there, and return it."""
        self.numbers += 1
        with self.writing.administrator() as admin:
            admin.run("INSERT INTO numbers VALUES (:n)", n=self.numbers)
        return self.numbers

    def has_table(self, region: str) -> bool:
        """Tell whether a region shows the table."""
        with self[region].administrator() as admin:
            return bool(admin.run("SELECT 1 FROM pg_tables WHERE tablename = 'numbers'"))

    def has(self, region: str, number: int) -> bool:
        """Tell whether a region shows a number."""
        with self[region].administrator() as admin:
            return bool(admin.run("SELECT 1 FROM numbers WHERE n = :n", n=number))

    def whole(self) -> None:
        """Let the home region be written to, and the other one follow it and have everything."""
        faults.clear(self.database.folder)
        self.database.converge()
        self.database.switch_over(HOME)
        number = self.write()
        awaited(lambda: self.has(PEER, number))


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    """Start both servers; end them, and remove them."""
    port, postgres = free_port(), folder / "postgres"
    postgres.mkdir(parents=True)
    home = Replica(postgres / str(port), port, region=HOME)
    peer = Replica(postgres / f"{port}@{OTHER_HOST}", port, region=PEER, host=OTHER_HOST)
    assert home.host == HOST
    database, links = GlobalDatabase(folder, {HOME: home, PEER: peer}), []
    try:
        database.converge()
        links += [
            Link(one.link, other.socket, lambda: faults.read(folder).aurora.way)
            for one, other in ((home, peer), (peer, home))
        ]
        made = Pair(database)
        with home.administrator() as admin:
            admin.run("CREATE TABLE numbers (n int)")
        awaited(lambda: made.has_table(PEER))
        yield made
    finally:
        for link in links:
            link.close()
        for server in (home, peer):
            server.remove()
