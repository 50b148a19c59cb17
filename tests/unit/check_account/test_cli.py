"""The command line: which systems with which settings, what is printed where, and the exit status."""

import io
import json
import sys

import pytest

from lib.check_account import cli, command_line, run, systems
from lib.check_account.account import Account
from lib.check_account.model import Call, Row, Verdict, in_region
from lib.common import region
from lib.common.errors import SettingError
from lib.declared import read
from lib.declared.model import DeclarationError
from tests.support.check_account import HERE, HOME, THERE, resource, system

GOOD = Row("region", HERE, "switched on", "opted-in", Verdict.OK)
CALL = Call("iam", "create_service_linked_role", "", {}, "aws iam create")
BAD = Row("role", "", "exists", "missing", Verdict.CHANGE, "aws iam create", (CALL,))
SHOP = system(resource("AWS::KMS::Key"))


@pytest.fixture(name="answers")
def fixture_answers(monkeypatch):
    """Let the checks find rows, one list for each time they are asked; note what is loaded and fixed."""
    seen = {"asked": [], "loaded": [], "fixed": []}

    def rows(account, chosen, *, emulator):
        seen["asked"].append((account.home, [one.name for one in chosen], emulator))
        return seen["rows"].pop(0)

    def load(wanted, environ):
        seen["loaded"].append((list(wanted), environ[region.PRIMARY]))
        return [SHOP]

    def apply(_account, found, confirm, report):
        seen["fixed"] += [call.command for row in found for call in row.calls if confirm(call.command)]
        report("done")

    monkeypatch.setattr(run, "rows", rows)
    monkeypatch.setattr(systems, "load", load)
    monkeypatch.setattr(cli.fix, "apply", apply)
    monkeypatch.setattr(Account, "emulator", lambda _account: seen.get("emulator", ""))
    return seen


def main(*arguments, confirm=None):
    return cli.main(arguments, {region.PRIMARY: HERE}, confirm)


def test_a_good_account_ends_with_0(answers, capsys):
    answers["rows"] = [[GOOD]]
    assert main("payment") == 0
    assert answers["loaded"] == [(["payment"], HERE)]
    assert capsys.readouterr().out.splitlines()[-1] == "1 ok"


def test_what_there_is_once_is_asked_at_home(answers):
    answers["rows"] = [[GOOD]]
    main()
    assert answers["asked"] == [(HOME, ["shop"], False)]


@pytest.mark.parametrize("terminal", [True, False])
def test_who_waits_is_told_what_for(answers, monkeypatch, capsys, terminal):
    answers["rows"] = [[GOOD]]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    main()
    assert ("Reading what the systems declare" in capsys.readouterr().err) is terminal


def test_something_to_change_ends_with_1(answers, capsys):
    answers["rows"] = [[BAD]]
    assert main() == 1
    assert "fix: aws iam create" in capsys.readouterr().out


def test_on_the_local_cloud_it_says_whose_answers_these_are(answers, capsys):
    answers.update(rows=[[BAD]], emulator="http://127.0.0.1:4566")
    assert main() == 0
    assert "the emulator on http://127.0.0.1:4566 answered" in capsys.readouterr().out


def test_another_region_can_be_named(answers):
    answers["rows"] = [[GOOD]]
    main("--region", THERE)
    assert answers["loaded"] == [([], THERE)]


def test_json_is_all_of_the_output(answers, capsys):
    answers["rows"] = [[BAD]]
    assert main("--format", "json") == 1
    assert json.loads(capsys.readouterr().out)["answered_by"] == "AWS"


def test_without_fix_nothing_is_changed(answers):
    answers["rows"] = [[BAD]]
    main(confirm=lambda _command: True)
    assert answers["fixed"] == []


def test_fix_asks_and_looks_again(answers, capsys):
    answers["rows"] = [[BAD], [GOOD]]
    assert main("--fix", confirm=lambda _command: True) == 0
    assert answers["fixed"] == ["aws iam create"]
    assert "done" in capsys.readouterr().out


def test_fix_leaves_an_account_alone_that_lacks_nothing(answers):
    answers["rows"] = [[GOOD]]
    assert main("--fix") == 0


def test_fix_keeps_the_json_clean(answers, capsys):
    answers["rows"] = [[BAD], [GOOD]]
    main("--fix", "--yes", "--format", "json")
    out, err = capsys.readouterr()
    assert json.loads(out)["rows"]
    assert err == "aws iam create\n  done\n"


@pytest.mark.parametrize(
    ("typed", "made"), [("y\n", True), ("Yes\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_a_person_is_asked_on_standard_error(answers, monkeypatch, capsys, typed, made):
    answers["rows"] = [[BAD], [GOOD]]
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    main("--fix")
    assert bool(answers["fixed"]) is made
    assert "aws iam create\nRun it? [y/N]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--region", "nowhere"], "'nowhere' in the environment variable AWS_REGION"),
        (["iam-policy", "payment", "--region", "nowhere"], "'nowhere'"),
    ],
)
def test_a_refused_value_ends_with_2_and_a_sentence(capsys, arguments, told):
    assert main(*arguments) == 2
    assert told in capsys.readouterr().err


def test_yes_without_fix_is_a_contradiction(capsys):
    with pytest.raises(SystemExit, match="2"):
        main("--yes")
    assert "--yes answers the questions of --fix" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["paymnet"], ["iam-policy", "paymnet"]])
def test_a_wrong_argument_ends_with_2(capsys, arguments):
    with pytest.raises(SystemExit, match="2"):
        main(*arguments)
    assert "payment" in capsys.readouterr().err


def test_the_policies_are_json_and_the_text_stands_beside_them(answers, capsys):
    assert main("iam-policy", "payment", "--account", "123456789012") == 0
    out, err = capsys.readouterr()
    assert list(json.loads(out)) == ["shop-live-deployer"]
    assert err.startswith("1 managed policies")


def declared(monkeypatch, error=None):
    asked = []

    def source(name, environ):
        asked.append((name, dict(environ)))
        if error:
            raise error
        return read.Source(name, "cdk", environ, {"Resources": {}})

    monkeypatch.setattr(read, "source", source)
    monkeypatch.setattr(read, "view", lambda _source: SHOP.declaration)
    return asked


def test_a_service_is_counted_before_there_is_an_image(monkeypatch):
    asked = declared(monkeypatch)
    systems.load(["flask-api"], {"ENVIRONMENT_SUFFIX": "live"})
    assert asked == [("flask-api", {"IMAGE": "first", "ENVIRONMENT_SUFFIX": "live"})]


def test_no_name_is_every_system(monkeypatch):
    asked = declared(monkeypatch)
    systems.load([], {})
    assert [name for name, _environ in asked] == list(read.SYSTEMS)


def test_a_system_has_its_suffix_its_document_and_its_state(monkeypatch):
    declared(monkeypatch)
    (found,) = systems.load(["payment"], {"ENVIRONMENT_SUFFIX": "live", "STATE_BUCKET": "state"})
    assert (found.suffix, found.document, found.state_bucket) == ("live", {"Resources": {}}, "state")


def test_what_cannot_be_read_is_a_sentence(monkeypatch):
    declared(monkeypatch, DeclarationError("AWS::X::Y has no place"))
    with pytest.raises(SettingError, match="What payment declares cannot be read: AWS::X::Y"):
        systems.load(["payment"], {})


def test_resources_are_found_by_region():
    made = system(resource("AWS::KMS::Key", "a"), resource("AWS::KMS::Key", "b", THERE), resource("AWS::EC2::VPC"))
    found = {where: [one.name for _s, one in some] for where, some in in_region([made], "AWS::KMS::Key").items()}
    assert found == {HERE: ["a"], THERE: ["b"]}


def test_the_parser_lists_the_exit_statuses():
    assert "exit status: 0 nothing has to be changed" in command_line.parser().format_help()
