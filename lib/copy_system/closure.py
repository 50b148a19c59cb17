"""What a system's code and tests need: files of this repository, found by their imports, and pinned packages."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
OURS = ("lib", "tests", "scripts", "tap")
BY_NAME = ("find_spec", "import_module")
# Programs that are started as files, so that no import leads to them.
STARTED = {"lib/local_cloud/programs.py": ("lib/local_cloud/servers/ministack_main.py",)}
# tap.py has an import of each IaC tool, and a copy uses one of them.
TOOLS = {"cdk": "aws_cdk", "cdktf": "cdktf", "pulumi": "pulumi"}
RUNNERS = {"pytest", "pytest-xdist", "pip", "boto3"}


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
    reached, foreign, waiting = set[Path](), set[str](), list(first)
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        waiting += [ROOT / program for program in STARTED.get(path.relative_to(ROOT).as_posix(), ())]
        if path.suffix == ".py":
            waiting += beside(path)
            for module in imported(path):
                waiting += own(module)
                foreign.add(module.split(".")[0])
    return reached, foreign


def beside(path: Path) -> Iterator[Path]:
    """Yield what lies beside a module and is its data: a certificate, a schema; no document, and no Python."""
    if path.parent not in {ROOT, ROOT / "lib", ROOT / "scripts"}:
        for other in path.parent.iterdir():
            if other.is_file() and other.suffix not in {".py", ".pyc", ".md"}:
                yield other


def plain(name: str) -> str:
    """Return a distribution's name as the index spells it, https://peps.python.org/pep-0503/#normalized-names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(modules: Iterable[str]) -> set[str]:
    """Return the names of the installed distributions that modules come from."""
    known = metadata.packages_distributions()
    return {plain(name) for module in modules for name in known.get(module, ())}


def pinned(paths: Iterable[Path]) -> set[str]:
    """Return the packages that the lists of functions and images pin, for another platform perhaps."""
    texts = [path.read_text(encoding="utf-8") for path in paths if path.name == "requirements.txt"]
    return {plain(name) for text in texts for name in re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==", text, re.M)}


def groups() -> dict[str, list[str]]:
    """Return the dependency groups of this repository."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"])


def packages(modules: Iterable[str]) -> set[str]:
    """Return the installed distributions that modules come from, with everything that these need."""
    asked = [Requirement(line) for group in groups().values() for line in group]
    extras = {requirement.name.lower(): requirement.extras for requirement in asked}
    names = set[str]()
    waiting = [(name, extras.get(name, set())) for name in distributions(modules)]
    waiting += [(name, set()) for name in RUNNERS]
    while waiting:
        name, wanted_extras = waiting.pop()
        name = plain(name)
        if name in names:
            continue
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another platform
        names.add(name)
        for needed in map(Requirement, lines):
            used = needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in ("", *wanted_extras))
            waiting += [(needed.name, needed.extras)] if used else []
    return names


def lock(names: set[str]) -> str:
    """Return the part of the lock file that pins these distributions."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.findall(r"^[\w.-]+(?:\[[^\]]*\])?==.*?(?=^\S|\Z)", text, re.M | re.S)
    return "".join(block for block in blocks if re.split(r"[\[=]", block)[0].lower() in names)
