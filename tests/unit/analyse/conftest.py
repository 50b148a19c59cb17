"""A cloud with real pages, quotas and refusals, and the auditor that looks at it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from botocore.loaders import create_loader

from lib.analyse.prices import Prices
from tests.support.analyse import auditor as analyse
from tests.support.analyse import prices as analyse_prices
from tests.support.analyse import server as api_server
from tests.support.analyse.server import Cloud

SHARED = create_loader()


@pytest.fixture(scope="module", autouse=True)
def descriptions() -> Iterator[None]:
    """Let every session share the SDK's descriptions of the services: reading EC2's takes longer than a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda *_: SHARED)
        yield


@pytest.fixture(scope="module", autouse=True)
def own_prices() -> Iterator[None]:
    """Let every run use the tests' own prices, in which the default region has none."""
    with pytest.MonkeyPatch.context() as patch:
        read = Prices.read
        own = classmethod(lambda _cls, path=None: read(path) if path else analyse_prices.prices())
        patch.setattr(Prices, "read", own)
        yield


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Cloud], analyse.Audit]]:
    """Return a function that serves a cloud and returns the auditor that looks at it."""
    with ExitStack() as stack:

        def begin(cloud: Cloud) -> analyse.Audit:
            server = stack.enter_context(api_server.serving(cloud))
            return analyse.auditor(cloud, tmp_path / "out", monkeypatch, server.url)

        yield begin
