"""Whatever happens, there is a valid report, and its coverage says exactly what was not looked at."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from lib.analyse import aws
from lib.analyse import run as run_module
from lib.analyse.checkpoint import Checkpoint, Coverage, locked
from lib.analyse.model import WorkItem, rank
from lib.analyse.options import Options
from lib.analyse.outputs import FILES, write
from lib.analyse.run import Run
from lib.analyse.summary import CheckSummary, Sum
from lib.common import region
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse import server as api_server
from tests.support.analyse.auditor import HERE, PRICED, gaps

SCHEMA = Draft202012Validator(
    json.loads(Path(run_module.__file__).with_name("report.schema.json").read_text(encoding="utf-8"))
)
SMALL = ("--region", HERE, "--region", PRICED, "--streams", "off")
PIECES = ("log_groups", "security_groups", "volumes")


def small() -> content.Content:
    return content.account(30, 20, 20)


def clean() -> content.Content:
    account = content.Content()
    account.rows["SecurityGroups"] = [content.group("sg-1")]
    account.log_groups = [content.log_group("g", 5, retention=7)]
    return account


def test_nothing_wrong_is_0_and_everything_was_looked_at(start):
    code, report = start(analyse.cloud(clean()))("--region", HERE, "--streams", "off")
    assert (code, report["complete"], gaps(report)) == (0, True, {})
    assert [entry["items"] for entry in report["coverage"]] == [1, 1, 0]
    assert [finding["severity"] for finding in report["findings"]] == ["info"]


def test_findings_are_1_and_the_least_severity_can_be_chosen(start):
    audit = start(analyse.cloud(small()))
    code, report = audit(*SMALL)
    assert (code, report["complete"]) == (1, True)
    assert max(rank(finding["severity"]) for finding in report["findings"]) == rank("high")
    assert audit("--region", HERE, "--check", "zombie-volume", "--streams", "off", "--fail-on", "critical")[0] == 0


def test_calls_are_those_of_the_lists_and_one_to_sts(start):
    cloud = analyse.cloud(small())
    start(cloud)("--region", HERE, "--streams", "off")
    assert cloud.counts() == {
        "sts:GetCallerIdentity": 1,
        "account:GetAccountInformation": 1,
        "ec2:DescribeVolumes": 1,
        "ec2:DescribeSnapshots": 1,
        "ec2:DescribeSecurityGroupRules": 1,
        "ec2:DescribeNetworkInterfaces": 1,
        "ec2:DescribeSecurityGroups": 1,
        "logs:DescribeLogGroups": 1,
    }


def test_a_denied_region_is_3_and_the_others_findings_are_kept(start):
    code, report = start(analyse.cloud(small(), denied={PRICED}))(*SMALL)
    assert (code, report["complete"]) == (3, False)
    assert set(gaps(report)) == {(PRICED, piece) for piece in PIECES}
    assert {finding["region"] for finding in report["findings"]} == {HERE}
    assert all("Unauthorized" in why or "AccessDenied" in why for why in gaps(report).values())


def test_a_note_makes_a_piece_partial(start):
    code, report = start(analyse.cloud(small(), denied={"DescribeNetworkInterfaces"}))(
        "--region", HERE, "--streams", "off"
    )
    assert code == 3
    (entry,) = [entry for entry in report["coverage"] if entry["status"] != "complete"]
    assert (entry["status"], entry["collector"], entry["items"]) == ("partial", "security_groups", 20)
    assert "what uses the groups is not known" in entry["notes"][0]
    assert entry["reason"] == entry["notes"][0]
    assert {f["details"]["attached"] for f in report["findings"] if f["check"] == "open-ingress"} == {None}


def test_a_token_that_expires_half_way_keeps_what_was_read(start):
    code, report = start(analyse.cloud(content.account(0, 0, 200), expired_after=3))(
        "--region", HERE, "--streams", "off", "--check", "log-cost"
    )
    assert code == 3
    assert (report["coverage"][0]["status"], len(report["findings"])) == ("partial", 100)
    assert "ExpiredToken" in report["coverage"][0]["reason"]


def test_a_token_that_sts_refuses_is_3_with_everything_not_looked_at(start):
    code, report = start(analyse.cloud(small(), expired_after=0))("--region", HERE)
    assert (code, report["findings"]) == (3, [])
    assert list(gaps(report)) == [(HERE, "*")]
    assert "ExpiredToken" in gaps(report)[HERE, "*"]


def test_no_credentials_are_2_and_a_report_that_claims_nothing(start, monkeypatch, capsys):
    audit = start(analyse.cloud(small()))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    code, report = audit("--region", HERE)
    assert (code, report["complete"], list(gaps(report))) == (2, False, [(HERE, "*")])
    assert "AWS cannot be asked who you are: NoCredentialsError" in capsys.readouterr().err


FORMATS = [part for name in FILES for part in ("--format", name)]


def test_reports_of_an_earlier_run_do_not_outlive_a_run_without_credentials(start, monkeypatch, tmp_path):
    audit = start(analyse.cloud(clean()))
    assert audit("--region", HERE, "--streams", "off", *FORMATS)[0] == 0
    before = {name: (tmp_path / "out" / file).read_text(encoding="utf-8") for name, file in FILES.items()}
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    code, report = audit("--region", HERE, "--format", "sarif", "--format", "csv", "--format", "ocsf")
    assert (code, report["complete"]) == (2, False)
    after = {name: tmp_path / "out" / file for name, file in FILES.items()}
    assert not after.pop("html").exists(), "a format that is not written is removed"
    for name, path in after.items():
        text = path.read_text(encoding="utf-8")
        assert text != before[name]
        assert "NoCredentialsError" in text


def test_reports_claim_nothing_before_the_first_call(start, monkeypatch, tmp_path):
    audit = start(analyse.cloud(clean()))
    audit("--region", HERE, "--streams", "off", *FORMATS)
    seen: dict[str, str] = {}

    def first_call(*_):
        seen.update({name: (tmp_path / "out" / file).read_text(encoding="utf-8") for name, file in FILES.items()})
        raise KeyboardInterrupt

    monkeypatch.setattr("lib.analyse.aws.own_account", first_call)
    with pytest.raises(KeyboardInterrupt):
        audit("--region", HERE, *FORMATS)
    assert all("not started" in text for text in seen.values())


def test_two_runs_in_one_folder_are_refused(start, tmp_path, capsys):
    audit = start(analyse.cloud(clean()))
    audit("--region", HERE, "--streams", "off")
    before = (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    with locked(tmp_path / "out"):
        assert audit("--region", HERE)[0] == 2
    assert f"Another run is writing to {tmp_path / 'out'}" in capsys.readouterr().err
    assert (tmp_path / "out" / "report.json").read_text(encoding="utf-8") == before
    assert audit("--region", HERE, "--streams", "off")[0] == 0


def test_a_report_whose_sums_and_list_disagree_is_not_written(start, monkeypatch, tmp_path, capsys):
    audit, finish = start(analyse.cloud(small())), Checkpoint.finish

    def emptied(checkpoint: Checkpoint, work_item: WorkItem, coverage: Coverage) -> None:
        finish(checkpoint, work_item, coverage)
        if work_item.collector == "volumes":
            checkpoint.path(work_item, "jsonl").write_text("", encoding="utf-8")

    monkeypatch.setattr(Checkpoint, "finish", emptied)
    monkeypatch.setattr(run_module.Run, "_write", lambda _run: None)
    code, report = audit("--region", HERE, "--streams", "off", *FORMATS)
    assert (code, report["complete"], report["findings"]) == (2, False, [])
    assert "No report is written: the run found" in capsys.readouterr().err
    for file in FILES.values():
        assert "not started" in (tmp_path / "out" / file).read_text(encoding="utf-8")


def test_a_report_is_not_called_complete_before_the_run_has_ended(tmp_path):
    run = Run(Options(regions=(HERE,), output=tmp_path))
    run.coverage = {WorkItem("1", HERE, "volumes"): Coverage("1", HERE, "volumes", "complete", "")}
    assert not run.complete
    run.finished_at = run.now
    assert run.complete


def test_all_regions_are_those_that_are_switched_on(start):
    account = clean()
    account.regions = [HERE, PRICED]
    cloud = analyse.cloud(account)
    code, report = start(cloud)("--all-regions", "--streams", "off")
    assert (code, {entry["region"] for entry in report["coverage"]}) == (0, {HERE, PRICED})
    assert cloud.counts()["ec2:DescribeRegions"] == 1


def test_all_regions_are_asked_for_where_every_account_can_and_the_others_are_told(start):
    account = clean()
    account.regions, account.off = [PRICED], [HERE]
    cloud = analyse.cloud(account)
    code, report = start(cloud)("--all-regions", "--streams", "off")
    assert (code, {entry["region"] for entry in report["coverage"]}) == (0, {PRICED})
    assert report["notices"] == [f"Not switched on in 123456789012, and not looked at: {HERE}."]
    assert ("ec2", "DescribeRegions", region.global_region(HERE)) in cloud.calls


@pytest.mark.parametrize("denied", [set(), {"DescribeRegions"}])
def test_a_region_that_is_not_switched_on_is_told_apart_from_a_denied_one(start, denied):
    account = clean()
    account.off = [HERE]
    code, report = start(analyse.cloud(account, denied=denied))(
        "--region", PRICED, "--region", HERE, "--streams", "off"
    )
    assert (code, {where for where, _ in gaps(report)}) == (3, {HERE})
    told = {why.startswith("the region is not switched on (") for why in gaps(report).values()}
    assert told == {not denied}


def test_bad_credentials_in_a_region_that_is_on_are_not_called_a_region_that_is_off(start, monkeypatch):
    account = clean()
    account.regions, account.off = [PRICED], []
    cloud = analyse.cloud(account)
    answer = cloud.answer

    def refused(service, action, where, asked):
        if where == HERE and service == "ec2":
            raise api_server.Refusal(401, "AuthFailure", "Not validated")
        return answer(service, action, where, asked)

    monkeypatch.setattr(cloud, "answer", refused)
    _, report = start(cloud)("--region", HERE, "--streams", "off")
    assert set(gaps(report).values()) == {"AuthFailure: Not validated"}


def test_a_denied_region_is_not_called_switched_off(start):
    account = clean()
    account.regions = [HERE]
    _, report = start(analyse.cloud(account, denied={HERE}))("--region", HERE)
    assert not any("not switched on" in why for why in gaps(report).values())


def test_a_profile_or_environment_of_another_region_is_told(start, monkeypatch):
    audit = start(analyse.cloud(clean()))
    monkeypatch.setenv("AWS_DEFAULT_REGION", PRICED)
    _, report = audit("--streams", "off")
    assert f"only {HERE} was looked at, while the profile or the environment has {PRICED}" in report["notices"][0]
    assert audit("--streams", "off", "--region", HERE)[1]["notices"] == []
    monkeypatch.setenv("AWS_DEFAULT_REGION", HERE)
    assert audit("--streams", "off")[1]["notices"] == []


def test_a_glob_that_matches_nothing_anywhere_is_told(start):
    account = clean()
    cloud = analyse.cloud(account)
    options = ("--region", HERE, "--region", PRICED, "--streams", "off", "--log-group", "g*", "--log-group", "/typo/*")
    _, report = start(cloud)(*options)
    assert report["notices"] == ["--log-group '/typo/*' matches no log group."]
    assert {tuple(e["unmatched"]) for e in report["coverage"] if e["collector"] == "log_groups"} == {("/typo/*",)}


def test_regions_that_cannot_be_listed_are_a_gap(start):
    code, report = start(analyse.cloud(clean(), denied={"DescribeRegions"}))("--all-regions")
    assert (code, list(gaps(report))) == (3, [("*", "*")])


def test_each_role_is_an_account_with_one_call_to_sts(start):
    cloud = analyse.cloud(clean())
    roles = [f"arn:aws:iam::{number * 12}:role/auditor" for number in ("1", "2")]
    code, report = start(cloud)("--region", HERE, "--streams", "off", "--role", roles[0], "--role", roles[1])
    assert (code, {entry["account"] for entry in report["coverage"]}) == (0, {"1" * 12, "2" * 12})
    assert {key: value for key, value in cloud.counts().items() if key.startswith("sts")} == {"sts:AssumeRole": 2}


def test_ctrl_c_ends_between_two_calls_with_a_valid_report(start, monkeypatch):
    audit, before = start(analyse.cloud(small())), signal.getsignal(signal.SIGINT)
    plan = Run._plan

    def interrupted(run: Run) -> None:
        plan(run)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Run, "_plan", interrupted)
    code, report = audit("--region", HERE)
    assert (code, set(gaps(report).values())) == (3, {"interrupted"})
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_before_the_account_is_known_is_3(start):
    audit = start(analyse.cloud(small()))
    original = aws.own_account

    def stopped(profile, region, stop):
        stop.set()
        return original(profile, region, stop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lib.analyse.aws.own_account", stopped)
        code, report = audit("--region", HERE)
    assert (code, set(gaps(report).values())) == (3, {"interrupted"})


def test_calls_that_hang_after_ctrl_c_are_given_up(start, monkeypatch):
    cloud, left = analyse.cloud(small()), list[int]()
    release = threading.Event()
    answer = cloud.answer

    def hanging(service, action, region, asked):
        if action == "DescribeLogGroups":
            os.kill(os.getpid(), signal.SIGINT)
            release.wait(20)
        return answer(service, action, region, asked)

    monkeypatch.setattr(cloud, "answer", hanging)
    monkeypatch.setattr(run_module, "GRACE", 0.5)
    monkeypatch.setattr("lib.analyse.cli.leave", left.append)
    try:
        code, report = start(cloud)("--region", HERE, "--streams", "off")
    finally:
        release.set()
    assert (code, left) == (3, [3])
    assert gaps(report)[HERE, "log_groups"] == "interrupted"


def test_while_a_run_goes_on_only_what_is_complete_is_in_its_report(tmp_path):
    run = Run(Options(regions=(HERE,), output=tmp_path, formats=("json",)))
    run.checkpoint.begin({}, resume=False)
    for name, status in (("volumes", "complete"), ("log_groups", "none")):
        work_item = run_module.WorkItem("1", HERE, name)
        run.coverage[work_item] = Coverage("1", HERE, name, status=status)
        run.checkpoint.path(work_item, "jsonl").write_text(json.dumps({"check": name}) + "\n", encoding="utf-8")
    run.settled.append(run_module.WorkItem("1", HERE, "volumes"))
    run.totals.checks["volumes"] = CheckSummary(all=Sum(count=1))
    write(run, ["json"])
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (report["complete"], report["finished_at"], report["findings"]) == (False, None, [{"check": "volumes"}])


def test_reports_are_written_again_only_after_a_while(tmp_path):
    run = Run(Options(regions=(HERE,), output=tmp_path))
    run.checkpoint.begin({}, resume=False)
    run._write()
    (tmp_path / "report.json").unlink()
    run._write()
    assert not (tmp_path / "report.json").exists()


def test_ignored_findings_are_told_and_do_not_count(start, tmp_path):
    suppressions = Path(tmp_path / "ignore.toml")
    suppressions.write_text(
        '[[ignore]]\npattern = "*"\nreason = "a test"\nexpires = 2999-01-01\n'
        '[[ignore]]\nid = "x"\nreason = "old"\nexpires = 2020-01-01\n',
        encoding="utf-8",
    )
    code, report = start(analyse.cloud(small()))("--region", HERE, "--streams", "off", "--ignore", str(suppressions))
    assert (code, report["summary"]["findings"]) == (0, 0)
    assert report["summary"]["ignored"] == len(report["findings"]) > 0
    assert {finding["ignored"]["reason"] for finding in report["findings"]} == {"a test"}
    assert report["ignore_expired"] == [{"id": "x", "reason": "old", "expires": "2020-01-01"}]


def test_entries_that_match_nothing_are_told_when_everything_was_looked_at(start, tmp_path):
    suppressions = Path(tmp_path / "ignore.toml")
    one = '[[ignore]]\nid = "{}"\nreason = "a test"\nexpires = 2999-01-01\n'
    suppressions.write_text(one.format("vol-0") + one.format("vol-00000000000000001"), encoding="utf-8")
    account = content.Content()
    account.rows["Volumes"] = [content.volume(1)]
    cloud = analyse.cloud(account, denied={"DescribeLogGroups"})
    audit, options = start(cloud), ("--region", HERE, "--streams", "off", "--ignore", str(suppressions))
    assert audit(*options)[1]["notices"] == [], "what was not looked at may have it"
    cloud.faults.denied.clear()
    code, report = audit(*options, "--resume")
    assert (code, len(report["notices"])) == (0, 1)
    assert "'id': 'vol-0'" in report["notices"][0]
    assert audit(*options, "--check", "open-ingress")[1]["notices"] == [], "nothing was asked about volumes"


@pytest.mark.parametrize(
    ("fault", "way", "value", "code"),
    [
        (HERE, "region", HERE, 1),
        (HERE, "region", PRICED, 3),
        ("GetManagedPrefixListEntries", "prefix_list", "pl-1", 1),
        ("GetManagedPrefixListEntries", "prefix_list", "pl-2", 3),
        ("DescribeNetworkInterfaces", "region", HERE, 3),
    ],
)
def test_a_denied_region_or_an_unreadable_prefix_list_can_be_accepted(start, tmp_path, fault, way, value, code):
    path = Path(tmp_path / "ignore.toml")
    path.write_text(f'[[ignore]]\n{way} = "{value}"\nreason = "r"\nexpires = 2999-01-01\n', encoding="utf-8")
    cloud = analyse.cloud(full(), denied={fault})
    options = ("--region", HERE, "--region", PRICED, "--streams", "off", "--ignore", str(path))
    found, report = start(cloud)(*options)
    assert (found, report["complete"]) == (code, code == 1)
    SCHEMA.validate(report)
    if code == 1:
        text = json.dumps([report["coverage"], report["notices"]])
        assert "UnauthorizedOperation" in text, "what is accepted is still told"
        assert "matches no finding" not in text
        assert (",r," in (tmp_path / "out" / "report.csv").read_text(encoding="utf-8")) is (way == "region")


def test_an_expired_token_in_an_accepted_region_is_no_accepted_gap(start, tmp_path):
    path = Path(tmp_path / "ignore.toml")
    path.write_text(f'[[ignore]]\nregion = "{HERE}"\nreason = "r"\nexpires = 2999-01-01\n', encoding="utf-8")
    code, _ = start(analyse.cloud(full(), expired_after=1))("--region", HERE, "--streams", "off", "--ignore", str(path))
    assert code == 3


def test_the_owner_is_a_tag_that_can_be_chosen(start):
    audit = start(analyse.cloud(small()))
    options = ("--region", HERE, "--check", "zombie-volume", "--owner-tag")
    assert set(audit(*options, "OWNER")[1]["summary"]["by_check"]["zombie-volume"]["by_owner"]) <= {
        "data",
        "web",
        "platform",
        "(none)",
    }
    assert {f["owner"] for f in audit(*options, "Environment")[1]["findings"]} == {"dev", "production"}


def test_a_region_of_another_partition_has_its_arns(start):
    china = next(name for name, partition in region.known().items() if partition == "aws-cn")
    _, report = start(analyse.cloud(content.account(1, 0, 0)))("--region", china, "--check", "zombie-volume")
    assert report["findings"][0]["arn"].startswith(f"arn:aws-cn:ec2:{china}:")


def test_a_check_that_fails_is_3_and_claims_nothing(start, monkeypatch):
    audit = start(analyse.cloud(small()))
    monkeypatch.setattr(run_module, "row", lambda *_: 1 / 0)
    code, report = audit("--region", HERE, "--streams", "off")
    assert (code, report["findings"]) == (3, [])
    assert gaps(report)[HERE, "volumes"] == "unexpected ZeroDivisionError: division by zero"


def test_one_odd_row_takes_only_the_rest_of_its_own_piece_out(start):
    account = content.Content()
    odd = content.volume(2)
    del odd["AvailabilityZone"]
    account.rows["Volumes"] = [content.volume(1), odd]
    account.log_groups = [content.log_group("g", 5)]
    code, report = start(analyse.cloud(account))("--region", HERE, "--streams", "off")
    assert (code, list(gaps(report))) == (3, [(HERE, "volumes")])
    assert gaps(report)[HERE, "volumes"] == "unexpected KeyError: 'AvailabilityZone'"
    assert [finding["id"] for finding in report["findings"]] == ["g", "vol-00000000000000001"]


LISTS = (
    "DescribeVolumes",
    "DescribeSnapshots",
    "DescribeSecurityGroups",
    "DescribeSecurityGroupRules",
    "DescribeNetworkInterfaces",
    "DescribeLogGroups",
    "DescribeLogStreams",
    "LookupEvents",
    "GetManagedPrefixListEntries",
    "DescribeRegions",
    "GetResources",
    "GetMetricData",
)


def full() -> content.Content:
    """Return an account for which every call is made."""
    account = content.account(1, 1, 1)
    account.prefix_lists["pl-1"] = ["10.0.0.0/8"]
    account.rows["SecurityGroupRules"].append(content.rule(99, "sg-00000000000000000", "tcp", 22, "pl-1"))
    account.regions = [HERE]
    return account


ALL = ("--all-regions", "--streams", "full", "--detach-times", "--log-tags", "--measure-ingestion")


@pytest.mark.parametrize("action", LISTS)
@pytest.mark.parametrize("page", ["<html><body>Log in</body></html>", "<html><br>Log in", ""])
def test_a_success_without_its_list_is_3_and_never_an_empty_list(start, action, page):
    cloud = analyse.cloud(full())
    cloud.pages[action] = page
    code, report = start(cloud)(*ALL)
    assert (code, report["complete"], len(gaps(report))) == (3, False, 1)


def test_with_every_list_there_nothing_is_missing(start):
    assert start(analyse.cloud(full()))(*ALL)[1]["complete"]


@pytest.mark.parametrize("page", ["<html><body>Log in</body></html>", "<html><br>Log in", ""])
@pytest.mark.parametrize("action", ["GetCallerIdentity", "AssumeRole"])
def test_a_success_of_sts_without_its_answer_is_2(start, action, page, capsys):
    cloud = analyse.cloud(full())
    cloud.pages[action] = page
    role = ("--role", "arn:aws:iam::123456789012:role/auditor") if action == "AssumeRole" else ()
    code, report = start(cloud)("--region", HERE, *role)
    assert (code, report["complete"]) == (2, False)
    assert "AWS cannot be asked who you are" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["DescribeSnapshots", "LookupEvents"])
def test_optional_calls_that_are_denied_are_a_note_and_the_volumes_stay(start, action):
    account = content.account(3, 0, 0)
    cloud = analyse.cloud(account, denied={action})
    cloud.page = 2
    code, report = start(cloud)("--region", HERE, "--check", "zombie-volume", "--detach-times")
    assert (code, len(report["findings"])) == (3, 3)
    assert (report["coverage"][0]["status"], len(report["coverage"][0]["notes"])) == ("partial", 1)
    assert {f["details"]["snapshots_read"] for f in report["findings"]} == {action != "DescribeSnapshots"}
    assert cloud.counts()["cloudtrail:LookupEvents"] == (1 if action == "LookupEvents" else 3)


def test_many_notes_are_told_by_the_first_and_their_number():
    assert run_module._first(["a"]) == "a"
    assert run_module._first(["a", "b", "c"]) == "a (and 2 more, see notes)"
