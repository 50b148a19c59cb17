"""The simulation keeps what is documented: no record vanishes, no shard takes too much, order stays, outages end."""

import itertools
import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.kinesis_pipeline import delivery
from lib.kinesis_pipeline.settings import Settings
from lib.kinesis_pipeline.simulation.model import Batch, Chunk, _poisson, simulate
from lib.kinesis_pipeline.simulation.plant import Demand, Plant
from tests.support import functions

TEN_MINUTES = (120.0, 720.0)
COUNTS = ("stored", "quarantined", "given_up", "lost")


def total(run, *names):
    return sum(getattr(minute, name) for minute in run.minutes for name in names)


demands = st.builds(
    Demand,
    rate=st.floats(0, 120),
    seconds=st.sampled_from([60, 150]),
    away=st.sampled_from([(0, 0), (10, 40), (30, 130)]),
    poison=st.sampled_from([0.0, 0.02, 1.0]),
    burst=st.sampled_from([1.0, 30.0]),
    burst_seconds=st.sampled_from([0.0, 10.0]),
    seed=st.integers(0, 5),
)
plants = st.builds(
    Plant,
    shards=st.integers(1, 3),
    batch_size=st.sampled_from([2, 7, 100]),
    oldest_seconds=st.sampled_from([20.0, 3600.0]),
    kept_seconds=st.sampled_from([60.0, 86_400.0]),
    retries=st.sampled_from([0, 2, 50]),
    try_seconds=st.sampled_from([1.0, 38.0]),
)


@settings(max_examples=40, deadline=None)
@given(plants, demands)
def test_no_record_vanishes_and_none_appears(plant, demand):
    run = simulate(plant, demand)
    assert total(run, "taken") == total(run, *COUNTS) + run.minutes[-1].waiting
    assert total(run, "taken") <= total(run, "sent")


@settings(max_examples=30, deadline=None)
@given(plants, demands)
def test_a_shard_takes_no_more_than_its_limit(plant, demand):
    run = simulate(plant, demand)
    assert all(minute.taken <= plant.shards * plant.shard_rate * 60 for minute in run.minutes)


@settings(max_examples=30, deadline=None)
@given(plants.map(lambda plant: replace(plant, shards=1)), demands)
def test_records_of_a_shard_stay_in_order(plant, demand):
    # During an outage a batch that failed comes again by halves.
    arrivals = [at - age for at, age in simulate(plant, demand).ages if at >= demand.away[1] or at < demand.away[0]]
    assert all(one <= other + 1e-6 for one, other in itertools.pairwise(arrivals))


def test_the_same_seed_is_the_same_run():
    one, same, other = (simulate(Plant(), Demand(400, 300, seed=seed)) for seed in (1, 1, 2))
    assert one.minutes == same.minutes != other.minutes


def test_without_an_outage_events_wait_for_their_batch_alone():
    run = simulate(Plant(), Demand(500, 600))
    assert max(age for _at, age in run.ages) <= 2 * (delivery.WINDOW_SECONDS + Plant().poll_seconds)
    assert total(run, "errors", "given_up", "lost") == 0


def test_an_outage_delays_events_as_long_as_it_lasts_and_ends():
    run = simulate(Plant(), Demand(500, 1800, TEN_MINUTES))
    assert 600 <= max(age for _at, age in run.ages) <= 600 + Plant().try_seconds
    assert run.caught_up is not None
    assert 0 < run.caught_up < 600
    assert total(run, "given_up", "lost") == 0
    assert total(run, "errors") > 0


@pytest.mark.parametrize("rates", [(100, 400), (400, 800), (800, 950)])
def test_more_events_take_longer_to_catch_up_with(rates):
    fewer, more = (simulate(Plant(), Demand(rate, 3600, TEN_MINUTES)).caught_up for rate in rates)
    assert fewer is not None
    assert more is not None
    assert fewer < more


def test_a_run_that_ends_in_the_outage_has_not_caught_up():
    assert simulate(Plant(), Demand(500, 700, TEN_MINUTES)).caught_up is None


def test_what_the_database_cannot_store_waits_ever_longer():
    slow = Plant(shards=4, processors=1, sql_rate=1000)
    waiting = [minute.waiting for minute in simulate(slow, Demand(3000, 300)).minutes]
    assert waiting == sorted(waiting)
    assert waiting[-1] > 3 * waiting[0] > 0


def test_bursts_beyond_the_shard_come_again_and_are_taken_later():
    run = simulate(Plant(), Demand(300, 600, burst=10, burst_seconds=10))
    assert total(run, "sent") - total(run, "taken") < 1000  # what still comes again at the end
    assert max(minute.sent for minute in run.minutes) > 300 * 60


def test_records_that_are_too_old_go_to_the_bucket():
    run = simulate(Plant(oldest_seconds=120), Demand(100, 1800, TEN_MINUTES))
    assert total(run, "given_up") > 100 * 300
    assert total(run, "lost") == 0


def test_records_that_the_stream_has_forgotten_are_lost():
    run = simulate(Plant(oldest_seconds=9999, kept_seconds=120), Demand(100, 1800, TEN_MINUTES))
    assert total(run, "lost") > 100 * 300


def test_a_record_that_was_tried_often_enough_goes_to_the_bucket():
    run = simulate(Plant(retries=1, try_seconds=1, batch_size=2), Demand(1, 1800, TEN_MINUTES))
    assert total(run, "given_up") > 0


def test_poison_is_quarantined_and_nothing_else_is():
    run = simulate(Plant(), Demand(200, 600, poison=0.01))
    assert total(run, "quarantined") / total(run, "taken") == pytest.approx(0.01, rel=0.2)
    assert total(simulate(Plant(), Demand(20, 120, poison=1.0)), "stored") == 0


def test_a_silent_minute_has_no_age():
    run = simulate(Plant(), Demand(0, 120))
    assert [minute.age for minute in run.minutes] == [None, None]
    assert run.caught_up == 0.0


def test_a_batch_counts_its_records():
    assert Batch((Chunk(0.0, 3, 1), Chunk(0.1, 4, 0))).records == 7


@pytest.mark.parametrize("mean", [0.0, 0.5, 5.0, 29.0, 31.0, 400.0])
def test_arrivals_are_poissons(mean):
    chance = random.Random(7)
    found = [_poisson(chance, mean) for _ in range(4000)]
    middle = sum(found) / len(found)
    assert middle == pytest.approx(mean, abs=4 * math.sqrt(mean / len(found)) + 1e-9)
    spread = sum((each - middle) ** 2 for each in found) / len(found)
    assert spread == pytest.approx(mean, rel=0.15)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"STREAM_SHARDS": "3"}, {"shards": 3}),
        ({"BATCH_SIZE": "40"}, {"batch_size": 40}),
        ({"STREAM_HOURS": "24"}, {"kept_seconds": 86_400, "oldest_seconds": 86_400 - 3600}),
        ({"DATABASE_INSTANCE_CLASS": "db.t4g.medium"}, {"processors": 2}),
        ({"DATABASE_INSTANCE_CLASS": "db.m6g.2xlarge"}, {"processors": 8}),
    ],
)
def test_the_plant_is_what_the_settings_say(environ, expected):
    plant = Plant.of(Settings.read(environ))
    assert {name: getattr(plant, name) for name in expected} == expected


def test_a_delivery_waits_as_long_as_the_consumer_does(monkeypatch):
    for name, value in functions.OF_LAMBDA.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FAILURE_BUCKET", "bucket")
    consumer = functions.load("kinesis_pipeline", "consumer")
    assert delivery.CONSUMER_MINUTES * 60 - consumer.handler.MARGIN_SECONDS == delivery.TRY_SECONDS
    assert (consumer.postgres.PAUSE_FIRST, consumer.postgres.PAUSE_LONGEST) == delivery.PAUSES


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.05, [0]), (3, [0, 0.1, 0.3, 0.7, 1.5]), (7.2, [0, 0.1, 0.3, 0.7, 1.5, 3.1, 5.1, 7.1])]
)
def test_a_delivery_asks_the_database_in_pauses_that_double(seconds, expected):
    assert Plant(try_seconds=seconds).tries() == pytest.approx(expected)
