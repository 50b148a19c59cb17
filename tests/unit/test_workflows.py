"""Workflows run what was looked at: actions by commit, no token that stays, and what is newer is proposed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lib.copy_system import project
from scripts import lints

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FILES} | {"of a copy": project.CI}
USES = re.compile(r"^ *(?:- )?uses: (.+)$", re.M)
PINNED = re.compile(r"([\w-]+/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)")
DEPENDABOT = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))


def uses(text: str) -> list[str]:
    """Return what stands behind every ``uses:``."""
    return USES.findall(text)


@pytest.mark.parametrize("name", TEXTS)
def test_every_action_is_pinned_by_its_commit(name):
    assert uses(TEXTS[name])
    assert [each for each in uses(TEXTS[name]) if not PINNED.fullmatch(each)] == []


def test_an_action_has_one_pin():
    pins = {PINNED.fullmatch(each).groups() for text in TEXTS.values() for each in uses(text)}
    assert len(pins) == len({action for action, _commit, _tag in pins})


@pytest.mark.parametrize("name", TEXTS)
def test_a_token_stays_in_a_checkout_only_where_the_job_pushes(name):
    for job in yaml.safe_load(TEXTS[name])["jobs"].values():
        pushes = any("git push" in step.get("run", "") for step in job["steps"])
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is pushes


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_may_write_by_default(name):
    assert set((yaml.safe_load(TEXTS[name])["permissions"] or {}).items()) <= {("contents", "read")}


@pytest.mark.parametrize(
    ("change", "audit"),
    [
        ((r"@[0-9a-f]{40} # (v\d+)\S*", r"@\1"), "unpinned-uses"),
        (("persist-credentials: false", "fetch-depth: 1"), "artipacked"),
        ((r'scripts/up "\$SYSTEM"', "scripts/up ${{ github.head_ref }}"), "template-injection"),
        (("contents: read", "contents: write"), "excessive-permissions"),
    ],
)
def test_the_check_finds_what_it_is_for(tmp_path, change, audit):
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text, count = re.subn(*change, TEXTS["ci.yml"])
    assert count
    (folder / "ci.yml").write_text(text)
    (command,) = [command for command in lints.style().commands if command[0].endswith("zizmor")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert audit in done.stdout


def test_what_is_newer_is_proposed_for_every_file_of_pins():
    folders = {
        entry["package-ecosystem"]: entry.get("directories", [entry.get("directory")])
        for entry in DEPENDABOT["updates"]
    }
    assert folders["github-actions"] == ["/"]
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for ecosystem, name in (("pip", "requirements.txt"), ("npm", "package-lock.json")):
        for path in (Path("/", line).parent for line in listed if Path(line).name == name):
            assert any(path.match(folder) or str(path) == folder for folder in folders[ecosystem]), path


def test_what_is_proposed_is_a_week_old():
    assert all(entry["cooldown"]["default-days"] >= 7 for entry in DEPENDABOT["updates"])


def test_the_check_is_of_this_environment():
    assert Path(sys.executable).with_name("zizmor").exists()
