"""SYSTEMS of tap.py is the one list of systems: no other file keeps one, so that a new system is one entry there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import tap

ROOT = Path(__file__).resolve().parents[2]
CODE = ("lib", "lambda", "scripts", "tests", ".github")
# Files that name several systems and stay as they are when there is another one, each with why.
EXAMPLES = {
    "tap.py": "the registry",
    "tests/architecture/test_registry.py": "lists that have to be noticed",
    "tests/benchmarks/plans.py": "statements of three systems' own",
    "tests/benchmarks/sizes.py": "a unit of work of three systems",
    "tests/policy/test_contract.py": "a life cycle in each tool's own words",
    "tests/policy/test_major_versions.py": "what the upgrade does in each",
    "tests/policy/test_provider.py": "a value of each tool that the provider refuses",
    "tests/unit/common/test_capacity.py": "settings of systems that do not add up",
    "tests/unit/common/test_deployable.py": "which systems have listeners of their own",
    "tests/unit/copy_system/test_copy.py": "names that have to be noticed",
    "tests/unit/cost/test_growth.py": "figures that were measured of three systems",
    "tests/unit/diagrams/test_cli.py": "what is in three pictures",
    "tests/unit/entry/test_tap.py": "names of stacks and systems that are refused",
    "tests/unit/mutation/test_run.py": "two stacks with what they share",
    "tests/unit/mutation/test_trial.py": "a checkout of a test's own",
}


def forms(name: str) -> tuple[str, str]:
    """Return how a system's name is written: with hyphens, and as a folder."""
    return name, name.replace("-", "_")


def named(text: str) -> set[str]:
    """Return the systems that a text names, as words of their own or as parts of a path or a name."""
    return {
        name
        for name in tap.SYSTEMS
        if any(re.search(rf"(?<![A-Za-z0-9-]){form}(?![A-Za-z0-9])", text) for form in forms(name))
    }


def displays(tree: ast.AST) -> Iterator[list[ast.expr]]:
    """Yield the elements of each list, tuple and set, and the keys of each dictionary."""
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            yield node.elts
        elif isinstance(node, ast.Dict):
            yield [key for key in node.keys if key is not None]


def texts(element: ast.expr) -> Iterator[str]:
    """Yield the texts of an element, those of a tuple in it too."""
    for node in [element, *(element.elts if isinstance(element, ast.Tuple) else [])]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def imported(tree: ast.AST) -> set[str]:
    """Return the systems whose modules a file imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= named(" ".join([node.module or "", *(alias.name for alias in node.names)]))
        elif isinstance(node, ast.Import):
            found |= named(" ".join(alias.name for alias in node.names))
    return found


def lists(path: str, text: str) -> list[set[str]]:
    """Return the sets of two systems or more that a file lists; one that belongs to a system may name its own."""
    own = named(path)
    if not path.endswith(".py"):
        found = [named(text)]
    else:
        tree = ast.parse(text)
        found = [named(" ".join(t for element in elements for t in texts(element))) for elements in displays(tree)]
        found.append(imported(tree))
    return [systems - own for systems in found if len(systems - own) > 1]


def files() -> Iterator[Path]:
    """Yield the files in which a list could be kept: code and settings, no documents and no data."""
    for folder in CODE:
        yield from (ROOT / folder).rglob("*.py")
        yield from (ROOT / folder).rglob("*.yml")
    yield from (path for pattern in ("*.py", "*.toml", "*.yaml", "cdk*.json") for path in ROOT.glob(pattern))


@cache
def keepers() -> set[str]:
    """Return the files that list systems."""
    found = ((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in files())
    return {path for path, text in found if lists(path, text)}


def test_no_other_file_keeps_a_list_of_systems():
    assert keepers() - EXAMPLES.keys() == set(), "derive it from tap.SYSTEMS, or say in EXAMPLES why it may stay"


def test_every_exception_is_still_one():
    assert EXAMPLES.keys() - keepers() == set()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", 'SYSTEMS = ["payment", "flask-api"]'),
        ("a.py", 'PORTS = {"flask_api": 1, "payment": 2}'),
        ("a.py", 'WHERE = ("tests/unit/flask_api/test_", "tests/unit/payment/test_stack")'),
        ("a.py", 'CASES = [("payment", 3), ("disaster-recovery", 4)]'),
        ("a.py", "from lib.payment import settings\nfrom lib.flask_api import settings as other"),
        ("ci.yml", "- run: scripts/up flask-api payment"),
    ],
)
def test_a_list_that_is_kept_by_hand_would_be_noticed(path, text):
    (found,) = lists(path, text)
    assert len(found) == 2


@pytest.mark.parametrize(
    "text",
    [
        'payment = ["payment", "refund"]',
        '"""kinesis-pipeline, flask-api."""',
        "from lib.payment import settings, stack",
    ],
)
def test_one_system_is_no_list(text):
    assert lists("a.py", text) == []


@pytest.mark.parametrize("name", tap.SYSTEMS)
def test_an_entry_leads_to_a_stack_of_a_known_tool(name):
    system = tap.SYSTEMS[name]
    assert system.module == f"lib.{name.replace('-', '_')}.stack"
    assert (ROOT / f"{system.module.replace('.', '/')}.py").is_file()
    assert system.iac_tool in tap.IAC_TOOLS


def test_every_stack_is_registered():
    stacks = {path.parent.name.replace("_", "-") for path in (ROOT / "lib").glob("*/stack.py")}
    assert stacks == set(tap.SYSTEMS)
