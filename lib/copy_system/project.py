"""What is written for a copy: its README, CI, pyproject, registry and commands."""

import json
import re
from collections.abc import Iterable, Set
from pathlib import Path

from packaging.requirements import Requirement

from lib.copy_system.closure import ROOT, groups, plain
from tap import IAC_TOOLS, SYSTEMS

README = """# {system}

{title}.

{summary}

What it is in full, its settings, its alarms, what it costs: [docs/systems/{system}.md](docs/systems/{system}.md).{more}

## Set up

Python 3.11 or later{node}. The first command makes the environment from the pinned packages, and runs the tests:

```sh
scripts/test                              # all of them; or: scripts/test tests/unit -k settings
export PATH="$PWD/.venv/bin:$PWD/node_modules/.bin:$PATH"
```

## Deploy

The region is in `lib/AWS_REGION`{pair}; `AWS_REGION` overrides it. `ENVIRONMENT` is `dev`, `staging` or
`production`, and `ENVIRONMENT_SUFFIX` ends every physical name, so that several environments live in one account.

```sh
{deploy}
```

## Change

`lib/{folder}/settings.py` is what can be chosen, `lib/{folder}/stack.py` wires the parts, each of which is a module
beside it. Construct ids, names and the suffix are what deployed resources are known by: another is a new resource.
Look at the difference before it is deployed:

```sh
{change}
```

## Destroy

`production` is protected; the document says what stays behind.

```sh
{destroy}
```

## Files

| | |
|---|---|
| `lib/{folder}/` | the stack and its settings |
{functions}| `lib/common/`{shared} | what it needs of the repository that it was copied from |
| `tests/` | its tests; `lib/local_cloud/` starts {servers} for them |
| `docs/` | the document, and the decisions that it refers to |
"""
NODE = ", and Node 22 or later (a package of the environment brings one)"
COMMANDS = {
    "cdk": (
        "npm ci\ncdk bootstrap        # once for each account and region\ncdk deploy",
        "cdk diff",
        "cdk destroy",
    ),
    "cdktf": (
        "npm ci --include=optional\ncdktf deploy         # Terraform 1.11 or newer",
        "cdktf diff",
        "cdktf destroy",
    ),
    "pulumi": (
        "pulumi login file://~/.pulumi-state\npulumi stack init {system}-dev     # dev is the suffix\npulumi up",
        "pulumi preview --diff",
        "pulumi destroy",
    ),
}
CI = """name: ci
on:
  push:
    branches: [main]
  pull_request:
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-24.04
    timeout-minutes: 45
    steps:
      - uses: actions/checkout@fbc6f3992d24b796d5a048ff273f7fcc4a7b6c09 # v5.1.0
        with:
          persist-credentials: false
      - uses: actions/setup-python@ece7cb06caefa5fff74198d8649806c4678c61a1 # v6.3.0
        with:
          python-version: "3.11"
      - run: scripts/test
      - run: .venv/bin/python -m pip wheel --no-deps --wheel-dir .local/wheel .
"""
PYPROJECT = """[project]
name = "{system}"
version = "0.1.0"
description = "{description}"
readme = "README.md"
requires-python = ">=3.11"
license = "MIT"
# Everything is pinned, with hashes, in requirements.lock.

[build-system]
requires = ["setuptools>=80"]
build-backend = "setuptools.build_meta"

[tool.setuptools]
py-modules = ["tap"]
packages = [
{packages}
]

[tool.setuptools.package-data]
"*" = ["**/*"]

[dependency-groups]
{groups}

"""
TEST = """#!/bin/sh
# Makes the environment where there is none, and runs the tests: all of them, or what is named.
set -eu
cd "$(dirname "$0")/.."
if ! [ -x .venv/bin/pytest ]; then
  "${TAP_PYTHON:-python3}" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
fi
[ $# -gt 0 ] || set -- tests
exec .venv/bin/python -m pytest -n 2 "$@"
"""
RUN = """#!/bin/sh
# Runs a module in the environment that scripts/test makes.
cd "$(dirname "$0")/.." && exec .venv/bin/python "$@"
"""


# Whose settings are the same there.
TOOL = re.compile(r"\[+tool\.(?:pytest|ruff|mypy)\b")


def registry(text: str, system: str) -> str:
    """Return tap.py with one system in its registry."""
    return re.sub(
        r'^    "([a-z-]+)": System\(.*\),\n', lambda match: match[0] if match[1] == system else "", text, flags=re.M
    )


def pyproject(system: str, description: str, paths: Iterable[Path], used: Set[str]) -> str:
    """Return the copy's pyproject.toml.

    Args:
        system: its name.
        description: what it is.
        paths: its files, of which its packages follow.
        used: the distributions that it imports or pins, which stand in their groups.
    """
    folders = {path.parent for path in paths if path.parts[0] == "lib" and path.suffix == ".py"}
    folders |= {parent for folder in folders for parent in folder.parents if parent.parts}
    names = "\n".join(f'  "{name}",' for name in sorted(".".join(folder.parts) for folder in folders))
    others = set(IAC_TOOLS) - {SYSTEMS[system].iac_tool}
    kept = {
        group: [line for line in lines if plain(Requirement(line).name) in used]
        for group, lines in groups().items()
        if group not in others
    }
    written = "\n".join(f"{group} = {json.dumps(lines)}" for group, lines in kept.items() if lines)
    tables = re.findall(r"^\[.*?(?=^\[|\Z)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M | re.S)
    tools = "".join(table for table in tables if TOOL.match(table))
    text = PYPROJECT.format(system=system, description=description, packages=names, groups=written)
    return text + tools.rstrip() + "\n"


def readme(system: str, iac_tool: str, document: str, paths: Iterable[Path]) -> str:
    """Return the copy's README.

    Args:
        system: its name.
        iac_tool: what it is deployed with.
        document: the text of the system's document.
        paths: the copy's files.
    """
    there = {path.as_posix() for path in paths}
    folder = system.replace("-", "_")
    runbook = f"docs/systems/{system}-runbook.md"
    deploy, change, destroy = (command.format(system=system) for command in COMMANDS[iac_tool])
    return README.format(
        system=system,
        folder=folder,
        title=title(document),
        summary=f"It is declared with {IAC_TOOLS[iac_tool]}. What goes in and what comes out:\n\n{_summary(document)}",
        more=f"\nWhat to do when something happens: the [runbook]({runbook})." if runbook in there else "",
        node="" if iac_tool == "pulumi" else NODE,
        pair=", its pair in `lib/AWS_REGION_DR`" if "lib/AWS_REGION_DR" in there else "",
        deploy=deploy,
        change=change,
        destroy=destroy,
        functions="| `lambda/` | its functions |\n" if any(path.startswith("lambda/") for path in there) else "",
        shared=", `lib/pulumi_components/`" if any(path.startswith("lib/pulumi_c") for path in there) else "",
        servers="an emulator" if "lib/local_cloud/cloud.py" in there else "a PostgreSQL",
    )


def title(document: str) -> str:
    """Return what a document's first line says of its system."""
    return document.splitlines()[0].partition(": ")[2].capitalize()


def _summary(document: str) -> str:
    """Return the first table of a document: what goes in, what comes out, its links as plain words."""
    lines = document.partition("\n| | |\n")[2].splitlines()
    rows = [line for index, line in enumerate(lines) if all(each.startswith("|") for each in lines[: index + 1])]
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", "\n".join(["| | |", *rows]))
