"""A discrete-event simulation of the pipeline: producers, shards, Lambda's event source mapping, consumer, database.

Events are shards that are ready for their next read; what happens between two of them is arithmetic. The rules are
those of AWS's documents, the numbers those of the stack's settings and of the README's figures; where neither says
anything, the plant has an assumption that is named so.

https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html: what a shard takes
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html: polling, batches, one function for each shard
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html: retries, halves, ages
"""

import heapq
import math
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from lib.kinesis_pipeline.simulation.plant import Demand, Plant

TICK = 0.1  # seconds, by which records arrive
MINUTE = 60
POISON_SECONDS = 0.05  # an assumption: writing one object of poison to S3
KNUTH = 30  # above it a Poisson number is a normal one, rounded


class Chunk(NamedTuple):
    """Records that arrived at one moment."""

    at: float
    records: int
    poison: int


class Batch(NamedTuple):
    """Records to deliver together, and how often a batch of one was retried."""

    chunks: tuple[Chunk, ...]
    retries: int = 0

    @property
    def records(self) -> int:
        """How many records it has."""
        return sum(chunk.records for chunk in self.chunks)


@dataclass
class Minute:
    """What one minute saw; ``age`` is the greatest of its invocations, as IteratorAge has it, None without any."""

    sent: int = 0
    taken: int = 0
    stored: int = 0
    quarantined: int = 0
    given_up: int = 0
    lost: int = 0
    invocations: int = 0
    errors: int = 0
    age: float | None = None
    waiting: int = 0


@dataclass
class Shard:
    """A shard, the records that are in it, and what its producers have to send again."""

    chance: random.Random
    queue: deque[Chunk] = field(default_factory=deque)
    again: deque[Batch] = field(default_factory=deque)  # what a failure left to deliver, the next one last
    backlog: int = 0
    until: float = 0.0  # up to which records have arrived


@dataclass
class Run:
    """What was simulated, minute by minute."""

    plant: Plant
    demand: Demand
    minutes: list[Minute]

    @property
    def caught_up(self) -> float | None:
        """Seconds from the database's return until events wait no longer than a batch does; None for not within it."""
        end = self.demand.away[1]
        calm = 2 * (self.plant.window_seconds + self.plant.poll_seconds)
        late = [at for at, age in self.ages if at >= end and age > calm]
        if not late:
            return None if end > self.demand.seconds else 0.0
        after = [at for at, _age in self.ages if at > late[-1]]
        return after[0] - end if after else None

    ages: list[tuple[float, float]] = field(default_factory=list)  # of each invocation: when, and its last record's age


class Simulation:
    """One run."""

    def __init__(self, plant: Plant, demand: Demand) -> None:
        self._plant, self._demand = plant, demand
        chances = [random.Random(f"{demand.seed} {number}") for number in range(plant.shards)]  # noqa: S311 - no secrets
        self._shards = [Shard(chance) for chance in chances]
        self._tries = plant.tries()
        self._free = [0.0] * plant.processors  # when each processor of the database has nothing to do
        minutes = [Minute() for _ in range(math.ceil(demand.seconds / MINUTE))]
        self._run = Run(plant, demand, minutes)

    def run(self) -> Run:
        """Return what happens."""
        ready = [(0.0, number) for number in range(len(self._shards))]
        heapq.heapify(ready)
        seen = 0
        while ready and ready[0][0] < self._demand.seconds:
            at, number = heapq.heappop(ready)
            while seen < int(at // MINUTE):
                self._run.minutes[seen].waiting = self._waiting((seen + 1) * MINUTE)
                seen += 1
            heapq.heappush(ready, (self._step(self._shards[number], at), number))
        for minute in self._run.minutes[seen:]:
            minute.waiting = self._waiting(self._demand.seconds)
        return self._run

    def _waiting(self, until: float) -> int:
        for shard in self._shards:
            self._arrive(shard, until)
        return sum(
            sum(chunk.records for chunk in shard.queue) + sum(batch.records for batch in shard.again)
            for shard in self._shards
        )

    def _minute(self, at: float) -> Minute:
        return self._run.minutes[min(int(at // MINUTE), len(self._run.minutes) - 1)]

    def _arrive(self, shard: Shard, until: float) -> None:
        """Let the producers send up to a moment: what the shard refuses they send again."""
        while shard.until + TICK <= until:
            at, burst = shard.until, self._demand.burst if shard.until % MINUTE < self._demand.burst_seconds else 1.0
            sent = _poisson(shard.chance, self._demand.rate * burst * TICK / self._plant.shards)
            offered = sent + shard.backlog
            taken = min(offered, int(self._plant.shard_rate * TICK))
            shard.backlog = offered - taken
            minute = self._minute(at)
            minute.sent += sent
            minute.taken += taken
            if taken:
                poison = sum(
                    shard.chance.random() < self._demand.poison for _ in range(taken if self._demand.poison else 0)
                )
                shard.queue.append(Chunk(at + TICK, taken, poison))
            shard.until += TICK

    def _step(self, shard: Shard, at: float) -> float:
        """Deliver what there is to deliver, and return when the shard is ready again."""
        self._arrive(shard, at)
        batch = self._next(shard, at)
        if batch is None:
            return at + self._plant.poll_seconds
        if not batch.chunks:
            return max(at, shard.queue[0].at + self._plant.window_seconds) + TICK / 10
        batch = self._drop(batch, at)
        if not batch.chunks:
            return at
        return self._invoke(shard, batch, at)

    def _next(self, shard: Shard, at: float) -> Batch | None:
        """Return what comes next: None for nothing, an empty batch for one that is still filling."""
        if shard.again:
            return shard.again.pop()
        if not shard.queue:
            return None
        there = 0
        for chunk in shard.queue:
            there += chunk.records
            if there >= self._plant.batch_size:
                break
        if there < self._plant.batch_size and at < shard.queue[0].at + self._plant.window_seconds:
            return Batch(())
        return Batch(tuple(_take(shard.queue, self._plant.batch_size)))

    def _drop(self, batch: Batch, at: float) -> Batch:
        """Return what is young enough to be delivered."""
        minute, young = self._minute(at), list[Chunk]()
        for chunk in batch.chunks:
            if at - chunk.at > self._plant.kept_seconds:
                minute.lost += chunk.records
            elif at - chunk.at > self._plant.oldest_seconds:
                minute.given_up += chunk.records
            else:
                young.append(chunk)
        return batch._replace(chunks=tuple(young))

    def _invoke(self, shard: Shard, batch: Batch, at: float) -> float:
        """Invoke the consumer, and return when its answer is there."""
        plant, (away, back) = self._plant, self._demand.away
        minute, age = self._minute(at), at - batch.chunks[-1].at
        minute.invocations += 1
        minute.age = max(age, minute.age or 0.0)
        self._run.ages.append((at, age))
        begin = at + plant.invocation_seconds
        if away <= begin < back:
            tries = [begin + after for after in self._tries]
            if tries[-1] < back:
                self._minute(tries[-1]).errors += 1
                self._fail(shard, batch, tries[-1])
                return tries[-1]
            begin = next(each for each in tries if each >= back)
        poison = sum(chunk.poison for chunk in batch.chunks)
        # A statement occupies a processor of the database; the function's own work goes on beside it.
        free = heapq.heappop(self._free)
        begin = max(begin, free)
        heapq.heappush(self._free, begin + batch.records / plant.sql_rate)
        end = begin + batch.records / plant.consumer_rate + (POISON_SECONDS if poison else 0.0)
        done = self._minute(end)
        done.stored += batch.records - poison
        done.quarantined += poison
        return end

    def _fail(self, shard: Shard, batch: Batch, at: float) -> None:
        """Halve what can be halved; retry the rest, or give it to the bucket."""
        if batch.records > 1:
            rest = deque(batch.chunks)
            first = tuple(_take(rest, batch.records // 2))
            shard.again.append(batch._replace(chunks=tuple(rest)))
            shard.again.append(batch._replace(chunks=first))
        elif batch.retries == self._plant.retries:
            self._minute(at).given_up += batch.records
        else:
            shard.again.append(batch._replace(retries=batch.retries + 1))


def _take(queue: deque[Chunk], count: int) -> Iterator[Chunk]:
    """Take so many records from the front; where a chunk is divided, its poison comes last."""
    while queue and count:
        chunk = queue.popleft()
        if chunk.records > count:
            behind = min(chunk.poison, chunk.records - count)
            queue.appendleft(Chunk(chunk.at, chunk.records - count, behind))
            chunk = Chunk(chunk.at, count, chunk.poison - behind)
        count -= chunk.records
        yield chunk


def _poisson(chance: random.Random, mean: float) -> int:
    """Return a number of arrivals."""
    if mean > KNUTH:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    count, product, least = 0, chance.random(), math.exp(-mean)
    while product > least:
        count, product = count + 1, product * chance.random()
    return count


def simulate(plant: Plant, demand: Demand) -> Run:
    """Return what a demand does to the pipeline; the same for the same seed."""
    return Simulation(plant, demand).run()
