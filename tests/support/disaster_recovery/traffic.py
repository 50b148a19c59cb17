"""Many callers of both regions, with repeated keys, and a verdict on what became of their payments."""

import itertools
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

from lib.disaster_recovery import writer
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.names import HOST
from tests.support.disaster_recovery import two_regions as world
from tests.support.disaster_recovery.replication import Replication
from tests.support.disaster_recovery.two_regions import HOME, PEER, Api

TRIES = 3  # of a caller with one key, in any regions
EXPECTED = {"region_passive", "table_busy"}


class Told(NamedTuple):
    """What a caller was told: that a payment is made, and where."""

    place: str
    key: str
    payment_id: str
    epoch: int
    again: bool
    at: float


def amount(key: str) -> str:
    """Return the amount that belongs to a key: repeated requests are the same request."""
    return f"{int(key.rpartition('-')[2]) + 1}.25"


@dataclass
class Load:
    """Callers, each with an environment of the function in both regions."""

    cloud: LocalCloud
    table: str
    replication: Replication
    callers: list[dict[str, Api]]
    told: list[Told] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _ended: threading.Event = field(default_factory=threading.Event)

    def _call(self, number: int) -> None:
        chance = random.Random(f"caller {number}")
        while not self._ended.is_set():
            # Mostly a new key, and often one of the last ones once more, which others use at the same moment.
            key = f"key-{max(0, next(self._numbers) // 2 - chance.choice((0, 0, 1, 5, 30)))}"
            for _ in range(TRIES):
                if self._ask(self.callers[number], chance.choice((HOME, PEER)), key):
                    break

    def _ask(self, apis: dict[str, Api], place: str, key: str) -> bool:
        answer = apis[place].pay(key, amount=amount(key))
        if answer.status == 201:
            again = "idempotent-replayed" in answer.headers
            paid = answer.body
            self.told.append(Told(place, key, paid["payment_id"], paid["epoch"], again, time.monotonic()))
            if paid["amount"] != amount(key):
                self.broken.append(f"another payment: {key}")
        elif answer.body.get("code") in EXPECTED:
            self.refused.append((place, answer.body["code"]))
        else:
            self.broken.append(f"unexpected answer: {answer.status} {answer.body.get('code')}")
        return answer.status == 201

    def run(self, direct: Callable[["Load"], None]) -> None:
        """Let all callers call while something happens to the regions; then wait until these agree."""
        threads = [threading.Thread(target=self._call, args=(number,)) for number in range(len(self.callers))]
        for thread in threads:
            thread.start()
        try:
            direct(self)
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()
        self.replication.settle()

    def flip(self, place: str, to: str, epoch: int) -> None:
        """Change the writer in one region's table."""
        world.flip(self.callers[0][place].client, self.table, to, epoch)

    def until(self, reached: Callable[[Told], bool], number: int = 15) -> None:
        """Wait until so many callers were told something from now on.

        Raises:
            TimeoutError: they were not.
        """
        begin, end = len(self.told), time.monotonic() + 20
        while sum(map(reached, self.told[begin:])) < number:
            if time.monotonic() > end:
                raise TimeoutError("the callers are not served")
            time.sleep(0.01)

    def twice(self) -> dict[str, list[Told]]:
        """Return the keys under which more than one caller was told of a new payment."""
        made = defaultdict(list)
        for told in self.told:
            if not told.again:
                made[told.key].append(told)
        return {key: several for key, several in made.items() if len(several) > 1}

    def verdict(self) -> list[str]:
        """Return what is wrong, once the regions have come to rest."""
        tables = {place: api.stored() for place, api in self.callers[0].items()}
        wrong = list(self.broken)
        if tables[HOME] != tables[PEER]:
            wrong.append("the regions differ")
        ids: dict[str, set[str]] = defaultdict(set)
        for told in self.told:
            ids[told.key].add(told.payment_id)
            stored = tables[PEER].get(world.stored_under(told.key), {})
            if stored.get("payment_id", {}).get("S") != told.payment_id:
                wrong.append(f"lost: {told.key} of {told.place}")
        wrong += [f"several payments: {key}" for key, several in ids.items() if len(several) > 1]
        wrong += [
            f"made twice in one region: {key}"
            for key, several in self.twice().items()
            if len({told.place for told in several}) < len(several)
        ]
        for place in (HOME, PEER):
            wrong += self._unfenced(place)
        return wrong

    def _unfenced(self, place: str) -> Iterator[str]:
        """Yield what a region wrote while it was not its turn, by the order in its own table's stream."""
        said: dict[str, tuple[str, str]] = {}
        seen: set[str] = set()
        for item in self.replication.written[place]:
            key = item["pk"]["S"]
            if key.startswith(writer.NAME):
                said[key] = (item["region"]["S"], item["epoch"]["N"])
            elif item["region"]["S"] == place:
                fence = said.get(f"{writer.NAME}#{key.partition('#')[2][:2]}", (HOME, "0"))
                if fence != (place, item["epoch"]["N"]):
                    yield f"unfenced: {key} in {place} in epoch {item['epoch']['N']}, when its item said {fence}"
            seen.add(key)
        told = {told.key for told in self.told if told.place == place}
        yield from (f"never stored in {place}: {key}" for key in sorted(told) if world.stored_under(key) not in seen)


Environments = list[dict[str, SimpleNamespace]]


def environments(cloud: LocalCloud, callers: int) -> Environments:
    """Return the function's modules for each caller in both regions: Lambda gives an environment one at a time."""
    environ: dict[str, Any] = {"PEER_REGION": PEER, "DB_HOST": HOST, "DB_PORT": "1"}
    return [{place: world.load(cloud, place, environ) for place in (HOME, PEER)} for _ in range(callers)]


def make(cloud: LocalCloud, loaded: Environments) -> Load:
    """Return callers of two regions that replicate to each other."""
    table = world.make_table(cloud, replicated=False)
    apis = [{place: world.anew(cloud, modules, table) for place, modules in each.items()} for each in loaded]
    return Load(cloud, table, Replication(cloud, table), apis)
