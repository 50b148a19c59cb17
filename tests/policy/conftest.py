"""The policies are looked at in every partition's shape, those included whose RDS roots the repository lacks."""

from collections.abc import Iterator

import pytest

from tests.support import rds_roots


@pytest.fixture(scope="module", autouse=True)
def every_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the settings accept every region."""
    with rds_roots.everywhere(tmp_path_factory.mktemp("roots")):
        yield
