"""What is known of log groups beside their size: tags."""

from pathlib import Path

import pytest

from tests.support import analyse, analyse_cloud
from tests.support import analyse_content as content
from tests.support.analyse import PRICED

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
    assert cloud.counts()["tagging:GetResources"] == 3 == -(-250 // analyse_cloud.TAGS_PAGE)


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
