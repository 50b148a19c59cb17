"""Every alarm tells somebody, and the dashboard shows what the alarms look at."""

import json

import pytest

from lib.common import region
from tests.support.production import ON_DUTY
from tests.support.program import declare, program

ALARM = "cloudwatch/metricAlarm:MetricAlarm"
HERE = region.primary({})
CERTIFICATE = f"arn:{region.partition(HERE)}:acm:{HERE}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
EXPECTED = {
    "balancer-errors",
    "errors",
    "latency",
    "unhealthy",
    "cpu",
    "memory",
    "tasks",
    "tasks-missing",
    "database-cpu",
    "database-connections",
    "database-memory",
    "database-credits",
    "database-local-storage",
    "firewall",
    "nat-ports-1",
    "nat-ports-2",
    "nat-ports-3",
    "database-lag",
    "database-deadlocks",
}


def test_the_alarms_are_all_there():
    assert {alarm.name for alarm in program().of(ALARM)} == EXPECTED


def test_tasks_are_watched_once_there_are_any():
    assert {alarm.name for alarm in declare(dict(ON_DUTY)).of(ALARM)} == EXPECTED - {
        "cpu",
        "memory",
        "tasks",
        "tasks-missing",
    }


def test_every_alarm_tells_the_topic_when_it_begins_and_ends():
    topic = program().outputs["alarmTopicArn"]
    alarms = program().of(ALARM)
    assert len(alarms) == len(EXPECTED)
    assert all(a.inputs["alarmActions"] == a.inputs["okActions"] == [topic] for a in alarms)


def test_every_alarm_has_exactly_one_kind_of_statistic():
    alarms = [a.inputs for a in program().of(ALARM) if "metricQueries" not in a.inputs]
    assert all(("statistic" in a) != ("extendedStatistic" in a) for a in alarms)
    assert program().one(ALARM, "latency")["extendedStatistic"] == "p95"


def test_fewer_tasks_than_scaling_asks_for_are_an_alarm():
    alarm = program().one(ALARM, "tasks-missing")
    *metrics, computed = alarm["metricQueries"]
    assert [(each["id"], each["metric"]["metricName"]) for each in metrics] == [
        ("whole", "DesiredTaskCount"),
        ("part", "RunningTaskCount"),
    ]
    assert (computed["expression"], computed["returnData"]) == ("whole - part", True)
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)
    assert {each["metric"]["dimensions"]["ServiceName"] for each in metrics} == {"flask-api-dev"}


def test_without_container_insights_nothing_counts_tasks():
    found = {alarm.name for alarm in program(CONTAINER_INSIGHTS="disabled").of(ALARM)}
    assert found == EXPECTED - {"tasks", "tasks-missing"}


@pytest.mark.parametrize("least", [2, 7])
def test_fewer_tasks_than_always_have_to_run_are_an_alarm(least):
    assert program(TASKS_MIN=str(least)).one(ALARM, "tasks")["threshold"] == least


@pytest.mark.parametrize(
    ("chosen", "connections", "mebibytes"), [("db.t4g.medium", 315, 204), ("db.r6g.large", 1261, 819)]
)
def test_what_is_much_depends_on_the_databases_class(chosen, connections, mebibytes):
    found = program(DATABASE_INSTANCE_CLASS=chosen)
    assert found.one(ALARM, "database-connections")["threshold"] == connections
    assert found.one(ALARM, "database-memory")["threshold"] == mebibytes * 1024**2
    # Aurora's local storage is about twice the memory, and a tenth of it is little.
    assert found.one(ALARM, "database-local-storage")["threshold"] == pytest.approx(4 * mebibytes * 1024**2, rel=0.01)
    charged = [alarm.name for alarm in found.of(ALARM) if alarm.name == "database-credits"]
    assert charged == ["database-credits"] * chosen.startswith("db.t")


@pytest.mark.parametrize(("each", "numbers"), [("true", {1, 2, 3}), ("false", {1})])
def test_each_nat_gateway_without_a_port_is_an_alarm(each, numbers):
    alarms = [alarm for alarm in program(NAT_PER_ZONE=each).of(ALARM) if alarm.name.startswith("nat-ports-")]
    assert {int(alarm.name.rpartition("-")[2]) for alarm in alarms} == numbers
    assert len({alarm.inputs["dimensions"]["NatGatewayId"] for alarm in alarms}) == len(numbers)


def test_a_certificate_that_nobody_renews_is_an_alarm():
    alarm = program(CERTIFICATE_ARN=CERTIFICATE).one(ALARM, "certificate")
    assert alarm["dimensions"] == {"CertificateArn": CERTIFICATE}
    assert (alarm["threshold"], alarm["comparisonOperator"], alarm["period"]) == (30, "LessThanThreshold", 86_400)


def test_a_certificate_that_has_ended_does_not_end_its_alarm():
    """ACM writes no value of it any more."""
    assert program(CERTIFICATE_ARN=CERTIFICATE).one(ALARM, "certificate")["treatMissingData"] == "ignore"


def test_no_task_at_all_is_an_alarm_even_without_figures():
    assert program().one(ALARM, "tasks")["treatMissingData"] == "breaching"
    assert program().one(ALARM, "tasks")["comparisonOperator"] == "LessThanThreshold"


def test_figures_are_those_of_this_stack():
    assert program().one(ALARM, "errors")["dimensions"]["TargetGroup"].startswith("targetgroup/flask-api-dev/")
    assert set(program().one(ALARM, "balancer-errors")["dimensions"]) == {"LoadBalancer"}
    assert program().one(ALARM, "cpu")["dimensions"] == {"ClusterName": "flask-api-dev", "ServiceName": "flask-api-dev"}
    assert program().one(ALARM, "database-lag")["dimensions"] == {"DBClusterIdentifier": "cluster-id"}


@pytest.mark.parametrize(("email", "count"), [("team@example.com", 1), ("", 0)])
def test_an_address_is_told_when_there_is_one(email, count):
    found = program(ENVIRONMENT="staging", ALARM_EMAIL=email).of("sns/topicSubscription:TopicSubscription")
    assert [s.inputs["endpoint"] for s in found] == [email] * count


def test_cloudwatch_may_publish_and_nobody_without_tls():
    allowed, refused = json.loads(program().one("sns/topicPolicy:TopicPolicy")["policy"])["Statement"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert (refused["Effect"], refused["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_dashboard_shows_requests_and_every_alarms_figure():
    body = json.loads(program().one("cloudwatch/dashboard:Dashboard")["dashboardBody"])
    shown = {metric[1] for widget in body["widgets"] for metric in widget["properties"]["metrics"]}
    alarms = [alarm.inputs for alarm in program().of(ALARM)]
    assert shown == {"RequestCount", "DesiredTaskCount"} | {a["metricName"] for a in alarms if "metricName" in a}
    assert {widget["properties"]["region"] for widget in body["widgets"]} == {region.primary({})}


def test_no_widget_lies_upon_another():
    body = json.loads(program().one("cloudwatch/dashboard:Dashboard")["dashboardBody"])
    assert len({(widget["x"], widget["y"]) for widget in body["widgets"]}) == len(body["widgets"]) == 20
