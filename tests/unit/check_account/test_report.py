"""The table shows every row with its command below it; the JSON says who answered."""

import json

from lib.check_account import report
from lib.check_account.model import Call, Row, Verdict

CALL = Call("iam", "x", "", {}, "aws iam x")
GOOD = Row("region", "here", "switched on", "opted-in", Verdict.OK)
BAD = Row("VPCs", "", "1 more", "5 allowed, 5 used", Verdict.CHANGE, "aws ask --for more")


def test_columns_stand_below_each_other():
    head, good, bad, _fix = report.table([GOOD, BAD]).splitlines()
    assert head.index("NEEDED") == good.index("switched on") == bad.index("1 more")


def test_what_belongs_to_no_region_is_the_account_s():
    assert "account" in report.table([BAD]).splitlines()[1]


def test_the_command_stands_below_its_row_in_one_piece():
    command = "aws x " + "y" * 300
    row = Row("a", "", "b", "c", Verdict.CHANGE, command)
    assert report.table([row]).splitlines()[-1] == f"    fix: {command}"


def test_a_long_cell_goes_on_in_the_next_line():
    row = Row("a", "", "b", "word " * 30, Verdict.OK)
    lines = report.table([row]).splitlines()
    assert len(lines) > 2
    assert max(map(len, lines)) < 100


def test_an_emulator_s_verdict_is_marked():
    text = report.table([GOOD, BAD], emulator=True)
    assert ("ok (emulator)" in text, "change (emulator)" in text) == (True, True)


def test_what_an_emulator_lacks_is_no_reason_to_change_a_setting():
    assert "fix:" not in report.table([BAD], emulator=True)


def test_what_can_be_created_there_is_shown():
    row = Row("a", "", "b", "c", Verdict.CHANGE, "aws iam x", (CALL,))
    assert "fix: aws iam x" in report.table([row], emulator=True)


def test_what_an_emulator_does_not_answer_is_said_once():
    row = Row("a", "", "b", "c", Verdict.NOT_ANSWERED)
    assert "not answered by the emulator" in report.table([row], emulator=True)
    assert "(emulator)" not in report.table([row], emulator=True)


def test_the_summary_counts_verdicts():
    assert report.summary([GOOD, GOOD, BAD]) == "2 ok, 1 change"


def test_the_json_has_every_row_and_who_answered():
    found = json.loads(report.as_json([GOOD, BAD], ""))
    assert found["answered_by"] == "AWS"
    assert found["rows"][1] == {
        "what": "VPCs",
        "region": "",
        "needed": "1 more",
        "found": "5 allowed, 5 used",
        "verdict": "change",
        "fix": "aws ask --for more",
    }


def test_the_json_names_an_emulator():
    assert json.loads(report.as_json([], "http://127.0.0.1:1"))["answered_by"] == "http://127.0.0.1:1"
