"""Writes the copy of a system."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from lib.common import lambda_sources
from lib.common.errors import SettingError
from lib.copy_system import documents, project
from lib.copy_system.closure import ROOT, TOOLS, closure, distributions, files, imported, lock, packages, pinned
from tap import SYSTEMS

# What belongs to an IaC tool, beside the code; and to every copy.
OF_TOOL = {
    "cdk": ("cdk.json", "package.json", "package-lock.json"),
    "cdktf": ("cdktf.json", "package.json", "package-lock.json"),
    "pulumi": ("Pulumi.yaml",),
}
ALWAYS = ("LICENSE", ".gitignore", "tap.py", "lib/AWS_REGION", "tests/conftest.py")
OF_PAIR = ("lib/AWS_REGION_DR",)


def scripts(system: str) -> list[Path]:
    """Return the commands that are the system's alone: they import it."""
    prefix = f"lib.{system.replace('-', '_')}."
    return [
        path
        for path in sorted((ROOT / "scripts").glob("*.py"))
        if any(module.startswith(prefix) for module in imported(path))
    ]


def sources(system: str) -> Iterator[Path]:
    """Yield the files that a copy begins with: the system's own, its functions', its tests and its commands."""
    name, entry = system.replace("-", "_"), SYSTEMS[system]
    for part in ("lib", "lambda", "tests/unit"):
        yield from files(ROOT / part / name)
    for handler in (ROOT / "lambda" / name).glob("*/handler.py"):
        yield from lambda_sources.sources(name, handler.parent.name).values()
    for path in (*ALWAYS, *OF_TOOL[entry.iac_tool], *(OF_PAIR if entry.regions > 1 else ())):
        yield ROOT / path
    for script in scripts(system):
        yield from (script, script.with_suffix(""))


def texts(system: str) -> tuple[dict[Path, str], set[Path], set[str]]:
    """Return what a copy holds: texts that are changed for it, files that are copied, and the packages to pin."""
    tool = SYSTEMS[system].iac_tool
    commands = {script.stem for script in scripts(system)} | {"test"}
    own, foreign = closure(sources(system))
    code = [path.read_text(encoding="utf-8") for path in own if path.suffix == ".py"]
    first = [*sorted((ROOT / "docs" / "systems").glob(f"{system}*.md")), *documents.decisions(code)]
    written, linked = documents.collected(first, commands)
    more, modules = closure({*own, *linked})
    foreign = (foreign | modules) - {module for other, module in TOOLS.items() if other != tool}
    chosen = {path.relative_to(ROOT) for path in more}
    result = {path.relative_to(ROOT): text for path, text in written.items()}
    document = result[Path("docs", "systems", f"{system}.md")]
    used = distributions(foreign) | pinned(more)
    result[Path("tap.py")] = project.registry((ROOT / "tap.py").read_text(encoding="utf-8"), system)
    result[Path("pyproject.toml")] = project.pyproject(system, project.title(document), chosen, used)
    result[Path("README.md")] = project.readme(system, tool, document, {*chosen, *result})
    result[Path(".github", "workflows", "ci.yml")] = project.CI
    result[Path("scripts", "test")] = project.TEST
    if scripts(system):
        result[Path("scripts", "_python")] = project.RUN
    return result, chosen - result.keys(), packages(foreign) | pinned(more)


def copy(system: str, target: Path) -> int:
    """Write the copy and return how many files it has.

    Args:
        system: one of :data:`tap.SYSTEMS`.
        target: a new folder, or an empty one.

    Raises:
        SettingError: no such system, or the folder is there and not empty.
    """
    if system not in SYSTEMS:
        raise SettingError(f"{system!r} is not a system of this checkout: use one of {', '.join(sorted(SYSTEMS))}.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise SettingError(f"{target} is there already and not empty: name a new folder.")
    changed, chosen, pins = texts(system)
    for path in sorted(chosen):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target / path)
    for path, text in changed.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")
        if text.startswith("#!"):
            (target / path).chmod(0o755)
    (target / "requirements.lock").write_text(lock(pins), encoding="utf-8")
    return len(chosen) + len(changed) + 1
