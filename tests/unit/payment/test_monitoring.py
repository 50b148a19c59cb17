"""What the alarms watch is what the functions write, under the same name, namespace and dimensions."""

import json

import pytest

from tests.support import functions
from tests.support import payment as support
from tests.support.program import program


def alarms():
    return {found.name: found.inputs for found in program(system="payment").of("cloudwatch/metricAlarm:MetricAlarm")}


@pytest.fixture
def emitted(server, sql, bucket, capsys, monkeypatch):
    """What a function writes when it runs with the environment that the stack gives it."""
    del sql

    def run(part, call):
        given = program(system="payment").one("lambda/function:Function", part)["environment"]["variables"]
        for name in ("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"):
            monkeypatch.setenv(name, given[name])
        modules = functions.load("payment", part)
        database = modules.handler.database
        database._environ = support.environ(server, part)
        trail = modules.trail.Trail(lambda: bucket)
        if part == "drain":
            modules.handler.trail = trail
        else:
            modules.handler.outbox.trail = trail
        capsys.readouterr()
        try:
            call(modules)
        finally:
            database.close()
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return {
            (directive["Namespace"], metric["Name"], *((name, line[name]) for name in names))
            for line in lines
            if "_aws" in line
            for directive in line["_aws"]["CloudWatchMetrics"]
            for names in directive["Dimensions"]
            for metric in directive["Metrics"]
        }

    return run


def wanted(alarm):
    """Return what an alarm looks at."""
    return (alarm["namespace"], alarm["metricName"], *alarm["dimensions"].items())


TRAIL = ["audit-age", "audit-mismatch", "audit-unreadable", "audit-pass"]


@pytest.mark.parametrize("name", TRAIL)
def test_each_run_of_the_drain_says_what_its_alarms_ask(emitted, name):
    """Zero too: an alarm that gets no figure cannot tell well from dead."""
    found = emitted("drain", lambda modules: modules.handler.handler({}, functions.Context(60)))
    assert wanted(alarms()[name]) in found


def test_a_refused_card_number_is_what_its_alarm_counts(emitted):
    event = support.event("POST", "/payments", support.payment(reference=support.VISA), key="key")
    found = emitted("api", lambda modules: modules.handler.handler(event, functions.Context()))
    assert wanted(alarms()["cards"]) in found


def test_no_alarm_watches_a_figure_of_ours_that_nobody_writes():
    """Another one has to be shown to be written, above."""
    namespaces = {name: alarm["namespace"] for name, alarm in alarms().items()}
    ours = {name for name, namespace in namespaces.items() if not namespace.startswith("AWS/")}
    assert ours == {*TRAIL, "cards"}


def test_a_drain_that_does_not_run_rings():
    """It says each minute how long something has waited; when it says nothing, something may wait forever."""
    missing = {name: alarm["treatMissingData"] for name, alarm in alarms().items()}
    assert [name for name, how in missing.items() if how == "breaching"] == ["audit-age"]


def test_what_was_found_does_not_clear_itself():
    """Each run says how many findings are open; while none runs, an alarm stays as it is."""
    found = alarms()
    assert {name: found[name]["treatMissingData"] for name in TRAIL[1:]} == dict.fromkeys(TRAIL[1:], "ignore")
    assert {found[name]["statistic"] for name in TRAIL} == {"Maximum"}


@pytest.mark.parametrize("hours", [24, 100])
def test_a_pass_may_take_as_long_as_the_setting_says(hours):
    """Twice that is an alarm, and the drain is told."""
    declared = program(system="payment", AUDIT_PASS_HOURS=str(hours))
    (alarm,) = [
        each
        for each in declared.of("cloudwatch/metricAlarm:MetricAlarm")
        if each.inputs["metricName"] == "AuditPassSeconds"
    ]
    assert alarm.inputs["threshold"] == 2 * hours * 3600
    variables = declared.one("lambda/function:Function", "drain").get("environment")["variables"]
    assert variables["AUDIT_PASS_HOURS"] == str(hours)


def test_errors_that_callers_inside_the_network_get_are_counted_whoever_answers():
    """What the load balancer answers by itself, and what the function answers through it, are two figures."""
    of_all = alarms()
    own, answers = of_all["balancer-errors"], of_all["balancer-answers"]
    assert (own["metricName"], set(own["dimensions"])) == ("HTTPCode_ELB_5XX_Count", {"LoadBalancer"})
    assert (answers["metricName"], set(answers["dimensions"])) == (
        "HTTPCode_Target_5XX_Count",
        {"LoadBalancer", "TargetGroup"},
    )
