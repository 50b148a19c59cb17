"""A stack whose clients verify the database's certificate takes a region with its RDS root, and refuses every other."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tap
from lib.common import rds_ca, region
from lib.common.errors import SettingError
from tests.support import synthesis
from tests.support.program import SYSTEMS as PULUMI
from tests.support.program import declare

ROOT = Path(__file__).resolve().parents[2]


def clients(system: str) -> Iterator[Path]:
    """Yield the files of a system's functions and containers that connect to PostgreSQL."""
    folder = system.replace("-", "_")
    for place in (ROOT / "lambda" / folder, ROOT / "lib" / folder / "app"):
        for path in sorted(place.rglob("*")):
            if path.suffix in {".py", ".txt"} and any(
                word in path.read_text(encoding="utf-8") for word in ("pg8000", "psycopg", "common import postgres")
            ):
                yield path


def read(system: str, environ: dict[str, str]) -> Any:
    """Return a system's settings."""
    return importlib.import_module(f"lib.{system.replace('-', '_')}.settings").Settings.read(environ)


VERIFYING = [system for system in tap.SYSTEMS if list(clients(system))]
COVERED = sorted(rds_ca.regions())
OTHERS = sorted(set(region.known()) - rds_ca.regions())


@pytest.mark.parametrize("name", COVERED)
@pytest.mark.parametrize("system", VERIFYING)
def test_every_region_with_a_root_is_taken(system: str, name: str) -> None:
    """Whether a stack follows into such a region is what the other tests of this folder show."""
    assert read(system, {"AWS_REGION": name}).region == name


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("system", VERIFYING)
def test_every_other_region_is_refused_by_name(system: str, name: str) -> None:
    """A database there would be created, and no client could connect to it."""
    with pytest.raises(SettingError, match=f"^{name!r} has no certificate authority of Amazon RDS"):
        read(system, {"AWS_REGION": name})


def test_both_kinds_are_tried() -> None:
    """The default region is one, and at least the largest two partitions have others."""
    assert region.primary({}) in COVERED
    assert len(COVERED) >= 29
    assert OTHERS


@pytest.mark.parametrize("system", [system for system in PULUMI if system in VERIFYING])
def test_a_pulumi_program_declares_nothing_there(system: str) -> None:
    """The refusal comes before the first resource."""
    with pytest.raises(SettingError, match="has no certificate authority"):
        declare({"AWS_REGION": OTHERS[0]}, system=system)


def test_a_cdk_app_declares_nothing_there() -> None:
    """The refusal comes before the first construct."""
    with pytest.raises(SettingError, match="has no certificate authority"):
        synthesis.synthesise({"AWS_REGION": OTHERS[0]})


def refusal(system: str, name: str) -> str:
    """Return why a system's settings refuse a region, or nothing."""
    try:
        read(system, {"AWS_REGION": name})
    except SettingError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("system", [system for system in tap.SYSTEMS if system not in VERIFYING])
def test_a_system_without_a_client_needs_no_root(system: str) -> None:
    """No function of it opens a connection to a database: what it refuses is a pair in two partitions, for example."""
    refusals = {refusal(system, name) for name in OTHERS}
    assert not [why for why in refusals if "certificate authority" in why]


def test_both_kinds_of_system_are_there() -> None:
    """Otherwise the tests above would test nothing."""
    assert 0 < len(VERIFYING) < len(tap.SYSTEMS)
