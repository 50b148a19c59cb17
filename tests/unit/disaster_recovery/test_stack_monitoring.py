"""Alarms stand where their figures exist, in both directions, tell somebody, and take silence for what it is."""

import json

import pytest

from lib.common import region
from tests.support.disaster_recovery import ROLES, configuration, production

REGIONS = dict(zip(ROLES, region.pair({}), strict=True))
SILENCE = {
    "AWS/CertificateManager DaysToExpiry": "ignore",
    "AWS/RDS AuroraGlobalDBReplicationLag": "missing",
    "AWS/RDS AuroraGlobalDBRPOLag": "missing",
    "AWS/Route53 HealthCheckStatus": "breaching",
    "DisasterRecovery ReplicationLagMilliseconds": "missing",
}


def alarms(role: str = "", metric: str = ""):
    return [a for a in production().of("aws_cloudwatch_metric_alarm", role) if metric in ("", a["metric_name"])]


@pytest.mark.parametrize("metric", ["AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"])
def test_auroras_lag_is_watched_on_both_sides_for_either_may_be_the_secondary_one(metric):
    for role in ROLES:
        plain, by_source = sorted(alarms(role, metric), key=lambda alarm: len(alarm["dimensions"]))
        cluster = production().one("aws_rds_cluster", role)["cluster_identifier"]
        assert plain["dimensions"] == {"DBClusterIdentifier": cluster}
        other = REGIONS[ROLES[1 - ROLES.index(role)]]
        assert by_source["dimensions"] == {"DBClusterIdentifier": cluster, "SourceRegion": other}
        assert plain["threshold"] == by_source["threshold"] == 5000


@pytest.mark.parametrize("role", ROLES)
def test_a_lag_that_is_no_longer_told_is_told(role):
    """Where the metric never was, "insufficient data" does not begin, and nothing is told."""
    for metric in ("AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"):
        for alarm in alarms(role, metric):
            assert alarm["treat_missing_data"] == "missing"
            assert alarm["insufficient_data_actions"] == alarm["alarm_actions"]


@pytest.mark.parametrize("role", ROLES)
def test_the_tables_latency_is_watched_in_both_directions(role):
    (alarm,) = alarms(role, "ReplicationLatency")
    other = REGIONS[ROLES[1 - ROLES.index(role)]]
    assert alarm["dimensions"] == {
        "TableName": production().one("aws_dynamodb_table")["name"],
        "ReceivingRegion": other,
    }


@pytest.mark.parametrize(("chosen", "gib"), [("db.r6g.large", 16), ("db.r6g.2xlarge", 64)])
def test_what_is_little_depends_on_the_databases_class(chosen, gib):
    found = configuration(DATABASE_INSTANCE_CLASS=chosen)
    for role in ROLES:
        thresholds = {a["metric_name"]: a["threshold"] for a in found.of("aws_cloudwatch_metric_alarm", role)}
        assert thresholds["FreeableMemory"] == pytest.approx(0.05 * gib * 1024**3, rel=0.01)
        # Aurora's local storage is about twice the memory, and a tenth of it is little.
        assert thresholds["FreeLocalStorage"] == pytest.approx(0.2 * gib * 1024**3, rel=0.01)
        assert thresholds["DatabaseConnections"] == int(0.7 * min(5000, gib * 1024**3 // 9_531_392))


@pytest.mark.parametrize("role", ROLES)
def test_each_regions_own_certificate_of_the_domain_is_watched(role):
    (alarm,) = alarms(role, "DaysToExpiry")
    shown = production().one("aws_api_gateway_domain_name", role)["regional_certificate_arn"]
    assert alarm["dimensions"] == {"CertificateArn": shown}


def test_without_a_domain_there_is_no_certificate_to_watch():
    assert [a for a in configuration().of("aws_cloudwatch_metric_alarm") if a["metric_name"] == "DaysToExpiry"] == []


def test_silence_is_what_it_means():
    for alarm in alarms():
        metric = f"{alarm['namespace']} {alarm['metric_name']}"
        assert alarm["treat_missing_data"] == SILENCE.get(metric, "notBreaching"), metric


@pytest.mark.parametrize("role", ROLES)
def test_functions_api_queue_and_database_are_watched_by_names_that_exist(role):
    found = production()
    watched = {(a["namespace"], a["metric_name"]): a["dimensions"] for a in alarms(role)}
    functions = {f["function_name"] for f in found.of("aws_lambda_function", role)}
    for metric in ("Errors", "Throttles"):
        assert {a["dimensions"]["FunctionName"] for a in alarms(role, metric)} == functions
    queue = found.one("aws_sqs_queue", role)["name"]
    assert watched["AWS/SQS", "ApproximateNumberOfMessagesVisible"] == {"QueueName": queue}
    rest, stage = found.one("aws_api_gateway_rest_api", role), found.one("aws_api_gateway_stage", role)
    api = {"ApiName": rest["name"], "Stage": stage["stage_name"]}
    assert watched["AWS/ApiGateway", "Latency"] == api
    assert watched["AWS/ApiGateway", "5XXError"] == {**api, "Resource": "/payments", "Method": "POST"}
    for metric in ("Findings", "Incomplete", "ReplicationLagMilliseconds"):
        assert watched["DisasterRecovery", metric]["service"] in functions


def test_health_checks_are_watched_where_route_53_tells_of_them():
    found = alarms(metric="HealthCheckStatus")
    assert {a["provider"] for a in found} == {"aws.global"}
    assert production().alias("global")["region"] == region.global_region(REGIONS["primary"])
    records = ("writer-check", "payments-check")  # which Route 53 follows: the regions' own are watched
    checks = {c.address for c in production().of("aws_route53_health_check") if not c.path.endswith(records)}
    assert {a["dimensions"]["HealthCheckId"] for a in found} == {f"${{{address}.id}}" for address in checks}
    assert {(a["comparison_operator"], a["threshold"]) for a in found} == {("LessThanThreshold", 1)}


@pytest.mark.parametrize("role", ROLES)
def test_where_the_pair_has_that_region_itself_nothing_is_made_twice(role):
    names = {"primary": "AWS_REGION", "secondary": "AWS_REGION_DR"}
    whole = region.global_region(REGIONS["primary"])
    found = configuration(**{names[role]: whole})
    assert [p["alias"] for p in found.json["provider"]["aws"]] == list(ROLES)
    checks = [a for a in found.of("aws_cloudwatch_metric_alarm") if a["metric_name"] == "HealthCheckStatus"]
    assert {a["provider"] for a in checks} == {f"aws.{role}"}
    assert len(found.of("aws_sns_topic")) == 2


@pytest.mark.parametrize("role", [*ROLES, "global"])
def test_every_alarm_tells_the_topic_of_its_own_region_when_it_begins_and_ends(role):
    topic = f"${{{production().one('aws_sns_topic', role).address}.arn}}"
    found = alarms(role)
    assert len(found) >= 2
    assert {json.dumps([a["alarm_actions"], a["ok_actions"]]) for a in found} == {json.dumps([[topic], [topic]])}


@pytest.mark.parametrize("role", [*ROLES, "global"])
def test_the_topic_is_encrypted_takes_this_accounts_alarms_and_writes_to_the_address(role):
    found = production()
    topic, policy = found.one("aws_sns_topic", role), found.one("aws_sns_topic_policy", role)
    assert f"keys-{role}_operations" in topic["kms_master_key_id"]
    (allowed,) = [s for s in json.loads(policy["policy"])["Statement"] if s["Effect"] == "Allow"]
    assert "aws:SourceAccount" in allowed["Condition"]["StringEquals"]
    assert found.one("aws_sns_topic_subscription", role)["endpoint"] == "team@example.com"


def test_without_an_address_nobody_is_written_to():
    assert configuration().of("aws_sns_topic_subscription") == []


@pytest.mark.parametrize("role", ROLES)
def test_the_dashboard_shows_every_alarm_of_the_region(role):
    widgets = json.loads(production().one("aws_cloudwatch_dashboard", role)["dashboard_body"])["widgets"]
    shown = {tuple(w["properties"]["metrics"][0][:2]) for w in widgets}
    assert shown == {(a["namespace"], a["metric_name"]) for a in alarms(role)}
    assert {w["properties"]["region"] for w in widgets} == {REGIONS[role]}
    assert len({(w["x"], w["y"]) for w in widgets}) == len(widgets)


def test_an_alarm_looks_back_no_longer_than_cloudwatch_can():
    found = configuration(VERIFY_HOURS="8").of("aws_cloudwatch_metric_alarm")
    assert max(a["period"] * a["evaluation_periods"] for a in found) == 86_400
    assert {a["period"] % 60 for a in found} == {0}
