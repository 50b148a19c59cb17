"""An account whose logs stay in one storage tier is told for each region, as information; other answers are gaps."""

import pytest

from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse.auditor import HERE, PRICED, gaps

ONLY = ("--check", "log-storage-tier", "--region", PRICED)


def account(tier: str | None) -> content.Content:
    found = content.Content()
    found.storage_tier = tier
    return found


@pytest.mark.parametrize(("tier", "kind"), [("STANDARD", "STANDARD"), (None, "not-set")])
def test_one_tier_or_no_policy_is_told(start, tier, kind):
    code, report = start(analyse.cloud(account(tier)))(*ONLY, "--region", HERE, "--fail-on", "info")
    assert code == 1
    assert {(f["region"], f["type"], f["severity"]) for f in report["findings"]} == {
        (PRICED, kind, "info"),
        (HERE, kind, "info"),
    }
    assert len({finding["arn"] for finding in report["findings"]}) == 2
    assert {finding["unpriced"] for finding in report["findings"]} == {None}, "it is no amount that is missing"


def test_tiering_is_in_order_and_takes_one_call(start):
    cloud = analyse.cloud(account("INTELLIGENT_TIERING"))
    code, report = start(cloud)(*ONLY, "--fail-on", "info")
    assert (code, report["findings"]) == (0, [])
    assert cloud.counts()["logs:GetStorageTierPolicy"] == 1


def test_a_denied_call_is_a_gap(start):
    code, report = start(analyse.cloud(denied={"GetStorageTierPolicy"}))(*ONLY)
    assert (code, list(gaps(report)), report["findings"]) == (3, [(PRICED, "log_storage_tier")], [])


def test_an_answer_without_a_tier_is_a_gap(start):
    cloud = analyse.cloud()
    cloud.pages["GetStorageTierPolicy"] = "{}"
    code, report = start(cloud)(*ONLY)
    assert code == 3
    assert "GetStorageTierPolicy has no storageTier" in gaps(report)[PRICED, "log_storage_tier"]
