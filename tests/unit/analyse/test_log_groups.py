"""What is known of log groups beside their size: their tags, and what they took in; and what if AWS refuses it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse import server as api_server
from tests.support.analyse.auditor import PRICED

ONLY = ("--region", PRICED, "--check", "log-cost", "--streams", "off")


def tagged(number: int = 3) -> content.Content:
    """Return an account whose log groups have an owner, but for the last one."""
    found = content.Content()
    found.log_groups = [content.log_group(f"g-{n:03}", 5) for n in range(number)]
    found.log_tags = {f"g-{n:03}": content.tags(Owner=f"team-{n % 2}", Keep="yes") for n in range(number - 1)}
    return found


def test_log_groups_have_the_owners_of_their_tags(start):
    cloud = analyse.cloud(tagged())
    report = start(cloud)(*ONLY, "--log-tags")[1]
    assert {finding["id"]: finding["owner"] for finding in report["findings"]} == {
        "g-000": "team-0",
        "g-001": "team-1",
        "g-002": None,
    }
    assert report["findings"][0]["tags"] == {"Owner": "team-0", "Keep": "yes"}
    assert set(report["summary"]["by_check"]["log-cost"]["by_owner"]) == {"team-0", "team-1", "(none)"}


def test_an_entry_of_the_ignore_file_holds_for_tags_of_log_groups(start, tmp_path):
    path = Path(tmp_path / "ignore.toml")
    path.write_text('[[ignore]]\ntag = "Keep=yes"\nreason = "r"\nexpires = 2999-01-01\n', encoding="utf-8")
    report = start(analyse.cloud(tagged()))(*ONLY, "--log-tags", "--ignore", str(path))[1]
    assert report["summary"]["ignored"] == 2


def test_every_page_of_tags_is_read_with_the_largest_pages(start):
    cloud = analyse.cloud(tagged(251))
    report = start(cloud)(*ONLY, "--log-tags")[1]
    assert sum(finding["owner"] is not None for finding in report["findings"]) == 250
    assert cloud.counts()["tagging:GetResources"] == 3 == -(-250 // api_server.TAGS_PAGE)


def test_tags_of_log_groups_alone_are_asked_for(start, monkeypatch):
    cloud, asked = analyse.cloud(tagged()), list[Any]()
    tagging = cloud._tagging
    monkeypatch.setattr(cloud, "_tagging", lambda request: asked.append(request) or tagging(request))
    start(cloud)(*ONLY, "--log-tags")
    assert asked == [{"ResourceTypeFilters": ["logs:log-group"], "ResourcesPerPage": 100}]


def test_tags_are_not_asked_for_by_default(start):
    cloud = analyse.cloud(tagged())
    assert {finding["owner"] for finding in start(cloud)(*ONLY)[1]["findings"]} == {None}
    assert "tagging:GetResources" not in cloud.counts()


@pytest.mark.parametrize("expired", [False, True])
def test_tags_that_are_denied_are_a_note_and_the_groups_stay(start, expired):
    cloud = analyse.cloud(tagged(), **({"expired_after": 1} if expired else {"denied": {"GetResources"}}))
    code, report = start(cloud)(*ONLY, "--log-tags")
    notes = report["coverage"][0]["notes"]
    assert (code, len(report["findings"]), len(notes)) == (3, 0 if expired else 3, 0 if expired else 1)
    assert expired or notes[0].startswith("tags of log groups are not known: AccessDeniedException")


def ingesting(number: int = 3) -> content.Content:
    """Return an account whose log groups each took in their number in GiB, in two days."""
    found = content.Content()
    found.log_groups = [content.log_group(f"g-{n:04}", 5) for n in range(number)]
    found.incoming = {f"g-{n:04}": [n * 2.0**29, n * 2.0**29] for n in range(number)}
    return found


def ingested(report: dict[str, Any]) -> dict[str, int | None]:
    return {finding["id"]: finding["details"]["ingested_bytes"] for finding in report["findings"]}


def test_ingestion_is_added_up_over_all_days_and_pages(start):
    cloud = analyse.cloud(ingesting())
    report = start(cloud)(*ONLY, "--measure-ingestion")[1]
    assert ingested(report) == {"g-0000": 0, "g-0001": 2**30, "g-0002": 2**31}
    assert {finding["details"]["ingestion_basis"] for finding in report["findings"]} == {"IncomingBytes"}
    assert report["summary"]["by_check"]["log-cost"]["monthly_usd"] == pytest.approx(1.5, abs=0.001)
    assert cloud.counts()["monitoring:GetMetricData"] == 2


def test_whole_days_are_asked_for_and_500_groups_a_call(start, monkeypatch):
    cloud, asked = analyse.cloud(ingesting(501)), list[Any]()
    metrics = cloud._metrics
    monkeypatch.setattr(cloud, "_metrics", lambda request: asked.append(request) or metrics(request))
    report = start(cloud)(*ONLY, "--measure-ingestion")[1]
    assert ingested(report)["g-0500"] == 500 * 2**30
    assert [len(request["MetricDataQueries"]) for request in asked] == [500, 500, 1, 1]
    assert {request["EndTime"] - request["StartTime"] for request in asked} == {30 * 86_400}
    assert {request["EndTime"] % 86_400 for request in asked} == {0}


def test_ingestion_is_estimated_and_nothing_asked_by_default(start):
    cloud = analyse.cloud(ingesting())
    report = start(cloud)(*ONLY)[1]
    assert {finding["details"]["ingestion_basis"] for finding in report["findings"]} == {"stored bytes"}
    assert "monitoring:GetMetricData" not in cloud.counts()


def test_ingestion_that_is_denied_is_one_note_one_call_and_an_estimate(start):
    cloud = analyse.cloud(ingesting(501), denied={"GetMetricData"})
    code, report = start(cloud)(*ONLY, "--measure-ingestion")
    assert (code, set(ingested(report).values()), len(report["findings"])) == (3, {None}, 501)
    assert [note.split(":")[0] for note in report["coverage"][0]["notes"]] == [
        "ingestion of log groups is not measured"
    ]
    assert cloud.counts()["monitoring:GetMetricData"] == 1


@pytest.mark.parametrize("state", ["InternalError", "Forbidden", "PartialData"])
def test_a_group_that_cloudwatch_cannot_tell_all_of_is_estimated_and_told(start, state):
    account = ingesting()
    account.metric_states = {"g-0001": state}
    code, report = start(analyse.cloud(account))(*ONLY, "--measure-ingestion")
    assert (code, ingested(report)) == (3, {"g-0000": 0, "g-0001": None, "g-0002": 2**31})
    assert report["coverage"][0]["notes"][0].startswith("ingestion of 1 log groups is not known")


def test_a_group_of_today_has_no_measure_yet(start):
    account = ingesting()
    account.log_groups[1]["creationTime"] = int(datetime.now(UTC).timestamp() * 1000)
    assert ingested(start(analyse.cloud(account))(*ONLY, "--measure-ingestion")[1])["g-0001"] is None
