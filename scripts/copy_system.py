"""Copies one system out of TAP, as a project of its own.

    scripts/copy_system payment ../payments     code, its tests, what both import, the pinned packages they need

The copy has no trace of the other systems, and its tests pass in its own environment: its README says how.
"""

import argparse
import ast
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from lib.common import lambda_sources  # noqa: E402  # pylint: disable=wrong-import-position  # found by it
from lib.common.errors import SettingError  # noqa: E402  # pylint: disable=wrong-import-position  # found by it
from tap import SYSTEMS  # noqa: E402  # pylint: disable=wrong-import-position  # found by it

OURS = ("lib", "tests", "scripts", "tap")
# What belongs to an engine, beside the code; and to every copy.
OF_ENGINE = {
    "cdk": ("cdk.json", "package.json", "package-lock.json"),
    "cdktf": ("cdktf.json", "package.json", "package-lock.json", "lib/AWS_REGION_DR"),
    "pulumi": ("Pulumi.yaml",),
}
ALWAYS = ("LICENSE", "pyproject.toml", ".gitignore", "tap.py", "lib/AWS_REGION", "tests/conftest.py")
MODULES = {"cdk": "aws_cdk", "cdktf": "cdktf", "pulumi": "pulumi"}  # tap.py has the others too, and imports one
BY_NAME = ("find_spec", "import_module")
RUNNERS = {"pytest", "pytest-xdist", "pytest-cov", "pip", "boto3"}
README = """# {system}

{title}. Copied from TAP.

```sh
python3.11 -m venv .venv && .venv/bin/pip install --require-hashes -r requirements.lock
.venv/bin/python -m pytest -n 2 tests{node}
```

What it is, what it costs, its settings, how to deploy and destroy it:
[docs/systems/{system}.md](docs/systems/{system}.md). That document speaks of `scripts/...` here and
there: these commands are TAP's own, the local cloud among them.
"""
NODE = "            # needs Node 22 or later, or: npm ci && PATH=$PWD/node_modules/.bin:$PATH"


def engine_of(system: str) -> str:
    """Return the engine of a system.

    Raises:
        SettingError: it is none of the systems that can be copied.
    """
    if system not in SYSTEMS:
        raise SettingError(f"{system!r} is no system that can be copied: use one of {', '.join(sorted(SYSTEMS))}.")
    return SYSTEMS[system].iac_tool


def files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, without what Python leaves there."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def imported(path: Path) -> Iterator[str]:
    """Yield every module that a file may import: by statement, and by name as ``find_spec`` and others take it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in BY_NAME:
            yield from (str(value.value) for value in node.args if isinstance(value, ast.Constant))


def own(module: str) -> Iterator[Path]:
    """Yield the file of a module of this repository, and those of the packages that it lies in."""
    parts = module.split(".")
    if parts[0] in OURS:
        for length in range(1, len(parts) + 1):
            stem = ROOT.joinpath(*parts[:length])
            yield from (path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file())


def closure(first: Iterable[Path]) -> tuple[set[Path], set[str]]:
    """Return the files that the given ones need, themselves included, and the names of everything else imported."""
    found, foreign, waiting = set[Path](), set[str](), list(first)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        # What lies beside a module is its data: a certificate, a schema.
        beside = [other for other in path.parent.iterdir() if other.is_file() and other.suffix != ".py"]
        waiting += [other for other in beside if path.parent not in {ROOT, ROOT / "lib"}]
        if path.suffix == ".py":
            for module in imported(path):
                waiting += own(module)
                foreign.add(module.split(".")[0])
    return {path for path in found if path.suffix != ".pyc"}, foreign


def packages(modules: Iterable[str]) -> set[str]:
    """Return the installed distributions that modules come from, with everything that these need."""
    known, groups = metadata.packages_distributions(), tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = [Requirement(line) for group in groups["dependency-groups"].values() for line in group]
    extras = {wanted.name.lower(): wanted.extras for wanted in asked}
    found = set[str]()
    waiting = [(name, extras.get(name.lower(), set())) for module in modules for name in known.get(module, ())]
    waiting += [(name, set()) for name in RUNNERS]
    while waiting:
        name, wanted_extras = waiting.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if name in found:
            continue
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another platform
        found.add(name)
        for needed in map(Requirement, lines):
            used = needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in ("", *wanted_extras))
            waiting += [(needed.name, needed.extras)] if used else []
    return found


def lock(wanted: set[str]) -> str:
    """Return the part of the lock file that pins these distributions."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.findall(r"^[\w.-]+(?:\[[^\]]*\])?==.*?(?=^\S|\Z)", text, re.M | re.S)
    return "".join(block for block in blocks if re.split(r"[\[=]", block)[0].lower() in wanted)


def copy(system: str, target: Path) -> int:
    """Write the copy and return how many files it has.

    Raises:
        SettingError: no such system, or the folder is there and not empty.
    """
    engine, name = engine_of(system), system.replace("-", "_")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise SettingError(f"{target} is there already and not empty: name a new folder.")
    first = [path for part in ("lib", "lambda", "tests/unit") for path in files(ROOT / part / name)]
    for handler in (ROOT / "lambda" / name).glob("*/handler.py"):
        first += lambda_sources.sources(name, handler.parent.name).values()
    fixed = [ROOT / path for path in (*ALWAYS, *OF_ENGINE[engine]) if (ROOT / path).is_file()]
    document = [ROOT / "docs" / "systems" / f"{system}.md", ROOT / "docs" / "pictures" / f"{system}.svg"]
    found, foreign = closure([*first, *fixed])
    foreign -= {module for other, module in MODULES.items() if other != engine}
    chosen = {*found, *(path for path in document if path.is_file())}
    for path in chosen:
        place = target / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
    (target / "requirements.lock").write_text(lock(packages(foreign)), encoding="utf-8")
    title = document[0].read_text(encoding="utf-8").splitlines()[0].partition(": ")[2] if document[0].is_file() else ""
    text = README.format(system=system, title=title.capitalize() or system, node=NODE if engine != "pulumi" else "")
    (target / "README.md").write_text(text, encoding="utf-8")
    return len(chosen) + 2


def main(arguments: list[str]) -> int:
    """Return 0 when the copy is there, 2 when it was refused."""
    parser = argparse.ArgumentParser(prog="scripts/copy_system", description="Copy one system as its own project.")
    parser.add_argument("system", help="for example payment")
    parser.add_argument("folder", type=Path, help="a new folder")
    options = parser.parse_args(arguments)
    try:
        count = copy(options.system, options.folder.resolve())
    except SettingError as error:
        print(f"copy_system: {error}", file=sys.stderr)
        return 2
    print(f"{count} files in {options.folder}; its README.md says how to go on.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
