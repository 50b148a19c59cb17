"""Terraform's packages are installed when they are needed, once, with the lock's hashes; a failure is one sentence."""

import subprocess
import tomllib

import pytest

from lib.local_cloud.cdktf import terraform_packages as packages
from lib.local_cloud.errors import LocalCloudError


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """Let the packages be missing, and commands end as a test says; return what was called."""
    called, codes = [], []

    def run(words, **_options):
        called.append(words)
        return subprocess.CompletedProcess(words, codes.pop(0))

    monkeypatch.setattr(packages, "ROOT", tmp_path)
    monkeypatch.setattr(packages.subprocess, "run", run)
    return called, codes


@pytest.fixture
def lock(tmp_path):
    """A lock file of a package that is not installed."""
    path = tmp_path / "some.lock"
    path.write_text("no-such-package==1.0 \\\n    --hash=sha256:00\n", encoding="utf-8")
    return path


def test_what_is_installed_is_left_alone(commands, tmp_path):
    lock, told = tmp_path / "some.lock", []
    lock.write_text(f"pytest=={pytest.__version__} \\\n    --hash=sha256:00\n", encoding="utf-8")
    packages.install(told.append, lock)
    assert (commands[0], told) == ([], [])


def test_another_version_is_replaced(commands, tmp_path):
    called, codes = commands
    codes.append(0)
    lock = tmp_path / "some.lock"
    lock.write_text("pytest==1.0 \\\n    --hash=sha256:00\n", encoding="utf-8")
    packages.install(lambda _text: None, lock)
    assert len(called) == 1


def test_uv_installs_what_the_lock_pins(commands, lock):
    called, codes = commands
    codes.append(0)
    told = []
    packages.install(told.append, lock)
    (words,) = called
    assert words[1:4] == ["-m", "uv", "pip"]
    assert {"--require-hashes", "--no-deps", str(lock)} <= set(words)
    assert told == ["Terraform's packages, 240 MB, once"]


def test_where_uv_cannot_pip_does(commands, lock):
    called, codes = commands
    codes += [1, 0]
    packages.install(lambda _text: None, lock)
    assert [words[2] for words in called] == ["uv", "pip"]


def test_a_failure_says_what_to_do(commands, lock):
    commands[1].extend([1, 1])
    with pytest.raises(LocalCloudError, match=r"check the network.*LOCAL_CLOUD_TERRAFORM=registry\. Log: \.local/"):
        packages.install(lambda _text: None, lock)


def test_the_lock_pins_the_group_and_nothing_else():
    root = packages.LOCK.parent
    group = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["terraform"]
    lines = packages.LOCK.read_text(encoding="utf-8").splitlines()
    assert sorted(line.split("==")[0] for line in lines if "==" in line) == sorted(group)
    everyday = (root / "requirements.lock").read_text(encoding="utf-8")
    assert [name for name in group if f"\n{name}==" in everyday] == []
