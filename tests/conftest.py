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

from tests.support import database  # noqa: E402

# A busy machine is slow now and then, which says nothing about the code: no example fails by its time.
settings.register_profile("tap", deadline=None)
settings.load_profile("tap")

# What shares something expensive stays on one worker: the local cloud, the CDK with its Node. The slowest begins first.
TOGETHER = {
    "recovery": ("tests/integration/disaster_recovery/",),
    "cloud": ("tests/integration/",),
    "lint": ("tests/policy/test_lint",),
    "judges": ("tests/policy/test_provider", "tests/policy/test_checkov"),
    "bindings": ("tests/unit/disaster_recovery/test_imports.py",),
    "fork": ("tests/architecture/test_cdktf_fork.py",),
    "cdktf": (
        "tests/region/test_disaster_recovery",
        "tests/unit/declared/test_read",
        "tests/unit/disaster_recovery/test_stack",
    ),
    "pulumi": (
        "tests/region/test_pulumi",
        "tests/unit/flask_api/test_",
        "tests/unit/payment/test_stack",
        "tests/unit/pulumi_components/",
    ),
    "synthesis": ("tests/policy/", "tests/region/", "tests/unit/kinesis_pipeline/test_stack.py", "tests/unit/entry/"),
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
    """A real PostgreSQL, with the user and the database of the pipeline."""
    server = database.start(tmp_path_factory.mktemp("postgres"))
    yield server
    server.server.remove()


@pytest.fixture(scope="session")
def admin(postgres: database.TestServer) -> Iterator[object]:  # pylint: disable=redefined-outer-name
    """The pipeline's database function, its migrations applied to the PostgreSQL."""
    from tests.support import functions

    modules = functions.load("kinesis_pipeline", "database")
    modules.handler.database = modules.postgres.Database(postgres.environ, secrets=postgres.secrets)
    modules.handler.migrate()
    yield modules
    modules.handler.database.close()
