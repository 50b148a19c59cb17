"""How often payments meet each other at a writer item, and how long a change of the writer takes: a seeded simulation.

Sourced, from "Distributed Transactions at Scale in Amazon DynamoDB" (USENIX ATC 2023,
https://www.usenix.org/system/files/atc23-idziorek.pdf), section 3.3 and listing 3: an item takes part in one
transaction at a time; a transaction that only checks an item takes it as one that writes it does, from its prepare to
its commit, also where there is no such item; a second one is cancelled at once and does not wait. Section 5.4: a write
outside of a transaction is rejected in the same way, GetItem never. What callers see of it is in AWS's documentation:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling

Assumed, for AWS publishes no figure: how long a transaction holds an item. Section 5.3 has a transaction at about four
times the latency of a put, whose own is "single-digit milliseconds"; ``Store.hold`` is the mean of an exponential
distribution, and 5, 10 and 15 ms are tried. A rejection takes as long as a hold, a call 1 ms each way. Optimisations
that the paper's section 4 leaves open (two checks at once, writes that wait) are not counted on.
"""

import heapq
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

NETWORK_SECONDS = 0.001  # each way
WRITERS = 10  # items of a change that are written at once


class Outcome(NamedTuple):
    """What became of the payments: shares from 0 to 1, and seconds."""

    conflicts: float  # payments whose first try was cancelled
    busy: float  # payments that were answered table_busy
    p50: float
    p99: float


class Change(NamedTuple):
    """What became of changes of the writer: the share that came through in time, and the median of their seconds."""

    done: float
    p50: float


Step = Iterator[float]  # yields the seconds to wait


@dataclass
class Store:
    """The items, each of which takes part in one transaction at a time.

    Args:
        hold: seconds that a transaction holds its items, on average.
        seed: of everything that is drawn.
    """

    hold: float
    seed: str = "conflicts"
    now: float = 0.0
    held: set[int] = field(default_factory=set)
    _events: list[tuple[float, int, Step]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def start(self, step: Step, after: float = 0.0) -> None:
        """Let something happen later."""
        heapq.heappush(self._events, (self.now + after, next(self._order), step))

    def run(self, until: float) -> None:
        """Let everything happen that is due."""
        while self._events and self._events[0][0] <= until:
            self.now, _, step = heapq.heappop(self._events)
            for wait in step:
                self.start(step, wait)
                break

    def attempt(self, items: Sequence[int], told: Callable[[bool], None]) -> Step:
        """Try one transaction over items, or one write of one of them, and tell whether it came through."""
        yield NETWORK_SECONDS
        free = self.held.isdisjoint(items)
        if free:
            self.held.update(items)
        yield self.chance.expovariate(1 / self.hold)
        if free:
            self.held.difference_update(items)
        yield NETWORK_SECONDS
        told(free)

    def retried(self, items: Sequence[int], pauses: Iterator[float], told: Callable[[int, bool], None]) -> Step:
        """Try until it comes through or the pauses end; tell how many tries there were, and whether it did."""
        answers: list[bool] = []
        for pause in pauses:
            yield pause * self.chance.uniform(0.5, 1)
            yield from self.attempt(items, answers.append)
            if answers[-1]:
                break
        told(len(answers), answers[-1])


def _payments(store: Store, rate: float, items: int, pauses: Sequence[float], seconds: float, told: list) -> Step:  # type: ignore[type-arg]
    while store.now < seconds:
        began = store.now

        def end(tries: int, good: bool, began: float = began) -> None:
            told.append((tries, good, store.now - began))

        store.start(store.retried([store.chance.randrange(items)], iter(pauses), end))
        yield store.chance.expovariate(rate)


def payments(rate: float, items: int, hold: float, pauses: Sequence[float], seconds: float = 60.0) -> Outcome:
    """Let payments arrive at random (Poisson), each over one of the items, and return what became of them.

    Args:
        rate: payments a second.
        items: writer items, one of which a payment's key chooses.
        hold: see :class:`Store`.
        pauses: seconds before each try, at most, as the function has them; half of it at least.
        seconds: how long payments arrive.
    """
    store, told = Store(hold), list[tuple[int, bool, float]]()
    store.start(_payments(store, rate, items, pauses, seconds, told))
    store.run(float("inf"))
    lasted = sorted(each[2] for each in told)
    return Outcome(
        sum(tries > 1 for tries, _, _ in told) / len(told),
        sum(not good for _, good, _ in told) / len(told),
        lasted[len(lasted) // 2],
        lasted[len(lasted) * 99 // 100],
    )


def _change(store: Store, groups: Sequence[Sequence[int]], pause: float, told: list[float]) -> Step:
    """Write groups of items, some at once, each tried until it comes through."""
    left = len(groups)
    waiting = iter(groups)

    def next_one(_tries: int = 0, _good: bool = True) -> None:
        group = next(waiting, None)
        if group is not None:
            store.start(store.retried(group, itertools.repeat(pause), end))

    def end(_tries: int, _good: bool) -> None:
        nonlocal left
        left -= 1
        if not left:
            told.append(store.now)
        next_one()

    for _ in range(WRITERS):
        next_one()
    yield 0.0


def changes(rate: float, items: int, hold: float, pauses: Sequence[float], *, whole: bool, runs: int = 10) -> Change:
    """Change all writer items while payments arrive, and return how long it takes.

    Args:
        rate: payments a second.
        items: writer items.
        hold: see :class:`Store`.
        pauses: those of the payments.
        whole: all of them in one transaction, or each by itself.
        runs: how many changes, each given 30 s.
    """
    lasted, begin, patience = list[float](), 2.0, 30.0
    for number in range(runs):
        store, told = Store(hold, f"change {number}"), list[float]()
        store.start(_payments(store, rate, items, pauses, begin + patience, []))
        groups = [list(range(items))] if whole else [[item] for item in range(items)]
        store.start(_change(store, groups, 0.02, told), begin)
        until = begin
        while not told and until < begin + patience:
            store.run(until := until + 0.1)
        lasted += [each - begin for each in told]
    lasted.sort()
    return Change(len(lasted) / runs, lasted[len(lasted) // 2] if lasted else float("nan"))
