"""The emulator's CloudWatch takes every alarm as it is declared, begins it beyond its threshold, and ends it at it.

The emulator looks at no dimension and knows no silence: each alarm has an account to itself here, and what silence does
is worked out in test_alarm_states. It takes all periods for one: an alarm ends once the bad value is older than them.
"""

# pylint: disable=redefined-outer-name

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from lib.declared.model import Resource
from lib.declared.read import SYSTEMS
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.servers.process import free_port
from tests.policy.cases import HOME, production
from tests.support.alarm_states import ALARM, NO_DATA, OK, beyond, within

TRIES = 5  # for a value that was too old when the emulator looked at it, because the machine was busy
WAIT_SECONDS = 4  # in which the values that began the alarms become older than what the alarms look at
# What CloudWatch is told of an alarm, but for whom the alarm tells.
PARTS = (
    *("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Period", "Threshold"),
    *("EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "TreatMissingData"),
)


@dataclass(frozen=True)
class Driven:
    """An alarm as it is declared, and a client of the account that it has to itself."""

    alarm: Resource
    client: Any

    def put(self) -> str:
        """Create the alarm and return its state."""
        self.client.put_metric_alarm(**{part: self.alarm.at(part) for part in PARTS if self.alarm.at(part) is not None})
        return self.state()

    def tell(self, value: float, *, looked_at_for: float | None = None) -> str:
        """Write a value, of now or so old that the alarm looks at it for a few seconds more; return the state."""
        looks_at = self.alarm.at("Period") * self.alarm.at("EvaluationPeriods")
        datum = {
            "MetricName": self.alarm.at("MetricName"),
            "Dimensions": self.alarm.at("Dimensions"),
            "Timestamp": time.time() - (0 if looked_at_for is None else looks_at - looked_at_for),
            "Value": value,
        }
        self.client.put_metric_data(Namespace=self.alarm.at("Namespace"), MetricData=[datum])
        return self.state()

    def drive(self, value: float, expected: str) -> str:
        """Write a value that the alarm looks at for a few seconds more, and return the state that it has then."""
        for _ in range(TRIES):
            found = self.tell(value, looked_at_for=WAIT_SECONDS - 1)
            if found == expected:
                break
        return found

    def state(self) -> str:
        """Return the alarm's state."""
        (found,) = self.client.describe_alarms(AlarmNames=[self.alarm.at("AlarmName")])["MetricAlarms"]
        return str(found["StateValue"])


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Start the emulator alone."""
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"), free_port(), HOME)
    try:
        cloud.emulator.start()
        yield cloud
    finally:
        cloud.stop()


def test_every_alarm_begins_beyond_its_threshold_and_ends_at_it(emulator: LocalCloud) -> None:
    """Of all systems, in production; side by side, for the time that it takes until a value is old."""
    url = emulator.environment()["AWS_ENDPOINT_URL"]
    alarms = [
        alarm
        for system in SYSTEMS
        for alarm in production(system).of("AWS::CloudWatch::Alarm")
        if "Metrics" not in alarm.properties  # the emulator computes nothing
    ]
    driven: dict[str, Driven] = {}
    states: dict[str, list[str]] = {}
    for number, alarm in enumerate(alarms, start=1):
        session = boto3.session.Session(f"{number:012}", "secret", region_name=alarm.region)
        name = f"{alarm.region} {alarm.at('AlarmName')}"
        driven[name] = Driven(alarm, session.client("cloudwatch", endpoint_url=url))
    for name, each in driven.items():
        good, bad = within(each.alarm.properties), beyond(each.alarm.properties)
        states[name] = [each.put(), each.drive(good, OK), each.drive(bad, ALARM)]
    time.sleep(WAIT_SECONDS)
    for name, each in driven.items():
        states[name].append(each.tell(within(each.alarm.properties)))
    assert {name: found for name, found in states.items() if found != [NO_DATA, OK, ALARM, OK]} == {}
    assert len(states) == len(alarms) > len(SYSTEMS)
