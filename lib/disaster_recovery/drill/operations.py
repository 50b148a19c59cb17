"""What a failover and a failback do to AWS: each step is shown as a command that a hand could type, then done."""

import hmac
import json
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass

from lib.common.aws_clients import ClientFactory
from lib.common.errors import ExerciseError
from lib.common.json_types import JsonMapping, JsonValue
from lib.disaster_recovery.drill.writer_items import Show, WriterItems
from lib.disaster_recovery.settings import RegionConfig, Settings
from lib.disaster_recovery.writer import NOBODY

WAIT_SECONDS, PAUSE_SECONDS = 1800.0, 0.5  # a switchover of a large database takes minutes
SETTLE_SECONDS = 5.0  # replication between regions usually takes about one
HASHES = b"idempotency keys, version 1"  # what the functions ask their key's code of
PAGE = 100  # the most keys that BatchGetItem takes


@dataclass(frozen=True)
class FailoverOperations:
    """The steps, in the account that the clients work in.

    Args:
        clients: makes a client of a service in a region.
        settings: the deployed ones.
        show: is told what a step is for, and the command that does the same.
        by: who does it, for the writer items.
        seconds: how long to wait for Aurora, and for the other region to hear of a pause.
        settle_seconds: how long a pause goes on after the other region has heard of it.
    """

    clients: ClientFactory
    settings: Settings
    show: Show
    by: str
    seconds: float = WAIT_SECONDS
    settle_seconds: float = SETTLE_SECONDS

    def _command(self, region_config: RegionConfig, *words: str, **options: JsonValue) -> str:
        named = [part for name, value in options.items() for part in _option(name, value)]
        return shlex.join(["aws", *words, "--region", region_config.region, *named])

    @property
    def _items(self) -> WriterItems:
        return WriterItems(self.clients, self.settings, self.show, self.by)

    def writer(self, region_config: RegionConfig) -> tuple[str, int]:
        """Return the region that writes and the epoch, as a region has it now.

        Raises:
            ExerciseError: the item does not say it, so that payments are refused.
        """
        seen = self._items.read(region_config)
        return seen.region, seen.epoch

    def writer_apart(self, region_config: RegionConfig) -> int:
        """Return how many of a region's writer items do not say what the first one says.

        Raises:
            ExerciseError: the first one does not say who writes.
        """
        return len(self._items.read(region_config).apart)

    def move_writer(self, to: RegionConfig, *, through: RegionConfig, lost: str = "") -> int:
        """Let another region write, and return the new epoch.

        Args:
            to: the region that is to write.
            through: where the items are written: it takes effect there at once, and elsewhere after it is replicated.
            lost: the other region, when it does not answer: see :meth:`WriterItems.change`.

        Raises:
            ExerciseError: see :meth:`WriterItems.change`.
        """
        return self._items.change(to.region, through, f"payments are written in {to.region} from now on", lost)

    def name_writer(self, to: str, *, through: RegionConfig, lost: str = "") -> int:
        """Let a region write by its name, or ``nobody``, and return the new epoch.

        Raises:
            ExerciseError: see :meth:`WriterItems.change`.
        """
        return self._items.change(to, through, f"the writer of payments is {to} from now on", lost)

    def pause(self, writing: RegionConfig, other: RegionConfig) -> int:
        """Let no region write until the other one has what was written, and return the epoch of the pause.

        Without it a key that is used again, with another body, while its payment is on its way could be accepted in
        both regions.

        Raises:
            ExerciseError: see :meth:`WriterItems.change`, or the other region does not hear of it in time.
        """
        items = self._items
        epoch = items.change(NOBODY, writing, "payments pause until both regions have the same")
        deadline = time.monotonic() + self.seconds
        while (seen := items.read(other)).apart or (seen.region, seen.epoch) != (NOBODY, epoch):
            if time.monotonic() > deadline:
                raise ExerciseError(
                    f"{other.region} has not heard of the pause after {self.seconds:.0f} s, and nobody writes: end it "
                    f"with scripts/drill writer, or look why the table {self.settings.name('table')} is behind."
                )
            time.sleep(PAUSE_SECONDS)
        time.sleep(self.settle_seconds)  # items are replicated each for itself: an older one may arrive after it
        return epoch

    def cluster(self, region_config: RegionConfig) -> str:
        """Return the ARN of a region's cluster, as the global database's member list has it.

        Raises:
            ExerciseError: the region has no member.
        """
        for member in self._members(region_config):
            if member["DBClusterArn"].split(":")[3] == region_config.region:
                return str(member["DBClusterArn"])
        raise ExerciseError(
            f"The global database {self.settings.name('database')} has no cluster in {region_config.region}."
        )

    def _members(self, asked: RegionConfig) -> Sequence[JsonMapping]:
        response = self.clients("rds", asked.region).describe_global_clusters(
            GlobalClusterIdentifier=self.settings.global_cluster
        )
        members: Sequence[JsonMapping] = response["GlobalClusters"][0]["GlobalClusterMembers"]
        return members

    def database_writer(self, asked: RegionConfig) -> str:
        """Return the region whose cluster writes, as a region tells it; '' while there is none."""
        arns = [str(member["DBClusterArn"]) for member in self._members(asked) if member["IsWriter"]]
        return arns[0].split(":")[3] if arns else ""

    def fail_over(self, to: RegionConfig) -> None:
        """Make a surviving region's cluster the writing one, whatever the other one had that did not arrive.

        Raises:
            ExerciseError: it does not happen in time.
        """
        target = self.cluster(to)
        name = self.settings.global_cluster
        self.show(
            f"Aurora writes in {to.region} from now on; what had not arrived there is lost",
            f"{self._command(to, 'rds', 'failover-global-cluster', global_cluster_identifier=name)} "
            f"--target-db-cluster-identifier {target} --allow-data-loss",
        )
        self.clients("rds", to.region).failover_global_cluster(
            GlobalClusterIdentifier=name, TargetDbClusterIdentifier=target, AllowDataLoss=True
        )
        self._await_writer(to)

    def switch_over(self, to: RegionConfig, *, asked: RegionConfig) -> None:
        """Make the other region's cluster the writing one, without losing anything.

        Raises:
            ExerciseError: it does not happen in time.
        """
        target = self.cluster(to)
        name = self.settings.global_cluster
        self.show(
            f"Aurora writes in {to.region} again, with everything that was written meanwhile",
            f"{self._command(asked, 'rds', 'switchover-global-cluster', global_cluster_identifier=name)} "
            f"--target-db-cluster-identifier {target}",
        )
        self.clients("rds", asked.region).switchover_global_cluster(
            GlobalClusterIdentifier=name, TargetDbClusterIdentifier=target
        )
        self._await_writer(to)

    def _await_writer(self, to: RegionConfig) -> None:
        deadline = time.monotonic() + self.seconds
        while self.database_writer(to) != to.region:
            if time.monotonic() > deadline:
                raise ExerciseError(
                    f"Aurora does not write in {to.region} after {self.seconds:.0f} s: look at the events of the "
                    f"global database {self.settings.name('database')}."
                )
            time.sleep(PAUSE_SECONDS)

    def stored(self, region_config: RegionConfig, keys: Sequence[str]) -> dict[str, JsonMapping]:
        """Return a region's payments of these keys, by key."""
        client, table = self.clients("dynamodb", region_config.region), self.settings.name("table")
        by_key: dict[str, JsonMapping] = {}
        names = self._stored_under(region_config, keys)
        waiting: list[JsonMapping] = [{"pk": {"S": name}} for name in names]
        while waiting:
            page, waiting = waiting[:PAGE], waiting[PAGE:]
            answer = client.batch_get_item(RequestItems={table: {"Keys": page, "ConsistentRead": True}})
            for item in answer["Responses"][table]:
                by_key[names[item["pk"]["S"]]] = item
            waiting += answer["UnprocessedKeys"][table]["Keys"] if table in answer["UnprocessedKeys"] else []
        return by_key

    def _stored_under(self, region_config: RegionConfig, keys: Sequence[str]) -> dict[str, str]:
        """Return the keys by what payments are stored under: keyed hashes, as lambda/common/keyed_hash.py has it."""
        mac = self.clients("kms", region_config.region).generate_mac(
            KeyId=f"alias/{self.settings.name('key_alias', 'hashes', where=region_config.region)}",
            MacAlgorithm="HMAC_SHA_256",
            Message=HASHES,
        )["Mac"]
        return {f"hashed-key#{hmac.digest(mac, json.dumps([key]).encode(), 'sha256').hex()}": key for key in keys}

    def others(self, region_config: RegionConfig, run: str, keys: Sequence[str]) -> set[str]:
        """Return what a region has of a run's payments under other keys than these: the keys' hashes."""
        pages = (
            self.clients("dynamodb", region_config.region)
            .get_paginator("scan")
            .paginate(
                TableName=self.settings.name("table"),
                FilterExpression="drill = :run",
                ProjectionExpression="pk",
                ExpressionAttributeValues={":run": {"S": run}},
                ConsistentRead=True,
            )
        )
        found = {item["pk"]["S"] for page in pages for item in page["Items"]}
        return found - self._stored_under(region_config, keys).keys()


def _option(name: str, value: JsonValue) -> list[str]:
    return [f"--{name.replace('_', '-')}", value if isinstance(value, str) else json.dumps(value)]
