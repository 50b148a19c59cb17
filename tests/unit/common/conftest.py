"""No test of this folder sees the developer's own settings; and what several of its files use."""

import subprocess
from typing import Any

import pytest

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
