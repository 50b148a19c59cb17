"""A4: each format holds every finding, is valid by its own rules, and cannot be turned against its reader."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lib.analyse import outputs
from lib.analyse.outputs import csv_report, html_report, json_report, ocsf_report, sarif_report
from tests.support import analyse
from tests.support import analyse_content as content
from tests.support.analyse import HERE, PRICED

SCHEMA = json.loads((Path(outputs.__file__).parents[1] / "report.schema.json").read_text(encoding="utf-8"))
FORMATS = [part for name in outputs.FILES for part in ("--format", name)]
EVIL = '</script><script>alert("x")</script>'


@pytest.fixture
def reports(start, tmp_path) -> dict[str, str]:
    """Run once with everything that a report can have, and return every report by its format."""
    account = content.account(30, 20, 20)
    account.rows["Volumes"][0]["Tags"] = content.tags(Owner="=cmd|'/c calc'!A1", Name=EVIL)
    account.prefix_lists["pl-1"] = ["0.0.0.0/0"]
    account.rows["SecurityGroupRules"].append(content.rule(999, "sg-00000000000000000", "tcp", 22, "pl-1"))
    ignores = tmp_path / "ignore.toml"
    ignores.write_text('[[ignore]]\ntag = "Owner=web"\nreason = "known"\nexpires = 2999-01-01\n', encoding="utf-8")
    cloud = analyse.cloud(account, denied={"DescribeLogGroups"})
    start(cloud)("--region", HERE, "--region", PRICED, "--ignore", str(ignores), *FORMATS)
    return {name: (tmp_path / "out" / file).read_text(encoding="utf-8") for name, file in outputs.FILES.items()}


def findings(reports: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(reports["json"])["findings"]
    return found


def test_the_schema_is_a_schema_of_2020_12():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"].endswith(outputs.SCHEMA_VERSION)


def test_report_json_follows_its_schema(reports):
    report = json.loads(reports["json"])
    Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(report)
    assert report["complete"] is False
    assert report["schema_version"] == outputs.SCHEMA_VERSION


@pytest.mark.parametrize("change", [{"severity": "grave"}, {"arn": "x"}, {"monthly_usd": -1}, {"more": 1}])
def test_the_schema_notices_what_is_wrong(reports, change):
    report = json.loads(reports["json"])
    report["findings"][0].update(change)
    assert not Draft202012Validator(SCHEMA).is_valid(report)


def test_sums_are_those_of_the_findings(reports):
    report = json.loads(reports["json"])
    counted = [finding for finding in report["findings"] if not finding["ignored"]]
    assert report["summary"]["findings"] == len(counted)
    assert report["summary"]["ignored"] == len(report["findings"]) - len(counted) > 0
    for check, tally in report["summary"]["by_check"].items():
        mine = [finding for finding in counted if finding["check"] == check]
        assert tally["count"] == len(mine)
        assert tally["monthly_usd"] == pytest.approx(sum(finding["monthly_usd"] or 0 for finding in mine))
        assert tally["unpriced"] == sum(finding["unpriced"] is not None for finding in mine)
        for name in ("severity", "region", "owner", "type"):
            assert sum(entry["count"] for entry in tally[f"by_{name}"].values()) == len(mine)


def test_report_csv_has_a_row_for_each_finding_and_no_formula(reports):
    rows = list(csv.DictReader(io.StringIO(reports["csv"], newline="")))
    missing, rows = rows[:2], rows[2:]
    assert [(row["check"], row["id"], row["type"]) for row in missing] == [("not-looked-at", "log_groups", "none")] * 2
    assert {row["region"] for row in missing} == {HERE, PRICED}
    assert all("AccessDenied" in row["title"] and not row["monthly_usd"] for row in missing)
    found = findings(reports)
    assert [row["id"] for row in rows] == [finding["id"] for finding in found]
    assert {row["owner"] for row in rows} >= {"'=cmd|'/c calc'!A1", "data"}
    volumes = [(row, f) for row, f in zip(rows, found, strict=True) if f["check"] == "zombie-volume"]
    assert all(row["size_gib"] == str(f["details"]["size_gib"]) for row, f in volumes)
    assert {row["ignored"] for row in rows} == {"", "known"}
    assert not any(value.startswith(csv_report._FORMULA) for row in rows for value in row.values())


def test_report_sarif_has_what_version_2_1_0_requires(reports):
    log = json.loads(reports["sarif"])
    (run,) = log["runs"]
    assert (log["version"], len(run["results"])) == ("2.1.0", len(findings(reports)))
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        (place,) = result["locations"]
        assert re.fullmatch(r"[\w/.~%-]+", place["physicalLocation"]["artifactLocation"]["uri"])
        assert place["logicalLocations"][0]["fullyQualifiedName"].startswith("arn:")
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert len(invocation["toolExecutionNotifications"]) == 2
    assert any("suppressions" in result for result in run["results"])
    prints = [result["partialFingerprints"]["resource/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_report_ocsf_has_what_version_1_8_0_requires(reports):
    events = json.loads(reports["ocsf"])
    missing, events = events[:2], events[2:]
    for event in missing:
        assert (event["class_uid"], event["type_uid"], event["activity_id"], event["status_id"]) == (6007, 600706, 6, 2)
        assert "AccessDenied" in event["status_detail"]
        assert event["scan"] == {"name": "log_groups", "type_id": 1}
        assert {"category_uid", "time", "severity_id", "metadata", "cloud"} <= set(event)
    assert len(events) == len(findings(reports))
    for event in events:
        assert event["class_uid"] in {2003, 2004}
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["metadata"]["version"] == ocsf_report.VERSION == "1.8.0"
        assert {"category_uid", "time", "severity_id", "finding_info", "cloud"} <= set(event)
        assert ("compliance" in event) is (event["class_uid"] == 2003)
        assert event["finding_info"]["uid"]
    assert {event["status_id"] for event in events} == {1, 3}


def test_report_html_holds_the_findings_and_reaches_for_no_network(reports):
    page = reports["html"]
    data = re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.S)
    assert data is not None
    assert json.loads(data[1]) == findings(reports)
    assert EVIL not in page
    assert set(re.findall(r"https?://[^\s\"'<>]+", page.replace(data[0], ""))) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page
    assert "{{" not in page.replace(data[0], "")


def test_reports_without_findings_are_valid_too():
    head = {
        "checks": {}, "coverage": [], "complete": True, "notices": [], "tool": {"name": "analyse", "version": "1"},
        "started_at": "2026-11-23T00:00:00+00:00",
    }  # fmt: skip

    def nothing() -> Iterator[str]:
        return iter(())

    for module in (json_report, sarif_report, ocsf_report):
        file = io.StringIO()
        module.write(file, head, nothing, [])
        json.loads(file.getvalue())
    file = io.StringIO()
    html_report.write(file, head, nothing, [])
    assert 'type="application/json">[]' in file.getvalue()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1", "'=1"),
        ("plain", "plain"),
        (-1, -1),
        ({}, ""),
        ({"a": 1}, '{"a": 1}'),
        ([], ""),
        (None, None),
        (True, True),
    ],
)
def test_cells(value, cell):
    assert csv_report.cell(value) == cell
