"""A stack whose clients verify the database's certificate takes a region with its RDS root, and refuses every other."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.common import rds_ca, region
from lib.common.errors import SettingError
from lib.flask_api.settings import Settings as FlaskApi
from lib.kinesis_pipeline.settings import Settings as KinesisPipeline
from lib.payment.settings import Settings as Payment
from tests.support import synthesis
from tests.support.program import declare

ROOT = Path(__file__).resolve().parents[2]
READ: dict[str, Callable[..., Any]] = {
    "flask-api": FlaskApi.read,
    "payment": Payment.read,
    "kinesis-pipeline": KinesisPipeline.read,
}
COVERED = sorted(rds_ca.regions())
OTHERS = sorted(set(region.known()) - rds_ca.regions())


@pytest.mark.parametrize("name", COVERED)
@pytest.mark.parametrize("system", READ)
def test_every_region_with_a_root_is_taken(system: str, name: str) -> None:
    """Whether a stack follows into such a region is what the other tests of this folder show."""
    assert READ[system]({"AWS_REGION": name}).region == name


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("system", READ)
def test_every_other_region_is_refused_by_name(system: str, name: str) -> None:
    """A database there would be created, and no client could connect to it."""
    with pytest.raises(SettingError, match=f"^{name!r} has no certificate authority of Amazon RDS"):
        READ[system]({"AWS_REGION": name})


def test_both_kinds_are_tried() -> None:
    """The default region is one, and at least the largest two partitions have others."""
    assert region.primary({}) in COVERED
    assert len(COVERED) >= 29
    assert OTHERS


@pytest.mark.parametrize("system", ["flask-api", "payment"])
def test_a_pulumi_program_declares_nothing_there(system: str) -> None:
    """The refusal comes before the first resource."""
    with pytest.raises(SettingError, match="has no certificate authority"):
        declare({"AWS_REGION": OTHERS[0]}, system=system)


def test_a_cdk_app_declares_nothing_there() -> None:
    """The refusal comes before the first construct."""
    with pytest.raises(SettingError, match="has no certificate authority"):
        synthesis.synthesise({"AWS_REGION": OTHERS[0]})


def clients(folder: Path) -> Iterator[Path]:
    """Yield the files of a system's functions that speak to PostgreSQL, or could verify its certificate."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".py", ".txt", ".pem"}:
            text = path.read_text(encoding="utf-8")
            if any(word in text for word in ("pg8000", "psycopg", "BEGIN CERTIFICATE")):
                yield path


def test_disaster_recovery_needs_no_root() -> None:
    """Its functions ask the RDS API, and none opens a connection to Aurora: it is taken to every region."""
    assert not list(clients(ROOT / "lambda" / "disaster_recovery"))
    assert list(clients(ROOT / "lambda" / "payment"))
