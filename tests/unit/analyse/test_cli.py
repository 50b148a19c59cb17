"""The command line: what it takes, what it refuses with which status, and what it prints."""

import io
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lib.analyse import cli, discovery, outputs, policy, terminal
from lib.analyse.model import Check, Collector
from lib.analyse.options import FORMATS, Options, check_regions
from lib.analyse.run import Run
from lib.common.errors import SettingError
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse.auditor import HERE, PRICED

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--region", f"{HERE[:-1]}9x"], "did you mean"),
        (["--region", "qqq"], "write a name from the AWS list"),
        (["--region", HERE, "--all-regions"], "exclude each other"),
        (["--check", "nothing"], "use one of gp2-volume, log-cost, log-storage-tier, open-ingress, "),
        (["--role", "auditor"], "is no role"),
        (["--ignore", "/nowhere/at/all"], "cannot be"),
        (["--output", "/proc/none"], "cannot be used"),
    ],
)
def test_what_is_refused_is_2_and_one_sentence(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.startswith("analyse: ")
    assert said.err.count("\n") == 1


def test_an_unexpected_error_is_2_and_never_1(monkeypatch, capsys, tmp_path):
    def audit(_run):
        raise IndexError

    monkeypatch.setattr("lib.analyse.run.Run.audit", audit)
    assert cli.main(["--output", str(tmp_path)]) == 2
    assert "unexpected IndexError, an error of the auditor itself" in capsys.readouterr().err


def test_an_unknown_option_is_2_as_well():
    with pytest.raises(SystemExit) as caught:
        cli.main(["--nonsense"])
    assert caught.value.code == 2


def test_the_region_is_the_one_of_the_repository_by_default():
    assert check_regions([], {}) == (HERE,)
    assert check_regions([PRICED, PRICED, HERE], {}) == (PRICED, HERE)


def test_report_json_is_always_written():
    assert cli.options(["--format", "csv"])[1].formats == ("json", "csv")
    assert cli.options([])[1].formats == ("json", "csv", "html")


def test_the_policy_is_what_the_collectors_say(capsys):
    assert cli.main(["iam-policy", "--region", HERE]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == policy.document(discovery.collectors().values(), "aws")
    assert document["Version"] == "2012-10-17"
    actions = [action for statement in document["Statement"] for action in statement["Action"]]
    assert all(action.partition(":")[2].startswith(("Describe", "Get", "Lookup")) for action in actions)
    logs = document["Statement"][1]
    assert (logs["Resource"], {a.split(":")[0] for a in logs["Action"]}) == ("arn:aws:logs:*:*:log-group:*", {"logs"})


def test_a_run_calls_nothing_that_its_policy_does_not_allow_and_everything_that_it_does(start):
    """Read-only, proven: a hook sees each call before it is sent, and each action of the policy is used."""
    account = content.account(3, 3, 3)
    account.regions = [HERE]
    account.prefix_lists["pl-1"] = ["10.0.0.0/8"]
    account.rows["SecurityGroupRules"].append(content.rule(99, "sg-00000000000000000", "tcp", 22, "pl-1"))
    cloud = analyse.cloud(account)
    start(cloud)(
        "--all-regions", "--streams", "full", "--detach-times", "--log-tags", "--measure-ingestion", "--check", "all"
    )
    allowed = policy.actions(discovery.collectors().values())
    names = {"tagging": "tag", "monitoring": "cloudwatch"}  # the service that signs, where IAM has another name
    called = (action.split(":") for action in cloud.counts())
    assert sorted(f"{names.get(service, service)}:{action}" for service, action in called) == allowed
    fewer = policy.actions(discovery.collectors().values(), all_regions=False, options=())
    assert set(allowed) - set(fewer) == {
        "ec2:DescribeRegions",
        "cloudtrail:LookupEvents",
        "cloudwatch:GetMetricData",
        "tag:GetResources",
    }
    some = policy.actions(discovery.collectors().values(), all_regions=False, options=["log_tags"])
    assert set(some) - set(fewer) == {"tag:GetResources"}


def test_adding_a_check_is_adding_a_file(start, tmp_path, monkeypatch):
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "unencrypted.py").write_text(
        "from lib.analyse.model import Check, Finding\n"
        "def judge(volume, context):\n"
        "    if not volume.encrypted:\n"
        "        yield Finding(volume.id, context.arn('ec2', f'volume/{volume.id}'), volume.type, 'high', 'plain')\n"
        "CHECK = Check('unencrypted', 'Not encrypted', 'volumes', 'Encrypt it.', judge)\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(
        discovery.checks_package, "__path__", [*discovery.checks_package.__path__, str(tmp_path / "checks")]
    )
    code, report = start(analyse.cloud(content.account(4, 0, 0)))("--region", HERE, "--check", "unencrypted")
    assert (code, len(report["findings"])) == (1, 2)
    assert {f["check"] for f in report["findings"]} == {"unencrypted"}
    monkeypatch.delitem(sys.modules, "lib.analyse.checks.unencrypted")


def test_what_is_discovered_is_complete_and_named_once():
    checks, collectors = discovery.checks(), discovery.collectors()
    assert [check.id for check in checks if check.default] == ["log-cost", "open-ingress", "zombie-volume"]
    assert [check.id for check in checks if not check.default] == [
        "gp2-volume",
        "log-storage-tier",
        "unused-snapshot",
        "stopped-instance-volume",
        "unattached-address",
    ]
    assert len({check.id for check in checks}) == len(checks)
    assert all(isinstance(check, Check) and check.collector in collectors for check in checks)
    assert all(isinstance(collector, Collector) for collector in collectors.values())


def test_in_a_log_it_prints_sums_and_no_progress(start, capsys):
    account = content.account(40, 20, 20)
    start(analyse.cloud(account, denied={"DescribeLogGroups"}))("--region", PRICED)
    said = capsys.readouterr()
    assert said.err == ""
    assert "zombie-volume: 40 (" in said.out
    assert "USD a month" in said.out
    assert "by owner: " in said.out
    assert f"NOT LOOKED AT: log_groups in {PRICED} of sandbox (123456789012): AccessDenied" in said.out
    assert "Everything was looked at" not in said.out


def test_a_partial_piece_and_expired_entries_are_printed(start, capsys, tmp_path):
    (tmp_path / "i.toml").write_text(
        '[[ignore]]\nid = "x"\nreason = "old"\nexpires = 2020-01-01\n'
        '[[ignore]]\ntag = "Owner"\nreason = "known"\nexpires = 2999-01-01\n',
        encoding="utf-8",
    )
    options = ("--region", HERE, "--ignore", str(tmp_path / "i.toml"), "--streams", "off")
    start(analyse.cloud(content.account(9, 9, 9), denied={"DescribeNetworkInterfaces"}))(*options)
    said = capsys.readouterr().out
    assert "NOT LOOKED AT in part: security_groups" in said
    assert "ignore entry expired on 2020-01-01: old" in said
    assert " not priced" in said
    assert " ignored" in said


def test_the_last_line_names_accounts_and_regions(start, capsys):
    audit = start(analyse.cloud())
    audit()
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"Scope: account sandbox (123456789012) in {HERE}, the default region only")
    audit("--region", HERE, "--region", PRICED)
    assert capsys.readouterr().out.splitlines()[-1] == f"Scope: account sandbox (123456789012) in {HERE}, {PRICED}."


def test_quiet_prints_nothing(start, capsys):
    start(analyse.cloud(content.account(3, 3, 3)))("--region", HERE, "--quiet")
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def finished(start, account: content.Content, tmp_path: Path) -> Run:
    audit = start(analyse.cloud(account))
    audit("--region", PRICED, "--streams", "off")
    run = Run(Options(regions=(PRICED,), streams="off", output=tmp_path / "out"))
    run.audit()
    return run


def test_on_a_terminal_the_gravest_are_a_table(start, tmp_path):
    run = finished(start, content.account(40, 20, 20), tmp_path)
    out, err = Terminal(), Terminal()
    screen = terminal.Screen(out, err, quiet=False)
    run.finished_at, end = None, run.finished_at
    screen.progress(run)
    screen.progress(run)
    run.finished_at = end
    screen.progress(run)
    screen.summary(run)
    assert "The 15 most severe findings" in out.getvalue()
    assert "high" in out.getvalue()
    assert "resources" in err.getvalue()
    rows = terminal.worst(run)
    assert rows == sorted(rows, key=lambda row: (-terminal.rank(row["severity"]), -(row["monthly_usd"] or 0)))


@pytest.mark.parametrize("error", [BrokenPipeError, UnicodeEncodeError("ascii", "…", 0, 1, "no")])
def test_what_cannot_be_printed_changes_nothing(start, tmp_path, error):
    class Gone(Terminal):
        def write(self, _text: str) -> int:
            raise error

    run = finished(start, content.account(4, 2, 2), tmp_path)
    screen = terminal.Screen(Gone(), Gone(), quiet=False)
    run.finished_at, end = None, run.finished_at
    screen.progress(run)
    run.finished_at = end
    screen.progress(run)
    screen.summary(run)


def test_without_findings_there_is_no_table(start, tmp_path):
    out = Terminal()
    terminal.Screen(out, Terminal(), quiet=False).summary(finished(start, content.Content(), tmp_path))
    assert "most severe" not in out.getvalue()
    assert "Everything was looked at: 0 resources." in out.getvalue()


def test_signals_are_left_alone_outside_the_main_thread(start):
    audit, codes = start(analyse.cloud()), list[int]()
    thread = threading.Thread(target=lambda: codes.append(audit("--region", HERE)[0]))
    thread.start()
    thread.join()
    assert codes == [0]


def test_a_second_signal_ends_at_once_with_3(monkeypatch):
    left, stop = list[int](), threading.Event()
    monkeypatch.setattr(cli, "leave", left.append)
    with cli._signals(stop):
        os.kill(os.getpid(), signal.SIGINT)
        assert (stop.is_set(), left) == (True, [])
        os.kill(os.getpid(), signal.SIGTERM)
    assert left == [3]


def test_leaving_waits_for_nothing(monkeypatch):
    left = list[int]()
    monkeypatch.setattr("os._exit", left.append)
    cli.leave(3)
    assert left == [3]


def test_what_was_printed_is_out_before_the_program_ends():
    done = subprocess.run(
        [sys.executable, "-m", "lib.analyse", "iam-policy"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert json.loads(done.stdout)["Version"] == "2012-10-17"


def test_a_stream_that_has_no_encoding_is_left_as_it_is(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert cli.main(["iam-policy"]) == 0


def test_the_module_can_be_run(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["analyse", "iam-policy"])
    left = list[int]()
    monkeypatch.setattr("os._exit", left.append)
    runpy.run_module("lib.analyse", run_name="__main__")
    assert left == [0]
    assert "sts:GetCallerIdentity" in capsys.readouterr().out


def test_the_policy_needs_no_sdk():
    code = "import sys; from lib.analyse import cli; cli.main(['iam-policy']); print('boto3' in sys.modules)"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.endswith("False\n")


def test_the_formats_are_those_of_the_command_line():
    assert tuple(outputs.FILES) == FORMATS


def test_a_missing_file_of_settings_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("lib.common.region.FOLDER", tmp_path)
    with pytest.raises(SettingError, match="is missing"):
        check_regions([], {})


@pytest.mark.parametrize("days", ["-1", "1.5", "soon", "\u0661"])
def test_older_than_takes_whole_days_only(capsys, days):
    with pytest.raises(SystemExit) as caught:
        cli.options([f"--older-than={days}"])
    assert caught.value.code == 2
    assert "is not a number of days: write one such as 30" in capsys.readouterr().err


@pytest.mark.parametrize(("days", "count"), [("0", 1), ("100000", 0)])
def test_older_than_reaches_the_check(start, days, count):
    account = content.Content()
    account.rows["Volumes"] = [content.volume(1)]
    report = start(analyse.cloud(account))("--region", HERE, "--check", "zombie-volume", "--older-than", days)[1]
    assert (len(report["findings"]), report["options"]["older_than"]) == (count, int(days))
