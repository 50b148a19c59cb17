"""Tests import the repository's packages from wherever pytest is started, and share one PostgreSQL a worker."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

import tap  # noqa: E402
from tests.support import database  # noqa: E402

# A busy machine is slow now and then, which says nothing about the code: no example fails by its time.
settings.register_profile("tap", deadline=None)
settings.load_profile("tap")


def of_tool(iac_tool: str) -> Iterator[str]:
    """Yield how the tests begin that run the tool for one of its systems: those of the stack's own modules."""
    for name, system in tap.SYSTEMS.items():
        folder = name.replace("-", "_")
        if system.iac_tool == iac_tool:
            yield f"tests/region/test_{folder}"
            yield f"tests/unit/{folder}/test_stack"
            yield from sorted(
                f"tests/unit/{folder}/test_{path.stem}." for path in Path(ROOT, "lib", folder).glob("*.py")
            )


# What shares something expensive stays on one worker: the local cloud, the CDK with its Node. The slowest begins first.
# A system whose integration tests have a conftest.py has a local cloud of its own.
TOGETHER = {
    **{
        f"cloud of {path.parent.name}": (f"tests/integration/{path.parent.name}/",)
        for path in sorted(Path(ROOT, "tests", "integration").glob("*/conftest.py"))
    },
    "cloud": ("tests/integration/",),
    "lint": ("tests/policy/test_lint",),
    "judges": ("tests/policy/test_provider", "tests/policy/test_checkov"),
    "bindings": tuple(f"tests/unit/{name.replace('-', '_')}/test_imports.py" for name in tap.SYSTEMS),
    "fork": ("tests/architecture/test_cdktf_fork.py",),
    "cdktf": (*of_tool("cdktf"), "tests/unit/declared/test_read"),
    "pulumi": (*of_tool("pulumi"), "tests/region/test_pulumi", "tests/unit/pulumi_components/"),
    "synthesis": ("tests/policy/", "tests/region/", *of_tool("cdk"), "tests/unit/entry/"),
}


class Scheduling(LoadScopeScheduling):  # pylint: disable=abstract-method  # xdist's own leaves them out too
    """Sends a test file to one worker as a whole, and the files of :data:`TOGETHER` to the same one.

    (xdist's own groups need an attribute of tests that pytest 9.2 no longer has.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((name for name, starts in TOGETHER.items() if nodeid.startswith(starts)), nodeid.split("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    """Give xdist the scheduling above."""
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the most expensive first."""
    order = [start for starts in TOGETHER.values() for start in starts]
    items.sort(key=lambda item: next((n for n, start in enumerate(order) if item.nodeid.startswith(start)), len(order)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests have to say of their result: the properties called "summary" that they recorded."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "summary" and report.when == "call":
                    terminalreporter.write_line(str(value))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[database.TestServer]:
    """A real PostgreSQL, with a user and an empty database."""
    server = database.start(tmp_path_factory.mktemp("postgres"))
    yield server
    server.server.remove()
