"""The command deploys for itself, to a local cloud of its own."""

import os

import pytest


@pytest.fixture(scope="session")
def deployed() -> dict[str, str]:
    """Nothing is deployed for these tests."""
    return dict(os.environ)
