"""A program's output is shown and kept, what it is given is not, and why it failed is one sentence."""

import os
import sys

import pytest

from lib.verify_on_aws import process
from lib.verify_on_aws.process import Runner, StepError


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path / "new" / "run.log")


def python(text):
    return [sys.executable, "-c", text]


def test_output_is_shown_and_kept(runner, capfd):
    lines = runner.run(
        python("import os; print('one'); os.write(2, b'two ' + os.environb[b'GIVEN'] + bytes([10]))"), {"GIVEN": "x"}
    )
    assert sorted(lines) == ["one", "two x"]
    assert "  two x\n" in capfd.readouterr().out
    assert {"one", "two x"} < set(runner.log.read_text().splitlines())


def test_what_is_given_is_neither_shown_nor_kept(runner, capfd):
    (line,) = runner.run(python("import sys; print(len(sys.stdin.read()))"), os.environ, "secret")
    assert line == "6"
    assert "secret" not in capfd.readouterr().out + runner.log.read_text()


def test_a_program_that_does_not_read_is_no_trouble(runner):
    assert runner.run(python("import os; os.close(0)"), os.environ, "secret" * 100_000) == []


def test_a_failure_says_the_command_the_status_and_the_last_line(runner):
    with pytest.raises(StepError, match=r"^python\S* -c .* ended with status 3: it broke$"):
        runner.run(python("print('it broke'); print(' '); raise SystemExit(3)"), os.environ)


def test_a_failure_without_a_word_is_told(runner):
    with pytest.raises(StepError, match="ended with status 1: it said nothing"):
        runner.run(python("raise SystemExit(1)"), os.environ)


def test_a_long_line_is_cut(runner):
    with pytest.raises(StepError, match=rf": {'x' * process.DETAIL_LENGTH}$"):
        runner.run(python("print('x' * 1000); raise SystemExit(1)"), os.environ)


def test_a_status_that_is_meant_is_none(runner):
    runner.run(python("raise SystemExit(3)"), os.environ, good=(0, 3))


def test_a_program_that_is_not_there_is_told(runner):
    with pytest.raises(StepError, match="no-such-program cannot be started"):
        runner.run(["no-such-program"], os.environ)


def test_an_interruption_waits_for_the_program(runner, monkeypatch, tmp_path):
    def interrupted(line, _log):
        if not line.startswith("$"):
            raise KeyboardInterrupt

    monkeypatch.setattr(process, "_tell", interrupted)
    slow = (
        f"import pathlib, time; print(1, flush=True); time.sleep(0.5); pathlib.Path({str(tmp_path / 'done')!r}).touch()"
    )
    with pytest.raises(KeyboardInterrupt):
        runner.run(python(slow), os.environ)
    assert (tmp_path / "done").exists()
