"""What ECS gives a task: credentials that its tokens are signed with."""

from collections.abc import Iterator

import pytest

from tests.support import functions


@pytest.fixture(scope="package", autouse=True)
def _credentials() -> Iterator[None]:
    """For pools that are open longer than one test."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in functions.OF_LAMBDA.items():
            patched.setenv(name, value)
        yield
