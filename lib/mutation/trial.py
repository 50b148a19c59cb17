"""One mutation, tried in a process of its own: ``python -m lib.mutation.trial SYSTEM BASELINE``.

It runs in a copy of the checkout in which the mutation stands. The cheapest question comes first: does it declare
anything else at all? Then come the suites, and the first one that fails ends it. What a case declares is synthesised
once: the suites get the same documents.
"""

import functools
import importlib
import io
import json
import re
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path

from lib.common.json_types import JsonMapping, JsonObject, JsonValue
from lib.declared import read
from lib.declared.model import leaves, parsed
from lib.declared.read import Source

EQUIVALENT, PROSE, NOTICED, UNNOTICED = "equivalent", "prose", "noticed", "unnoticed"
SYNTHESIS, POLICY, UNIT, LINT, PROVIDER = "synthesis", "policy", "unit", "lint", "provider"
SUITES = (POLICY, UNIT, LINT, PROVIDER)
# Files of the policy suite that are no part of its first run: they have a suite of their own, test the suite itself, or
# look at all systems at once in an environment of their own.
APART = {"lint": LINT, "provider": PROVIDER, "cases": "", "checkov": "", "declared": "", "models": ""}
# Values for people's eyes, by the last step of their path: nothing at AWS acts on them.
PROSE_NAMES = ("description", "comment", "markdown", "title", "label", "sid")
LABEL = re.compile(r"(?i)\.rules?\.\d+\.id$")  # of a rule of a bucket's lifecycle
RULES = "test_rules"  # they notice the most
FIRST = "production"  # it declares the most
TWIN = re.compile(r"twin|notice|broken|refuse|would")  # what a test of a test is called here
PASSED, NOTHING_SELECTED = 0, 5  # pytest's exit codes
# xdist for the hook in conftest.py alone. What else has a plug-in for pytest may be imported already, by jsii.
PYTEST = ("-x", "-q", "--disable-plugin-autoload", "-p", "xdist", "-n0", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Verdict:
    """What became of a mutation.

    Attributes:
        outcome: equivalent, prose, noticed or unnoticed.
        suite: who noticed it: synthesis, policy, unit or provider.
        test: the first test that failed, or the error of the synthesis.
    """

    outcome: str
    suite: str = ""
    test: str = ""


def remember() -> None:
    """Let each set of settings be synthesised once in this process, whoever asks."""
    synthesise = read.source

    @functools.cache
    def known(system: str, environ: tuple[tuple[str, str], ...]) -> Source:
        return synthesise(system, dict(environ))

    def source(system: str, environ: Mapping[str, str]) -> Source:
        return known(system, tuple(sorted(environ.items())))

    read.source = source


def plain(document: JsonMapping, root: Path = read.ROOT) -> JsonObject:
    """Return every value of a document by its path, JSON texts parsed, without the checkout's own folder."""
    text = json.dumps(document, sort_keys=True, default=str).replace(str(root), ".")
    return dict(leaves(_parsed(json.loads(text))))


def _parsed(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        inner = parsed(value)
        return value if inner is value else _parsed(inner)
    if isinstance(value, dict):
        return {key: _parsed(each) for key, each in value.items()}
    return [_parsed(each) for each in value] if isinstance(value, list) else value


def compared(before: JsonMapping, after: JsonMapping) -> str:
    """Return whether two documents are equivalent, differ in prose alone, or really: then an empty text."""
    paths = [path for path in {*before, *after} if before.get(path, before) != after.get(path, after)]
    if not paths:
        return EQUIVALENT
    return PROSE if all(_read_by_people(path) for path in paths) else ""


def _read_by_people(path: str) -> bool:
    return path.rpartition(".")[2].lower().endswith(PROSE_NAMES) or bool(
        LABEL.search(path) and LABEL.search(path[-12:])
    )


class Selection:
    """A plug-in of pytest: chooses the tests that look at a system, and keeps the first failure.

    Of the policy suite these are the tests that have the system's name among their parameters, and those of its tool;
    tests that test a rule are none of them.
    """

    def __init__(self, system: str) -> None:
        self._system = system
        self._tool = f"test_{read.TOOLS[system]}.py"
        self.failed = ""

    def wants(self, node: str) -> bool:
        """Return whether a test looks at the system."""
        path, _colons, rest = node.partition("::")
        if "tests/policy/" not in path:
            return True
        test, _bracket, parameters = rest.partition("[")
        return (self._system in parameters or path.endswith(self._tool)) and not TWIN.search(test)

    def pytest_collection_modifyitems(self, items: list[JsonValue]) -> None:
        """Keep the tests that are wanted, those of the first case first: the others seldom find more."""
        items[:] = [item for item in items if self.wants(item.nodeid)]
        items.sort(key=lambda item: FIRST not in item.nodeid)

    def pytest_runtest_logreport(self, report: JsonValue) -> None:
        """Take a test's result."""
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: JsonValue) -> None:
        """Take the result of a test file's import."""
        if report.failed and not self.failed:
            self.failed = report.nodeid


def suites(system: str, root: Path = read.ROOT) -> dict[str, list[str]]:
    """Return the files of each suite that should notice a mistake in a system's stack."""
    folder = system.replace("-", "_")
    modules = {path.stem for path in (root / "lib" / folder).glob("*.py")}
    unit = [
        path
        for path in sorted((root / "tests" / "unit" / folder).glob("test_*.py"))
        if path.stem.startswith("test_stack") or path.stem.removeprefix("test_") in modules
    ]
    if read.TOOLS[system] == "pulumi":
        unit += sorted((root / "tests" / "unit" / "pulumi_components").glob("test_*.py"))
    files: dict[str, list[Path]] = {POLICY: [], UNIT: unit, LINT: [], PROVIDER: []}
    other_tools = set(read.TOOLS.values()) - {read.TOOLS[system]}
    for path in sorted((root / "tests" / "policy").glob("test_*.py"), key=lambda path: (path.stem != RULES, path.stem)):
        name = path.stem.removeprefix("test_")
        if name not in other_tools:
            files.get(APART.get(name, POLICY), []).append(path)
    return {name: [str(path.relative_to(root)) for path in paths] for name, paths in files.items()}


def failure(system: str, files: Sequence[str]) -> str:
    """Run test files until one fails; return the test's name, or nothing where all pass."""
    if not files:
        return ""
    pytest = importlib.import_module("pytest")
    selection = Selection(system)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        code = int(pytest.main([*PYTEST, *files], plugins=[selection]))
    return "" if code in (PASSED, NOTHING_SELECTED) else selection.failed or f"pytest ended with {code}"


def documents(system: str) -> Generator[tuple[str, JsonObject], None, None]:
    """Yield what every case of the policy suite declares, by the case's name; production comes first."""
    cases, roots = (importlib.import_module(f"tests.{name}") for name in ("policy.cases", "support.rds_roots"))
    with tempfile.TemporaryDirectory(prefix="tap-roots-") as folder, roots.everywhere(Path(folder)):
        chosen = [case for case in cases.CASES if case.system == system]
        for case in sorted(chosen, key=lambda case: FIRST not in str(case)):
            yield str(case), plain(cases.source_of(case).document)


def tried(system: str, baseline: JsonMapping) -> Verdict:
    """Return what becomes of the mutation in this checkout.

    Args:
        system: whose tests are asked.
        baseline: what is declared without the mutation, by the case's name.
    """
    outcomes = set()
    try:
        with closing(documents(system)) as stream:
            for name, values in stream:
                outcomes.add(compared(baseline[name], values))
                if "" in outcomes:
                    break
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # whatever it is, it was noticed
        return Verdict(NOTICED, SYNTHESIS, f"{type(error).__name__}: {error}".splitlines()[0])
    if "" not in outcomes:
        return Verdict(PROSE if PROSE in outcomes else EQUIVALENT)
    for suite, files in suites(system).items():
        test = failure(system, files)
        if test:
            return Verdict(NOTICED, suite, test)
    return Verdict(UNNOTICED)


def control(system: str) -> tuple[JsonObject, str]:
    """Return what is declared without any mutation, and the first test that fails all the same."""
    values = dict(documents(system))
    failures = (failure(system, files) for files in suites(system).values())
    return values, next((test for test in failures if test), "")


def main(arguments: Sequence[str]) -> int:
    """Write the baseline where its file is missing, else print the verdict as the last line."""
    system, baseline = arguments[0], Path(arguments[1])
    remember()  # before the suite's own modules take it
    if baseline.exists():
        print(json.dumps(asdict(tried(system, json.loads(baseline.read_text(encoding="utf-8"))))), flush=True)
        return 0
    values, test = control(system)
    if test:
        print(test, file=sys.stderr)
        return 1
    baseline.write_text(json.dumps(values), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
