"""What the simulation predicts of an outage is what the real consumer does in one.

The real handler, driven by the event source mapping as AWS documents it, stores half of what a shard takes in a real
PostgreSQL, which is away for ten seconds; a delivery waits for it for three. The same outage is simulated with the
same settings. Lambda's own way to the function, which the simulation assumes, is not part of either.
"""

import contextlib
import io
import os
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from lib.kinesis_pipeline import delivery
from lib.kinesis_pipeline.events import encode, make
from lib.kinesis_pipeline.settings import Settings as Stack
from lib.kinesis_pipeline.simulation.model import Run, simulate
from lib.kinesis_pipeline.simulation.plant import Demand, Plant
from lib.kinesis_pipeline.users import USERS
from tests.support import database, functions
from tests.support.kinesis_pipeline.event_source import Poller, Settings, Stream, arrival

# pylint: disable=redefined-outer-name

DEMAND = Demand(rate=500, seconds=25, away=(5, 15))
PLANT = Plant(try_seconds=3.0, invocation_seconds=0.0)
EACH_SECONDS = 0.02  # between two records of the producer's, on average ten at once
MAPPING = Settings(
    batch_size=Stack.read({}).batch_size,
    bisect_batch_on_function_error=True,
    report_batch_item_failures=True,
    maximum_retry_attempts=delivery.RETRIES,
)


class Scene:
    """The consumer, its stream, its database, and what was seen of them."""

    def __init__(self, folder: Path) -> None:
        self.server = database.start(folder)
        admin = functions.load("kinesis_pipeline", "database")
        admin.handler.database = admin.postgres.Database(self.server.environ, secrets=self.server.secrets)
        admin.handler.migrate(60.0)
        admin.handler.database.close()
        self.consumer = functions.load("kinesis_pipeline", "consumer")
        environ = {**self.server.environ, "DB_USER": USERS["consumer"]}
        self.consumer.handler.database = self.consumer.postgres.Database(environ, token=self.consumer.aws.auth_token)
        self.stream, self.began = Stream(1), time.monotonic()
        self.ages: list[tuple[float, float]] = []
        self.errors, self.sent = 0, 0

    def invoke(self, event: dict[str, Any]) -> Any:
        """Be Lambda."""
        self.ages.append((time.monotonic() - self.began, time.time() - arrival(event["Records"][-1])))
        try:
            handler = self.consumer.handler
            return handler.handler(event, functions.Context(handler.MARGIN_SECONDS + PLANT.try_seconds))
        except self.consumer.postgres.DatabaseUnavailable:
            self.errors += 1
            raise

    def produce(self) -> None:
        """Send events at the rate until the time is over, whatever happens."""
        events = iter(make(int(DEMAND.rate * DEMAND.seconds), "simulation"))
        while (at := time.monotonic() - self.began) < DEMAND.seconds:
            while self.sent < at * DEMAND.rate and (event := next(events, None)):
                self.stream.put(str(event["customer_id"]), encode(event))
                self.sent += 1
            time.sleep(EACH_SECONDS)

    def disturb(self) -> None:
        """Take the database away, and bring it back."""
        away, back = DEMAND.away
        time.sleep(max(0.0, self.began + away - time.monotonic()))
        self.server.server.stop(signal.SIGQUIT)
        time.sleep(max(0.0, self.began + back - time.monotonic()))
        self.server.server.start()

    def run(self) -> None:
        """Deliver what is sent, as long as something is."""
        threads = [threading.Thread(target=work) for work in (self.produce, self.disturb)]
        shard = self.stream.shards[0]
        self.began = time.monotonic()
        for thread in threads:
            thread.start()
        while threads[0].is_alive() or shard.position < len(shard.records):
            Poller(self.stream, {shard.name: self.invoke}, MAPPING, discarded=lambda *_: None).run()
            time.sleep(PLANT.window_seconds)
        for thread in threads:
            thread.join()


@pytest.fixture(scope="module")
def scene():
    """What happened."""
    before = dict(os.environ)
    os.environ.update(functions.OF_LAMBDA, POWERTOOLS_METRICS_NAMESPACE="simulation", FAILURE_BUCKET="none")
    os.environ["POWERTOOLS_SERVICE_NAME"] = "simulation"
    with tempfile.TemporaryDirectory(prefix="tap-reliability-") as folder:
        found = Scene(Path(folder))
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found.run()
            yield found
        finally:
            found.consumer.handler.database.close()
            found.server.server.remove()
            os.environ.clear()
            os.environ.update(before)


@pytest.fixture(scope="module")
def predicted():
    """What the simulation says."""
    return simulate(PLANT, DEMAND)


def test_everything_was_stored(scene):
    with scene.server.connect() as connection:
        assert connection.run("SELECT count(*) FROM stored_events") == [[scene.sent]]
    assert scene.sent == pytest.approx(DEMAND.rate * DEMAND.seconds, rel=0.02)


def test_events_waited_as_long_as_predicted(scene, predicted):
    longest = max(age for _at, age in predicted.ages)
    assert max(age for _at, age in scene.ages) == pytest.approx(longest, abs=2.5)


def test_events_were_on_time_again_when_predicted(scene, predicted):
    measured = Run(PLANT, DEMAND, [], scene.ages).caught_up
    print(f"on time after {measured:.2f} s, predicted {predicted.caught_up:.2f} s")
    assert measured == pytest.approx(predicted.caught_up, abs=2.5)


def test_as_many_deliveries_failed_as_predicted(scene, predicted):
    assert abs(scene.errors - sum(minute.errors for minute in predicted.minutes)) <= 1
    assert scene.errors > 1
