"""As root PostgreSQL runs as a user of its own, who may pass root's folders and not look into them."""

import stat

import pytest

from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import unprivileged


@pytest.fixture
def root(monkeypatch):
    """Be root, whoever runs this."""
    monkeypatch.setattr(unprivileged.os, "geteuid", lambda: 0)


@pytest.fixture
def unknown(monkeypatch):
    """Let no user be known."""

    def getpwnam(name):
        raise KeyError(name)

    monkeypatch.setattr(unprivileged.pwd, "getpwnam", getpwnam)


def test_who_is_not_root_runs_it_as_himself(monkeypatch):
    monkeypatch.setattr(unprivileged.os, "geteuid", lambda: 1000)
    assert unprivileged.user() is None


def test_a_user_that_is_there_is_taken(root, monkeypatch):
    monkeypatch.setattr(unprivileged.pwd, "getpwnam", lambda name: name)
    monkeypatch.setattr(unprivileged, "MAKE_USER", ("false",))
    assert unprivileged.user() == unprivileged.USER


def test_a_user_that_is_missing_is_made(root, unknown, monkeypatch, tmp_path):
    monkeypatch.setattr(unprivileged, "MAKE_USER", ("sh", "-c", f'echo "$0" > {tmp_path}/made'))
    assert unprivileged.user() == unprivileged.USER
    assert (tmp_path / "made").read_text().strip() == unprivileged.USER


@pytest.mark.parametrize("command", ["false", "/nowhere/useradd"])
def test_a_user_that_cannot_be_made_is_told(root, unknown, monkeypatch, command):
    monkeypatch.setattr(unprivileged, "MAKE_USER", (command,))
    with pytest.raises(LocalCloudError, match="refuses to run as root, and the user 'pgserver' cannot be made"):
        unprivileged.user()


def test_folders_are_opened_for_passing_alone(tmp_path):
    inner = tmp_path / "closed" / "program"
    inner.mkdir(parents=True, mode=0o700)
    inner.parent.chmod(0o700)
    unprivileged.let_through(inner)
    assert stat.S_IMODE(inner.parent.stat().st_mode) == 0o701
    assert stat.S_IMODE(inner.stat().st_mode) == 0o700
