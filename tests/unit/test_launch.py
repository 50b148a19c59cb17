"""A command is started where its caller is, and led to the local cloud only when it asks AWS."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lib.local_cloud import found
from scripts import launch, setup_env

ROOT = Path(__file__).resolve().parents[2]


def test_paths_are_the_callers_and_modules_are_not(tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the caller was imported')\n")
    command = [
        sys.executable,
        ROOT / "scripts" / "launch.py",
        tmp_path,
        "lib.analyse.__main__",
        "--ignore",
        "mine.toml",
    ]
    environ = {**os.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    told = []
    for content in (None, "wrong"):
        if content:
            (tmp_path / "mine.toml").write_text(content)
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        told.append(done.stderr)
    assert "No such file" in told[0]
    assert "[[ignore]]" in told[1]


@pytest.fixture
def started(monkeypatch):
    """What is started, and what is led to the local cloud."""
    seen = {"pointed": 0, "modules": []}

    def point(_environ):
        seen["pointed"] += 1
        return "Asking the local cloud."

    monkeypatch.setattr(found, "point", point)
    monkeypatch.setattr(launch.runpy, "run_module", lambda module, **_options: seen["modules"].append(module))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", [])
    return seen


@pytest.mark.parametrize("module", setup_env.CALLERS)
def test_who_is_asked_is_said_by_those_that_ask(started, monkeypatch, tmp_path, capsys, module):
    monkeypatch.chdir(ROOT)
    launch.main([str(tmp_path), module, "--an-option"])
    assert started["modules"] == [module]
    assert sys.argv == [module, "--an-option"]
    assert Path.cwd() == tmp_path
    assert ("Asking the local cloud." in capsys.readouterr().err) is (module in launch.ASK_AWS)
    assert started["pointed"] == (module in launch.ASK_AWS)


def test_every_command_that_is_launched_exists():
    assert set(launch.ASK_AWS) <= set(setup_env.CALLERS)
    for module in setup_env.CALLERS:
        assert importlib.util.find_spec(module), module
