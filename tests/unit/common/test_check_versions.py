"""``scripts/check_versions`` says whether RDS offers what would be deployed, and if not, what to change (X7)."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from lib.common import engine_versions, region

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "check_versions.py"
FIRST, SECOND, *_ = engine_versions.ENGINES["postgres"].versions
MAJOR = engine_versions.ENGINES["postgres"].major
ZONES = [{"Name": "a"}, {"Name": "b"}, {"Name": "c"}]
OPTION = {"MultiAZCapable": True, "AvailabilityZones": ZONES}
TWO_ZONES = {"MultiAZCapable": True, "AvailabilityZones": ZONES[:2]}
ONE_ZONE = {"MultiAZCapable": True, "AvailabilityZones": ZONES[:1]}


class Rds:
    """Answers like RDS: which versions there are, and with which options each can be ordered."""

    def __init__(self, options: Mapping[str, list[dict[str, Any]]]) -> None:
        self.options = options

    def get_paginator(self, operation: str) -> "Rds":
        """Serve both operations."""
        assert operation in {"describe_db_engine_versions", "describe_orderable_db_instance_options"}
        return self

    def paginate(self, **wanted: Any) -> Iterator[dict[str, Any]]:
        """Yield one page for each version or option."""
        if "EngineVersion" in wanted:
            assert wanted["DBInstanceClass"] == "db.t4g.medium"
            for option in self.options[wanted["EngineVersion"]]:
                yield {"OrderableDBInstanceOptions": [option]}
        else:
            for version in self.options:
                yield {"DBEngineVersions": [{"EngineVersion": version}]}


def stack(script: Any, version: str = FIRST, engine: str = "postgres") -> Any:
    """Return a stack that would deploy a version."""
    return script.Stack("a-system", engine, version, "db.t4g.medium")


def run(
    script: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], client: Any
) -> tuple[int, str, str]:
    """Run the program for one stack; return the exit status and what it printed, with single spaces."""
    monkeypatch.setattr(script, "stacks", lambda _systems: {region.primary(): [stack(script)]})
    monkeypatch.setattr(script.boto3.Session, "client", lambda *_arguments, **_options: client)
    status = script.main([])
    out, err = capsys.readouterr()
    return status, re.sub(" +", " ", out), err


@pytest.mark.parametrize(
    ("engine", "options", "expected"),
    [
        ("postgres", [], 0),
        ("postgres", [{}], 0),
        ("postgres", [{**OPTION, "MultiAZCapable": False}], 0),
        ("aurora-postgresql", [{**OPTION, "MultiAZCapable": False}], 3),
        ("postgres", [ONE_ZONE, OPTION, {**OPTION, "AvailabilityZones": []}], 3),
    ],
)
def test_the_best_option_counts(script: Any, engine: str, options: list[dict[str, Any]], expected: int) -> None:
    """One for each kind of storage; without Multi-AZ none, but for Aurora, which is never called so."""
    assert script.zones(Rds({"1.1": options}), stack(script, engine=engine), "1.1") == expected


def test_versions_are_ordered_as_numbers(script: Any) -> None:
    """Of the major version, without extended-support builds and other majors."""
    versions = ["17.9", "17.10", "18.1", "17.8-rds.20260101", "17", "117.1", "17.2"]
    assert script.newest_first(versions, "17") == ["17.10", "17.9", "17.2"]


@pytest.mark.parametrize("count", [2, 3])
def test_a_version_that_can_be_had_needs_no_change(script: Any, count: int) -> None:
    """Two zones are enough."""
    client = Rds({FIRST: [{**OPTION, "AvailabilityZones": ZONES[:count]}]})
    assert script.judge(client, stack(script)) == script.Verdict(stack(script), True, count, "")


@pytest.mark.parametrize(
    ("there", "offered", "change"),
    [
        ({SECOND: [OPTION]}, False, f"set POSTGRES_VERSION={SECOND}"),
        ({FIRST: [], SECOND: [OPTION]}, True, f"set POSTGRES_VERSION={SECOND}"),
        ({FIRST: [], SECOND: [], f"{MAJOR}.99": [OPTION]}, True, f"add {MAJOR}.99 to lib/common/engine_versions.py"),
        ({f"{MAJOR}.{n}": [OPTION] for n in (97, 99, 98)}, False, f"add {MAJOR}.99 to lib/common/engine_versions.py"),
        ({f"{MAJOR}.99": [OPTION], SECOND: [TWO_ZONES]}, False, f"set POSTGRES_VERSION={SECOND}"),
        ({FIRST: [], "99.1": [OPTION]}, True, "set DATABASE_INSTANCE_CLASS to another class: no "),
        ({f"{MAJOR}.99": []}, False, "set DATABASE_INSTANCE_CLASS to another class: no "),
        ({"99.1": [OPTION]}, False, "put another major version into lib/common/engine_versions.py: no "),
        ({}, False, "put another major version into lib/common/engine_versions.py: no "),
    ],
)
def test_a_version_that_cannot_be_had_gets_the_smallest_change(
    script: Any, there: dict[str, list[Any]], offered: bool, change: str
) -> None:
    """Another entry of the list, else the newest of the major version, else another class, else another major."""
    verdict = script.judge(Rds(there), stack(script))
    assert (verdict.offered, verdict.zones) == (offered, 0)
    assert verdict.change.startswith(change)


def test_one_zone_is_not_enough(script: Any) -> None:
    """The verdict shows the number; the version itself is not proposed again."""
    verdict = script.judge(Rds({FIRST: [ONE_ZONE]}), stack(script))
    assert (verdict.offered, verdict.zones) == (True, 1)
    assert verdict.change.startswith("set DATABASE_INSTANCE_CLASS")


def test_the_table_shows_each_stack(script: Any) -> None:
    """What it would use, its place in the list, and the change, in columns."""
    verdicts = [script.Verdict(stack(script), True, 3, ""), script.Verdict(stack(script, SECOND), False, 0, "do this")]
    head, good, bad = script.table(verdicts, "a-region").splitlines()
    count = len(engine_versions.ENGINES["postgres"].versions)
    assert head.split() == ["SYSTEM", "ENGINE", "WOULD", "USE", "CLASS", "OFFERED", "ZONES", "IN", "a-region"]
    cells = ["a-system", "postgres", f"{FIRST} (entry 1 of {count})", "db.t4g.medium", "yes", "3", "usable"]
    assert re.split("  +", good) == cells
    assert re.split("  +", bad)[2:] == [f"{SECOND} (entry 2 of {count})", "db.t4g.medium", "no", "0", "do this"]
    assert head.index("CLASS") == good.index("db.") == bad.index("db.")


def test_the_exit_status_is_0_when_all_is_well(
    script: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table names the region that was asked."""
    status, out, _ = run(script, monkeypatch, capsys, Rds({FIRST: [OPTION]}))
    assert (status, f"IN {region.primary()}" in out, "yes 3 usable" in out) == (0, True, True)


def test_the_exit_status_is_1_when_something_must_change(
    script: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table says what."""
    status, out, _ = run(script, monkeypatch, capsys, Rds({SECOND: [OPTION]}))
    assert (status, f"no 0 set POSTGRES_VERSION={SECOND}" in out) == (1, True)


@pytest.mark.parametrize(
    "error",
    [
        NoCredentialsError(),
        ClientError({"Error": {"Code": "Denied", "Message": "two\nlines"}}, "x"),
        ValueError("Invalid"),
    ],
)
def test_the_exit_status_is_2_when_rds_cannot_be_asked(
    script: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    """One line, no traceback: credentials, permissions, an endpoint that is no address."""
    client = Rds({})
    monkeypatch.setattr(client, "paginate", lambda **_wanted: (_ for _ in ()).throw(error))
    status, out, err = run(script, monkeypatch, capsys, client)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"scripts/check_versions: RDS in {region.primary()} cannot be asked: ")


def test_the_exit_status_is_2_for_a_wrong_setting(
    script: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The setting's own sentence, and nothing about the network."""
    monkeypatch.setenv("AWS_REGION", "nowhere")
    assert script.main([]) == 2
    assert re.fullmatch("scripts/check_versions: 'nowhere' in .*AWS_REGION.*\n", capsys.readouterr().err)


def test_the_exit_status_is_2_for_a_wrong_argument(script: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The systems that there are, are named."""
    with pytest.raises(SystemExit, match="2"):
        script.main(["kinesis"])
    assert "kinesis-pipeline" in capsys.readouterr().err


def test_a_system_s_settings_are_what_is_checked(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version and the class as the environment changes them."""
    monkeypatch.setenv("POSTGRES_VERSION", SECOND)
    monkeypatch.setenv("DATABASE_INSTANCE_CLASS", "db.r6g.large")
    wanted = script.Stack("kinesis-pipeline", "postgres", SECOND, "db.r6g.large")
    assert script.stacks(["kinesis-pipeline"]) == {region.primary(): [wanted]}


def test_every_system_with_a_database_is_checked(script: Any) -> None:
    """By default; the pair of the disaster recovery in both of its regions."""
    found = {place: {stack.system for stack in stacks} for place, stacks in script.stacks(script.systems()).items()}
    everywhere = {path.parent.name.replace("_", "-") for path in (script.ROOT / "lib").glob("*/settings.py")}
    assert found[region.primary()] == everywhere - {"analyse"}
    assert found.get(region.pair()[1], {"disaster-recovery"}) == {"disaster-recovery"}


def test_a_system_that_is_not_there_is_not_checked(
    script: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A copied-out repository has one system."""
    monkeypatch.setattr(script, "ROOT", tmp_path)
    assert script.systems() == []


def test_the_target_region_is_asked(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the region of the developer's own AWS profile, and without minutes of waiting."""
    asked: dict[str, Any] = {}

    class Session:  # pylint: disable=missing-class-docstring,missing-function-docstring,too-few-public-methods
        def __init__(self, **options: Any) -> None:
            asked.update(options)

        def client(self, service: str, **options: Any) -> Rds:
            asked.update(options, service=service)
            return Rds({FIRST: [OPTION]})

    monkeypatch.setenv("AWS_REGION", sorted(region.known())[0])
    monkeypatch.setattr(script.boto3, "Session", Session)
    monkeypatch.setattr(script, "stacks", lambda _systems: {region.primary(): [stack(script)]})
    assert script.main([]) == 0
    assert asked == {"region_name": sorted(region.known())[0], "service": "rds", "config": script.PATIENCE}


def test_the_script_runs_from_anywhere(tmp_path: Path) -> None:
    """It finds ``lib`` by its own place, without PYTHONPATH, and ends with main's status."""
    command = [sys.executable, str(SCRIPT), "--help"]
    result = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: scripts/check_versions")
    assert "Ask RDS in the target region" in " ".join(result.stdout.split())


def test_nobody_waits_for_minutes(script: Any) -> None:
    """Without a network the SDK would try five times for a minute each."""
    patience = script.PATIENCE
    assert patience.connect_timeout * patience.retries["total_max_attempts"] <= 30
    assert patience.read_timeout <= 30
