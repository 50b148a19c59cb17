"""Every account of an organization, by name; what cannot be entered is a gap, and a name that is not a note."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lib.analyse import aws, cli, discovery, outputs, policy
from lib.analyse import run as run_module
from lib.common import region
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse import judges as analyse_judges
from tests.support.analyse.auditor import HERE, PRICED, gaps
from tests.support.analyse.server import ACCOUNT

OTHER, CLOSED = "210987654321", "333333333333"
SMALL = ("--region", HERE, "--streams", "off")
SCHEMA = Draft202012Validator(
    json.loads(Path(run_module.__file__).with_name("report.schema.json").read_text(encoding="utf-8"))
)


def member(number: str, name: str, state: str = "ACTIVE") -> dict[str, str]:
    """Return an account as ListAccounts does."""
    return {"Id": number, "Arn": f"arn:aws:organizations::1:account/o-1/{number}", "Name": name, "State": state}


def organization(*more: dict[str, str]) -> content.Content:
    """Return the content of each account of an organization of two, and what else is in it."""
    account = content.account(2, 2, 2)
    account.organization = [member(ACCOUNT, "management"), member(OTHER, "shop"), *more]
    return account


def accounts(report: dict[str, Any]) -> dict[str, Any]:
    return {number: entry["name"] for number, entry in report["accounts"].items()}


def test_every_active_account_is_looked_at_by_the_role_and_the_own_one_without(start):
    cloud = analyse.cloud(organization(member(CLOSED, "old", "SUSPENDED")))
    code, report = start(cloud)(*SMALL, "--organization", "auditor", "--external-id", "x-1")
    assert (code, report["complete"]) == (1, True)
    assert accounts(report) == {ACCOUNT: "management", OTHER: "shop"}
    assert {entry["account"] for entry in report["coverage"]} == {ACCOUNT, OTHER}
    assert report["notices"] == [f"Not looked at: old ({CLOSED}) of the organization is SUSPENDED."]
    assert [(asked["RoleArn"], asked["ExternalId"]) for asked in cloud.assumed] == [
        (f"arn:aws:iam::{OTHER}:role/auditor", "x-1")
    ]
    assert cloud.counts()["organizations:ListAccounts"] == 1
    assert "account:GetAccountInformation" not in cloud.counts(), "the organization has told the names"
    SCHEMA.validate(report)


def test_sums_are_told_by_account(start, capsys):
    _, report = start(analyse.cloud(organization()))(*SMALL, "--organization", "auditor")
    summary = report["summary"]["by_check"]["zombie-volume"]
    assert {number: entry["count"] for number, entry in summary["by_account"].items()} == {ACCOUNT: 2, OTHER: 2}
    said = capsys.readouterr().out
    assert f"  by account: management ({ACCOUNT}) 2 (not priced), shop ({OTHER}) 2 (not priced)" in said
    assert f"Scope: account management ({ACCOUNT}), shop ({OTHER}) in {HERE}." in said


def test_an_organization_is_listed_to_its_last_page(start):
    more = [member(f"{number:012}", f"n{number}") for number in range(45)]
    cloud = analyse.cloud(organization(*more))
    code, report = start(cloud)(*SMALL, "--organization", "auditor", "--check", "zombie-volume")
    assert (code, len(report["accounts"]), cloud.counts()["organizations:ListAccounts"]) == (1, 47, 3)
    assert cloud.counts()["ec2:DescribeVolumes"] == 47


def test_an_account_that_cannot_be_entered_is_a_gap_and_the_others_findings_stay(start, capsys):
    account = organization()
    account.closed = [OTHER]
    code, report = start(analyse.cloud(account))(*SMALL, "--organization", "auditor")
    (missing,) = [entry for entry in report["coverage"] if entry["status"] != "complete"]
    assert (code, missing["account"], missing["collector"]) == (3, OTHER, "*")
    assert "AccessDenied" in missing["reason"]
    assert {finding["account"] for finding in report["findings"]} == {ACCOUNT}
    assert f"NOT LOOKED AT: * in {HERE} of shop ({OTHER}): AccessDenied" in capsys.readouterr().out


@pytest.mark.parametrize(("number", "code"), [(OTHER, 1), (CLOSED, 3)])
def test_that_an_account_cannot_be_entered_can_be_accepted(start, tmp_path, number, code, capsys):
    path = tmp_path / "ignore.toml"
    path.write_text(f'[[ignore]]\naccount = "{number}"\nreason = "r"\nexpires = 2999-01-01\n', encoding="utf-8")
    account = organization()
    account.closed = [OTHER]
    found, report = start(analyse.cloud(account))(*SMALL, "--organization", "auditor", "--ignore", str(path))
    SCHEMA.validate(report)
    assert (found, report["complete"]) == (code, code == 1)
    (gap,) = [entry for entry in report["coverage"] if entry["status"] != "complete"]
    assert (gap["account"], gap["accepted"] is not None) == (OTHER, code == 1)
    said = capsys.readouterr().out
    assert "NOT LOOKED AT: * in" in said, "what is accepted is still told"
    assert ("accepted until 2999-01-01" in said) is (code == 1)
    assert not [text for text in report["notices"] if "matches no finding" in text]


@pytest.mark.parametrize("options", [("--role", f"arn:aws:iam::{OTHER}:role/a"), ("--organization", "a")])
def test_no_other_gap_of_an_account_can_be_accepted(start, tmp_path, options):
    path = tmp_path / "ignore.toml"
    text = "".join(
        f'[[ignore]]\naccount = "{number}"\nreason = "r"\nexpires = 2999-01-01\n' for number in (OTHER, ACCOUNT, "*")
    )
    path.write_text(text, encoding="utf-8")
    account = organization()
    account.closed = [OTHER] if options[0] == "--role" else []
    denied = {"ListAccounts"}
    code, report = start(analyse.cloud(account, denied=denied))(*SMALL, *options, "--ignore", str(path))
    assert (code, report["complete"]) == (3, False)


def test_an_organization_that_cannot_be_listed_is_a_gap_and_the_own_account_is_looked_at(start):
    code, report = start(analyse.cloud(organization(), denied={"ListAccounts"}))(*SMALL, "--organization", "auditor")
    assert code == 3
    assert gaps(report) == {(HERE, "*"): "the organization's accounts are not known: AccessDeniedException: Not yours"}
    assert {finding["account"] for finding in report["findings"]} == {ACCOUNT}
    assert "unknown" not in report["accounts"]


@pytest.mark.parametrize("page", ["<html><body>Log in</body></html>", "{}"])
def test_a_list_of_accounts_that_is_none_is_a_gap(start, page):
    cloud = analyse.cloud(organization())
    cloud.pages["ListAccounts"] = page
    code, report = start(cloud)(*SMALL, "--organization", "auditor")
    assert (code, list(gaps(report))) == (3, [(HERE, "*")])


def test_without_credentials_an_organization_is_2_and_with_expired_ones_3(start, monkeypatch):
    audit = start(analyse.cloud(organization(), expired_after=0))
    code, report = audit(*SMALL, "--organization", "auditor")
    assert (code, list(gaps(report)), report["accounts"]) == (3, [(HERE, "*")], {})
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert audit(*SMALL, "--organization", "auditor")[0] == 2


@pytest.mark.parametrize(("row", "state"), [({"Status": "ACTIVE"}, 2), ({"Status": "PENDING_CLOSURE"}, 1)])
def test_answers_of_before_there_were_states_are_read_by_their_status(start, row, state):
    account = organization()
    del account.organization[1]["State"]
    account.organization[1] |= row
    _, report = start(analyse.cloud(account))(*SMALL, "--organization", "auditor", "--check", "zombie-volume")
    assert len(report["accounts"]) == state


def test_the_own_accounts_name_is_in_every_report(start, tmp_path):
    formats = [part for name in outputs.FILES for part in ("--format", name)]
    cloud = analyse.cloud(content.account(3, 3, 3), denied={"DescribeLogGroups"})
    _, report = start(cloud)("--region", HERE, *formats)
    assert accounts(report) == {ACCOUNT: "sandbox"}
    found = {name: (tmp_path / "out" / file).read_text(encoding="utf-8") for name, file in outputs.FILES.items()}
    assert found["csv"].count(",sandbox") == len(report["findings"]) + 1
    events = json.loads(found["ocsf"])
    assert {event["cloud"]["account"]["name"] for event in events} == {"sandbox"}
    assert analyse_judges.ocsf(events) == []
    (run,) = json.loads(found["sarif"])["runs"]
    label = f"sandbox ({ACCOUNT})"
    assert all(label in result["message"]["text"] for result in run["results"])
    assert label in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


@pytest.mark.parametrize("name", ["denied", None])
def test_a_name_that_cannot_be_read_is_a_note_and_no_gap(start, name):
    account = content.account(1, 0, 0)
    account.name = name
    denied = {"GetAccountInformation"} if name else set[str]()
    code, report = start(analyse.cloud(account, denied=denied))(*SMALL)
    assert (code, report["complete"], accounts(report)) == (1, True, {ACCOUNT: None})
    (said,) = report["notices"]
    assert said.startswith(f"The name of account {ACCOUNT} is not known: ")


def test_roles_are_assumed_with_the_external_id(start):
    cloud = analyse.cloud(content.account(1, 0, 0))
    arn = f"arn:aws:iam::{OTHER}:role/auditor"
    code, report = start(cloud)(*SMALL, "--role", arn, "--external-id", "a:b")
    assert (code, list(report["accounts"])) == (1, [OTHER])
    assert [asked["ExternalId"] for asked in cloud.assumed] == ["a:b"]
    assert "external_id" not in report["options"]
    start(cloud)(*SMALL, "--role", arn)
    assert "ExternalId" not in cloud.assumed[-1]


def test_regions_are_left_out_of_all_regions_and_told(start):
    account = content.account(1, 0, 0)
    account.regions = [HERE, PRICED]
    code, report = start(analyse.cloud(account))("--all-regions", "--streams", "off", "--skip-region", PRICED)
    assert (code, {entry["region"] for entry in report["coverage"]}) == (1, {HERE})
    assert report["notices"] == [f"Left out by --skip-region: {PRICED}."]
    assert report["options"]["skip_regions"] == [PRICED]


def test_nothing_left_to_look_at_is_a_gap(start):
    account = content.Content()
    account.regions = [PRICED]
    code, report = start(analyse.cloud(account))("--all-regions", "--skip-region", PRICED)
    assert (code, gaps(report)) == (3, {("*", "*"): "--skip-region leaves no region to look at"})


def test_regions_that_are_off_in_several_accounts_are_told_once(start):
    account = organization()
    account.regions, account.off = [PRICED], [HERE]
    _, report = start(analyse.cloud(account))("--all-regions", "--streams", "off", "--organization", "auditor")
    assert report["notices"] == [f"Not switched on in {ACCOUNT}, {OTHER}, and not looked at: {HERE}."]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--organization", f"arn:aws:iam::{OTHER}:role/auditor"], "write the name of the role"),
        (["--organization", ""], "write the name of the role"),
        (["--organization", "a", "--role", f"arn:aws:iam::{OTHER}:role/auditor"], "exclude each other"),
        (["--external-id", "abc"], "give --role or --organization too"),
        (["--organization", "a", "--external-id", "a b"], "write 2 to 1,224"),
        (["--organization", "a", "--external-id", "a"], "write 2 to 1,224"),
        (["--all-regions", "--skip-region", "qqq"], "--skip-region 'qqq' is not an AWS region"),
        (["--skip-region", PRICED], "leaves out regions of --all-regions"),
    ],
)
def test_what_is_refused_is_2_and_one_sentence(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    assert message in capsys.readouterr().err


def test_a_role_may_have_a_path(start):
    cloud = analyse.cloud(organization())
    start(cloud)(*SMALL, "--organization", "audits/auditor")
    assert cloud.assumed[0]["RoleArn"] == f"arn:aws:iam::{OTHER}:role/audits/auditor"


def test_the_policy_for_other_accounts_is_what_is_called_and_no_more(capsys):
    collectors = list(discovery.collectors().values())
    assert cli.main(["iam-policy", "--region", HERE, "--organization", "auditor"]) == 0
    document = json.loads(capsys.readouterr().out)
    own = policy.document(collectors, "aws")["Statement"]
    assert document["Statement"][: len(own)] == own
    listing, assuming = document["Statement"][len(own) :]
    assert (listing["Action"], listing["Resource"]) == (["organizations:ListAccounts"], "*")
    assert (assuming["Action"], assuming["Resource"]) == (["sts:AssumeRole"], ["arn:aws:iam::*:role/auditor"])
    arn = f"arn:aws:iam::{OTHER}:role/auditor"
    (only,) = policy.document(collectors, "aws", [arn])["Statement"][len(own) :]
    assert (only["Sid"], only["Resource"]) == ("Assume", [arn])


def test_a_run_over_an_organization_calls_what_its_policy_allows(start, capsys):
    cloud = analyse.cloud(organization())
    start(cloud)(*SMALL, "--organization", "auditor", "--quiet")
    capsys.readouterr()
    cli.main(["iam-policy", "--region", HERE, "--organization", "auditor"])
    statements = json.loads(capsys.readouterr().out)["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}
    assert set(cloud.counts()) <= allowed
    assert {"organizations:ListAccounts", "sts:AssumeRole"} <= set(cloud.counts())


def test_an_organization_of_another_partition_has_roles_of_that_one(start):
    china = next(name for name, partition in region.known().items() if partition == "aws-cn")
    cloud = analyse.cloud(organization())
    start(cloud)("--region", china, "--streams", "off", "--organization", "auditor")
    assert cloud.assumed[0]["RoleArn"] == f"arn:aws-cn:iam::{OTHER}:role/auditor"


def test_a_resumed_organization_asks_only_for_the_account_that_is_left(start):
    account = organization()
    account.closed = [OTHER]
    cloud = analyse.cloud(account)
    audit, options = start(cloud), (*SMALL, "--organization", "auditor", "--check", "zombie-volume")
    assert audit(*options)[0] == 3
    account.closed = []
    cloud.calls.clear()
    code, report = audit(*options, "--resume")
    assert (code, report["complete"], cloud.counts()["ec2:DescribeVolumes"]) == (1, True, 1)


def test_clients_of_a_region_are_given_up_when_its_last_piece_is_done(start, monkeypatch):
    released, kept = [], {}
    release, close = aws.Account.release, aws.Account.close

    def noted(account: aws.Account, name: str) -> None:
        released.append((account.id, name))
        release(account, name)

    def closed(account: aws.Account) -> None:
        kept[account.id] = sorted(account.clients)
        close(account)

    monkeypatch.setattr(aws.Account, "release", noted)
    monkeypatch.setattr(aws.Account, "close", closed)
    start(analyse.cloud(organization()))(*SMALL, "--region", PRICED, "--organization", "auditor")
    assert sorted(released) == sorted((number, name) for number in (ACCOUNT, OTHER) for name in (HERE, PRICED))
    assert kept == {ACCOUNT: [], OTHER: []}


def test_an_interrupted_list_of_accounts_is_3(start, monkeypatch):
    cloud = analyse.cloud(organization())
    answer = cloud.answer

    def interrupted(service, action, where, asked):
        if action == "ListAccounts":
            signal.raise_signal(signal.SIGINT)
        return answer(service, action, where, asked)

    monkeypatch.setattr(cloud, "answer", interrupted)
    code, report = start(cloud)(*SMALL, "--organization", "auditor")
    assert code == 3
    assert "interrupted" in {entry["reason"] for entry in report["coverage"]}
