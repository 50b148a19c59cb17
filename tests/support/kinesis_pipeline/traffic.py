"""What the reliability tests send through the pipeline, the bucket that takes what fails, and the verdict.

The verdict knows what was put on the stream and looks only at what is left at the end: the table, the bucket
and the shards' positions. How the consumer got there does not matter to it.
"""

import base64
import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from lib.kinesis_pipeline.events import encode, make, poison
from tests.support.kinesis_pipeline.event_source import Stream, number

BUCKET = "failures"
KILLER = b"kills the function"  # the environments of the test die of it; to the real handler it is no JSON
POISON_EVERY = 100
CROSS_BATCH = (300, 2000)  # how many events later a duplicate comes


@dataclass
class Load:
    """A stream full of records, and what has to become of them."""

    stream: Stream
    amounts: dict[str, Decimal] = field(default_factory=dict)  # by event_id
    poison: dict[str, bytes] = field(default_factory=dict)  # by sequence number
    duplicates: int = 0
    _later: dict[int, list[tuple[str, bytes]]] = field(default_factory=dict)

    def duplicate(self, chance: random.Random, place: int, key: str, data: bytes) -> None:
        """Put a record again in 3 % of the cases: at once, much later, or on a shard of its own choice."""
        how = chance.random()
        if how < 0.03:
            self.duplicates += 1
        if how < 0.01:
            self.stream.put(key, data)
        elif how < 0.02:
            self._later.setdefault(place + chance.randrange(*CROSS_BATCH), []).append((key, data))
        elif how < 0.03:
            self.stream.put(f"elsewhere-{place}", data)  # another shard may write the same event at the same time

    def due(self, place: int | None = None) -> None:
        """Put the duplicates whose time has come, or all that are left."""
        for moment in sorted(self._later) if place is None else [place]:
            for key, data in self._later.pop(moment, []):
                self.stream.put(key, data)

    def poisoned(self, count: int, key: str, event: dict[str, Any], source: str) -> None:
        """Put a poison record: the five kinds of the exercise, the same id with another body, a killer."""
        kinds = 6
        if count % (8 * kinds) == 8 * kinds - 1:
            data = KILLER
        elif count % kinds == kinds - 1:
            data = encode({**event, "amount": "0.01", "attributes": {"forged": count}})
        else:
            data = poison(count - count // kinds, source)
        self.poison[self.stream.put(key, data)] = data


def load(count: int, shards: int, source: str) -> Load:
    """Return that many valid events on that many shards, with 3 % duplicates and 1 % poison among them."""
    made, chance = Load(Stream(shards)), random.Random(source)
    for place, event in enumerate(make(count, source)):
        key, data = str(event["customer_id"]), encode(event)
        made.amounts[str(event["event_id"])] = Decimal(str(event["amount"]))
        made.stream.put(key, data)
        made.duplicate(chance, place, key, data)
        made.due(place)
        if place % POISON_EVERY == POISON_EVERY // 2:
            made.poisoned(place // POISON_EVERY, key, event, source)
    made.due()
    return made


class Bucket:
    """An S3 client whose bucket keeps what it gets, and which fails now and then, before or after keeping it."""

    def __init__(self, objects: dict[str, bytes], chance: random.Random, failing: float) -> None:
        self.objects, self._chance, self._failing = objects, chance, failing

    def put_object(self, **call: Any) -> None:
        """Be PutObject."""
        assert call["Bucket"] == BUCKET
        fate = self._chance.random() / self._failing if self._failing else 1.0
        if fate < 0.4:
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "Reduce your rate"}}, "PutObject")
        if fate < 0.8:
            raise EndpointConnectionError(endpoint_url="https://s3.test")
        self.objects[call["Key"]] = call["Body"]
        if fate < 1.0:
            raise ClientError({"Error": {"Code": "InternalError", "Message": "The answer is lost"}}, "PutObject")


def payloads(objects: Mapping[str, bytes]) -> tuple[dict[str, bytes], list[str]]:
    """Return the data of the records in the bucket by sequence number, and what is wrong with the bucket.

    A batch that came again in other parts leaves the same poison in several objects.
    """
    found: dict[str, bytes] = {}
    wrong = [f"strange key: {key}" for key in objects if not key.startswith(("poison/", "aws/lambda/"))]
    for key, body in objects.items():
        records = json.loads(json.loads(body)["payload"])["Records"]
        if key.startswith("poison/") and number(records[0]) not in key:
            wrong.append(f"under another's key: {key}")
        for record in records:
            data = base64.b64decode(record["kinesis"]["data"])
            if found.setdefault(number(record), data) != data:
                wrong.append(f"two payloads: {number(record)}")
    return found, wrong


def verdict(made: Load, stored: Iterable[tuple[str, Decimal]], objects: Mapping[str, bytes]) -> list[str]:
    """Return what is wrong at the end; nothing means that every record met the fate it should.

    Args:
        made: what was sent.
        stored: event_id and amount of every row.
        objects: everything in the bucket, by key.
    """
    rows = list(stored)
    times = Counter(event_id for event_id, _ in rows)
    aside, wrong = payloads(objects)
    total = sum(amount for _, amount in rows)
    checks = {
        "lost event": made.amounts.keys() - times.keys(),
        "stored more than once": {event_id for event_id, count in times.items() if count > 1},
        "stored but never sent": times.keys() - made.amounts.keys(),
        "another amount": {i for i, amount in rows if amount != made.amounts.get(i, amount)},
        "lost poison": made.poison.keys() - aside.keys(),
        "quarantined without reason": aside.keys() - made.poison.keys(),
        "another payload": {n for n, data in made.poison.items() if aside.get(n, data) != data},
        "blocked shard": {shard.name for shard in made.stream.shards if shard.position != len(shard.records)},
    }
    wrong += [f"{what}: {len(which)}, such as {min(which)}" for what, which in checks.items() if which]
    if total != sum(made.amounts.values()):
        wrong.append(f"sum of amounts: {total} instead of {sum(made.amounts.values())}")
    return wrong
