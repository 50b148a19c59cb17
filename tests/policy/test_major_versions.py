"""What an upgrade to the next major version does to each resource: in place, replaced, or refused.

From the declarations before and after, with CloudFormation's create-only properties; and from the plan of the real AWS
provider on a state, where one can be had.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lib.common import rds_versions
from lib.common.errors import SettingError
from lib.declared import pulumi_terraform
from lib.declared.model import Declaration
from lib.declared.read import TOOLS, Source, source, view
from lib.declared.schemas import create_only
from tests.policy.cases import SYSTEMS, Case, production
from tests.support import provider, provider_plan
from tests.support.provider import Provider

RDS = ("AWS::RDS::DBInstance", "AWS::RDS::GlobalCluster", "AWS::RDS::DBCluster")
ENGINES = {
    system: [str(resource.properties["Engine"]) for resource in production(system).resources if resource.type in RDS]
    for system in SYSTEMS
}
DATABASES = [system for system in SYSTEMS if ENGINES[system]]
PLANNED = [system for system in DATABASES if TOOLS[system] != "cdk"]
ALLOWED = {"APPLY_IMMEDIATELY": "true", "ALLOW_MAJOR_VERSION_UPGRADE": "true"}


@cache
def deployed(system: str) -> Source:
    """Return production as it is before an upgrade."""
    return source(system, {**Case(system, "production").environ, "APPLY_IMMEDIATELY": "true"})


@cache
def upgraded(system: str, *, allowed: bool = True) -> Source:
    """Return production with the next major version, which the settings allow or not."""
    engine = rds_versions.ENGINES[ENGINES[system][0]]
    version = {rds_versions.variable(engine.name): engine.majors[1].versions[0]}
    return source(system, {**deployed(system).environ, **version, **(ALLOWED if allowed else {})})


def differences(before: Declaration, after: Declaration) -> dict[str, set[str]]:
    """Return what differs by type, with ``replaced`` where it cannot be changed; resources are matched by name."""
    assert [(r.type, r.name) for r in before.resources] == [(r.type, r.name) for r in after.resources]
    found: dict[str, set[str]] = {}
    for old, new in zip(before.resources, after.resources, strict=True):
        names = {**old.properties, **old.options}.keys() | {**new.properties, **new.options}.keys()
        changed = {
            name
            for name in names
            if (old.properties.get(name), old.options.get(name)) != (new.properties.get(name), new.options.get(name))
        }
        if any(old.at(path) != new.at(path) for path in create_only(old.type)):
            changed.add("replaced")
        if changed:
            found.setdefault(old.type, set()).update(changed)
    return found


INSTANCE_GROUP = {"AWS::RDS::DBParameterGroup": {"replaced", "Family", "DBParameterGroupName"}}
CLUSTER_GROUP = {"AWS::RDS::DBClusterParameterGroup": {"replaced", "Family", "DBClusterParameterGroupName"}}
# A cluster of a global database is upgraded with it: its version is the global database's, by reference.
EXPECTED: dict[str, dict[str, set[str]]] = {
    "kinesis-pipeline": {
        **INSTANCE_GROUP,
        "AWS::RDS::DBInstance": {"EngineVersion", "AllowMajorVersionUpgrade"},
    },
    "payment": {
        **INSTANCE_GROUP,
        "AWS::RDS::DBInstance": {"EngineVersion", "AllowMajorVersionUpgrade"},
    },
    "flask-api": {
        **CLUSTER_GROUP,
        "AWS::RDS::DBCluster": {"EngineVersion", "allow_major_version_upgrade"},
        "AWS::RDS::DBInstance": {"EngineVersion"},
    },
    "disaster-recovery": {
        **CLUSTER_GROUP,
        "AWS::RDS::DBCluster": {"allow_major_version_upgrade", "lifecycle"},
        "AWS::RDS::GlobalCluster": {"EngineVersion"},
    },
}


@pytest.mark.parametrize("system", DATABASES)
def test_an_upgrade_changes_the_database_in_place_and_its_parameter_group_by_another(system: str) -> None:
    """Nothing else differs, and nothing that holds data is replaced."""
    assert differences(view(deployed(system)), view(upgraded(system))) == EXPECTED[system]


def test_a_replaced_database_would_be_noticed() -> None:
    """The comparison can fail: a database of another name is another one."""
    other = source("payment", {**deployed("payment").environ, "VPC_CIDR": "10.99.0.0/16"})
    assert "replaced" in differences(view(deployed("payment")), view(other))["AWS::EC2::VPC"]


@pytest.mark.parametrize("system", DATABASES)
def test_an_upgrade_that_would_wait_is_refused(system: str) -> None:
    """The parameter group of the earlier major version would be deleted while the database uses it."""
    environ = {**deployed(system).environ, "APPLY_IMMEDIATELY": "false", "ALLOW_MAJOR_VERSION_UPGRADE": "true"}
    with pytest.raises(SettingError, match="ALLOW_MAJOR_VERSION_UPGRADE='true' is refused with APPLY_IMMEDIATELY"):
        source(system, environ)


def configuration(found: Source) -> dict[str, Any]:
    """Return a source as Terraform JSON."""
    return found.document if found.tool == "cdktf" else pulumi_terraform.configuration(found.document)


@pytest.fixture(name="real", scope="module")
def fixture_real(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    """The AWS provider that plans."""
    found = provider.find(tmp_path_factory.mktemp("provider"))
    if isinstance(found, str):
        pytest.skip(f"No AWS provider has planned: {found}")
    return found


HOLDS_DATA = {"aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance", "aws_rds_global_cluster"}
GROUPS = {"aws_db_parameter_group", "aws_rds_cluster_parameter_group"}


@pytest.mark.parametrize("system", PLANNED)
def test_the_provider_plans_an_upgrade_in_place(system: str, real: Provider, tmp_path: Path) -> None:
    """The group of the next family comes before the one of the earlier family goes, and what holds data stays."""
    plan = provider_plan.changed(real, configuration(deployed(system)), configuration(upgraded(system)), tmp_path)
    assert plan.errors == []
    actions = {address: found for address, found in plan.actions.items() if address.split(".")[0] in HOLDS_DATA}
    assert actions
    assert set(actions.values()) <= {("update",), ("no-op",)}
    groups = [found for address, found in plan.actions.items() if address.split(".")[0] in GROUPS]
    assert set(groups) == {("create", "delete")}
    version = rds_versions.ENGINES[ENGINES[system][0]].majors[1].versions[0]
    assert version in [changes.get("engine_version") for changes in plan.changes.values()]


def test_the_provider_refuses_to_plan_an_upgrade_of_the_global_database_by_a_slip(
    real: Provider, tmp_path: Path
) -> None:
    """RDS refuses it for the other systems; the provider allows every version of a global database by itself."""
    system = "disaster-recovery"
    after = configuration(upgraded(system, allowed=False))
    plan = provider_plan.changed(real, configuration(deployed(system)), after, tmp_path)
    assert plan.errors
    assert all("ALLOW_MAJOR_VERSION_UPGRADE=true" in error for error in plan.errors)
