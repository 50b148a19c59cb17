"""No stack deploys a database version that AWS has withdrawn, as far as cfn-lint's current data knows.

cfn-lint's rules E3690/W3690 (clusters) and E3691/W3691 (instances) are JSON Schemas in its package: one of the versions
that exist, one of those withdrawn. They are read here without starting cfn-lint, which takes four seconds.
The same question is put to AWS itself by ``scripts/check_account``.
"""

import importlib.util
import json
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from lib.common import rds_versions
from lib.common.errors import SettingError

LISTED = [(engine.name, version) for engine in rds_versions.ENGINES.values() for version in engine.versions]


@cache
def schema(resource: str, name: str) -> Any:
    """Return one of cfn-lint's schemas."""
    spec = importlib.util.find_spec("cfnlint")
    assert spec
    assert spec.origin
    path = Path(spec.origin).parent / "data" / "schemas" / "extensions" / f"aws_rds_{resource}" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def problems(engine: str, version: str) -> set[str]:
    """Return what cfn-lint's data holds against deploying a version: ``unknown``, ``withdrawn`` or both."""
    properties = {"Engine": engine, "EngineVersion": version}
    found = set()
    for resource in ("dbinstance", "dbcluster"):
        for word, name in (("unknown", "engine_version"), ("withdrawn", "engine_version_deprecated")):
            if not jsonschema.Draft7Validator(schema(resource, name)).is_valid(properties):
                found.add(word)
    return found


@pytest.mark.parametrize(("engine", "version"), LISTED)
def test_every_listed_version_can_be_deployed(engine: str, version: str) -> None:
    """Not only the first: the others are what a user is told to use instead."""
    assert problems(engine, version) == set()


@pytest.mark.parametrize(
    ("engine", "version"),
    [("postgres", "15.4"), ("postgres", "14.7"), ("aurora-postgresql", "15.4"), ("aurora-postgresql", "15.3")],
)
def test_a_withdrawn_version_is_noticed(engine: str, version: str) -> None:
    """The check above can fail: these are the versions of the earlier attempts."""
    assert "withdrawn" in problems(engine, version)


@pytest.mark.parametrize(("engine", "version"), [("postgres", "17.99"), ("aurora-postgresql", "17.8")])
def test_a_version_that_never_was_is_noticed(engine: str, version: str) -> None:
    """The check above can fail: Aurora left out 17.8."""
    assert problems(engine, version) == {"unknown"}


MAJORS = [(engine.name, each) for engine in rds_versions.ENGINES.values() for each in engine.majors]


@pytest.mark.parametrize(("name", "each"), MAJORS)
def test_no_major_version_is_past_the_end_of_its_support(name: str, each: rds_versions.MajorVersion) -> None:
    """After it, AWS charges for extended support by the hour and processor."""
    assert each.supported_until > datetime.now(UTC).date(), name


@pytest.mark.parametrize(("name", "each"), MAJORS)
def test_a_list_is_one_major_version_newest_first(name: str, each: rds_versions.MajorVersion) -> None:
    """A fallback never changes the major version, and none stands twice."""
    minors = [int(version.removeprefix(f"{each.number}.")) for version in each.versions]
    assert minors == sorted(set(minors), reverse=True), name


@pytest.mark.parametrize("name", rds_versions.ENGINES)
def test_the_next_major_version_follows_the_default_one(name: str) -> None:
    """There is always one to upgrade to, and no major version is skipped."""
    numbers = [int(each.number) for each in rds_versions.ENGINES[name].majors]
    assert numbers == [numbers[0], numbers[0] + 1]


@pytest.mark.parametrize("name", rds_versions.ENGINES)
def test_the_next_major_version_is_supported_longer(name: str) -> None:
    """Or the upgrade would gain nothing."""
    first, then = rds_versions.ENGINES[name].majors
    assert then.supported_until > first.supported_until


def test_the_major_version_is_what_stands_before_the_point() -> None:
    """Parameter-group families are named by it."""
    assert rds_versions.MajorVersion(("9.10", "9.9"), date(2030, 1, 1)).number == "9"
    assert rds_versions.family("aurora-postgresql", "18.6") == "aurora-postgresql18"


def test_the_versions_of_a_major_version_are_its_own() -> None:
    """What another major version has is no fallback."""
    engine = rds_versions.ENGINES["postgres"]
    assert engine.of_major("18") == engine.majors[1].versions
    assert engine.of_major("9") == ()


@pytest.mark.parametrize("name", rds_versions.ENGINES)
def test_the_first_entry_is_the_choice(name: str) -> None:
    """Without a wish, also when the variable is empty."""
    chosen = [rds_versions.choose(name, environ) for environ in ({}, {rds_versions.variable(name): ""})]
    assert chosen == [rds_versions.ENGINES[name].versions[0]] * 2


@pytest.mark.parametrize(("engine", "version"), LISTED)
def test_the_environment_chooses_any_entry(engine: str, version: str) -> None:
    """For the region that does not offer the first."""
    assert rds_versions.choose(engine, {rds_versions.variable(engine): version}) == version


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument, the process's own variables count."""
    last = rds_versions.ENGINES["postgres"].versions[-1]
    monkeypatch.setenv("POSTGRES_VERSION", last)
    assert rds_versions.choose("postgres") == last


def test_the_variables_have_names_that_a_shell_takes() -> None:
    """Hyphens are none."""
    assert rds_versions.variable("aurora-postgresql") == "AURORA_POSTGRESQL_VERSION"


def test_a_version_outside_the_list_is_refused_with_the_list() -> None:
    """The message has the variable, the value and what to write."""
    with pytest.raises(SettingError, match=r"POSTGRES_VERSION='15.4' is not .* use one of 17\..*check_account"):
        rds_versions.choose("postgres", {"POSTGRES_VERSION": "15.4"})
