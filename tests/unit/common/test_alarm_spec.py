"""Alarms and dashboards are plain data that name a metric, its dimensions, and when somebody has to look."""

import json
from dataclasses import replace

import pytest

from lib.common.alarm_spec import ABOVE, COLUMNS, HEIGHT, MINUTE, WIDTH, AlarmSpec, dashboard_body

ERRORS = AlarmSpec("errors", "AWS/Lambda", "Errors", "Sum", 5, 2, "The function fails", {"FunctionName": "f"})
NEVER = AlarmSpec("throttles", "AWS/Lambda", "Throttles", "Sum", 0, 3, "Lambda refuses to run it")
DASHBOARD_UNITS = (
    24  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
)


def test_an_alarm_rings_above_its_threshold_each_minute_unless_it_says_otherwise():
    assert (NEVER.comparison, NEVER.period, NEVER.treat_missing_data) == (ABOVE, MINUTE, "notBreaching")
    assert NEVER.dimensions == {}


def test_dimensions_are_given_to_a_copy():
    """One specification serves several functions."""
    found = NEVER.on({"FunctionName": "g"})
    assert (found.dimensions, found.name, NEVER.dimensions) == ({"FunctionName": "g"}, "throttles", {})


@pytest.mark.parametrize("statistic", ["p95", "p99.9"])
def test_a_percentile_has_an_argument_of_its_own(statistic):
    found = AlarmSpec("latency", "AWS/ApiGateway", "Latency", statistic, 1, 1, "Slow").arguments()
    assert found["extended_statistic"] == statistic
    assert "statistic" not in found


def test_the_arguments_are_those_of_the_provider():
    assert ERRORS.arguments() == {
        "alarm_description": "The function fails.",
        "namespace": "AWS/Lambda",
        "metric_name": "Errors",
        "dimensions": {"FunctionName": "f"},
        "statistic": "Sum",
        "period": 60,
        "evaluation_periods": 2,
        "threshold": 5,
        "comparison_operator": "GreaterThanThreshold",
        "treat_missing_data": "notBreaching",
    }


def test_an_alarm_on_a_difference_names_both_metrics_and_is_on_what_is_computed():
    found = replace(ERRORS, minus="Throttles").arguments()
    assert not {"metric_name", "namespace", "dimensions", "statistic", "period"} & set(found)
    *metrics, computed = found["metric_query"]
    for query, name in zip(metrics, ("Errors", "Throttles"), strict=True):
        looked_at = {"namespace": "AWS/Lambda", "dimensions": {"FunctionName": "f"}, "period": 60, "stat": "Sum"}
        assert query["metric"] == looked_at | {"metric_name": name}
        assert "return_data" not in query
    first, second = (query["id"] for query in metrics)
    assert computed["expression"] == f"{first} - {second}"
    assert (computed["return_data"], computed["label"]) == (True, "The function fails")


def test_a_graph_of_a_difference_is_two_lines():
    (widget,) = dashboard_body([replace(ERRORS, minus="Throttles")], "the-region", line_at_zero=True)["widgets"]
    assert [metric[1] for metric in widget["properties"]["metrics"]] == ["Errors", "Throttles"]
    assert "annotations" not in widget["properties"]


def test_a_graph_shows_what_the_alarm_looks_at():
    (widget,) = dashboard_body([ERRORS], "the-region", line_at_zero=False)["widgets"]
    assert widget["properties"] == {
        "title": "The function fails",
        "region": "the-region",
        "stat": "Sum",
        "period": 60,
        "metrics": [["AWS/Lambda", "Errors", "FunctionName", "f"]],
        "annotations": {"horizontal": [{"label": "alarm", "value": 5}]},
    }


@pytest.mark.parametrize("line_at_zero", [True, False])
def test_a_threshold_of_zero_has_a_line_when_it_is_asked_for(line_at_zero):
    (widget,) = dashboard_body([NEVER], "the-region", line_at_zero=line_at_zero)["widgets"]
    assert ("annotations" in widget["properties"]) is line_at_zero


def test_graphs_stand_in_rows_that_fill_the_dashboard():
    """None lies upon another, and none beyond the edge."""
    widgets = dashboard_body([NEVER] * 7, "the-region", line_at_zero=False)["widgets"]
    assert COLUMNS * WIDTH == DASHBOARD_UNITS
    assert [(w["x"], w["y"]) for w in widgets] == [(n % 3 * 8, n // 3 * 6) for n in range(7)]
    assert {(w["width"], w["height"], w["type"]) for w in widgets} == {(WIDTH, HEIGHT, "metric")}
    assert json.loads(json.dumps(widgets)) == widgets
