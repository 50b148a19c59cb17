"""No test of this folder sees the developer's own settings; and what several of its files use."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is slow now and then, which says nothing about the code.
settings.register_profile("tap", deadline=None)
settings.load_profile("tap")

CHECK_VERSIONS = Path(__file__).resolve().parents[3] / "scripts" / "check_versions.py"

SETTINGS = (
    *("AWS_REGION", "AWS_REGION_DR", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_RDS"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "JSII_NODE"),
    *("ENVIRONMENT_SUFFIX", "ENVIRONMENT", "PROJECT", "REPOSITORY", "AUTHOR"),
    *("POSTGRES_VERSION", "AURORA_POSTGRESQL_VERSION", "DATABASE_INSTANCE_CLASS"),
)


@pytest.fixture(autouse=True)
def _only_what_the_test_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(name="no_process")
def fixture_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither pip nor a check can run."""

    def refuse(command: list[str], **_options: Any) -> None:
        raise AssertionError(f"started {command}")

    monkeypatch.setattr(subprocess, "run", refuse)


@pytest.fixture(name="script", scope="module")
def fixture_script() -> Any:
    """Load the script as a module, by its path."""
    spec = importlib.util.spec_from_file_location("scripts_check_versions", CHECK_VERSIONS)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        patch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up
        spec.loader.exec_module(module)
    return module
