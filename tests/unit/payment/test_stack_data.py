"""The payment system's data: an instance that survives a zone, an audit trail that nobody can change."""

import json

import pytest

from lib.common import rds_versions
from tests.support.program import program

BUCKET = "s3/bucket"


def payment(**environ):
    return program(system="payment", **environ)


def only(found, kind, name="audit"):
    return found.one(f"s3/{kind[0].lower()}{kind[1:]}:{kind}", name)


def test_the_database_stands_in_two_zones_and_is_private():
    instance = payment().one("rds/instance:Instance")
    assert (instance["multiAz"], instance["publiclyAccessible"], instance["storageEncrypted"]) == (True, False, True)


def test_a_development_database_may_stand_in_one_zone():
    assert payment(ENVIRONMENT="dev").one("rds/instance:Instance")["multiAz"] is False


def test_the_password_is_rdss_own():
    instance = payment().one("rds/instance:Instance")
    assert instance["manageMasterUserPassword"] is True
    assert not {"password", "passwordWo"} & set(instance)


def test_the_database_uses_its_own_key_and_parameters():
    found = payment()
    instance, group = found.one("rds/instance:Instance"), found.one("rds/parameterGroup:ParameterGroup")
    assert instance["kmsKeyId"].endswith("key/database")
    assert instance["parameterGroupName"] == group["name"]
    assert group["family"] == rds_versions.family("postgres", rds_versions.ENGINES["postgres"].versions[0])
    given = {parameter["name"]: parameter["value"] for parameter in group["parameters"]}
    assert (given["rds.force_ssl"], given["ssl_min_protocol_version"]) == ("1", "TLSv1.2")


@pytest.mark.parametrize(("environment", "kept", "days"), [("dev", False, 1), ("production", True, 35)])
def test_backups_and_protection_follow_the_environment(environment, kept, days):
    instance = payment(ENVIRONMENT=environment).one("rds/instance:Instance")
    assert (instance["deletionProtection"], instance["backupRetentionPeriod"]) == (kept, days)
    assert instance["skipFinalSnapshot"] is not kept
    assert ("finalSnapshotIdentifier" in instance) is kept


def test_log_groups_are_there_before_rds_makes_its_own():
    found = payment()
    (instance,) = found.of("rds/instance:Instance")
    groups = [g for g in found.of("cloudwatch/logGroup:LogGroup") if "/rds/" in g.inputs["name"]]
    assert {g.urn for g in groups} <= instance.depends_on
    assert sorted(g.inputs["name"].rpartition("/")[2] for g in groups) == sorted(
        instance.inputs["enabledCloudwatchLogsExports"]
    )


def test_what_is_written_to_the_audit_trail_is_locked():
    found = payment(AUDIT_DAYS="30")
    assert found.one(f"{BUCKET}:Bucket", "audit")["objectLockEnabled"] is True
    assert only(found, "BucketVersioning")["versioningConfiguration"]["status"] == "Enabled"
    rule = only(found, "BucketObjectLockConfiguration")["rule"]["defaultRetention"]
    assert (rule["mode"], rule["days"]) == ("GOVERNANCE", 30)


def test_productions_trail_is_locked_for_everybody():
    rule = only(payment(ENVIRONMENT="production"), "BucketObjectLockConfiguration")["rule"]["defaultRetention"]
    assert (rule["mode"], rule["days"]) == ("COMPLIANCE", 7 * 365)


def test_the_trail_is_under_its_own_key():
    (rule,) = only(payment(), "BucketServerSideEncryptionConfiguration")["rules"]
    assert rule["bucketKeyEnabled"] is True
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"].endswith("key/audit")


def holds(condition, request):
    """Evaluate a policy's condition as IAM does: a negated operator is true of a key that is not there."""
    tests = {
        "StringNotEquals": lambda key, wanted: request.get(key) != wanted,
        "Null": lambda key, wanted: (key not in request) is (wanted == "true"),
    }
    return all(tests[name](key, value) for name, keys in condition.items() for key, value in keys.items())


@pytest.mark.parametrize(
    ("asked", "key", "refused"),
    [
        (None, None, False),
        ("aws:kms", None, False),
        ("aws:kms", "audit", False),
        ("aws:kms", "other", True),
        ("AES256", None, True),
        ("aws:kms:dsse", "audit", True),
        (None, "other", True),
    ],
)
def test_the_trail_refuses_other_encryption(asked, key, refused):
    """Who says nothing gets the bucket's own key, as the functions do."""
    statements = json.loads(only(payment(), "BucketPolicy")["policy"])["Statement"]
    (rule,) = only(payment(), "BucketServerSideEncryptionConfiguration")["rules"]
    own = rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]
    header = "s3:x-amz-server-side-encryption"
    sent = {header: asked, f"{header}-aws-kms-key-id": own if key == "audit" else key}
    sent = {name: value for name, value in sent.items() if value}
    assert all(s["Effect"] == "Deny" for s in statements)
    assert any(holds(s["Condition"], sent) for s in statements if s["Action"] == "s3:PutObject") is refused


def test_the_trail_stays_where_it_can_be_read_and_is_never_expired():
    """S3 moves no object as small as a record; only parts of unfinished uploads go."""
    (rule,) = only(payment(), "BucketLifecycleConfiguration")["rules"]
    assert rule.keys() == {"id", "status", "filter", "abortIncompleteMultipartUpload"}


def test_whoever_touches_the_trail_is_written_down():
    found = payment()
    logging = only(found, "BucketLogging")
    assert logging["targetBucket"] == found.one(f"{BUCKET}:Bucket", "logs")["bucket"]
    statements = json.loads(found.one("s3/bucketPolicy:BucketPolicy", "logs")["policy"])["Statement"]
    (writer,) = [s for s in statements if s["Principal"] == {"Service": "logging.s3.amazonaws.com"}]
    assert writer["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    assert writer["Condition"]["ArnLike"]["aws:SourceArn"].endswith(found.one(f"{BUCKET}:Bucket", "audit")["bucket"])
    assert writer["Resource"][0].endswith(f"/{logging['targetPrefix']}*")


@pytest.mark.parametrize(("environment", "kept"), [("staging", False), ("production", True)])
def test_productions_trail_and_keys_outlive_the_stack(environment, kept):
    """Nobody can delete a locked object, and without its key it is lost."""
    found = payment(ENVIRONMENT=environment)
    retained = {r.kind.partition("/")[0] for r in found.resources if r.retained}
    assert retained == ({"aws:s3", "aws:kms"} if kept else set())
    assert {r.retained for r in found.resources if r.kind.startswith(("aws:s3/", "aws:kms/key:"))} == {kept}
