"""A system can be lifted out: its copy holds what it needs, installs, documents itself, and its tests run there."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from lib.common import lambda_sources
from lib.common.errors import SettingError
from lib.copy_system import copy as module
from lib.copy_system.closure import ROOT
from lib.copy_system.documents import LINK, ONLY_HERE, SCRIPT
from tap import SYSTEMS

# What these names mean where they are not the name of a system.
ENGLISH = re.compile(r"disaster-recovery (?:pair|system)")
# What scripts/up needs, and no copy has.
LOCAL_CLOUD = {"cdk", "cdktf", "pulumi", "emulation", "systems", "cli.py", "inventory.py", "audit.py"}


@pytest.fixture(scope="module", params=sorted(SYSTEMS))
def copied(request, tmp_path_factory):
    """A system's name and its copy."""
    target = tmp_path_factory.mktemp("copies") / request.param
    module.copy(request.param, target)
    return request.param, target


def texts(target: Path) -> dict[str, str]:
    """Return the copy's files that are texts; the lock files name packages only."""
    paths = [path for path in target.rglob("*") if path.is_file() and not path.name.endswith((".lock", "-lock.json"))]
    return {path.relative_to(target).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def named(text: str, other: str) -> list[str]:
    """Return where a text names another system; a name of one word is a word too, and stands in a path then."""
    folder = other.replace("-", "_")
    if "-" in other:
        return re.findall(rf"{other}|{folder}", ENGLISH.sub("", text))
    return re.findall(rf"(?:lib|lambda|unit|systems|support)[./]{folder}\b|\"{other}\": System|\b{other}-dev\b", text)


def markdown(target: Path) -> dict[Path, str]:
    """Return the copy's documents."""
    return {path: path.read_text(encoding="utf-8") for path in target.rglob("*.md")}


def test_no_file_names_another_system(copied):
    system, target = copied
    own = system.replace("-", "_")
    for path, text in texts(target).items():
        for other in SYSTEMS.keys() - {system}:
            found = [] if f"{other}-dev" in text and own in path else named(f"{path}\n{text}", other)
            assert found == [], (path, other)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("as flask-api does", "flask-api"),
        ("from lib.flask_api import settings", "flask-api"),
        ("see lib/payment/api.py", "payment"),
        ('    "payment": System(', "payment"),
        ("the disaster-recovery stack", "disaster-recovery"),
    ],
)
def test_a_name_would_be_noticed(text, other):
    assert named(text, other)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("a payment is made", "payment"),
        ("lambda/disaster_recovery/payment", "payment"),
        ("The disaster-recovery pair is", "disaster-recovery"),
    ],
)
def test_a_word_is_no_name(text, other):
    assert named(text, other) == []


def test_there_is_no_link_in_it(copied):
    """Not every file system and archive has them."""
    _system, target = copied
    assert [path for path in target.rglob("*") if path.is_symlink()] == []


def test_its_functions_have_the_same_files_as_here(copied):
    """The common modules that they import are there, and no other."""
    system, target = copied
    name = system.replace("-", "_")
    functions = [handler.parent.name for handler in (ROOT / "lambda" / name).glob("*/handler.py")]
    taken = set()
    for function in functions:
        here, there = (lambda_sources.sources(name, function, root=root) for root in (ROOT, target))
        assert {place: path.relative_to(target) for place, path in there.items()} == {
            place: path.relative_to(ROOT) for place, path in here.items()
        }
        taken |= {path for path in there.values() if path.parent.name == "common" and path.suffix == ".py"}
    assert set((target / "lambda").glob("common/*")) == taken


def test_the_lock_pins_its_tool_and_no_other(copied):
    system, target = copied
    packages = {"cdk": "aws-cdk-lib", "cdktf": "cdktf", "pulumi": "pulumi-aws"}
    lock = (target / "requirements.lock").read_text()
    assert [tool for tool, package in packages.items() if f"\n{package}==" in lock] == [SYSTEMS[system].iac_tool]
    assert "--hash=sha256:" in lock


def test_what_its_functions_and_images_pin_is_in_its_lock(copied):
    """With the same version: for another platform too, where nothing of this one asks for it."""
    _system, target = copied
    lock = (target / "requirements.lock").read_text()
    texts_ = [path.read_text() for folder in ("lib", "lambda") for path in (target / folder).rglob("requirements.txt")]
    pins = {line.split(" ")[0] for text in texts_ for line in re.findall(r"^\S+==\S+", text, re.M)}
    assert {pin for pin in pins if f"\n{pin}" not in f"\n{lock}"} == set()


def test_a_program_that_its_files_start_is_in_its_lock(copied):
    """A program's path in the environment names no package: a file that starts one has to import it as well."""
    _system, target = copied
    code = "".join(text for path, text in texts(target).items() if path.endswith(".py"))
    lock = (target / "requirements.lock").read_text()
    assert not re.search(r"\bUV\b|\"uv\"", code) or "\nuv==" in lock


def test_its_groups_name_what_it_uses(copied):
    system, target = copied
    project = tomllib.loads((target / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    assert set(groups) & {entry.iac_tool for entry in SYSTEMS.values()} == {SYSTEMS[system].iac_tool}
    assert any(line.startswith("pytest") for line in groups["test"])


def test_every_relative_link_leads_to_a_file(copied):
    _system, target = copied
    found = markdown(target)
    assert len(found) >= 3
    links = [(path, link) for path, text in found.items() for link in LINK.findall(text)]
    assert [(path.name, link) for path, link in links if not (path.parent / link).exists()] == []


def test_every_command_of_its_documents_is_there_and_runs(copied):
    _system, target = copied
    commands = {name for text in markdown(target).values() for name in SCRIPT.findall(text)}
    assert "test" in commands
    assert [name for name in commands if not os.access(target / "scripts" / name, os.X_OK)] == []


def test_nothing_of_this_repository_alone_is_in_its_documents(copied):
    _system, target = copied
    for path, text in markdown(target).items():
        assert not ONLY_HERE.search(text), path
        assert "only in TAP" not in text, path


def test_the_decisions_that_it_refers_to_are_there(copied):
    _system, target = copied
    there = {path.name[:4] for path in target.glob("docs/decisions/*.md")}
    asked = {number for text in texts(target).values() for number in re.findall(r"docs/decisions/(\d{4})", text)}
    assert asked <= there
    assert there


def test_a_runbook_comes_along(copied):
    system, target = copied
    name = f"docs/systems/{system}-runbook.md"
    assert (target / name).is_file() == (ROOT / name).is_file()
    assert (name in (target / "README.md").read_text()) == (ROOT / name).is_file()


def test_its_registry_has_it_alone(copied):
    system, target = copied
    command = [sys.executable, "-c", "import tap; print(*tap.SYSTEMS)"]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [system]


def test_its_readme_says_how_it_is_deployed_changed_destroyed_and_tested(copied):
    _system, target = copied
    text = (target / "README.md").read_text()
    heads = re.findall(r"^## (.*)$", text, re.M)
    assert heads == ["Set up", "Deploy", "Change", "Destroy", "Files"]
    assert "{" not in re.sub(r"`[^`]*`", "", text), "a place that was not filled"
    assert text.count("| in |") == 1


def test_its_ci_runs_what_it_has(copied):
    _system, target = copied
    jobs = yaml.safe_load((target / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert runs[0] == "scripts/test"
    assert "pip wheel" in runs[1]


def test_of_the_local_cloud_it_has_what_its_tests_start(copied):
    _system, target = copied
    folder = target / "lib" / "local_cloud"
    there = {path.relative_to(folder).parts[0] for path in folder.rglob("*.py")}
    assert there & LOCAL_CLOUD == set()
    assert "servers" in there


def test_it_installs(copied, tmp_path):
    system, target = copied
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    names = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(wheel)], capture_output=True, text=True, check=True
    ).stdout
    folder = f"lib/{system.replace('-', '_')}"
    for path in (
        f"{folder}/stack.py",
        f"{folder}/environments/dev.toml",
        "lib/AWS_REGION",
        "lib/common/naming.py",
        "tap.py",
    ):
        assert path in names


def test_its_tests_run_there(copied):
    """All are imported, and those of its settings run: the whole takes as long as it does here."""
    _system, target = copied
    options = ["-q", "-p", "no:cacheprovider", "-n", "0", "-k", "test_settings"]
    command = [sys.executable, "-m", "pytest", *options, "tests"]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(SettingError, match="is there already and not empty"):
        module.copy(next(iter(SYSTEMS)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_unknown_system_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(SettingError, match="'kinesis' is not a system of this checkout: use one of disaster"):
        module.copy("kinesis", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
