"""Setting up says in one sentence what is wrong: no network, a full disk, a Python that is too old."""

import importlib.util
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def setup(tmp_path, monkeypatch):
    """The script as a module, with a log and a checkout of its own."""
    spec = importlib.util.spec_from_file_location("setup_env_under_test", ROOT / "scripts" / "setup_env.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "LOG", tmp_path / "setup.log")
    return module


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        ("error: No space left on device (os error 28)", "the disk is full"),
        ("npm error code ENOSPC", "the disk is full"),
        (
            "Failed to establish a new connection: Name or service not known: name resolution",
            "registry cannot be reached",
        ),
        ("npm error network request failed, reason: getaddrinfo ENOTFOUND host", "registry cannot be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "differs from the one in the lock file"),
        ("npm error code EINTEGRITY", "differs from the one in the lock file"),
        ("PermissionError: [Errno 13] Permission denied", "a file cannot be written"),
        ("something nobody thought of", "see the last lines of the log"),
    ],
)
def test_the_cause_is_named_with_the_last_line(setup, printed, sentence):
    with pytest.raises(SystemExit) as end:
        setup.run("Packages", ["sh", "-c", f"echo 'first'; echo '{printed}'; exit 1"])
    assert sentence in str(end.value)
    assert str(end.value).endswith(printed)


def test_the_seconds_are_shown_on_a_terminal(setup, monkeypatch, capsys):
    monkeypatch.setattr(setup.sys.stderr, "isatty", lambda: True)
    setup.run("Packages", ["sleep", "1.3"])
    assert capsys.readouterr().err == "  Packages ...\r  Packages ... 1 s\r  Packages ... 1 s\n"


def test_a_log_has_each_step_once(setup, capsys):
    setup.run("Packages", ["sleep", "1.1"])
    assert capsys.readouterr().err == "  Packages ... 1 s\n"


@pytest.mark.parametrize("absent", [["ensurepip"], ["venv", "ensurepip"]])
def test_a_python_without_venv_gets_the_package_to_install(setup, monkeypatch, tmp_path, absent):
    real = importlib.util.find_spec
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda name: None if name in absent else real(name))
    monkeypatch.setattr(setup, "PYTHON", tmp_path / "none")
    monkeypatch.setattr(setup, "run", lambda *_a, **_b: pytest.fail("nothing can be made"))
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda _path: SimpleNamespace(free=10**12))
    with pytest.raises(SystemExit, match="sudo apt install python3-venv") as end:
        setup.make()
    assert f"has no {' and no '.join(absent)}, so" in str(end.value)


def test_what_is_downloaded_is_said_first_and_once(setup, monkeypatch, capsys):
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda _path: SimpleNamespace(free=0))
    with pytest.raises(SystemExit):
        setup.make()
    assert (
        capsys.readouterr()
        .err.splitlines()[0]
        .startswith("Setting up (once per version of the lock files): about 500 MB")
    )


def test_an_older_failure_in_the_log_is_not_the_cause(setup):
    setup.LOG.write_text("No space left on device\n")
    with pytest.raises(SystemExit, match="see the last lines"):
        setup.run("Packages", ["sh", "-c", "exit 1"])


def test_the_second_way_is_taken_when_the_first_fails(setup, capsys):
    setup.run("Packages", ["sh", "-c", "exit 1"], ["true"])
    assert "failed" not in capsys.readouterr().err


def test_a_full_disk_is_noticed_before_anything_is_written(setup, monkeypatch, tmp_path):
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda _path: SimpleNamespace(free=10**9))
    with pytest.raises(SystemExit, match=r"4\.0 GB of free disk are needed and 1\.0 GB are left"):
        setup.make()
    assert not any(tmp_path.iterdir())


def test_the_environment_is_made_again_when_a_lock_file_changes(setup, tmp_path):
    for name in setup.LOCKS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    before = setup.content()
    for name in setup.LOCKS:
        (tmp_path / name).write_text("two")
        assert setup.content() != before, name
        (tmp_path / name).write_text("one")


def test_a_python_that_is_too_old_gets_a_sentence(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        [ROOT / "scripts" / "_python", "-V"],
        env={**os.environ, "TAP_PYTHON": str(old)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("TAP needs Python 3.11 or later")
    assert str(old) in done.stderr
