"""Data is encrypted with a key of the stack's own, in the resource's own region, and travels over TLS only."""

from collections.abc import Iterator, Mapping

from lib.common.json_types import JsonMapping
from lib.declared.model import Declaration, Resource, listed
from tests.policy.arns import KMS_KEYS
from tests.policy.rule import rule
from tests.policy.rules.iam import conditions, principals

# Where a resource names the key for what it holds; an instance of a cluster has the cluster's.
KEYS: Mapping[str, tuple[str, ...]] = {
    "AWS::Kinesis::Stream": ("StreamEncryption.KeyId",),
    "AWS::Lambda::Function": ("KmsKeyArn",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::RDS::DBCluster": ("KmsKeyId",),
    "AWS::RDS::DBInstance": ("KmsKeyId",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
}
# What else may be encrypted, and is with the same kind of key if it is there.
OPTIONAL: Mapping[str, Mapping[str, str]] = {
    "AWS::RDS::DBCluster": {
        "PerformanceInsightsEnabled": "PerformanceInsightsKmsKeyId",
        "ManageMasterUserPassword": "MasterUserSecret.KmsKeyId",
    },
    "AWS::RDS::DBInstance": {
        "EnablePerformanceInsights": "PerformanceInsightsKMSKeyId",
        "ManageMasterUserPassword": "MasterUserSecret.KmsKeyId",
    },
}
# Elastic Load Balancing and S3 itself write logs to buckets with S3's own key only.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
LOG_WRITERS = {"logdelivery.elasticloadbalancing.amazonaws.com", "logging.s3.amazonaws.com"}
SECURE = "aws:SecureTransport"


def own_key(declaration: Declaration, resource: Resource, value: object, where: str = "") -> str:
    """Return what is wrong with a key, or nothing."""
    found = declaration.referred(value) if value else []
    if not found or found[0][0].type not in (*KMS_KEYS, "AWS::KMS::Alias"):
        return f"no key of the stack's own: {value!r}"
    if found[0][0].region != (where or resource.region):
        return f"the key {found[0][0].name} is in another region"
    return ""


@rule(*KEYS)
def data_without_own_key(declaration: Declaration) -> Iterator[str]:
    """Find data without a key of the stack's own and of the resource's own region."""
    for kind, paths in KEYS.items():
        for resource in declaration.of(kind):
            if resource.properties.get("DBClusterIdentifier") and kind == "AWS::RDS::DBInstance":
                continue
            needed = [*paths, *(path for flag, path in OPTIONAL.get(kind, {}).items() if resource.properties.get(flag))]
            for path in needed:
                if wrong := own_key(declaration, resource, resource.at(path)):
                    yield f"{resource.name}: {path}: {wrong}"


@rule("AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::GlobalCluster")
def unencrypted_databases(declaration: Declaration) -> Iterator[str]:
    """Find databases whose storage is not encrypted."""
    for kind in ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::GlobalCluster"):
        for database in declaration.of(kind):
            in_cluster = kind == "AWS::RDS::DBInstance" and database.properties.get("DBClusterIdentifier")
            if not in_cluster and database.properties.get("StorageEncrypted") is not True:
                yield f"{database.name}: StorageEncrypted is {database.properties.get('StorageEncrypted')}"


@rule("AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table")
def tables_without_own_key(declaration: Declaration) -> Iterator[str]:
    """Find tables, and replicas in other regions, without a key of their own region."""
    for table in [*declaration.of("AWS::DynamoDB::GlobalTable"), *declaration.of("AWS::DynamoDB::Table")]:
        if table.at("SSESpecification.SSEEnabled") is not True:
            yield f"{table.name}: SSESpecification.SSEEnabled is not true"
        own = table.at("SSESpecification.KMSMasterKeyId")
        if table.type == "AWS::DynamoDB::Table" and (wrong := own_key(declaration, table, own)):
            yield f"{table.name}: {wrong}"
        for replica in table.properties.get("Replicas", []):
            key = replica.get("SSESpecification", {}).get("KMSMasterKeyId")
            if wrong := own_key(declaration, table, key, replica["Region"]):
                yield f"{table.name} in {replica['Region']}: {wrong}"


@rule("AWS::S3::Bucket")
def bucket_encryption(declaration: Declaration) -> Iterator[str]:
    """Find buckets without encryption, and without a key of the stack's own where S3's own is not the only one."""
    for bucket in declaration.of("AWS::S3::Bucket"):
        rules = listed(bucket.at("BucketEncryption.ServerSideEncryptionConfiguration"))
        if len(rules) != 1:
            yield f"{bucket.name}: {len(rules)} rules of encryption"
            continue
        default = rules[0].get("ServerSideEncryptionByDefault", {})
        if _takes_logs(declaration, bucket):
            if default != {"SSEAlgorithm": "AES256"}:
                yield f"{bucket.name}: AWS writes logs to buckets with S3's own key only, not {default}"
            continue
        if default.get("SSEAlgorithm") != "aws:kms" or rules[0].get("BucketKeyEnabled") is not True:
            yield f"{bucket.name}: {default.get('SSEAlgorithm')!r} with a bucket key {rules[0].get('BucketKeyEnabled')}"
        if wrong := own_key(declaration, bucket, default.get("KMSMasterKeyID")):
            yield f"{bucket.name}: {wrong}"


def _takes_logs(declaration: Declaration, bucket: Resource) -> bool:
    return any(
        set(principals(statement, "Service")) & LOG_WRITERS
        for policy, _path, statement in declaration.statements()
        if policy.type == "AWS::S3::BucketPolicy" and _about(declaration, policy, "Bucket", bucket)
    )


def _about(declaration: Declaration, policy: Resource, key: str, target: Resource) -> bool:
    """Return whether a policy is a resource's, by reference or by name."""
    for value in listed(policy.properties.get(key)):
        if any(found is target for found, _attribute in declaration.referred(value)):
            return True
    return False


# The policy of a resource: its type, where it names the resource, and what is denied without TLS.
GUARDED: Mapping[str, tuple[str, str, str]] = {
    "AWS::S3::Bucket": ("AWS::S3::BucketPolicy", "Bucket", "s3:*"),
    "AWS::SNS::Topic": ("AWS::SNS::TopicPolicy", "Topics", "sns:Publish"),
    "AWS::SQS::Queue": ("AWS::SQS::QueuePolicy", "Queues", "sqs:*"),
}


@rule(*GUARDED)
def plain_text(declaration: Declaration) -> Iterator[str]:
    """Find buckets, topics and queues that may be spoken to without TLS.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
    for kind, (policy_type, key, action) in GUARDED.items():
        for resource in declaration.of(kind):
            denied = [
                statement
                for policy, _path, statement in declaration.statements()
                if policy.type == policy_type
                and _about(declaration, policy, key, resource)
                and statement.get("Effect") == "Deny"
                and ("Bool", SECURE, ["false"]) in list(conditions(statement))
            ]
            if not any(_denies(declaration, statement, action, resource) for statement in denied):
                yield f"{resource.name}: {action} is not denied without TLS"


def _denies(declaration: Declaration, statement: JsonMapping, action: str, resource: Resource) -> bool:
    """Return whether a statement denies everybody an action on a resource, and on what is in it."""
    everybody = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    names = [str(name) for name in listed(statement.get("Resource"))]
    known = [name for name in names if any(f is resource for f, _attribute in declaration.referred(name))]
    whole = [name for name in known if name.endswith("}")]
    inside = [name for name in known if name.endswith("}/*")]
    complete = bool(whole and (inside or resource.type != "AWS::S3::Bucket"))
    return (
        everybody and action in listed(statement.get("Action")) and complete and set(statement["Condition"]) == {"Bool"}
    )
