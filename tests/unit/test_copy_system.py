"""A system can be lifted out of TAP: its copy holds what it needs, nothing of the others, and its tests run there."""

import subprocess
import sys
from pathlib import Path

import pytest

from lib.common import lambda_sources
from lib.common.errors import SettingError
from scripts import copy_system
from tap import SYSTEMS as REGISTRY

SYSTEMS = sorted(REGISTRY)
ROOT = copy_system.ROOT


@pytest.fixture(scope="module", params=SYSTEMS)
def copied(request, tmp_path_factory):
    """A system's name and its copy."""
    target = tmp_path_factory.mktemp("copies") / request.param
    copy_system.copy(request.param, target)
    return request.param, target


def test_the_copy_has_no_trace_of_the_others(copied):
    system, target = copied
    others = {name.replace("-", "_") for name in SYSTEMS} - {system.replace("-", "_")}
    assert len(others) == len(SYSTEMS) - 1 >= 2
    places = [target / part / other for part in ("lib", "lambda", "tests/unit") for other in others]
    assert [place for place in places if place.exists()] == []


def test_there_is_no_link_in_it(copied):
    """Not every file system and archive has them."""
    _system, target = copied
    assert [path for path in target.rglob("*") if path.is_symlink()] == []


def test_its_functions_have_the_same_files_as_here(copied):
    """The common modules that they import are there, and no other."""
    system, target = copied
    name = system.replace("-", "_")
    functions = [handler.parent.name for handler in (ROOT / "lambda" / name).glob("*/handler.py")]
    assert functions or system == "flask-api"
    taken = set()
    for function in functions:
        here, there = (lambda_sources.sources(name, function, root=root) for root in (ROOT, target))
        assert {place: path.relative_to(target) for place, path in there.items()} == {
            place: path.relative_to(ROOT) for place, path in here.items()
        }
        taken |= {path for path in there.values() if path.parent.name == "common" and path.suffix == ".py"}
    assert set((target / "lambda").glob("common/*")) == taken


def test_the_lock_pins_the_engine_and_no_other(copied):
    system, target = copied
    engine = copy_system.engine_of(system)
    packages = {"cdk": "aws-cdk-lib", "cdktf": "cdktf", "pulumi": "pulumi-aws"}
    lock = (target / "requirements.lock").read_text()
    assert [name for name, package in packages.items() if f"\n{package}==" in lock] == [engine]
    assert "--hash=sha256:" in lock


def test_its_tests_run_there(copied):
    """All are imported, and those of its settings run: the whole takes as long as it does here."""
    _system, target = copied
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-n",
        "0",
        "-k",
        "test_settings",
        "tests",
    ]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(SettingError, match="is there already and not empty"):
        copy_system.copy(SYSTEMS[0], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_unknown_system_is_told_in_one_sentence(tmp_path, capsys):
    assert copy_system.main(["kinesis", str(tmp_path / "copy")]) == 2
    said = capsys.readouterr().err
    assert "kinesis-pipeline" in said
    assert "Traceback" not in said


def test_what_is_said_names_the_folder(tmp_path, capsys):
    assert copy_system.main([SYSTEMS[0], str(tmp_path / "copy")]) == 0
    assert str(tmp_path / "copy") in capsys.readouterr().out
    assert Path(tmp_path / "copy" / "README.md").is_file()
