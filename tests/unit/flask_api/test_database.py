"""The database is a cluster over two zones, encrypted, backed up, with a password that only RDS knows."""

import pytest

from lib.common import rds_versions
from tests.support.program import program

CLUSTER, INSTANCE = "rds/cluster:Cluster", "rds/clusterInstance:ClusterInstance"


def test_writer_and_reader_stand_in_different_zones():
    writer, reader = (i.inputs for i in sorted(program().of(INSTANCE), key=lambda i: i.inputs["promotionTier"]))
    assert (writer["identifier"], reader["identifier"]) == ("flask-api-writer-dev", "flask-api-reader-dev")
    assert writer["availabilityZone"] != reader["availabilityZone"]


def test_the_password_is_rdss_own():
    cluster = program().one(CLUSTER)
    assert cluster["manageMasterUserPassword"] is True
    assert not {"masterPassword", "masterPasswordWo"} & set(cluster)


def test_tls_is_enforced_by_the_parameters_of_the_versions_family():
    found = program()
    group = found.one("rds/clusterParameterGroup:ClusterParameterGroup")
    assert {"name": "rds.force_ssl", "value": "1"} in group["parameters"]
    assert {"name": "ssl_min_protocol_version", "value": "TLSv1.2"} in group["parameters"]
    assert group["family"] == rds_versions.family(
        "aurora-postgresql", rds_versions.ENGINES["aurora-postgresql"].versions[0]
    )
    assert group["name"] == f"flask-api-{group['family']}-dev"


def test_the_cluster_uses_its_parameters():
    found = program()
    name = found.one("rds/clusterParameterGroup:ClusterParameterGroup")["name"]
    assert found.one(CLUSTER)["dbClusterParameterGroupName"] == name


@pytest.mark.parametrize("version", rds_versions.ENGINES["aurora-postgresql"].versions)
def test_the_version_is_one_of_the_list(version):
    assert program(AURORA_POSTGRESQL_VERSION=version).one(CLUSTER)["engineVersion"] == version


def test_production_is_kept():
    cluster = program().one(CLUSTER)
    assert (cluster["deletionProtection"], cluster["skipFinalSnapshot"], cluster["backupRetentionPeriod"]) == (
        True,
        False,
        35,
    )
    assert cluster["finalSnapshotIdentifier"] == "flask-api-dev-vpc-id-final"


def test_development_may_be_lost():
    cluster = program(ENVIRONMENT="dev").one(CLUSTER)
    assert (cluster["deletionProtection"], cluster["skipFinalSnapshot"]) == (False, True)
    assert "finalSnapshotIdentifier" not in cluster


def test_everything_of_it_is_under_its_own_key():
    cluster = program().one(CLUSTER)
    keys = {cluster[name] for name in ("kmsKeyId", "masterUserSecretKmsKeyId", "performanceInsightsKmsKeyId")}
    assert len(keys) == 1
    assert keys.pop().endswith("key/database")
    assert cluster["storageEncrypted"] is True


@pytest.mark.parametrize(("mode", "days"), [("standard", 7), ("advanced", 465)])
def test_insights_are_chosen_with_the_days_that_they_need(mode, days):
    cluster = program(DATABASE_INSIGHTS=mode).one(CLUSTER)
    assert (cluster["databaseInsightsMode"], cluster["performanceInsightsRetentionPeriod"]) == (mode, days)


def test_paid_support_is_not_entered_by_itself():
    assert program().one(CLUSTER)["engineLifecycleSupport"] == "open-source-rds-extended-support-disabled"


def test_the_log_group_is_there_before_rds_makes_its_own():
    (cluster,) = program().of(CLUSTER)
    (group,) = [g for g in program().of("cloudwatch/logGroup:LogGroup") if g.name == "postgresql"]
    assert group.urn in cluster.depends_on
    assert group.inputs["name"] == "/aws/rds/cluster/flask-api-dev/postgresql"


def test_no_instance_is_public():
    instances = program().of(INSTANCE)
    assert len(instances) == 2
    assert all(i.inputs["publiclyAccessible"] is False for i in instances)
    assert all(i.inputs["monitoringInterval"] == 60 for i in instances)
