"""The table of what stays after a destroy follows from what is declared: each kind once kept, and once not."""

import pytest

from lib.declared.model import Declaration, Resource
from tests.policy import left_behind
from tests.policy.cases import HOME, SYSTEMS

KEY, BUCKET, CLUSTER = "AWS::KMS::Key", "AWS::S3::Bucket", "AWS::RDS::DBCluster"
SECRET, STREAM, IMAGES = "AWS::SecretsManager::Secret", "AWS::Kinesis::Stream", "AWS::ECR::Repository"


def one(kind, retained=False, options=None, **properties):
    return Resource(kind, "one", properties, HOME, retained=retained, options=options or {})


@pytest.mark.parametrize(
    ("label", "resource", "text"),
    [
        ("KMS keys", one(KEY, retained=True), "1"),
        ("KMS keys", one(KEY, PendingWindowInDays=7), "1, deleted after 7 days"),
        ("buckets", one(BUCKET, retained=True), "1"),
        ("buckets", one(BUCKET, options={"force_destroy": False}), "1, each until somebody empties it"),
        ("buckets", one(BUCKET, options={"force_destroy": True}), "none"),
        ("streams", one(STREAM, retained=True), "1"),
        ("streams", one(STREAM), "none"),
        ("final snapshots", one(CLUSTER, options={"skip_final_snapshot": False}), "1"),
        ("final snapshots", one(CLUSTER, options={"DeletionPolicy": "Snapshot"}), "1"),
        ("final snapshots", one(CLUSTER, options={"skip_final_snapshot": True}), "none"),
        ("automated backups", one(CLUSTER, DeleteAutomatedBackups=False, BackupRetentionPeriod=35), "1, for 35 days"),
        ("automated backups", one(CLUSTER, DeleteAutomatedBackups=True), "none"),
        ("secrets", one(SECRET, options={"recovery_window_in_days": 30}), "1, for 30 days"),
        ("secrets", one(SECRET, options={"recovery_window_in_days": 0}), "none"),
        ("image repositories", one(IMAGES, EmptyOnDelete=False), "1, until somebody empties it"),
        ("image repositories", one(IMAGES, EmptyOnDelete=True), "none"),
        ("log group `RDSOSMetrics`", one(CLUSTER, MonitoringInterval=60), "1, the region's, of all its databases"),
        ("log group `RDSOSMetrics`", one(CLUSTER), "none"),
    ],
)
def test_what_stays_is_told(label, resource, text):
    assert left_behind.ROWS[label](Declaration("shop", "pulumi", "dev", HOME, (resource,))) == text


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_row_has_a_value_for_each_environment(system):
    assert all(len(row) == len(left_behind.HEAD) and all(row) for row in left_behind.rows(system))
