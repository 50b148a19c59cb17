"""Stubbed clients for every file here; none of them sees the developer's own settings or credentials."""

import os

import pytest

from tests.support.check_account import Stubs

KEPT = {"HOME", "PATH", "TMPDIR", "LANG", "PYTHONPATH", "COVERAGE_FILE", "COV_CORE_DATAFILE"}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    for name in os.environ:
        if name not in KEPT and not name.startswith(("PYTEST", "COV", "JSII", "UV")):
            monkeypatch.delenv(name)


@pytest.fixture(name="aws")
def fixture_aws():
    made = Stubs()
    yield made
    made.assert_all_asked()
