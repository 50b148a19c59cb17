"""CDKTF's command line is left out unless it is asked for; then it is fetched once, as the lock files pin it."""

import os
import sys

import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.local_cloud.cdktf import cli
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError


def silent(_text):
    """Tell nobody."""


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    (tmp_path / "cloud").mkdir()
    (tmp_path / "checkout").mkdir()
    for name in cli.FILES:
        (tmp_path / "checkout" / name).write_text("{}")
    monkeypatch.setattr(cli, "ROOT", tmp_path / "checkout")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))  # the user's own takes long to count
    return LocalCloud(tmp_path / "cloud", 4566, region.primary())


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Stand in for npm, with a script that runs in the folder to fill."""

    def make(script):
        path = tmp_path / "bin" / "npm"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        real = cli.environment

        def environment(cloud):
            found = real(cloud)
            monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.defpath}")
            return {**found, "PATH": f"{path.parent}{os.pathsep}{os.defpath}"}

        monkeypatch.setattr(cli, "environment", environment)

    return make


ASKED = {cli.VARIABLE: "cli"}
MAKES = f"mkdir -p {cli.PROGRAM.parent} && touch {cli.PROGRAM}"


def test_a_word_that_is_no_way_is_refused(cloud):
    with pytest.raises(SettingError, match="LOCAL_CLOUD_CDKTF='other' is not valid: use 'cli' or 'terraform'"):
        cli.way(cloud, silent, {cli.VARIABLE: "other"})


@pytest.mark.parametrize("environ", [{}, {cli.VARIABLE: "terraform"}])
def test_terraform_alone_is_the_default(cloud, tmp_path, environ):
    own = tmp_path / "checkout" / cli.PROGRAM
    own.parent.mkdir(parents=True)
    own.touch()  # that the command line is there changes nothing
    assert cli.way(cloud, silent, environ, tmp_path / "tools") == (None, "synthesised, then terraform apply")


def test_the_checkouts_own_command_line_is_used(cloud, tmp_path):
    own = tmp_path / "checkout" / cli.PROGRAM
    own.parent.mkdir(parents=True)
    own.touch()
    assert cli.way(cloud, silent, ASKED, tmp_path / "tools") == (own, "cdktf deploy, as LOCAL_CLOUD_CDKTF asks")


def test_it_is_fetched_once(cloud, npm, tmp_path):
    npm(f"echo run >> {tmp_path}/runs; {MAKES}")
    first, _why = cli.way(cloud, silent, ASKED, tmp_path / "tools")
    second, _why = cli.way(cloud, silent, ASKED, tmp_path / "tools")
    assert first == second == cli.place(tmp_path / "tools") / cli.PROGRAM
    assert (tmp_path / "runs").read_text() == "run\n"


def test_other_lock_files_are_another_command_line(cloud, tmp_path):
    before = cli.place(tmp_path)
    (tmp_path / "checkout" / cli.FILES[1]).write_text("{ }")
    assert cli.place(tmp_path) != before


def test_a_fetch_that_fails_is_told_in_npms_words(cloud, npm, tmp_path):
    npm("echo 'npm error ENOTFOUND'; exit 1")
    with pytest.raises(LocalCloudError, match="_CDKTF=cli asks for CDKTF's command line: it cannot be fetched: npm"):
        cli.way(cloud, silent, ASKED, tmp_path / "tools")


def test_a_network_that_brings_nothing_is_given_up(cloud, npm, tmp_path, monkeypatch):
    monkeypatch.setattr(cli.terraform_fetch, "STALL_SECONDS", 0.3)
    npm("sleep 60")
    assert "nothing came from the network" in cli.fetch(cloud, silent, tmp_path / "tools")[1]


def test_a_part_that_cannot_be_compiled_is_told(cloud, npm, tmp_path):
    npm("exit 0")
    assert "C++ compiler" in cli.fetch(cloud, silent, tmp_path / "tools")[1]


def test_a_machine_without_npm_is_told(cloud, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(cli, "environment", lambda _cloud: {"PATH": "/nowhere"})
    assert "there is no npm" in cli.fetch(cloud, silent, tmp_path / "tools")[1]


def test_what_is_compiled_is_compiled_for_the_node_that_runs_it(cloud, tmp_path, monkeypatch):
    home = tmp_path / "node"
    for folder in ("bin", "include/node"):
        (home / folder).mkdir(parents=True)
    (home / "bin" / "node").touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(home / "bin" / "python"))
    found = cli.environment(cloud)
    assert found["npm_config_nodedir"] == str(home)
    assert found["PATH"].startswith(str(home / "bin"))


def test_a_node_without_headers_fetches_its_own(cloud, tmp_path, monkeypatch):
    home = tmp_path / "node" / "bin"
    home.mkdir(parents=True)
    (home / "node").touch(mode=0o755)
    monkeypatch.delenv("npm_config_nodedir", raising=False)
    monkeypatch.setattr(sys, "executable", str(home / "python"))
    assert "npm_config_nodedir" not in cli.environment(cloud)
