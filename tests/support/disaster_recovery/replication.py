"""Replication between two tables as a DynamoDB global table does it: later, item by item, and the latest write wins.

The emulator's own global tables replicate at once, so the two tables here are no global table; this reads their
streams. Items overtake each other, and while the regions are cut off from each other nothing arrives.
"""

import heapq
import itertools
import random
import threading
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from lib.local_cloud.cloud import LocalCloud
from tests.support.disaster_recovery.two_regions import HOME, PEER

PAUSE_SECONDS = 0.05  # between two looks at a stream
DELAY_SECONDS = 0.1  # that an item takes at most
WAIT_SECONDS = 20.0


class Stream:
    """Every change of one region's table, in order."""

    def __init__(self, cloud: LocalCloud, place: str, table: str) -> None:
        self._client = cloud.client("dynamodbstreams", place)
        arn = cloud.client("dynamodb", place).describe_table(TableName=table)["Table"]["LatestStreamArn"]
        (shard,) = self._client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        found = self._client.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        self._iterator = found["ShardIterator"]

    def read(self) -> list[dict[str, Any]]:
        """Return the items that were written since the last look."""
        found = self._client.get_records(ShardIterator=self._iterator)
        self._iterator = found["NextShardIterator"]
        return [record["dynamodb"]["NewImage"] for record in found["Records"]]


def newer(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the condition under which a write wins: nothing is there, or something older."""
    name = "created_at" if "created_at" in item else "epoch"  # the writer item's age is its epoch
    return {
        "ConditionExpression": "attribute_not_exists(pk) OR #age < :age",
        "ExpressionAttributeNames": {"#age": name},
        "ExpressionAttributeValues": {":age": item[name]},
    }


class Replication:
    """Carries changes both ways until it is stopped."""

    def __init__(self, cloud: LocalCloud, table: str, seed: str = "replication") -> None:
        self.chance = random.Random(seed)
        self.connected, self._ended = threading.Event(), threading.Event()
        self.connected.set()
        self.written: dict[str, list[dict[str, Any]]] = {HOME: [], PEER: []}  # what each region's stream has told
        self._quiet = {HOME: 0, PEER: 0}  # looks in which there was nothing to do
        self._threads = [
            threading.Thread(target=self._carry, args=(cloud, table, source, target))
            for source, target in ((HOME, PEER), (PEER, HOME))
        ]
        for thread in self._threads:
            thread.start()

    def _carry(self, cloud: LocalCloud, table: str, source: str, target: str) -> None:
        stream, client = Stream(cloud, source, table), cloud.client("dynamodb", target)
        waiting: list[tuple[float, int, dict[str, Any]]] = []
        order = itertools.count()
        while not self._ended.wait(PAUSE_SECONDS):
            found = stream.read()
            self.written[source] += found
            for item in found:
                due = time.monotonic() + self.chance.uniform(0, DELAY_SECONDS)
                heapq.heappush(waiting, (due, next(order), item))
            while waiting and self.connected.is_set() and waiting[0][0] <= time.monotonic():
                self._apply(client, table, heapq.heappop(waiting)[2])
            self._quiet[source] = 0 if found or waiting else self._quiet[source] + 1

    @staticmethod
    def _apply(client: Any, table: str, item: dict[str, Any]) -> None:
        try:
            client.put_item(TableName=table, Item=item, **newer(item))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def settle(self) -> None:
        """Wait until both regions have told the other everything.

        Raises:
            TimeoutError: they do not come to rest.
        """
        until = time.monotonic() + WAIT_SECONDS
        self._quiet.update(dict.fromkeys(self._quiet, 0))
        while min(self._quiet.values()) < 3:
            if time.monotonic() > until:
                raise TimeoutError("the regions do not come to rest")
            time.sleep(PAUSE_SECONDS)

    def stop(self) -> None:
        """End it."""
        self._ended.set()
        for thread in self._threads:
            thread.join()
