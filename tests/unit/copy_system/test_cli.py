"""The command ends with one sentence and a code."""

import pytest

from lib.common.errors import SettingError
from lib.copy_system import cli


def test_what_is_said_names_the_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli, "copy", lambda _system, _target: 7)
    assert cli.main(["payment", str(tmp_path / "copy")]) == 0
    assert capsys.readouterr().out == f"7 files in {tmp_path / 'copy'}; its README.md says how to go on.\n"


def test_a_refusal_is_told_in_one_sentence(tmp_path, monkeypatch, capsys):
    def refuse(_system, _target):
        raise SettingError("the folder is there already")

    monkeypatch.setattr(cli, "copy", refuse)
    assert cli.main(["payment", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "copy_system: the folder is there already\n"


def test_a_folder_has_to_be_named():
    with pytest.raises(SystemExit):
        cli.main(["payment"])
