"""Storage and databases: what a Pulumi program asks for is what the local cloud's API shows."""

import json

import pytest

from tests.support.pulumi_programs.cloud import PROGRAMS, Applied, lacking, listed, pairs, started

pytestmark = pytest.mark.filterwarnings("ignore:aws.* has been deprecated in favor of:DeprecationWarning")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    yield from started(tmp_path_factory.mktemp("storage"))


@pytest.fixture(scope="module")
def applied(cloud):
    example = Applied(cloud, PROGRAMS / "example_storage.py")
    example.before = listed(cloud)
    example.exports = example.up().exports
    return example


@pytest.fixture
def s3(applied):
    return applied.client("s3")


@pytest.fixture
def logs(applied):
    return applied.id("logs")


@pytest.fixture
def key(applied):
    return applied.record("key").outputs["arn"]


def test_a_bucket_in_its_region_with_its_tags(applied, s3, logs):
    assert s3.get_bucket_location(Bucket=logs)["LocationConstraint"] == applied.cloud.region
    assert s3.get_bucket_tagging(Bucket=logs)["TagSet"] == pairs({"Name": "logs"})
    assert logs[:5] == "logs-"


def test_a_bucket_has_versions_and_encryption(s3, logs, key):
    assert s3.get_bucket_versioning(Bucket=logs)["Status"] == "Enabled"
    rules = s3.get_bucket_encryption(Bucket=logs)["ServerSideEncryptionConfiguration"]["Rules"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert lacking([{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}], rules) == []


def test_a_bucket_is_private(s3, logs):
    block = s3.get_public_access_block(Bucket=logs)["PublicAccessBlockConfiguration"]
    assert list(block.values()) == [True] * 4
    assert s3.get_bucket_ownership_controls(Bucket=logs)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=logs)["Policy"]


def test_a_buckets_lifecycle(s3, logs):
    wanted = {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {"Prefix": "alb/"},
        "Expiration": {"Days": 30},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
        "Transitions": [{"Days": 10, "StorageClass": "GLACIER"}],
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    assert lacking([wanted], s3.get_bucket_lifecycle_configuration(Bucket=logs)["Rules"]) == []


def test_a_bucket_that_locks_its_objects_and_logs_its_reads(s3, logs):
    lock = s3.get_object_lock_configuration(Bucket="example-audit")["ObjectLockConfiguration"]
    retention = {"Mode": "GOVERNANCE", "Days": 3}
    assert lacking({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}, lock) == []
    logging = s3.get_bucket_logging(Bucket="example-audit")["LoggingEnabled"]
    assert lacking({"TargetBucket": logs, "TargetPrefix": "audit/"}, logging) == []


def test_a_repository(applied, key):
    ecr = applied.client("ecr")
    (found,) = ecr.describe_repositories(repositoryNames=["example/images"])["repositories"]
    wanted = {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key},
        "repositoryUri": applied.exports["repository"],
    }
    assert lacking(wanted, found) == []
    policy = json.loads(ecr.get_lifecycle_policy(repositoryName="example/images")["lifecyclePolicyText"])
    assert policy["rules"][0]["selection"]["countNumber"] == 10


def test_a_cluster(applied, key):
    rds = applied.client("rds")
    (found,) = rds.describe_db_clusters(DBClusterIdentifier=applied.id("cluster"))["DBClusters"]
    wanted = {
        "Engine": "aurora-postgresql",
        "EngineVersion": "17.7",
        "MasterUsername": "app",
        "DatabaseName": "shop",
        "Port": 5999,
        "DBSubnetGroup": applied.id("home"),
        "StorageEncrypted": True,
        "KmsKeyId": key,
        "BackupRetentionPeriod": 7,
        "PreferredBackupWindow": "02:00-03:00",
        "DeletionProtection": False,
        "DBClusterParameterGroup": applied.id("parameters"),
        "IAMDatabaseAuthenticationEnabled": True,
        "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 2.0},
        "CopyTagsToSnapshot": True,
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "TagList": pairs({"Name": "shop"}),
        "MasterUserSecret": {"SecretArn": applied.exports["secrets"][0], "KmsKeyId": key},
    }
    assert lacking(wanted, found) == []
    assert [g["VpcSecurityGroupId"] for g in found["VpcSecurityGroups"]] == [applied.id("group")]
    assert [member["DBInstanceIdentifier"] for member in found["DBClusterMembers"]] == [applied.id("writer")]
    assert applied.exports["cluster"] == ["127.0.0.1", "127.0.0.1", 5999]


def test_a_clusters_secret_leads_to_its_user(applied):
    secret = applied.client("secretsmanager").get_secret_value(SecretId=applied.exports["secrets"][0])
    assert json.loads(secret["SecretString"])["username"] == "app"


def test_an_instance(applied, key):
    rds = applied.client("rds")
    (found,) = rds.describe_db_instances(DBInstanceIdentifier=applied.id("instance"))["DBInstances"]
    wanted = {
        "Engine": "postgres",
        "EngineVersion": "17.6",
        "DBInstanceClass": "db.t4g.micro",
        "AllocatedStorage": 20,
        "StorageType": "gp3",
        "MasterUsername": "app",
        "DBName": "pay",
        "MultiAZ": True,
        "StorageEncrypted": True,
        "KmsKeyId": key,
        "BackupRetentionPeriod": 7,
        "MaxAllocatedStorage": 100,
        "IAMDatabaseAuthenticationEnabled": True,
        "CopyTagsToSnapshot": True,
        "TagList": pairs({"Name": "pay"}),
        "VpcSecurityGroups": [{"VpcSecurityGroupId": applied.id("group")}],
        "DBParameterGroups": [{"DBParameterGroupName": applied.id("one")}],
        "DBSubnetGroup": {"DBSubnetGroupName": applied.id("home")},
    }
    assert lacking(wanted, found) == []
    assert applied.exports["instance"] == ["127.0.0.1", 5998, "127.0.0.1:5998"]


def test_an_instances_managed_password_is_a_secret_as_rds_has_it(applied, key):
    secrets = applied.client("secretsmanager")
    arn = applied.exports["secrets"][1]
    found = secrets.describe_secret(SecretId=arn)
    assert lacking({"Name": f"rds!db-{applied.id('instance')}", "KmsKeyId": key}, found) == []
    content = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    assert (content["username"], len(content["password"])) == ("app", 32)
    assert content["password"] not in json.dumps([record.outputs for record in applied.state().records.values()])


def test_an_instance_with_a_password_of_the_program_has_no_secret(applied):
    assert applied.record("own").outputs["masterUserSecrets"] == []
    assert applied.record("neither").outputs["masterUserSecrets"] == []
    names = [found["Name"] for found in applied.client("secretsmanager").list_secrets()["SecretList"]]
    assert f"rds!db-{applied.id('own')}" not in names


def test_parameters_are_set(applied):
    rds, name = applied.client("rds"), applied.id("parameters")
    found = rds.describe_db_cluster_parameters(DBClusterParameterGroupName=name)["Parameters"]
    assert {p["ParameterName"]: p["ParameterValue"] for p in found}["rds.force_ssl"] == "1"
    found = rds.describe_db_parameters(DBParameterGroupName=applied.id("one"))["Parameters"]
    assert {p["ParameterName"]: p.get("ParameterValue") for p in found}["rds.force_ssl"] == "1"


def test_domains_of_a_bucket(applied, logs):
    region = applied.cloud.region
    assert applied.exports["domains"] == [f"{logs}.s3.amazonaws.com", f"{logs}.s3.{region}.amazonaws.com"]


def test_what_is_different_here_is_told(applied):
    told = {record.title: [what for what, _why in record.differs] for record in applied.state().records.values()}
    assert {title: lines for title, lines in told.items() if lines} == {
        "metric": ["BucketMetric left out"],
        "cluster": [
            "Cluster: enabledCloudwatchLogsExports, performanceInsightsEnabled, storageType not kept",
            "database endpoint is 127.0.0.1",
        ],
        "given": ["database endpoint is 127.0.0.1"],
        "instance": [
            "Instance: enabledCloudwatchLogsExports, caCertIdentifier, backupWindow not kept",
            "RDS-managed password as a generated secret",
        ],
    }


def test_what_is_told_to_be_lost_is_lost(applied):
    rds = applied.client("rds")
    (found,) = rds.describe_db_clusters(DBClusterIdentifier=applied.id("cluster"))["DBClusters"]
    assert not {"EnabledCloudwatchLogsExports", "PerformanceInsightsEnabled", "StorageType"} & set(found)
    (found,) = rds.describe_db_instances(DBInstanceIdentifier=applied.id("instance"))["DBInstances"]
    assert found["EnabledCloudwatchLogsExports"] == []
    assert found["CACertificateIdentifier"] != "rds-ca-rsa4096-g1"
    assert found["PreferredBackupWindow"] != "02:00-03:00"


def test_a_second_run_changes_nothing(applied):
    assert applied.up().changed is False


def test_everything_is_removed_with_what_it_holds(applied, s3, logs):
    s3.put_object(Bucket=logs, Key="a", Body=b"1")
    s3.put_object(Bucket=logs, Key="a", Body=b"2")
    s3.put_object(Bucket="example-audit", Key="locked", Body=b"1")
    applied.down()
    assert listed(applied.cloud) == applied.before
