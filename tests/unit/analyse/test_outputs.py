"""Each format holds every finding, is valid by its own rules, and cannot be turned against its reader."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lib.analyse import outputs, region_names
from lib.analyse.model import rank
from lib.analyse.outputs import csv_report, html_report, json_report, ocsf_report, sarif_report
from lib.analyse.prices import SECTIONS, Prices
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse import judges as analyse_judges
from tests.support.analyse import prices as analyse_prices
from tests.support.analyse.auditor import HERE, PRICED

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
    suppressions = tmp_path / "ignore.toml"
    suppressions.write_text('[[ignore]]\ntag = "Owner=web"\nreason = "known"\nexpires = 2999-01-01\n', encoding="utf-8")
    cloud = analyse.cloud(account, denied={"DescribeLogGroups"})
    start(cloud)("--region", HERE, "--region", PRICED, "--ignore", str(suppressions), *FORMATS)
    return {name: (tmp_path / "out" / file).read_text(encoding="utf-8") for name, file in outputs.FILES.items()}


def findings(reports: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(reports["json"])["findings"]
    return found


def table(text: str) -> list[dict[str, str]]:
    """Read report.csv as a spreadsheet does, which needs the mark at its beginning to know that it is UTF-8."""
    assert text.startswith("\ufeff")
    assert not text.startswith("\ufeff" * 2)
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def test_the_schema_is_a_schema_of_2020_12():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"].endswith(outputs.SCHEMA_VERSION)


def test_report_json_follows_its_schema(reports):
    report = json.loads(reports["json"])
    Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(report)
    assert report["complete"] is False
    assert report["schema_version"] == outputs.SCHEMA_VERSION


@pytest.mark.parametrize("change", [{"severity": "unheard-of"}, {"arn": "x"}, {"monthly_usd": -1}, {"more": 1}])
def test_the_schema_notices_what_is_wrong(reports, change):
    report = json.loads(reports["json"])
    report["findings"][0].update(change)
    assert not Draft202012Validator(SCHEMA).is_valid(report)


def test_sums_are_those_of_the_findings(reports):
    report = json.loads(reports["json"])
    counted = [finding for finding in report["findings"] if not finding["ignored"]]
    assert report["summary"]["findings"] == len(counted)
    assert report["summary"]["ignored"] == len(report["findings"]) - len(counted) > 0
    for check, summary in report["summary"]["by_check"].items():
        mine = [finding for finding in counted if finding["check"] == check]
        assert summary["count"] == len(mine)
        assert summary["monthly_usd"] == pytest.approx(sum(finding["monthly_usd"] or 0 for finding in mine))
        assert summary["unpriced"] == sum(finding["unpriced"] is not None for finding in mine)
        for name in ("severity", "region", "owner", "type"):
            assert sum(entry["count"] for entry in summary[f"by_{name}"].values()) == len(mine)


def test_report_csv_has_a_row_for_each_finding_and_no_formula(reports):
    rows = table(reports["csv"])
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
    assert {row["account"] for row in [*missing, *rows]} == {"'123456789012"}


def test_report_sarif_has_what_version_2_1_0_requires(reports):
    log = json.loads(reports["sarif"])
    (run,) = log["runs"]
    assert (log["version"], len(run["results"])) == ("2.1.0", len(findings(reports)))
    assert analyse_judges.sarif(log) == []
    assert analyse_judges.github_sarif(log) == []
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
    for name in ("resource/v1", "primaryLocationLineHash"):
        prints = [result["partialFingerprints"][name] for result in run["results"]]
        assert len(set(prints)) == len(prints)


def test_report_ocsf_has_what_version_1_8_0_requires(reports):
    events = json.loads(reports["ocsf"])
    assert analyse_judges.ocsf(events) == []
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
        "checks": {},
        "coverage": [],
        "complete": True,
        "notices": [],
        "tool": {"name": "analyse", "version": "1"},
        "started_at": "2026-11-23T00:00:00+00:00",
        "prices": {"warnings": []},
        "summary": {"findings": 0, "ignored": 0, "by_check": {}},
    }

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
        ("012345678901", "'012345678901"),
        ("1e5", "'1e5"),
        ("1-2", "'1-2"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2026-11-23T12:00:00+00:00", "2026-11-23T12:00:00+00:00"),
        ("vol-1", "vol-1"),
        (12, 12),
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


CHINA = {"volumes": analyse_prices.VOLUMES, "logs": analyse_prices.LOGS}
SUMS = ("severity", "region", "owner", "type")


def run_with(start, tmp_path, monkeypatch, table: Prices, *regions: str) -> dict[str, str]:
    """Run with a price table, and return every report by its format."""
    monkeypatch.setattr(Prices, "read", classmethod(lambda _cls: table))
    options = [part for name in regions for part in ("--region", name)]
    start(analyse.cloud(content.account(12, 4, 12)))(*options, "--streams", "off", *FORMATS)
    return {name: (tmp_path / "out" / file).read_text(encoding="utf-8") for name, file in outputs.FILES.items()}


def test_what_has_no_price_is_never_zero_in_any_report(start, tmp_path, monkeypatch, capsys):
    found = run_with(start, tmp_path, monkeypatch, analyse_prices.prices(), HERE)
    report = json.loads(found["json"])
    Draft202012Validator(SCHEMA).validate(report)
    for check in ("zombie-volume", "log-cost"):
        summary = report["summary"]["by_check"][check]
        for entry in (summary, *(e for name in SUMS for e in summary[f"by_{name}"].values())):
            assert (entry["monthly_usd"], entry["unpriced"]) == (None, entry["count"])
    assert report["prices"]["regions"] == {HERE: dict.fromkeys(("currency", *SECTIONS))}
    rows = [row for row in table(found["csv"]) if row["check"] != "open-ingress"]
    assert {(row["monthly_usd"], row["monthly_cost"]) for row in rows} == {("not priced", "not priced")}
    results = json.loads(found["sarif"])["runs"][0]["results"]
    said = [result["message"]["text"] for result in results if not result["ruleId"].startswith("open-")]
    assert all("; not priced: no price for " in text for text in said)
    events = [event for event in json.loads(found["ocsf"]) if event["class_uid"] == 2003]
    assert all("; not priced: no price for " in event["message"] for event in events)
    assert {event["unmapped"]["monthly_usd"] for event in events} == {None}
    printed = capsys.readouterr().out
    assert "0.00" not in printed
    assert f"by region: {HERE} 12 (not priced)" in printed


def test_a_sum_of_priced_and_unpriced_has_both(start, tmp_path, monkeypatch, capsys):
    report = json.loads(run_with(start, tmp_path, monkeypatch, analyse_prices.prices(), HERE, PRICED)["json"])
    summary = report["summary"]["by_check"]["zombie-volume"]
    assert (summary["count"], summary["unpriced"]) == (24, 12)
    assert summary["monthly_usd"] == summary["by_region"][PRICED]["monthly_usd"] > 0
    assert summary["by_region"][HERE]["monthly_usd"] is None
    assert " USD a month, 12 not priced" in capsys.readouterr().out


def test_yuan_keep_their_currency_and_are_never_added_to_dollars(start, tmp_path, monkeypatch, capsys):
    china = {region_names.names()[HERE]: analyse_prices.region("CNY", **CHINA)}
    found = run_with(start, tmp_path, monkeypatch, analyse_prices.prices(**china), HERE, PRICED)
    report = json.loads(found["json"])
    Draft202012Validator(SCHEMA).validate(report)
    summary = report["summary"]["by_check"]["zombie-volume"]
    assert summary["unpriced"] == 0
    assert summary["monthly_usd"] == summary["by_region"][PRICED]["monthly_usd"]
    assert summary["by_region"][HERE]["monthly_usd"] is None
    assert summary["monthly_other_currencies"] == {
        "CNY": summary["monthly_usd"]
    }  # the same figures, in another currency
    rows = [finding for finding in report["findings"] if finding["check"] == "zombie-volume"]
    assert {(row["region"], row["currency"], row["monthly_usd"] is None) for row in rows} == {
        (HERE, "CNY", True),
        (PRICED, "USD", False),
    }
    cells = table(found["csv"])
    assert {(row["monthly_usd"] == "", row["currency"]) for row in cells if row["check"] == "zombie-volume"} == {
        (True, "CNY"),
        (False, "USD"),
    }
    assert " CNY a month" in capsys.readouterr().out


def test_old_prices_are_told_with_their_age_in_every_report_that_has_room_for_it(start, tmp_path, monkeypatch, capsys):
    old = analyse_prices.region(day="2025-01-01", volumes=analyse_prices.VOLUMES)
    table = analyse_prices.prices(**{region_names.names()[HERE]: old})
    found = run_with(start, tmp_path, monkeypatch, table, HERE)
    (said,) = json.loads(found["json"])["prices"]["warnings"]
    assert re.match(rf"The prices of volumes in {HERE} are \d+ days old \(2025-01-01\)", said)
    run = json.loads(found["sarif"])["runs"][0]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note == {"level": "warning", "message": {"text": said}}
    assert run["invocations"][0]["executionSuccessful"] is True
    assert said in capsys.readouterr().out
    assert said in found["html"]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"monthly_usd": 1234.5, "monthly_cost": 1234.5, "currency": "USD"}, "1,234.50"),
        ({"monthly_usd": None, "monthly_cost": 7.0, "currency": "CNY"}, "7.00 CNY"),
        ({"monthly_usd": None, "monthly_cost": None, "currency": None}, "not priced"),
        ({"monthly_usd": 0.0, "monthly_cost": 0.0, "currency": "USD"}, "0.00"),
    ],
)
def test_amounts_are_told_with_cents_and_with_currencies_other_than_dollars(row, text):
    assert outputs.amount(row) == text


def broken(reports: dict[str, str], name: str, change: str) -> Any:
    """Return a report with one thing taken out, or made wrong: ``a.0.b`` or ``a.0.b=value``."""
    found = json.loads(reports[name])
    path, _, value = change.partition("=")
    *steps, last = path.split(".")
    place = found
    for step in steps:
        place = place[int(step) if step.isdigit() else step]
    if value:
        place[last] = json.loads(value)
    else:
        del place[last]
    return found


@pytest.mark.parametrize("change", ["runs.0.tool.driver.name", 'runs.0.results.0.level="unheard-of"', "runs.0.more=1"])
def test_the_schema_of_sarif_notices_what_is_wrong(reports, change):
    assert analyse_judges.sarif(broken(reports, "sarif", change))


@pytest.mark.parametrize(
    "change",
    [
        "$schema",
        "runs.0.tool.driver.rules.0.fullDescription",
        'runs.0.tool.driver.rules.1.help.text=""',
        "runs.0.tool.driver.rules.0.properties.security-severity=8.0",
        'runs.0.tool.driver.rules.0.properties.security-severity="0.0"',
        'runs.0.results.0.ruleId="other"',
        'runs.0.results.0.message.text=""',
        "runs.0.results.0.locations",
        "runs.0.results.0.locations.0.physicalLocation.region",
        "runs.0.results.0.locations.0.physicalLocation.region.endColumn",
        'runs.0.results.0.locations.0.physicalLocation.artifactLocation.uri=""',
        "runs.0.results.0.partialFingerprints.primaryLocationLineHash",
    ],
)
def test_what_github_requires_is_noticed_when_it_is_not_there(reports, change):
    assert len(analyse_judges.github_sarif(broken(reports, "sarif", change))) >= 1


@pytest.mark.parametrize(
    "change", ["0.activity_id=98", "0.scan", "2.finding_info", "2.cloud.provider", "2.more=1", "2.severity_id=17"]
)
def test_the_schema_of_ocsf_notices_what_is_wrong(reports, change):
    assert analyse_judges.ocsf(broken(reports, "ocsf", change))


@pytest.mark.parametrize(
    ("name", "attribute", "value", "caption"),
    [
        ("compliance", "status_id", ocsf_report.FAIL[0], "Fail"),
        ("scan_activity", "activity_id", ocsf_report.ERROR, "Error"),
        ("scan_activity", "status_id", ocsf_report.FAILURE, "Failure"),
        ("scan", "type_id", ocsf_report.MANUAL, "Manual"),
        ("detection_finding", "activity_id", ocsf_report.CREATE, "Create"),
        ("detection_finding", "status_id", ocsf_report.NEW, "New"),
        ("compliance_finding", "status_id", ocsf_report.SUPPRESSED, "Suppressed"),
        *(("base_event", "severity_id", number, text) for number, text in ocsf_report.SEVERITIES.values()),
    ],
)
def test_numbers_of_ocsf_mean_what_is_meant(name, attribute, value, caption):
    assert analyse_judges.ocsf_caption(ocsf_report.VERSION, name, attribute, value) == caption


def test_a_cost_is_a_failed_check_and_an_exposure_a_detection(reports):
    events = [event for event in json.loads(reports["ocsf"]) if event["class_uid"] != 6007]
    failed = [event["compliance"] for event in events if event["class_uid"] == 2003]
    assert {(entry["status_id"], entry["status"]) for entry in failed} == {(3, "Fail")}
    assert {event["finding_info"]["desc"] for event in events if event["class_uid"] == 2004} == {
        json.loads(reports["json"])["checks"]["open-ingress"]["description"]
    }


def test_security_severities_stand_on_the_rules_and_costs_have_none(reports):
    (run,) = json.loads(reports["sarif"])["runs"]
    scores = {rule["id"]: rule["properties"].get("security-severity") for rule in run["tool"]["driver"]["rules"]}
    assert scores == {
        "log-cost": None,
        "zombie-volume": None,
        "open-ingress-info": None,
        "open-ingress-low": "3.0",
        "open-ingress-medium": "5.0",
        "open-ingress-high": "8.0",
        "open-ingress-critical": "9.5",
    }
    for result in run["results"]:
        severity = result["properties"]["severity"]
        assert result["ruleId"] in {"log-cost", "zombie-volume", f"open-ingress-{severity}"}


def many(findings: int, ignored: int = 0) -> dict[str, Any]:
    """Return the summary of a head."""
    sums = {"by_severity": {"high": {"count": 1}, "low": {"count": findings - 1}}}
    return {"findings": findings, "ignored": ignored, "by_check": {"zombie-volume": sums}}


@pytest.mark.parametrize(
    ("limit", "kept"),
    [
        (10, {"high": 1, "low": 3, "ignored": 2}),
        (5, {"high": 1, "low": 3, "ignored": 1}),
        (3, {"high": 1, "low": 2, "ignored": 0}),
        (0, {"high": 0, "low": 0, "ignored": 0}),
    ],
)
def test_the_most_severe_are_kept_and_the_ignored_go_first(limit, kept):
    found = sarif_report.kept({"summary": many(4, 2)}, limit)
    assert {name: number for name, number in found.items() if name in kept} == kept
    assert sum(found.values()) == min(limit, 6)


@pytest.mark.parametrize(
    ("findings", "said"),
    [(5_000, []), (5_001, ["the 5000 most severe of these 5001"]), (25_003, ["3 of 25003 findings are left out"])],
)
def test_the_limits_of_github_are_told(findings, said):
    found = sarif_report._limits({"summary": many(findings)})
    assert [part in text for part, text in zip(said, found, strict=True)] == [True] * len(said)


def test_a_cut_report_has_the_most_severe_and_says_what_it_lacks(start, tmp_path, monkeypatch):
    monkeypatch.setattr(sarif_report, "MAX_RESULTS", 7)
    monkeypatch.setattr(sarif_report.kept, "__defaults__", (7,))
    start(analyse.cloud(content.account(30, 10, 0)))("--region", PRICED, "--format", "sarif")
    (run,) = json.loads((tmp_path / "out" / "report.sarif").read_text(encoding="utf-8"))["runs"]
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    ranks = sorted((rank(finding["severity"]) for finding in report["findings"]), reverse=True)
    assert len(ranks) > 7
    assert sorted((rank(r["properties"]["severity"]) for r in run["results"]), reverse=True) == ranks[:7]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert f"{len(ranks) - 7} of {len(ranks)} findings are left out" in note["message"]["text"]


def test_report_html_is_well_formed(reports):
    assert analyse_judges.html(reports["html"]) == []


@pytest.mark.parametrize(
    "page", ["<p></p>", "<!doctype html><p>", "<!doctype html></p>", '<!doctype html><i id="a"></i><b id="a"></b>']
)
def test_the_judge_of_html_notices_what_is_wrong(page):
    assert len(analyse_judges.html(page)) == 1
