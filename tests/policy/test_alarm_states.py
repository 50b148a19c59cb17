"""Each alarm of production begins, ends and stays as CloudWatch's rules say, and its silence means something."""

from collections.abc import Mapping, Sequence

import pytest

from lib.declared.model import Resource
from tests.policy.cases import SYSTEMS, production
from tests.support.alarm_states import ALARM, NO_DATA, OK, beyond, state, within

ALARMS = [(system, alarm) for system in SYSTEMS for alarm in production(system).of("AWS::CloudWatch::Alarm")]
each_alarm = pytest.mark.parametrize(
    "alarm", [alarm for _, alarm in ALARMS], ids=[f"{system}-{alarm.name}" for system, alarm in ALARMS]
)
LONG = 50  # periods
STAYS = "as it was"
# Whose silence is a word; that of everything else means that nothing happens: no request, no error, no message.
SILENCE: Mapping[tuple[str, str], tuple[str, str]] = {
    ("AWS/CertificateManager", "DaysToExpiry"): (STAYS, "a certificate that has ended tells nothing, nor a new one"),
    ("AWS/Route53", "HealthCheckStatus"): (ALARM, "health checks ask all the time"),
    ("ECS/ContainerInsights", "RunningTaskCount"): (ALARM, "a service without a task tells nothing"),
    ("Payments", "AuditOldestSeconds"): (ALARM, "a schedule looks every minute, and this is its own figure"),
    ("Payments", "AuditMismatch"): (STAYS, "a finding stays until somebody acknowledges it"),
    ("Payments", "AuditUnreadable"): (STAYS, "a finding stays until somebody acknowledges it"),
    ("Payments", "AuditPassSeconds"): (STAYS, "AuditOldestSeconds tells that the schedule has stopped"),
    ("AWS/RDS", "AuroraGlobalDBReplicationLag"): (NO_DATA, "the writing side never had it, the other one always"),
    ("AWS/RDS", "AuroraGlobalDBRPOLag"): (NO_DATA, "the writing side never had it, the other one always"),
    ("DisasterRecovery", "ReplicationLagMilliseconds"): (NO_DATA, "a new stack's function has not run yet"),
    ("TAP/KinesisPipeline", "WeeksAhead"): (
        NO_DATA,
        "not of a new stack; the end of its runs is told",
    ),
    ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds"): (NO_DATA, "nobody reads the stream any more"),
}
# kinesis-pipeline has one alarm on the end of its database's figures.
DATABASE_SILENCE = ("AWS/RDS", "CPUUtilization")


def periods(alarm: Resource) -> int:
    return int(alarm.properties["EvaluationPeriods"])


@each_alarm
def test_it_begins_when_so_many_periods_are_beyond_the_threshold(alarm):
    good, bad = within(alarm.properties), beyond(alarm.properties)
    history: Sequence[float | None] = [good] * LONG
    assert state(alarm.properties, [*history, *[bad] * (periods(alarm) - 1)], OK) == OK
    assert state(alarm.properties, [*history, *[bad] * periods(alarm)], OK) == ALARM


@each_alarm
def test_it_ends_when_a_period_is_good_again(alarm):
    good, bad = within(alarm.properties), beyond(alarm.properties)
    assert state(alarm.properties, [*[bad] * LONG, good], ALARM) == OK


@each_alarm
@pytest.mark.parametrize("before", [OK, ALARM])
def test_its_silence_means_what_the_metric_does(alarm, before):
    metric = str(alarm.properties.get("Namespace")), str(alarm.properties.get("MetricName"))
    expected, _reason = SILENCE.get(metric, (OK, ""))  # what an alarm computes has no name: its silence is no word
    found = state(alarm.properties, [None] * LONG, before)
    if metric == DATABASE_SILENCE and found == NO_DATA:
        assert "InsufficientDataActions" in alarm.properties
        return
    assert found == (before if expected == STAYS else expected)


@each_alarm
def test_an_outage_between_two_bad_times_does_not_hide_the_second(alarm):
    bad = beyond(alarm.properties)
    assert state(alarm.properties, [bad, *[None] * LONG, *[bad] * periods(alarm)], OK) == ALARM


def test_a_metric_whose_silence_is_a_word_has_an_alarm():
    watched = {(str(a.at("Namespace")), str(a.at("MetricName"))) for _, a in ALARMS}
    assert set(SILENCE) <= watched


def test_the_end_of_the_pipelines_database_is_told():
    found = [
        alarm
        for system, alarm in ALARMS
        if system == "kinesis-pipeline" and state(alarm.properties, [None] * LONG, OK) == NO_DATA
    ]
    assert any(alarm.properties["MetricName"] == DATABASE_SILENCE[1] for alarm in found)


B, G, N = 2.0, 0.0, None  # beyond the threshold, within it, nothing
# The tables of AWS's page, with the evaluation range that it has there.
PAGE = [
    (3, (G, N, B, N, B), (OK, OK, OK, OK)),
    (3, (G, N, N, N, N), (OK, OK, OK, OK)),
    (3, (N, N, N, N, N), (NO_DATA, STAYS, ALARM, OK)),
    (3, (G, B, B, N, B), (ALARM, ALARM, ALARM, ALARM)),
    (3, (N, N, B, N, N), (ALARM, STAYS, ALARM, OK)),
    (2, (G, N, B, N, B), (ALARM, ALARM, ALARM, ALARM)),
    (2, (G, G, B, G, B), (ALARM, ALARM, ALARM, ALARM)),
    (2, (G, N, B, N, N), (OK, OK, ALARM, OK)),
    (2, (N, N, N, N, G), (OK, OK, ALARM, OK)),
    (2, (N, N, N, B, N), (ALARM, STAYS, ALARM, OK)),
]


@pytest.mark.parametrize(("many", "values", "states"), PAGE)
def test_the_rules_are_those_of_awss_page(many, values, states):
    for silence, expected in zip(("missing", "ignore", "breaching", "notBreaching"), states, strict=True):
        alarm = {
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": many,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": silence,
        }
        for before in (OK, ALARM, NO_DATA):
            assert state(alarm, values, before) == (before if expected == STAYS else expected), silence


@pytest.mark.parametrize("comparison", ["GreaterThanThreshold", "LessThanThreshold", "GreaterThanOrEqualToThreshold"])
def test_the_last_good_value_and_the_first_bad_one_are_told_apart(comparison):
    alarm = {"EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": comparison}
    assert state(alarm, [within(alarm)], OK) == OK
    assert state(alarm, [beyond(alarm)], OK) == ALARM
