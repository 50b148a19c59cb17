"""The files of a Lambda function: its own, its system's, and the common modules that it imports."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = "requirements.txt"
# What a module of lambda/common/ reads beside it, and where the repository has that.
_DATA = {"money": "lib/common/currencies.json", "postgres": "lib/common/rds-ca.pem"}


class PackageError(RuntimeError):
    """A Lambda package that cannot be built. The message is for the user: what failed, and what to do."""


def function_folder(root: Path, system: str, function: str) -> Path:
    """Return the folder of a function.

    Raises:
        PackageError: there is none with a handler.
    """
    parent = root / "lambda"
    for name, marker in ((system, ""), (function, "handler.py")):
        if not name or not (parent / name / marker).exists():
            missing = (parent / name / marker).relative_to(root).as_posix()
            there = sorted(path.name for path in parent.glob("*") if path.is_dir() and (path / marker).exists())
            raise PackageError(
                f"{missing} is missing: {parent.relative_to(root).as_posix()} has {', '.join(there) or 'nothing yet'}."
            )
        parent = parent / name
    return parent


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file, without bytecode and without what editors and file managers hide."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
            yield path


def sources(system: str, function: str, *, root: Path = ROOT) -> Mapping[str, Path]:
    """Return a function's files by their path in the package.

    They are the function's own, those of ``lambda/<system>/shared/``, and the modules of ``lambda/common/`` that any of
    these imports, directly or through another one: no list of them can be out of date.

    Args:
        system: a folder of ``lambda/``.
        function: a folder of the system's folder.
        root: the repository.

    Raises:
        PackageError: there is no such function, or two files have one path in the package.
    """
    folder = function_folder(root, system, function)
    files: dict[str, Path] = {}
    for part in (folder, folder.parent / "shared"):
        for path in _files(part):
            _add(files, path.relative_to(part).as_posix(), path)
    waiting = list(files.values())
    while waiting:
        for path in _common(waiting.pop(), root):
            if files.get(path.name) != path:
                _add(files, path.name, path)
                waiting.append(path)
    return files


def modules(system: str, function: str, *, root: Path = ROOT) -> tuple[list[Path], list[str]]:
    """Return a function's own modules, and the folders in which they find each other when they are not packed.

    Raises:
        PackageError: as :func:`sources` does.
    """
    python = [path for path in sources(system, function, root=root).values() if path.suffix == ".py"]
    return python, list(dict.fromkeys(str(path.parent) for path in python))


def _add(files: dict[str, Path], name: str, path: Path) -> None:
    if name in files:
        raise PackageError(f"{files[name]} and {path} have one place in the package: rename one of them.")
    if name != REQUIREMENTS:
        files[name] = path


def _common(path: Path, root: Path) -> Iterator[Path]:
    """Yield the modules of ``lambda/common/`` that a file imports, each with its data."""
    for name in _imports(path) if path.suffix == ".py" else ():
        module = root / "lambda" / "common" / f"{name}.py"
        if module.is_file():
            yield module
            if name in _DATA:
                yield root / _DATA[name]


def _imports(path: Path) -> list[str]:
    """Return the first names of what a file imports, at its top or in a function."""
    return _imports_of(path.read_bytes())


@cache
def _imports_of(code: bytes) -> list[str]:
    names: list[str] = []
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return names  # whoever imports the handler is told with file and line
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module.partition(".")[0])
    return names
