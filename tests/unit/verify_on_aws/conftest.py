"""Stubbed clients, and programs in the place of the tools: each writes down how it was called."""

import os
from pathlib import Path

import pytest

from lib.verify_on_aws.process import Runner
from tests.support.check_account import Stubs


@pytest.fixture(name="aws")
def fixture_aws():
    made = Stubs()
    yield made
    made.assert_all_asked()


class Tools:
    """Programs on a PATH of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "calls"
        folder.mkdir()

    def add(self, name: str, *variables: str, script: str = "") -> None:
        """Add a program; each call is kept with the values of some variables."""
        values = " ".join(f"{variable}=${variable}" for variable in variables)
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*{" " if values else ""}{values}" >> {self.log}\n{script}\n')
        path.chmod(0o755)

    @property
    def environ(self) -> dict[str, str]:
        """An environment that leads to them."""
        return {"PATH": f"{self.folder}:{os.defpath}"}

    def calls(self) -> list[str]:
        """Return the calls so far, and forget them."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def tools(tmp_path):
    return Tools(tmp_path / "tools")


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path / "run.log")
