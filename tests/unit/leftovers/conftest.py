"""Stubbed clients; a parameter or a field that AWS does not have is an error of the test."""

import pytest

from tests.support.check_account import Stubs


@pytest.fixture(name="aws")
def fixture_aws():
    made = Stubs()
    yield made
    made.assert_all_asked()
