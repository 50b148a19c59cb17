"""The documents keep up with the code: commands, links, variables and error texts are those of the repository."""

import importlib
import os
import re
from pathlib import Path

import pytest

import tap
from lib.common import naming, node, region
from lib.local_cloud import cloud, systems
from lib.local_cloud.cdktf import cli, terraform_fetch

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCRIPTS = [path for path in (ROOT / "scripts").iterdir() if path.is_file()]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)


def test_every_command_exists_and_runs():
    commands = set(re.findall(r"\bscripts/[a-z_]+\b(?!\.py)", TEXT))
    assert len(commands) >= 6
    assert [name for name in commands if not os.access(ROOT / name, os.X_OK)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_variable_that_the_code_reads_is_described():
    read = {naming.SUFFIX, region.PRIMARY, region.SECONDARY, node.VARIABLE, cloud.PORT_VARIABLE, cloud.FOLDER_VARIABLE}
    read |= {cloud.MOTO_VARIABLE, terraform_fetch.VARIABLE, cli.VARIABLE, tap.SYSTEM}
    read |= {variable for system in systems.load().values() for variable in system.ports}
    for name in tap.SYSTEMS:
        settings = importlib.import_module(f"lib.{name.replace('-', '_')}.settings").Settings
        read |= {setting.variable for setting in settings.declared().values()}
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        read |= set(re.findall(r'(?:environ|values)(?:\.get\(|, |\[)"([A-Z_]{4,})"', text))
    read |= {"TAP_PYTHON", "TAP_TEST_TARGET"}
    read -= {"PATH", "CDK_OUTDIR"}  # the shell's and the CDK's own
    assert len(read) >= 50
    assert sorted(name for name in read if f"`{name}`" not in TEXT) == []


def test_error_texts_in_the_troubleshooting_are_the_codes_own():
    source = "".join(p.read_text(encoding="utf-8") for p in (*(ROOT / "lib").rglob("*.py"), *SCRIPTS, ROOT / "tap.py"))
    source += (ROOT / "lambda/common/postgres.py").read_text(encoding="utf-8")
    for text in (
        "meant for {what}, is used by another program",
        "a package registry cannot be reached",
        "GB of free disk are needed",
        "TAP needs Python 3.11 or later",
        "or later: run scripts/up once",
        "is not an AWS region known to the installed botocore",
        "Left in the local cloud after the destruction",
        "no answer from the database within",
        "since it was made",
        "was deployed to this local cloud by the Pulumi CLI",
        "names no system: type 'pulumi stack init'",
        "is not a setting of",
    ):
        words = text.split("{what}")
        assert all(part in re.sub(r'"\s*f?"', "", source) for part in words), text
    for shown in ("is used by another program", "GB of free disk are needed", "no answer from the database within"):
        assert shown in TEXT
