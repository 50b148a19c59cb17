"""One global database with a cluster in each region, in the order AWS asks for; what a failover may change."""

import re

import pytest

from lib.common import passwords, rds_versions, region
from tests.support.disaster_recovery import ROLES, configuration, production, references

IGNORED = {"replication_source_identifier", "global_cluster_identifier", "engine_version"}


def test_the_global_database_is_of_the_preferred_version_encrypted_and_out_of_paid_support():
    whole = production().one("aws_rds_global_cluster")
    assert whole["engine"] == "aurora-postgresql"
    assert whole["engine_version"] == rds_versions.ENGINES["aurora-postgresql"].versions[0]
    assert whole["storage_encrypted"] is True
    assert whole["engine_lifecycle_support"] == "open-source-rds-extended-support-disabled"


@pytest.mark.parametrize("role", ROLES)
def test_each_cluster_joins_it_with_its_version_and_its_own_regions_key(role):
    found = production()
    cluster, whole = found.one("aws_rds_cluster", role), found.one("aws_rds_global_cluster").address
    assert cluster["global_cluster_identifier"] == f"${{{whole}.id}}"
    assert cluster["engine_version"] == f"${{{whole}.engine_version}}"
    assert cluster["storage_encrypted"] is True
    key = found.one("aws_kms_key", role, "data").address
    assert cluster["kms_key_id"] == cluster["performance_insights_kms_key_id"] == f"${{{key}.arn}}"


@pytest.mark.parametrize("role", ROLES)
def test_a_plan_ends_at_a_cluster_of_another_major_version(role):
    (condition,) = production().one("aws_rds_cluster", role)["lifecycle"]["postcondition"]
    major = rds_versions.major(rds_versions.ENGINES["aurora-postgresql"].versions[0])
    assert condition["condition"] == f'${{split(".", self.engine_version)[0] == "{major}"}}'
    assert "AURORA_POSTGRESQL_VERSION" in condition["error_message"]
    assert "ALLOW_MAJOR_VERSION_UPGRADE=true" in condition["error_message"]


@pytest.mark.parametrize("role", ROLES)
def test_an_upgrade_that_is_allowed_ends_at_no_cluster(role):
    found = configuration(APPLY_IMMEDIATELY="true", ALLOW_MAJOR_VERSION_UPGRADE="true")
    cluster = found.one("aws_rds_cluster", role)
    assert "postcondition" not in cluster["lifecycle"]
    assert cluster["allow_major_version_upgrade"] is True


def test_the_secondary_cluster_waits_for_the_primary_instance():
    found = production()
    first = found.one("aws_rds_cluster_instance", "primary", "instance-1").address
    assert first in found.one("aws_rds_cluster", "secondary")["depends_on"]
    assert first not in found.one("aws_rds_cluster", "primary")["depends_on"]


def test_only_the_primary_cluster_has_a_user_and_a_password():
    found = production()
    own = {"database_name", "master_username", "master_password_wo", "master_password_wo_version"}
    assert own <= set(found.one("aws_rds_cluster", "primary").values)
    assert not own & set(found.one("aws_rds_cluster", "secondary").values)
    # RDS refuses passwords of its own making for a global database.
    assert [c for c in found.of("aws_rds_cluster") if "manage_master_user_password" in c.values] == []


def test_the_secondary_cluster_knows_where_it_is_copied_from():
    found = production()
    assert found.one("aws_rds_cluster", "secondary")["source_region"] == region.pair({})[0]
    assert "source_region" not in found.one("aws_rds_cluster", "primary").values


@pytest.mark.parametrize("role", ROLES)
def test_a_deployment_after_a_failover_takes_nothing_back(role):
    assert set(production().one("aws_rds_cluster", role)["lifecycle"]["ignore_changes"]) == IGNORED


def test_the_global_database_is_not_replaced_for_a_name():
    ignored = production().one("aws_rds_global_cluster")["lifecycle"]["ignore_changes"]
    assert ignored == ["database_name", "global_cluster_identifier"]


@pytest.mark.parametrize(("found", "count"), [(production, 2), (configuration, 1)])
@pytest.mark.parametrize("role", ROLES)
def test_both_regions_have_as_many_instances(found, count, role):
    instances = found().of("aws_rds_cluster_instance", role)
    assert len(instances) == count
    assert [i["promotion_tier"] for i in instances] == list(range(count))


def test_instances_are_of_a_class_that_a_global_database_takes_and_private():
    for instance in production().of("aws_rds_cluster_instance"):
        assert re.fullmatch(r"db\.r([5-9]|\d\d)[a-z]*\.\d*x?large", instance["instance_class"])
        assert instance["publicly_accessible"] is False
        assert instance["auto_minor_version_upgrade"] is False
        assert instance["ca_cert_identifier"] == "rds-ca-rsa2048-g1"


@pytest.mark.parametrize("role", ROLES)
def test_everyone_speaks_tls_in_both_roles(role):
    found = production()
    parameters = found.one("aws_rds_cluster_parameter_group", role)
    assert {"name": "rds.force_ssl", "value": "1"} in parameters["parameter"]
    assert {"name": "ssl_min_protocol_version", "value": "TLSv1.2"} in parameters["parameter"]
    assert parameters["family"] == "aurora-postgresql17"
    assert parameters.address in found.one("aws_rds_cluster", role)["db_cluster_parameter_group_name"]


@pytest.mark.parametrize("role", ROLES)
def test_production_is_kept(role):
    cluster = production().one("aws_rds_cluster", role)
    assert cluster["deletion_protection"] is True
    assert cluster["skip_final_snapshot"] is False
    network = production().one("aws_vpc", role).address
    assert cluster["final_snapshot_identifier"] == f"disaster-recovery-pr-7-${{{network}.id}}-final"
    assert cluster["backup_retention_period"] == 35
    assert cluster["delete_automated_backups"] is False
    assert (cluster["database_insights_mode"], cluster["performance_insights_retention_period"]) == ("advanced", 465)
    whole = production().one("aws_rds_global_cluster")
    assert (whole["deletion_protection"], whole["force_destroy"]) == (True, False)


def test_development_is_not():
    for cluster in configuration().of("aws_rds_cluster"):
        assert (cluster["deletion_protection"], cluster["skip_final_snapshot"]) == (False, True)
        assert "final_snapshot_identifier" not in cluster.values
    assert configuration().one("aws_rds_global_cluster")["force_destroy"] is True
    assert configuration().one("aws_secretsmanager_secret")["recovery_window_in_days"] == 0


@pytest.mark.parametrize("role", ROLES)
def test_the_log_group_is_there_before_the_cluster(role):
    found = production()
    cluster = found.one("aws_rds_cluster", role)
    (group,) = [g for g in found.of("aws_cloudwatch_log_group", role) if "/rds/" in g["name"]]
    assert group["name"] == f"/aws/rds/cluster/{cluster['cluster_identifier']}/postgresql"
    assert group.address in cluster["depends_on"]
    assert cluster["enabled_cloudwatch_logs_exports"] == ["postgresql"]


def test_the_password_is_made_in_each_run_and_goes_into_the_secret_only_when_due():
    found = production()
    made = found.json["ephemeral"]["aws_secretsmanager_random_password"]["made"]
    assert passwords.SHORTEST <= made["password_length"] <= passwords.LONGEST
    assert set(passwords.EXCLUDED.strip()) <= set(made["exclude_characters"])
    version = found.one("aws_secretsmanager_secret_version")
    assert "ephemeral.aws_secretsmanager_random_password.made" in references(version["secret_string_wo"])
    assert version["secret_string_wo_version"] == 1


def test_the_secret_has_the_members_that_clients_and_rotation_look_for():
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html."""
    text = production().one("aws_secretsmanager_secret_version")["secret_string_wo"]
    members = set(re.findall(r"(\w+) = ", text))
    assert members == {"engine", "port", "dbname", "username", "password"}


def test_the_cluster_takes_the_password_from_the_secret_after_it_was_written():
    found = production()
    cluster, version = found.one("aws_rds_cluster", "primary"), found.one("aws_secretsmanager_secret_version")
    assert references(cluster["master_password_wo"]) == {"ephemeral.aws_secretsmanager_secret_version.kept"}
    kept = found.json["ephemeral"]["aws_secretsmanager_secret_version"]["kept"]
    assert kept["secret_id"] == f"${{{version.address}.secret_id}}"
    assert cluster["master_password_wo_version"] == version["secret_string_wo_version"]


def test_a_new_version_of_the_password_reaches_secret_and_cluster():
    found = configuration(PASSWORD_VERSION="7")
    assert found.one("aws_rds_cluster", "primary")["master_password_wo_version"] == 7
    assert found.one("aws_secretsmanager_secret_version")["secret_string_wo_version"] == 7


def test_the_secret_is_in_both_regions_each_with_its_key():
    found = production()
    secret = found.one("aws_secretsmanager_secret", "primary")
    keys = {role: found.one("aws_kms_key", role, "data").address for role in ROLES}
    assert secret["kms_key_id"] == f"${{{keys['primary']}.arn}}"
    assert secret["replica"] == [{"region": region.pair({})[1], "kms_key_id": f"${{{keys['secondary']}.arn}}"}]


def test_the_table_is_in_both_regions_each_with_its_key_recovery_and_protection():
    found = production()
    table = found.one("aws_dynamodb_table", "primary")
    assert (table["stream_enabled"], table["stream_view_type"]) == (True, "NEW_AND_OLD_IMAGES")
    keys = {role: f"${{{found.one('aws_kms_key', role, 'data').address}.arn}}" for role in ROLES}
    assert table["server_side_encryption"] == {"enabled": True, "kms_key_arn": keys["primary"]}
    assert table["point_in_time_recovery"]["enabled"] is True
    assert table["deletion_protection_enabled"] is True
    assert table["replica"] == [
        {
            "region_name": region.pair({})[1],
            "kms_key_arn": keys["secondary"],
            "point_in_time_recovery": True,
            "deletion_protection_enabled": True,
            "propagate_tags": True,
        }
    ]


def test_the_table_has_one_key_and_an_index_for_payments_by_id():
    table = production().one("aws_dynamodb_table")
    assert table["hash_key"] == "pk"
    assert "range_key" not in table.values
    (index,) = table["global_secondary_index"]
    assert (index["name"], index["hash_key"], index["projection_type"]) == ("payment-id", "payment_id", "KEYS_ONLY")
    assert {a["name"] for a in table["attribute"]} == {"pk", "payment_id"}
