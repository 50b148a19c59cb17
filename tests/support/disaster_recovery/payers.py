"""The function's payments in both regions on tables in memory, and what each region stored under which fence."""

import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

from lib.disaster_recovery.writer import NAME
from tests.support import functions
from tests.support.disaster_recovery import two_regions as world
from tests.support.disaster_recovery.memory import Item, Tables
from tests.support.disaster_recovery.two_regions import HOME, PEER
from tests.support.mac import Mac

FOREVER = 1e12  # a moment of the monotonic clock


class Stored(NamedTuple):
    """A payment that a region stored, and what its writer item said in each region at that moment."""

    place: str
    epoch: int
    fence: str
    said: dict[str, tuple[str, int] | None]


def _said(item: Item | None) -> tuple[str, int] | None:
    return (item["region"]["S"], int(item["epoch"]["N"])) if item else None


class Payers:
    """Execution environments of the function in both regions.

    Args:
        tables: of both regions.
        fewer: writer items in place of 256, for all that write or check them.
        each: environments in each region.
    """

    def __init__(self, tables: Tables, fewer: tuple[str, ...] = (), each: int = 1) -> None:
        self.tables = tables
        self.stored: list[Stored] = []
        self.told: list[tuple[str, int]] = []
        self._numbers = itertools.count()
        tables.noted = self._noted
        self.environments = {place: [self._make(place, fewer) for _ in range(each)] for place in (HOME, PEER)}

    def _make(self, place: str, fewer: tuple[str, ...]) -> SimpleNamespace:
        modules = functions.load("disaster_recovery", "payment")
        if fewer:
            modules.writer.ITEMS = fewer
            modules.writer.item_of = lambda digest: fewer[int(digest[:2], 16) % len(fewer)]
        self.item_of = modules.writer.item_of
        table = modules.table.Table()
        table._client = self.tables.regions[place]
        modules.table.PAUSES = (0.0, 0.0)
        environ = {"AWS_REGION": place, "HOME_REGION": HOME, "TABLE_NAME": self.tables.name}
        hashes = modules.keyed_hash.KeyedHash(Mac, {modules.keyed_hash.VARIABLE: world.HASH_KEY})
        modules.made = modules.payments.Payments(table, hashes, environ)
        return modules

    def _noted(self, place: str, item: Item) -> None:
        if item["pk"]["S"].startswith(NAME) or item["region"]["S"] != place:
            return
        fence = self.item_of(item["pk"]["S"].partition("#")[2])
        said = {where: _said(region.items.get(fence)) for where, region in self.tables.regions.items()}
        self.stored.append(Stored(place, int(item["epoch"]["N"]), fence, said))

    def request(self, modules: SimpleNamespace, key: str) -> Any:
        """Return a payment that is asked for."""
        digest = modules.made.hashes.digest(key).hex()
        return modules.payment_request.PaymentRequest(key, digest, {"amount": "1.00"}, "hash")

    def keys(self, fence: str) -> Iterator[str]:
        """Yield keys whose payments check a writer item."""
        modules = self.environments[HOME][0]
        names = (f"key-{number}" for number in self._numbers)
        return (name for name in names if self.item_of(self.request(modules, name).digest) == fence)

    def pay(self, place: str, key: str, number: int = 0) -> str:
        """Make a payment in a region; return ``paid`` or the code of the refusal."""
        modules = self.environments[place][number % len(self.environments[place])]
        try:
            paid = modules.made.make(self.request(modules, key), FOREVER)
        except modules.problems.Problem as problem:
            return str(problem.code)
        if not paid.again:
            self.told.append((place, int(paid.payment["epoch"])))
        return "paid"

    def forget(self) -> None:
        """Let so much time pass that every environment looks again who writes."""
        for each in itertools.chain(*self.environments.values()):
            each.made._looked = -FOREVER
