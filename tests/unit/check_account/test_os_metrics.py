"""The figures of RDS's Enhanced Monitoring end: where nobody says when, the account is given what RDS gives itself."""

import pytest

from lib.check_account import fix
from lib.check_account.checks import os_metrics
from lib.check_account.model import Verdict
from tests.support.check_account import HERE, THERE, Stubs, resource, system

CLUSTER, INSTANCE = "AWS::RDS::DBCluster", "AWS::RDS::DBInstance"
ASKED = {"logGroupNamePrefix": "RDSOSMetrics"}


def checked(stubs):
    (check,) = os_metrics.checks([system(resource(INSTANCE, MonitoringInterval=60))])
    (row,) = check.evaluate(check.collect(stubs.account))
    return row


def test_each_region_with_a_monitored_database_is_asked_once():
    databases = [
        resource(CLUSTER, "a", MonitoringInterval=60),
        resource(INSTANCE, "b", MonitoringInterval=60),
        resource(INSTANCE, "c", THERE, MonitoringInterval=60),
    ]
    checks = os_metrics.checks([system(*databases, name="shop"), system(databases[1], name="mail")])
    assert {check.region: check.needed for check in checks} == {HERE: "an end (mail, shop)", THERE: "an end (shop)"}


@pytest.mark.parametrize("properties", [{}, {"MonitoringInterval": 0}])
def test_a_database_that_is_not_monitored_writes_nothing(properties):
    assert os_metrics.checks([system(resource(INSTANCE, **properties))]) == []


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        ([], "not there yet"),
        ([{"logGroupName": "RDSOSMetricsOfOurs"}], "not there yet"),
        ([{"logGroupName": "RDSOSMetrics", "retentionInDays": 30}], "30 days"),
        ([{"logGroupName": "RDSOSMetrics", "retentionInDays": 7}], "7 days"),
    ],
)
def test_what_has_an_end_stays_as_it_is(groups, found):
    row = checked(Stubs().answer("logs", "describe_log_groups", {"logGroups": groups}, ASKED))
    assert (row.verdict, row.calls) == (Verdict.OK, ())
    assert row.found.startswith(found)


def test_what_is_kept_forever_gets_the_days_of_rds():
    stubs = Stubs().answer("logs", "describe_log_groups", {"logGroups": [{"logGroupName": "RDSOSMetrics"}]}, ASKED)
    row = checked(stubs)
    assert (row.verdict, row.found) == (Verdict.CHANGE, "kept forever")
    assert row.fix == (
        f"aws logs put-retention-policy --region {HERE} --log-group-name RDSOSMetrics --retention-in-days 30"
    )
    stubs.answer("logs", "put_retention_policy", {}, {"logGroupName": "RDSOSMetrics", "retentionInDays": 30})
    assert fix.apply(stubs.account, [row], lambda _command: True, lambda _text: None)
    stubs.assert_all_asked()
