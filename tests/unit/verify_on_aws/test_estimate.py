"""Cost and times come from the documents and from earlier runs; what nobody has measured is not given a figure."""

from dataclasses import replace

import pytest

import tap
from lib.common.errors import SettingError
from lib.verify_on_aws import estimate, evidence
from lib.verify_on_aws.evidence import Step
from tests.support.evidence import RUN

TABLE = """
| while nothing uses it | unit price (USD) | `dev`, a month | `staging`, a month | `production`, a month |
|---|---|---|---|---|
| **sum, a month** | | **122.22** | **130.00** | **244.97** |
| **sum, an hour** | | **0.167** | **0.178** | **0.336** |
"""


@pytest.mark.parametrize("system", tap.SYSTEMS)
def test_every_document_says_what_an_hour_costs(system):
    assert 0 < estimate.per_hour(system) < 5


def test_the_price_is_that_of_dev(tmp_path):
    (tmp_path / "shop.md").write_text(TABLE)
    assert estimate.per_hour("shop", tmp_path) == 0.167


@pytest.mark.parametrize("text", ["", TABLE.replace("sum, an hour", "sum"), TABLE * 2])
def test_a_document_without_one_table_is_refused(tmp_path, text):
    (tmp_path / "shop.md").write_text(text)
    with pytest.raises(SettingError, match=r"shop\.md has no table of cost"):
        estimate.per_hour("shop", tmp_path)
    with pytest.raises(SettingError, match=r"mail\.md has no table of cost"):
        estimate.per_hour("mail", tmp_path)


def test_only_what_passed_was_measured():
    failed = replace(RUN, began="2026-12-01T00:00:00+00:00", steps=[Step("deploy", 5, evidence.FAILED)])
    assert list(estimate.times(("deploy", "destroy"), [RUN, failed])) == [
        "  deploy   62 s, measured on 2026-11-30",
        "  destroy  not measured yet",
    ]


def test_the_last_run_counts():
    again = replace(RUN, began="2026-12-01T00:00:00+00:00", steps=[Step("deploy", 1500, evidence.PASSED)])
    (line,) = estimate.times(("deploy",), [RUN, again])
    assert line == "  deploy  25 min, measured on 2026-12-01"


def test_the_cost_of_what_was_never_run_is_that_of_the_limit():
    text = estimate.cost("payment", 6, [replace(RUN, result=evidence.FAILED)])
    assert f"about {estimate.per_hour('payment') * 7:.2f} USD for 6.0 hours (the limit; how long it takes" in text


def test_the_cost_of_what_was_run_is_that_of_its_time():
    hours = replace(RUN, steps=[Step("deploy", 7200, evidence.PASSED)])
    text = estimate.cost("payment", 6, [RUN, hours])
    assert f"about {estimate.per_hour('payment') * 3:.2f} USD for 2.0 hours (as on 2026-11-30)" in text


@pytest.mark.parametrize(("text", "hours"), [("1", 1), ("2.5", 2.5), ("24", 24)])
def test_hours_are_read(text, hours):
    assert estimate.limit_hours(text) == hours


@pytest.mark.parametrize("text", ["", "0", "0.5", "25", "-1", "nan", "1e1"])
def test_other_hours_are_refused(text):
    with pytest.raises(SettingError, match="from 1 to 24"):
        estimate.limit_hours(text)
